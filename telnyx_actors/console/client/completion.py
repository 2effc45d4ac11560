"""What the Tab key offers, and the history of what was typed, where Python has readline (Windows' terminal has its own)."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

HISTORY_MAX: Final = 500

PATHS: Final = "paths"
CALLS: Final = "calls"

_ARGUMENTS: Final[Mapping[str, str | Sequence[str]]] = {
    "tree": PATHS,
    "trace": PATHS,
    "stacks": PATHS,
    "restart": PATHS,
    "kill": PATHS,
    "call": CALLS,
    "why": CALLS,
    "latency": CALLS,
    "say": CALLS,
    "hangup": CALLS,
    "mode": ("stream", "webhook"),
    "log-level": ("DEBUG", "INFO", "WARNING", "ERROR"),
}

Names = Callable[[str], Sequence[str]]
"""The paths, or the calls, that there are now."""


def candidates(line: str, commands: Sequence[str], names: Names) -> list[str]:
    """The words that may stand where the last word of ``line`` is being typed."""
    *before, word = line.split(" ")
    typed = [each for each in before if each]
    if not typed:
        return [command for command in commands if command.startswith(word)]
    kind = _ARGUMENTS.get(typed[0])
    if kind is None or len(typed) > 1:
        return []
    known = names(kind) if isinstance(kind, str) else kind
    return [name for name in known if name.startswith(word)]


def use_readline(history: Path, commands: Sequence[str], names: Names) -> Callable[[], None]:
    """Have ``input`` complete and remember. Returns what writes the history down."""
    try:
        readline: Any = importlib.import_module("readline")
    except ImportError:
        return lambda: None

    def complete(_word: str, index: int) -> str | None:
        line = readline.get_line_buffer()[: readline.get_endidx()]
        found = candidates(line, commands, names)
        return f"{found[index]} " if index < len(found) else None

    def remember() -> None:
        readline.set_history_length(HISTORY_MAX)
        with contextlib.suppress(OSError):  # the folder may be another user's: then nothing is remembered
            readline.write_history_file(history)

    readline.set_completer_delims(" ")
    readline.set_completer(complete)
    readline.parse_and_bind("tab: complete")
    with contextlib.suppress(OSError):
        readline.read_history_file(history)
    return remember

"""The validation checklist as the operators read it: its boxes, and the commands printed under them."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
CHECKLIST: Final = ROOT / "docs" / "validation-checklist.md"
_BOX: Final = re.compile(r"^ *- \[ \] \*\*([0-9.]+)\*\* ", re.MULTILINE)
_BLOCK: Final = re.compile(r"^( *)```\w*\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def boxes() -> list[str]:
    """The numbers of all boxes, in order."""
    return _BOX.findall(CHECKLIST.read_text(encoding="utf-8"))


def printed(box: str) -> str:
    """The block printed under a box."""
    text = CHECKLIST.read_text(encoding="utf-8")
    begin = text.index(f"**{box}**")
    block = _BLOCK.search(text, begin)
    following = _BOX.search(text, begin)
    assert block is not None and (following is None or block.start() < following.start()), f"nothing printed at {box}"
    return textwrap.dedent(block[2])


def commands(box: str, port: int, body: str = "") -> list[list[str]]:
    """What PowerShell makes of a printed block: one command a line, ``$body`` filled in. Only the port is ours."""
    return [
        [body if word == "$body" else word.replace(":3000/", f":{port}/") for word in shlex.split(line, comments=True)]
        for line in _lines(printed(box))
        if not line.startswith(("$", "for ", "}"))
    ]


def _lines(block: str) -> Iterator[str]:
    for line in block.replace("`\n", " ").splitlines():
        if line.strip():
            yield line.strip().removesuffix(" &")

"""What the page's recorded caller says, made anew: ``python -m bench.page``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import telnyx_actors.console
from telnyx_actors.standins import voices

PAGE = Path(telnyx_actors.console.__file__).parent / "page"


def phrases() -> Iterator[tuple[Path, str]]:
    """File and text, as the page names them."""
    script = (PAGE / "phrases.js").read_text(encoding="utf-8")
    for name, text in re.findall(r'file: "([\w.]+)", text: "([^"]+)"', script):
        yield PAGE / name, text


def write_phrases() -> Iterator[str]:
    """What was written, line by line."""
    for path, text in phrases():
        path.write_bytes(voices.speak(text, voice="cliente").audio)
        yield f"{path.name}: {path.stat().st_size} bytes, {text}"

"""Parts of a file, as HTTP asks for them: a player begins in the middle, and no answer is long."""

from __future__ import annotations

import re
from typing import Final

PART_BYTES_MAX: Final = 1024 * 1024
"""Copying more at once would hold up the front's thread, and with it every call's audio."""

_RANGE: Final = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")


class UnsatisfiableError(Exception):
    """The range lies outside of the file, or there is none where one is needed."""


def wanted_part(header: str | None, size_bytes: int) -> tuple[int, int] | None:
    """``(first, last)`` byte to answer with; None for the whole file. Raises ``UnsatisfiableError``.

    May be less than was asked for: who wants more asks again. What is no range, or several, is ignored, as
    RFC 9110 allows, but a file too large to be given whole has to be asked for in parts.
    """
    match = _RANGE.fullmatch(header.strip()) if header is not None else None
    if match is None or match.groups() == ("", ""):
        if size_bytes > PART_BYTES_MAX:
            raise UnsatisfiableError
        return None
    first, last = match.groups()
    if not first:  # the last so many bytes
        begin, end = max(0, size_bytes - int(last)), size_bytes - 1
    else:
        begin, end = int(first), min(int(last), size_bytes - 1) if last else size_bytes - 1
    if begin >= size_bytes or begin > end:
        raise UnsatisfiableError
    return begin, min(end, begin + PART_BYTES_MAX - 1)

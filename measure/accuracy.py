"""How much of what was said was understood. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable


def words(text: str) -> list[str]:
    """Words as they are compared: no case, no punctuation, no accents (transcribers differ in those)."""
    plain = unicodedata.normalize("NFD", text.lower()).replace("n\u0303", "ñ")
    return re.findall(r"[a-zñ0-9]+", "".join(c for c in plain if not unicodedata.combining(c)))


def word_errors(said: str, heard: str) -> int:
    """How many words have to be put in, taken out or changed to make one of the other."""
    reference, found = words(said), words(heard)
    previous = list(range(len(found) + 1))
    for row, word in enumerate(reference, start=1):
        current = [row]
        for column, other in enumerate(found, start=1):
            change = previous[column - 1] + (word != other)
            current.append(min(change, previous[column] + 1, current[-1] + 1))
        previous = current
    return previous[-1]


def word_error_rate(pairs: Iterable[tuple[str, str]]) -> float:
    """Over all pairs of said and heard; 0 is perfect, and more than 1 is possible."""
    errors = total = 0
    for said, heard in pairs:
        errors += word_errors(said, heard)
        total += len(words(said))
    return errors / total if total else 0.0

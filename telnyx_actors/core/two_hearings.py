"""The same words, heard by two: what one has that the other has not, and what both have together."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Final

KNOWN_SHARE: Final = 0.6
"""Two transcribers that agree on so much of the words mean the same sentence."""

ALIKE_RATIO: Final = 0.5
"""Words that have so many of their letters in common are one word, of which a transcriber heard a part or another."""


def unheard(ours: str, theirs: str) -> str:
    """What of ``theirs`` is not in ``ours``: nothing when it is the same sentence, its rest when ours is its beginning."""
    our_words, their_words = ours.split()[-len(theirs.split()) :], theirs.split()
    blocks = _blocks(" ".join(our_words), theirs)
    if not blocks:
        return theirs
    alike = sum(size for _, _, size in blocks)
    if alike >= KNOWN_SHARE * len(their_words):
        return ""
    our_end, begin, size = blocks[-1][0] + blocks[-1][2], blocks[-1][1], blocks[-1][2]
    is_beginning = alike >= KNOWN_SHARE * len(our_words) or (blocks[0][1] == 0 and our_end == len(our_words))
    return " ".join(their_words[begin + size :]) if is_beginning else theirs


def merged(ours: str, theirs: str) -> str:
    """Both sentences as one: every word of either, in order; of two that sound alike in the same place, ``theirs``."""
    our_words, their_words, blocks = ours.split(), theirs.split(), _blocks(ours, theirs)
    if not blocks:
        return f"{ours} {theirs}".strip()
    words, our_at, their_at = list[str](), 0, 0
    for our_begin, their_begin, size in [*blocks, (len(our_words), len(their_words), 0)]:
        words += _either_or_both(our_words[our_at:our_begin], their_words[their_at:their_begin])
        words += their_words[their_begin : their_begin + size]
        our_at, their_at = our_begin + size, their_begin + size
    return " ".join(words)


def _either_or_both(ours: list[str], theirs: list[str]) -> list[str]:
    size = len(ours)
    are_alike = any(_sound_alike(ours, part) for part in (theirs, theirs[:size], theirs[-size:]))
    return theirs if are_alike else ours + theirs


def _sound_alike(ours: list[str], theirs: list[str]) -> bool:
    letters = SequenceMatcher(None, " ".join(ours).lower(), " ".join(theirs).lower(), autojunk=False)
    return bool(ours and theirs) and letters.ratio() >= ALIKE_RATIO


def _blocks(ours: str, theirs: str) -> list[tuple[int, int, int]]:
    """Where the words of both are the same: (place in ours, place in theirs, how many)."""
    our_words, their_words = map(bare, ours.split()), map(bare, theirs.split())
    matcher = SequenceMatcher(None, list(our_words), list(their_words), autojunk=False)
    return [(block.a, block.b, block.size) for block in matcher.get_matching_blocks() if block.size]


def bare(word: str) -> str:
    """What two transcribers, or two guesses of one, write alike."""
    return word.lower().strip(".,;:¿?¡!…")

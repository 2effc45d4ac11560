"""Other words in place of those that were said, over which a conversation decides the same.

Letters stay what they are to the ear and the eye (vowel, consonant, digit; capital, accent), the
words that the core reads for stay themselves, numbers become other numbers. A word becomes the
same one everywhere, and words that begin alike still do, because a transcriber's guesses at a
word begin like the word. The salt is thrown away, so nobody can look a name up.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from dataclasses import fields, replace
from typing import Any, Final

from telnyx_actors.core import events as ev
from telnyx_actors.core.chronicle import Beginning
from telnyx_actors.core.rules import Lines
from telnyx_actors.core.saved import SavedCall
from telnyx_actors.core.turn_end import NUMBER_WORDS, TELLING_WORDS

_WORD: Final = re.compile(r"[^\W_]+")
_DRAWN_OUT: Final = re.compile(r"(.)\1+")
_KINDS: Final = ("aeiou", "bcdfghjklmnpqrstvwxyz", "0123456789")
_DRAWS_MAX: Final = 50


class Masker:
    """For one call. ``salt`` is for tests."""

    def __init__(self, salt: bytes | None = None) -> None:
        self._salt = salt or secrets.token_bytes(16)

    def beginning(self, beginning: Beginning) -> Beginning:
        rules, saved = beginning.rules, beginning.saved
        return replace(
            beginning,
            rules=replace(rules, transfer_number=self.text(rules.transfer_number)),
            lines=Lines(**{each.name: self._line(getattr(beginning.lines, each.name)) for each in fields(Lines)}),
            saved=None if saved is None else self._saved(saved),
        )

    def event(self, event: ev.CallEvent) -> ev.CallEvent:
        match event:
            case ev.TranscriptInterim() | ev.TranscriptFinal() | ev.TurnPredicted() | ev.TurnConfirmed():
                return replace(event, text=self.text(event.text))
            case ev.CarrierHeard() | ev.ReplyClause() | ev.SayRequested():
                return replace(event, text=self.text(event.text))
            case ev.DigitPressed():
                return replace(event, digit=self.text(event.digit))
            case _:
                return event

    def text(self, text: str) -> str:
        return _WORD.sub(lambda match: self._word(match[0]), text)

    def _line(self, line: str | tuple[str, ...]) -> Any:
        return self.text(line) if isinstance(line, str) else tuple(map(self.text, line))

    def _saved(self, saved: SavedCall) -> SavedCall:
        exchanges = [(role, self.text(text)) for role, text in saved.exchanges]
        unanswered, rest = self.text(saved.unanswered), self.text(saved.rest)
        return replace(saved, ref="", exchanges=exchanges, unanswered=unanswered, rest=rest)

    def _word(self, word: str) -> str:
        plain = _plain(word)
        if _is_telling(plain):
            return word
        for alike in NUMBER_WORDS:
            if plain in alike:
                return _cased(sorted(alike)[self._draw(plain, 0) % len(alike)], word)
        masked = word
        for draw in range(_DRAWS_MAX):
            masked = "".join(self._letter(letter, plain[: index + 1], draw) for index, letter in enumerate(word))
            if not _is_telling(_plain(masked)) and not any(_plain(masked) in alike for alike in NUMBER_WORDS):
                break
        return masked

    def _letter(self, letter: str, prefix: str, draw: int) -> str:
        base, *marks = list(unicodedata.normalize("NFD", letter))
        kind = next((kind for kind in _KINDS if base.lower() in kind), "x")
        drawn = kind[self._draw(prefix, draw) % len(kind)]
        accented = unicodedata.normalize("NFC", _cased(drawn, base) + "".join(marks))
        return accented[0] if len(accented) > 1 else accented  # there is no «t» with a tilde

    def _draw(self, text: str, draw: int) -> int:
        return int.from_bytes(hashlib.blake2b(f"{draw} {text}".encode(), key=self._salt, digest_size=8).digest())


def _plain(word: str) -> str:
    """As the core reads it: in lower case, without accents."""
    return "".join(letter for letter in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(letter))


def _is_telling(plain: str) -> bool:
    return plain in TELLING_WORDS or _DRAWN_OUT.sub(r"\1", plain) in TELLING_WORDS


def _cased(text: str, like: str) -> str:
    if like.isupper():
        return text.upper()
    return text.capitalize() if like[:1].isupper() else text

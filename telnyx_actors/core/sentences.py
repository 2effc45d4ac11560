"""A reply, token by token, cut into clauses that a voice can speak.

The first clause is short, so that the caller hears something early; the later ones are
longer, because a voice intones a whole sentence better than its pieces. What must stay
together stays together: abbreviations, decimals, times, phone numbers, addresses of the
net, and everything between ``¿`` and ``?``.

The clauses do not depend on how the text was chunked, and joined they are the text: a
cut is only made once what follows it is known, spaces stay at the end of the clause they
follow, and whatever is unspeakable stays in until ``speakable`` takes it out.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class ClauseSettings:
    """Lengths in characters. A comma needs more text before it than the end of a sentence."""

    first_sentence_min_chars: int = 6  # "Claro." may stand alone, "Sí." waits for more
    first_comma_min_chars: int = 10  # "Claro que sí," is about a second of speech
    sentence_min_chars: int = 20
    comma_min_chars: int = 40
    max_chars: int = 120  # about 8 s of speech; longer runs are cut at a space


class ClauseSplitter:
    """Feed it tokens, speak what it returns.

    ``limit_chars`` bounds the whole reply: what goes beyond is dropped at a clause end
    (at a word's end if the clause before would hang in the air).
    """

    def __init__(self, settings: ClauseSettings | None = None, *, limit_chars: int | None = None) -> None:
        settings = settings or ClauseSettings()
        if limit_chars is not None:
            settings = replace(settings, max_chars=min(settings.max_chars, limit_chars))
        self._settings = settings
        self._room = limit_chars
        self._pending = ""
        self._last = ""
        self._is_full = False

    def feed(self, text: str) -> list[str]:
        """The clauses that ``text`` completed, possibly none."""
        if self._is_full:
            return []
        self._pending += text
        return self._take(is_final=False)

    def finish(self) -> list[str]:
        """The reply is complete: what was still waiting. The splitter takes no more text after it."""
        return self._take(is_final=True)

    def _take(self, *, is_final: bool) -> list[str]:
        clauses: list[str] = []
        while self._pending and not self._is_full:
            cut = _next_cut(self._pending, self._settings, is_first=not self._last, is_final=is_final)
            if cut is None:
                break
            clause, self._pending = self._pending[:cut], self._pending[cut:]
            clause = self._within_limit(clause)
            if clause:
                clauses.append(clause)
                self._last = clause
        return clauses

    def _within_limit(self, clause: str) -> str:
        if self._room is None:
            return clause
        if len(clause.rstrip()) > self._room:
            clause = _shorten(clause, self._room, is_hanging=_is_hanging(self._last))
            self._is_full = True
            self._pending = ""
        self._room -= len(clause)
        return clause


# --- where to cut ------------------------------------------------------------

# Every mark that may end a clause, however short.
_ANYWHERE: Final = ClauseSettings(1, 1, 1, 1)

# How much text after the longest clause is looked at before it is cut without knowing more.
_LOOKAHEAD_CHARS: Final = 16

_CLOSING: Final = r"[\"'»”’)\]*_]*"
_MARK: Final = re.compile(rf"(?P<end>[.!?…]+){_CLOSING}|(?P<comma>[,;:]){_CLOSING}|(?P<line>\n)")
_BEFORE_DOT: Final = re.compile(r"[^\s.(\"«“¿¡]+$")
_NUMBERED_ITEM: Final = re.compile(r"(?:^|\n)\s*\d+$")
_OPEN_EMPHASIS: Final = re.compile(r"\*[^\s*][^*]*$")

_ABBREVIATION_LIST: Final = """
    aprox art atte av avda cap cel cía cl cll cra dpto dr dra dres ee ej esq ext gral hno hnos ing kr lic ltda máx mín
    mtro mz nal nro núm num pág pbro prof sr sra sras sres srs srta srtas sta sto tel ud uds urb uu vda vds vs
"""
_ABBREVIATIONS: Final = frozenset(_ABBREVIATION_LIST.split())
# These may also end a sentence: "a las 3 p. m. Y luego…".
_CLOSING_ABBREVIATIONS: Final = frozenset(("etc", "m", "hrs", "uds", "uu", "ltda", "cía"))


def _next_cut(text: str, settings: ClauseSettings, *, is_first: bool, is_final: bool) -> int | None:
    """Where the first clause of ``text`` ends; None while that depends on what comes."""
    window = text[: settings.max_chars + _LOOKAHEAD_CHARS]
    is_decided = is_final or len(window) == settings.max_chars + _LOOKAHEAD_CHARS
    for mark in _MARK.finditer(window):
        if mark.end() > settings.max_chars:
            break
        follow = _skip_spaces(window, mark.end())
        if follow == len(window) and not is_decided:
            return None
        if _is_clause_end(window, mark, follow, settings, is_first=is_first):
            return follow
    is_too_long = len(text.rstrip()) > settings.max_chars if is_final else is_decided
    if is_too_long:
        return _forced_cut(window, settings.max_chars)
    return len(text) if is_final else None


def _skip_spaces(text: str, start: int) -> int:
    end = start
    while end < len(text) and text[end].isspace():
        end += 1
    return end


def _is_clause_end(text: str, mark: re.Match[str], follow: int, settings: ClauseSettings, *, is_first: bool) -> bool:
    before, after = text[: mark.start()], text[follow : follow + 1]
    is_apart = follow > mark.end() or mark["line"] or after in ("", "¿", "¡")
    if not is_apart or _is_inside(before, mark.group()) or (before[-1:].isdigit() and after.isdigit()):
        return False
    length = len(before.strip()) + len(mark.group().strip())
    if mark["line"] or _ends_sentence(before, mark["end"] or "", after):
        return length >= (settings.first_sentence_min_chars if is_first else settings.sentence_min_chars)
    if not mark["comma"] and not _is_ellipsis(mark["end"]):
        return False  # the dot of an abbreviation
    if is_first:
        return length >= settings.first_comma_min_chars and len(before.split()) >= 2
    return length >= settings.comma_min_chars


def _is_inside(before: str, mark: str) -> bool:
    """Whether a cut would tear a question, an exclamation, a bracket or an emphasis apart."""
    if "." in mark:  # a full stop also ends a question that was never closed
        pairs: tuple[str, ...] = ("()", "[]")
    else:
        pairs = ("()", "[]", "¿?", "¡!")
    text = before + mark
    return any(text.rfind(pair[0]) > text.rfind(pair[1]) for pair in pairs) or bool(_OPEN_EMPHASIS.search(text))


def _is_ellipsis(end: str) -> bool:
    return "…" in end or ".." in end


def _ends_sentence(before: str, end: str, after: str) -> bool:
    if "!" in end or "?" in end:
        return True
    if not end or after.islower():
        return False  # a comma, an ellipsis inside a sentence, or an abbreviation that is not in the list
    if _is_ellipsis(end):
        return True
    if after.isdigit() or _NUMBERED_ITEM.search(before):
        return False  # "No. 45", "1. Vacunas"
    word = _BEFORE_DOT.search(before)
    name = word.group().lower() if word else ""
    if name in _CLOSING_ABBREVIATIONS:
        return after.isupper() or after in ("", "¿", "¡")
    return not (name in _ABBREVIATIONS or (len(name) == 1 and name.isalpha()))


def _forced_cut(text: str, max_chars: int) -> int:
    """The last word boundary that fits, but never inside a number spoken in groups."""
    for cut in range(min(max_chars, len(text) - 1), 0, -1):
        if text[cut - 1].isspace() and not text[cut].isspace():
            before = text[:cut].rstrip()
            if before and not (before[-1].isdigit() and text[cut].isdigit()):
                return cut
    return min(max_chars, len(text))


def _is_hanging(clause: str) -> bool:
    return not clause or clause.rstrip(" \n\"'»”’)]*_")[-1:] not in tuple(".!?…")


def _shorten(clause: str, room: int, *, is_hanging: bool) -> str:
    """As much of a clause as fits, cut at punctuation; at a word only if the clause before needs an end."""
    end = 0
    while cut := _next_cut(clause[end:], _ANYWHERE, is_first=False, is_final=True):
        if len(clause[: end + cut].rstrip()) > room:
            break
        end += cut
    if end == 0 and is_hanging and " " in clause[: max(room, 0)].strip():
        end = _forced_cut(clause, room)
    return clause[:end].rstrip()


# --- what a voice must not say -----------------------------------------------

_LINK: Final = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_BRACKETS: Final = re.compile(r"\[[^\]]*\]|<[^>]*>")
_STAGE_WORDS: Final = (
    r"\s*(?:se\s+)?(?:r[ií]e|risas?|sonr|suspir|pausa|silencio|tono|voz|(?:con|en)\s+(?:tono|voz)|asient|tose"
    r"|carraspe|susurr|m[uú]sica|pensando|espera|teclea)"
)
_STARRED_STAGE: Final = re.compile(rf"\*+{_STAGE_WORDS}[^*]*\*+", re.IGNORECASE)
_BRACED_STAGE: Final = re.compile(rf"\({_STAGE_WORDS}[^()]*\)", re.IGNORECASE)
_EMPHASIS: Final = re.compile(r"[*~]+|(?<!\w)_+|_+(?!\w)")
_MARKUP: Final = re.compile(r"[|#\\<>\[\]{}]")
_BULLET: Final = re.compile(r"^[ \t]*(?:[-•·–—]\s+)+", re.MULTILINE)
_LINE_END: Final = re.compile(r"(?<=\w)\s*\n\s*(?=\S)")
_SPACE_BEFORE_MARK: Final = re.compile(r"\s+([,.;:?!…)])")
_SAID_SYMBOLS: Final = "°"


def speakable(text: str) -> str:
    """``text`` as a voice may say it: no markup, emoji or stage directions; empty when nothing is left to say."""
    text = "".join(_said(character) for character in text)
    text = _STARRED_STAGE.sub(" ", _LINK.sub(r"\1", text))
    text = _EMPHASIS.sub("", _BRACKETS.sub(" ", text))
    text = _BRACED_STAGE.sub(" ", _MARKUP.sub(" ", text))
    text = _LINE_END.sub(", ", _BULLET.sub("", text))
    text = _SPACE_BEFORE_MARK.sub(r"\1", " ".join(text.split()))
    return text if any(character.isalnum() for character in text) else ""


def _said(character: str) -> str:
    if character in _SAID_SYMBOLS or character == "\n":
        return character
    if character.isspace():
        return " "
    # Symbols that are no currency or arithmetic (emoji), their joiners and modifiers, control and private characters.
    is_silent = unicodedata.category(character) in ("So", "Sk", "Me", "Cc", "Cf", "Cs", "Co", "Cn") or (
        "\ufe00" <= character <= "\ufe0f"
    )
    return "" if is_silent else character

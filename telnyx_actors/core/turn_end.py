"""Is the caller likely done? Read from the Spanish words heard so far, as spoken in Colombia.

Speech recognition puts a full stop behind anything, so the last words count for more
than the punctuation. Case, accents and drawn-out letters ("siii") make no difference, but
for a name, which recognition writes with a capital.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Ending(StrEnum):
    """How a caller's words end."""

    COMPLETE = "complete"  # a sentence, a question, a short answer, a name, ten digits
    UNCLEAR = "unclear"  # words that may be all, or not
    OPEN = "open"  # "…y", "…porque", "es que", a comma: more must come
    DICTATING = "dictating"  # digits, letters or an address are being read out


@dataclass(frozen=True, slots=True)
class TurnEndSettings:
    """How much silence ends a turn, by how its words end."""

    complete_ms: int = 250
    unclear_ms: int = 600
    open_ms: int = 1000
    dictating_ms: int = 1000

    @classmethod
    def between(cls, complete_ms: int, open_ms: int) -> TurnEndSettings:
        """From the two ends. What is unclear stays in between, where the defaults have it."""
        usual = cls()
        share = (usual.unclear_ms - usual.complete_ms) / (usual.open_ms - usual.complete_ms)
        return cls(complete_ms, round(complete_ms + share * (open_ms - complete_ms)), open_ms, open_ms)

    def silence_ms(self, ending: Ending) -> int:
        match ending:
            case Ending.COMPLETE:
                return self.complete_ms
            case Ending.UNCLEAR:
                return self.unclear_ms
            case Ending.OPEN:
                return self.open_ms
            case Ending.DICTATING:
                return self.dictating_ms


def expectation(text: str) -> Ending:
    """How ``text``, all the words of the turn so far, ends. Only its last 400 characters are read."""
    text = text[-_TEXT_MAX_CHARS:].strip()
    words = _words(text)
    if not words:
        return Ending.UNCLEAR
    if _is_dictation(words):
        return Ending.DICTATING
    if _trails_off(text, words):
        return Ending.OPEN
    if text[-1] in ".?!" or _is_answer(words) or _is_name(text, words) or _is_question(words):
        return Ending.COMPLETE
    return Ending.COMPLETE if _digits_read_out(words) >= _PHONE_DIGITS else Ending.UNCLEAR


def is_backchannel(text: str) -> bool:
    """Whether ``text`` only says "I am listening": up to three words, and not asked back ("¿ah?")."""
    words = [_squeeze(word) for word in _words(text[:_TEXT_MAX_CHARS])]
    if not 1 <= len(words) <= 3 or "?" in text:
        return False
    return " ".join(words) in _BACKCHANNEL_PHRASES or all(word in _BACKCHANNELS for word in words)


def is_greeting(text: str) -> bool:
    """Whether ``text`` only picks up the phone: "¿Aló?", "Hola, buenas tardes", "¿Sí, diga?"."""
    words = [_squeeze(word) for word in _words(text[:_TEXT_MAX_CHARS])]
    return 1 <= len(words) <= 4 and all(word in _GREETINGS for word in words)


_TEXT_MAX_CHARS: Final = 400
_PHONE_DIGITS: Final = 10

_WORD: Final = re.compile(r"[a-z0-9@]+")
_DRAWN_OUT: Final = re.compile(r"([a-z])\1+")


def _words(text: str) -> list[str]:
    """The words in lower case without accents; ``ñ`` becomes ``n``."""
    decomposed = unicodedata.normalize("NFD", text.lower())
    return _WORD.findall("".join(char for char in decomposed if not unicodedata.combining(char)))


def _squeeze(word: str) -> str:
    return _DRAWN_OUT.sub(r"\1", word)


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(" ".join(phrase.split()) for phrase in text.split("/"))


# --- more must come ----------------------------------------------------------

# Nothing ends with these, not even a question.
_NEVER_LAST: Final = _set(
    """
    y e o u ni pero de del al el los las un unos unas para por con en mi mis tu tus su sus
    desde hasta entre sobre porque aunque pues entonces osea digamos eh em ehm este mientras
    """
)
# Nor a statement with these, though a question may: "¿por qué?", "¿cuánto?".
_SELDOM_LAST: Final = _set(
    """
    que la una sin a como cuando donde cual cuanto cuanta cuantos cuantas quien me se te le les nos lo muy tan mas
    es son era esta estan estoy estaba tengo tiene quiero quisiera queria necesito necesitaba puedo podria voy va
    llamo llama soy hay seria ser haber tener mejor aproximadamente
    """
)
_SENTENCES_IN_A_WORD: Final = _set("como cuando donde cual cuanto quien entonces mejor pues")
_OPEN_PHRASES: Final = _phrases(
    """
    o sea / es que / a ver / se si / saber si / ver si / como si / pregunta si / preguntar si / que si /
    lo que pasa
    """
)
# What sounds open, but is an end,
_CLOSED_PHRASES: Final = _phrases(
    """
    claro que si / creo que si / yo que se / no lo se / no se / ya lo se / ya se / no quiero / no puedo / no tengo /
    no hay / asi es / aqui esta / ahi esta / ya esta / que mas / nada mas / eso es / ya voy / si pues
    """
)
# and what is one only by itself: "sí hay", but "quería saber si hay…".
_CLOSED_ALONE: Final = _phrases(
    """
    por que / para que / si quiero / si puedo / si tengo / si hay / si es / de una / como esta / como estan /
    quien es / cual es / que es / donde es / donde esta / cuanto es
    """
)


def _trails_off(text: str, words: list[str]) -> bool:
    if text.endswith((",", ":", ";", "-", "…", "...")):
        return True
    if _is_closed(words):
        return False
    if _ends_with(words, _OPEN_PHRASES):
        return True
    if len(words) == 1 and words[0] in _SENTENCES_IN_A_WORD:
        return False
    return words[-1] in _NEVER_LAST or (words[-1] in _SELDOM_LAST and not text.endswith("?"))


def _is_closed(words: list[str]) -> bool:
    return _ends_with(words, _CLOSED_PHRASES) or (len(words) <= 3 and _ends_with(words, _CLOSED_ALONE))


def _ends_with(words: list[str], phrases: tuple[str, ...]) -> bool:
    tail = " " + " ".join(words[-4:])
    return any(tail.endswith(" " + phrase) for phrase in phrases)


# --- an answer, a name, a question -------------------------------------------

_ANSWERS: Final = _set(
    """
    si no claro ok okey listo dale bueno vale correcto exacto gracias ya hola alo buenas perfecto cierto
    ninguno ninguna nada nunca tampoco tambien hoy manana ambos adios chao
    """
)
_LAST_PHRASES: Final = _phrases(
    """
    gracias / por favor / eso es todo / nada mas / asi es / por supuesto / de acuerdo / esta bien / muy bien /
    claro que si / claro que no / creo que si / creo que no / no se / ya esta / buenos dias / buenas tardes /
    buenas noches / hasta luego / senora / senor / senorita / adios / chao / punto com / punto co
    """
)
_INTRODUCTIONS: Final = _phrases("me llamo / mi nombre es / soy / habla con / se llama / a nombre de")
_INTRODUCTION: Final = re.compile(rf"\b(?:{'|'.join(_INTRODUCTIONS)}) (?:[a-z]{{3,}} ?){{1,4}}$")
_ADDRESSES: Final = _phrases("y / pero / hola / bueno / senorita / disculpe / perdon")
_PREPOSITIONS: Final = _phrases("a / de / en / con / por / para / hasta / desde")
_QUESTIONS: Final = _phrases(
    """
    que / como / cuando / donde / cual / cuales / cuanto / cuanta / cuantos / cuantas / quien / sera que / me puede /
    me puedes / me podria / puedo / puede / puedes / podria / tienen / tiene / atienden / hay
    """
)
_QUESTION_START: Final = re.compile(
    rf"^(?:(?:{'|'.join(_ADDRESSES)}) )*(?:(?:{'|'.join(_PREPOSITIONS)}) )?(?:{'|'.join(_QUESTIONS)}) \w+ \w+"
)


def _is_answer(words: list[str]) -> bool:
    is_short = len(words) <= 3 and all(_squeeze(word) in _ANSWERS for word in words)
    return is_short or _ends_with(words, _LAST_PHRASES) or _is_closed(words)


def _is_name(text: str, words: list[str]) -> bool:
    """A name in answer to "¿con quién hablo?": every word capitalized, or introduced as one."""
    parts = text.split()
    if len(parts) <= 4 and all(part[0].isupper() and part.isalpha() for part in parts):
        return True
    return bool(_INTRODUCTION.search(" ".join(words)))


def _is_question(words: list[str]) -> bool:
    return bool(_QUESTION_START.match(" ".join(words)))


# --- something is being read out ---------------------------------------------

_UNITS: Final = _set("cero uno una un dos tres cuatro cinco seis siete ocho nueve")
_TWO_DIGITS: Final = _set(
    """
    diez once doce trece catorce quince dieciseis diecisiete dieciocho diecinueve veinte veintiuno veintidos
    veintitres veinticuatro veinticinco veintiseis veintisiete veintiocho veintinueve
    treinta cuarenta cincuenta sesenta setenta ochenta noventa
    """
)
_HUNDREDS: Final = _set(
    "cien ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos"
)
_CUES: Final = _set(
    """
    numero telefono celular cel fijo cedula documento nit tarjeta codigo identificacion pasaporte whatsapp
    contacto correo direccion placa
    """
)
_READ_OUT_SIGNS: Final = _set("arroba guion punto doble triple be ce efe hache jota ka eme ene erre uve zeta equis")
# "a las tres", "son dos", "tengo tres": an hour or a quantity, not digits read out.
_QUANTITY_BEFORE: Final = _set("las la son tengo tiene hay a en de por como unos unas los")


def _digits_of(word: str) -> int:
    """How many digits a word stands for when read out; 0 when it is none."""
    if word.isdigit():
        return len(word)
    if word in _UNITS:
        return 1
    if word in _TWO_DIGITS:
        return 2
    return 3 if word in _HUNDREDS else 0


def _trailing_numbers(words: list[str]) -> list[str]:
    """The numbers at the end; "treinta y dos" is one of them, by its "treinta"."""
    numbers: list[str] = []
    index = len(words) - 1
    while index >= 0 and _digits_of(words[index]):
        if words[index] in _UNITS and index >= 2 and words[index - 1] == "y" and words[index - 2] in _TWO_DIGITS:
            index -= 2
        numbers.append(words[index])
        index -= 1
    return numbers


def _digits_read_out(words: list[str]) -> int:
    return sum(map(_digits_of, _trailing_numbers(words)))


def _is_dictation(words: list[str]) -> bool:
    if words[-1] in _READ_OUT_SIGNS and len(words) > 1:
        return True
    if len(words) >= 2 and all(len(word) == 1 and word.isalpha() for word in words[-2:]) and words[-1] != "y":
        return True  # a name being spelled
    numbers = _trailing_numbers(words)
    digits = sum(map(_digits_of, numbers))
    if not 0 < digits < _PHONE_DIGITS:
        return False
    if any(word in _CUES for word in words):
        return True
    before = words[-len(numbers) - 1] if len(words) > len(numbers) else ""
    if before in _QUANTITY_BEFORE and len(numbers) <= 2:
        return False
    return digits >= 3


# --- only listening ----------------------------------------------------------

_BACKCHANNELS: Final = _set(
    """
    si aja aha mhm mjm mju uhum ujum uju m hm hum ah oh uy ok okey oka claro ya listo dale bueno vale bien
    correcto exacto perfecto entiendo cierto
    """
)
_BACKCHANNEL_PHRASES: Final = frozenset(
    _phrases("claro que si / muy bien / de acuerdo / asi es / por supuesto / te escucho / lo escucho / la escucho")
)

_GREETINGS: Final = _set("alo hola si diga digame bueno buenos buenas buen muy dia dias tarde tardes noche noches")


# --- what is read for --------------------------------------------------------

_PHRASES: Final = (
    *(_OPEN_PHRASES + _CLOSED_PHRASES + _CLOSED_ALONE + _LAST_PHRASES),
    *(_INTRODUCTIONS + _ADDRESSES + _PREPOSITIONS + _QUESTIONS),
    *_BACKCHANNEL_PHRASES,
)
_ARTICLES: Final = _set("un una")

NUMBER_WORDS: Final = (_UNITS - _ARTICLES, _TWO_DIGITS, _HUNDREDS)
"""Words of numbers, those in one set alike to this module."""

TELLING_WORDS: Final = frozenset(
    {
        *(_NEVER_LAST | _SELDOM_LAST | _SENTENCES_IN_A_WORD | _ANSWERS | _ARTICLES),
        *(_CUES | _READ_OUT_SIGNS | _QUANTITY_BEFORE | _BACKCHANNELS | _GREETINGS),
        *(word for phrase in _PHRASES for word in phrase.split()),
    }
)
"""All other words that make a difference here, without accents. Any word that is not here says as much as any other."""

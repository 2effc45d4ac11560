"""Masked words: nobody's, and to the core as good as those that were said."""

from __future__ import annotations

import re
import string
import unicodedata
from dataclasses import fields
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.simulation import LINES
from telnyx_actors.core import events as ev
from telnyx_actors.core.chronicle import Beginning
from telnyx_actors.core.rules import Rules
from telnyx_actors.core.saved import SavedCall
from telnyx_actors.core.turn_end import NUMBER_WORDS, expectation, is_backchannel, is_greeting
from telnyx_actors.replay.masking import Masker

SALT = b"always the same"
MASKER = Masker(SALT)

SENTENCES = (
    *("Hola, me llamo Eustaquio Peñalosa.", "sí", "Siii, claro", "ajá, ajá", "¿Aló?", "¿Cuánto vale el hospedaje?"),
    *("mi número es tres cero uno cinco cinco", "es que mi perro y", "301 555 12 34", "Calle 72 número 10-34,"),
    *("treinta y dos, cuarenta y cinco", "ELISA", "e ele i ese a", "correo arroba gmail punto com", "¿por qué?"),
    *("quiero una cita para Firulais mañana por la tarde", "no", "Eustaquio", "lo que pasa es que", "así es"),
)
texts = st.text(st.sampled_from(string.ascii_letters + string.digits + "áéíóúñÑü ¿?.,-"))


@pytest.mark.parametrize("text", SENTENCES)
@pytest.mark.parametrize("salt", range(20))
def test_to_the_core_the_words_end_and_mean_the_same(text: str, salt: int) -> None:
    masked = Masker(bytes([salt])).text(text)
    assert (expectation(masked), is_backchannel(masked), is_greeting(masked)) == (
        expectation(text),
        is_backchannel(text),
        is_greeting(text),
    )


def kind(letter: str) -> tuple[bool, bool, bool]:
    """Whether it is a capital, a digit, a vowel."""
    plain = unicodedata.normalize("NFD", letter)[0]
    return letter.isupper(), letter.isdigit(), plain.lower() in "aeiou"


@given(texts)
def test_letters_stay_what_they_are(text: str) -> None:
    masked = MASKER.text(text)
    assert [letter for letter in masked if not letter.isalnum()] == [letter for letter in text if not letter.isalnum()]
    for word, other in zip(re.findall(r"\w+", text), re.findall(r"\w+", masked), strict=True):
        if not any(word.lower() in numbers for numbers in NUMBER_WORDS):
            assert [*map(kind, word)] == [*map(kind, other)]


@given(st.text(string.ascii_lowercase, min_size=4), st.text(string.ascii_lowercase, min_size=1))
def test_a_word_that_begins_like_another_still_does(word: str, more: str) -> None:
    longer, shorter = MASKER.text(word + more), MASKER.text(word)
    is_kept = shorter == word or longer == word + more  # a word that the core reads for stays itself
    assert longer.startswith(shorter) or is_kept


@pytest.mark.parametrize("name", ["Eustaquio", "Peñalosa", "Firulais", "hospedaje", "3015551234", "Medellín"])
def test_no_name_is_left(name: str) -> None:
    masked = MASKER.text(f"Me llamo {name}, sí, {name.upper()}.")
    assert name.lower() not in masked.lower()
    assert masked.startswith("Me llamo ")
    first, second = masked.removeprefix("Me llamo ").removesuffix(".").split(", sí, ")
    assert first.upper() == second
    assert (len(first), first[0].isupper()) == (len(name), name[0].isupper())


def test_a_number_becomes_another_one() -> None:
    words = ["tres", "cero", "uno", "cinco", "dos", "cuatro", "seis", "siete", "ocho", "nueve"]
    masked = MASKER.text(" ".join(words)).split()
    assert masked != words
    assert set(masked) <= {*words}


def test_without_the_salt_nobody_can_tell() -> None:
    assert Masker().text("Eustaquio") != Masker().text("Eustaquio")


@pytest.mark.parametrize("kind", get_args(ev.CallEvent), ids=lambda kind: kind.__name__)
def test_no_event_with_words_is_forgotten(kind: type[Any]) -> None:
    """What is a word by its name is masked; what is a cause or a name of ours is not."""
    values = {each.name: "Eustaquio" if each.type == "str" else 7 for each in fields(kind)}
    masked = MASKER.event(kind(**values))
    words = {each.name for each in fields(kind) if getattr(masked, each.name) != values[each.name]}
    ours = {"cause", "source", "reason", "stop_reason", "name", "mark"}
    assert words == {name for name, value in values.items() if value == "Eustaquio" and name not in ours}


def test_what_a_call_begins_with_is_masked() -> None:
    saved = SavedCall("ref", exchanges=[("user", "Soy Eustaquio"), ("assistant", "Hola, Eustaquio—")], rest="Eustaquio")
    saved.unanswered = "Eustaquio"
    rules = Rules(transfer_number="+573001112233")
    masked = MASKER.beginning(Beginning("core", "", 0.0, rules, LINES, saved))
    assert masked.saved is not None
    assert [role for role, _ in masked.saved.exchanges] == ["user", "assistant"]
    assert "Eustaquio" not in repr(masked)
    assert "573001112233" not in repr(masked)
    assert "clínica" not in repr(masked)

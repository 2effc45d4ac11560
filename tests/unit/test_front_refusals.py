"""Why a call was not dialled, for whoever asked for it."""

from __future__ import annotations

import pytest

from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.front.refusals import refusal_in_words


@pytest.mark.parametrize(
    ("code", "words"),
    [("90041", "cuenta"), ("90042", "perfil de salida"), ("90043", "aplicación"), ("90103", "por segundo")],
)
def test_the_limits_of_the_account_are_told_in_words_with_their_code(code: str, words: str) -> None:
    text = refusal_in_words(ProviderError("telnyx", Failure.CAPACITY, "limit reached", status=403, code=code))
    assert words in text
    assert text.endswith(f"({code})")


@pytest.mark.parametrize("kind", list(Failure))
def test_any_other_failure_keeps_the_carriers_reason(kind: Failure) -> None:
    text = refusal_in_words(ProviderError("telnyx", kind, "D38 no profile", status=403, code="10010"))
    assert text.startswith("No se pudo llamar: ")
    assert text.endswith("(10010: D38 no profile)")
    assert "(no answer)" in refusal_in_words(ProviderError("telnyx", kind, "no answer"))


def test_a_call_that_may_have_been_made_is_told_as_such() -> None:
    assert "puede estar en curso" in refusal_in_words(ProviderError("telnyx", Failure.TIMEOUT, "no answer in time"))

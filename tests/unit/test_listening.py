"""What the caller is saying, and since when they may be done."""

from __future__ import annotations

import pytest

from telnyx_actors.core.listening import Listening
from telnyx_actors.core.rules import Rules

RULES = Rules()
COMPLETE_S = RULES.silences.complete_ms / 1000
OPEN_S = RULES.silences.open_ms / 1000


def over_at(listening: Listening, *, transcriber_decides: bool = False) -> float | None:
    return listening.over_at(RULES, transcriber_decides=transcriber_decides)


def voiced(since: float, ended: float) -> Listening:
    """Somebody spoke and stopped; their words are still to come."""
    return Listening(voice_since=since, voice_ended=ended)


# --- the words -----------------------------------------------------------------


def test_finals_add_up_and_the_interim_comes_last() -> None:
    listening = Listening()
    listening.final_text("Buenas tardes.", 1.0)
    listening.final_text("Quiero una", 2.0)
    listening.interim_text("cita", 2.2)
    assert listening.text == "Buenas tardes. Quiero una cita"
    listening.final_text("cita.", 2.5)
    assert listening.text == "Buenas tardes. Quiero una cita."


def test_a_final_without_words_takes_the_interim_away() -> None:
    listening = Listening()
    listening.interim_text("mm", 1.0)
    listening.final_text("", 1.2)
    assert listening.text == ""
    assert over_at(listening) is None


def test_keys_stand_behind_the_words() -> None:
    listening = Listening()
    listening.press("1", 1.0)
    listening.final_text("Mi cédula es", 1.5)
    listening.press("2", 2.0)
    assert listening.text == "Mi cédula es [marcó 1 2]"


# --- words that were dealt with --------------------------------------------------


def test_the_final_of_words_that_were_dealt_with_brings_nothing_new() -> None:
    listening = Listening()
    listening.interim_text("quiero una cita", 1.0)
    listening = listening.renewed()
    listening.final_text("Quiero una cita.", 2.0)
    assert listening.text == ""


def test_what_a_final_adds_to_the_words_that_were_dealt_with_is_new() -> None:
    listening = Listening()
    listening.interim_text("quiero una sita", 1.0)
    listening = listening.renewed()
    listening.interim_text("Quiero una cita para", 1.5)
    assert listening.text == "para"
    listening.final_text("Quiero una cita para mañana.", 2.0)
    assert listening.text == "para mañana."
    listening.final_text("Quiero una cita.", 4.0)
    assert listening.text == "para mañana. Quiero una cita.", "said again, it is new"


def test_words_that_were_dealt_with_may_become_two_finals() -> None:
    listening = Listening()
    listening.interim_text("buenas tardes quiero una cita", 1.0)
    listening = listening.renewed()
    listening.final_text("Buenas tardes.", 1.5)
    listening.final_text("Quiero una cita para mi perro.", 2.0)
    assert listening.text == "para mi perro."


def test_other_words_than_those_that_were_dealt_with_are_all_new() -> None:
    listening = Listening()
    listening.interim_text("quiero una cita", 1.0)
    listening = listening.renewed()
    listening.final_text("No, espere.", 2.0)
    assert listening.text == "No, espere."


def test_what_was_dealt_with_stays_so_over_several_utterances() -> None:
    listening = Listening()
    listening.interim_text("uno", 1.0)
    listening = listening.renewed()
    listening.interim_text("uno dos", 2.0)
    listening = listening.renewed()
    listening.final_text("Uno, dos, tres.", 3.0)
    assert listening.text == "tres."


# --- the end -----------------------------------------------------------------------


def test_the_silence_counts_from_the_last_voice_not_from_the_words() -> None:
    listening = voiced(1.0, 2.0)
    listening.final_text("Quiero una cita.", 2.2)
    assert over_at(listening) == 2.0 + COMPLETE_S
    assert listening.ended_at() == 2.0


def test_words_that_hang_in_the_air_need_more_silence() -> None:
    listening = voiced(1.0, 2.0)
    listening.final_text("Quiero una cita para", 2.2)
    assert over_at(listening) == 2.0 + OPEN_S


def test_while_words_still_come_the_silence_counts_from_them() -> None:
    listening = voiced(1.0, 2.0)
    listening.final_text("Quiero una cita.", 2.1)
    listening.interim_text("Para mañana.", 2.9)
    assert over_at(listening) == 2.9 + COMPLETE_S


def test_a_voice_of_long_ago_is_not_that_of_these_words() -> None:
    listening = voiced(1.0, 2.0)
    listening.final_text("Quiero una cita.", 25.0)
    assert listening.ended_at() == 25.0
    assert over_at(listening) == 25.0 + RULES.transcript_silences.complete_ms / 1000


def test_where_only_words_tell_an_interim_is_waited_for() -> None:
    listening = Listening()
    listening.interim_text("Quiero una cita.", 5.0)
    assert over_at(listening) == 5.0 + RULES.interim_patience_s


def test_keys_are_one_input_until_they_pause() -> None:
    listening = voiced(1.0, 2.0)
    listening.final_text("Mi cédula es", 2.2)
    for at in (3.0, 4.0, 5.0):
        listening.press("7", at)
    assert over_at(listening) == 5.0 + RULES.digits_gap_s
    assert listening.ended_at() == 5.0, "somebody who presses keys is busy with them"


def test_the_hash_key_ends_the_input() -> None:
    listening = Listening()
    listening.press("7", 3.0)
    listening.press("#", 3.5)
    assert over_at(listening) == 3.5
    listening.press("8", 3.7)
    assert over_at(listening) == 3.7 + RULES.digits_gap_s, "unless it goes on"


def test_words_behind_the_end_open_the_turn_again() -> None:
    listening = Listening()
    listening.press("#", 3.5)
    listening.interim_text("perdón", 3.8)
    assert not listening.is_over


def test_a_transcriber_that_decides_may_be_undecided_for_so_long() -> None:
    listening = voiced(1.0, 2.0)
    listening.interim_text("Quiero una cita.", 2.2)
    assert over_at(listening, transcriber_decides=True) == 2.2 + RULES.transcriber_patience_s


# --- noise ---------------------------------------------------------------------------


def test_a_voice_without_words_is_noise_in_the_end() -> None:
    listening = Listening(is_voiced=True, voice_since=5.0)
    assert listening.noise_at(RULES) == 5.0 + RULES.voice_without_words_s
    listening.interim_text("espere", 6.0)
    assert listening.noise_at(RULES) == 6.0 + RULES.voice_without_words_s


def test_a_voice_behind_an_endpoint_is_noise_soon() -> None:
    listening = Listening(is_voiced=True, voice_since=5.0)
    listening.final_text("Quiero una cita.", 7.0)
    listening.endpoint_at = 7.0
    assert listening.noise_at(RULES) == 7.0 + RULES.endpoint_trust_s


@pytest.mark.parametrize("listening", [Listening(), voiced(1.0, 2.0)])
def test_silence_is_no_noise(listening: Listening) -> None:
    assert listening.noise_at(RULES) is None


def test_the_line_stays_what_it_is_when_an_utterance_begins() -> None:
    listening = Listening(is_voiced=True, voice_since=5.0, voice_ended=4.0, flush_until=6.0, endpoint_at=5.5)
    listening.final_text("Hola.", 5.2)
    renewed = listening.renewed()
    assert (renewed.is_voiced, renewed.voice_since, renewed.flush_until) == (True, 5.0, 6.0)
    assert (renewed.text, renewed.voice_ended, renewed.words_at) == ("", None, None)

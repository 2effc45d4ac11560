"""The speaker: one clause at a time, phrases past the queue, nothing of what was cancelled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.fakes import FakeArchive, FakeVoice, Mailbox, refused
from support.stepping import Unstarted, hand, step, step_all
from telnyx_actors.actors.base import Birth
from telnyx_actors.actors.messages import Prepare, Speak, SpeechChunk, StopSpeaking
from telnyx_actors.actors.phrases import PhraseCache
from telnyx_actors.actors.runtime import Runtime
from telnyx_actors.actors.speaker import SpeakerActor
from telnyx_actors.core import events as ev
from telnyx_actors.errors import Failure

AUDIO = b"\x10" * 160


@pytest.fixture
def call() -> Mailbox:
    return Mailbox()


@pytest.fixture
def voice() -> FakeVoice:
    return FakeVoice()


@pytest.fixture
def archive() -> FakeArchive:
    return FakeArchive()


@pytest.fixture
def phrases(tmp_path: Path, archive: FakeArchive) -> PhraseCache:
    return PhraseCache(tmp_path, archive, "audios", FakeVoice.identity)


@pytest.fixture
def speaker(
    still: Runtime, unstarted: Unstarted[Any], call: Any, voice: FakeVoice, phrases: PhraseCache
) -> SpeakerActor:
    actor: SpeakerActor = unstarted(SpeakerActor(Birth("call/speaker", None, still), call, voice, phrases))
    return actor


def clause(number: int, text: str = "", *, phrase: bool = False) -> Speak:
    return Speak(number, text or f"clause {number}", phrase, "")


def test_a_clause_is_told_piece_by_piece_and_then_its_end(
    speaker: SpeakerActor, voice: FakeVoice, call: Mailbox
) -> None:
    hand(speaker, Speak(1, "Claro.", phrase=False, previous_text="Hola,"))
    speech = voice.speeches.take()
    assert (speech.text, speech.previous_text) == ("Claro.", "Hola,")
    speech.give(b"ab")
    assert call.take(SpeechChunk) == SpeechChunk(1, b"ab")
    speech.finish(b"cd")
    assert call.take(SpeechChunk) == SpeechChunk(1, b"cd")
    assert call.take(ev.SpeechFinished) == ev.SpeechFinished(1)


def test_clauses_are_made_one_at_a_time_in_order(speaker: SpeakerActor, voice: FakeVoice, call: Mailbox) -> None:
    hand(speaker, clause(1), clause(2), clause(3))
    for number in (1, 2, 3):
        assert len(voice.speeches.all) == number
        voice.speeches.take().finish(AUDIO)
        assert call.take(SpeechChunk).clause == number
        assert call.take(ev.SpeechFinished).clause == number
        step(speaker)


def test_a_failure_is_told_with_whether_to_try_again_and_the_next_clause_begins(
    speaker: SpeakerActor, voice: FakeVoice, call: Mailbox
) -> None:
    hand(speaker, clause(1), clause(2))
    voice.speeches.take().fail(refused("quota", Failure.PAYMENT))
    failed = call.take(ev.SpeechFailed)
    assert (failed.clause, failed.retryable) == (1, False)
    step(speaker)
    voice.speeches.take().fail(refused("busy", Failure.UNAVAILABLE))
    failed = call.take(ev.SpeechFailed)
    assert (failed.clause, failed.retryable) == (2, True)


# --- cancelling -------------------------------------------------------------------


def test_a_cancelled_clause_ends_at_once_and_tells_nothing_more(
    speaker: SpeakerActor, voice: FakeVoice, call: Mailbox
) -> None:
    hand(speaker, clause(1), clause(2))
    first = voice.speeches.take()
    hand(speaker, StopSpeaking((1,)))
    assert first.cancelled.is_set()
    first.finish(AUDIO)
    voice.speeches.take().finish(AUDIO)
    assert call.take(SpeechChunk).clause == 2


def test_the_late_end_of_a_cancelled_clause_does_not_end_the_one_in_hand(
    speaker: SpeakerActor, voice: FakeVoice, call: Mailbox
) -> None:
    hand(speaker, clause(1))
    voice.speeches.take().finish(AUDIO)
    call.skip_to(ev.SpeechFinished)
    late = speaker._inbox.get().message  # the first clause's end, still on its way…
    hand(speaker, StopSpeaking((1,)), clause(2), clause(3))
    hand(speaker, late)
    assert [speech.text for speech in voice.speeches.all] == ["clause 1", "clause 2"]


def test_waiting_clauses_are_forgotten_unspoken(speaker: SpeakerActor, voice: FakeVoice, call: Mailbox) -> None:
    hand(speaker, clause(1), clause(2), clause(3), StopSpeaking((2, 9)))
    voice.speeches.take().finish(AUDIO)
    call.skip_to(ev.SpeechFinished)
    step(speaker)
    assert voice.speeches.take().text == "clause 3"


def test_an_order_to_stop_does_not_overtake_the_order_to_speak(speaker: SpeakerActor, voice: FakeVoice) -> None:
    speaker.actor_ref.tell(clause(1))
    speaker.actor_ref.tell(StopSpeaking((1,)))
    step_all(speaker)
    assert voice.speeches.take().cancelled.is_set()
    assert speaker._job is None


def test_an_actor_that_ends_cancels_what_it_has_in_hand(speaker: SpeakerActor, voice: FakeVoice) -> None:
    hand(speaker, clause(1))
    speaker.teardown(None)
    assert voice.speeches.take().cancelled.wait(1)


def test_a_call_that_is_gone_ends_the_work_for_it(speaker: SpeakerActor, voice: FakeVoice, call: Mailbox) -> None:
    hand(speaker, clause(1))
    call.is_dead = True
    speech = voice.speeches.take()
    speech.give(AUDIO)
    assert speech.cancelled.wait(5)


# --- phrases ------------------------------------------------------------------------


def test_a_phrase_at_hand_overtakes_the_clause_in_hand(
    speaker: SpeakerActor, voice: FakeVoice, call: Mailbox, phrases: PhraseCache
) -> None:
    phrases.remember("Un momento.", AUDIO)
    hand(speaker, clause(1), clause(2, "Un momento.", phrase=True))
    assert call.take(SpeechChunk) == SpeechChunk(2, AUDIO)
    assert call.take(ev.SpeechFinished) == ev.SpeechFinished(2)


def test_a_phrase_that_was_said_once_is_at_hand_but_not_kept_for_ever(
    speaker: SpeakerActor, voice: FakeVoice, call: Mailbox, phrases: PhraseCache, archive: FakeArchive
) -> None:
    hand(speaker, clause(1, "Hola, Pedro.", phrase=True))
    voice.speeches.take().finish(AUDIO, AUDIO)
    step(speaker)
    assert phrases.find("Hola, Pedro.") == AUDIO + AUDIO
    assert archive.files == {}


def test_a_lasting_phrase_is_fetched_or_made_and_kept(
    speaker: SpeakerActor, voice: FakeVoice, call: Mailbox, phrases: PhraseCache, archive: FakeArchive
) -> None:
    hand(speaker, Prepare("Buenos días.", is_lasting=True))
    voice.speeches.take().finish(AUDIO)
    step(speaker)
    assert list(archive.files.values()) == [AUDIO]
    hand(speaker, Prepare("Buenos días.", is_lasting=True))
    step(speaker)  # it is over, although nobody gave it any audio again
    assert list(archive.files.values()) == [AUDIO]
    assert call.told.all == []


def test_a_phrase_cut_off_in_the_middle_is_not_kept(
    speaker: SpeakerActor, voice: FakeVoice, call: Mailbox, phrases: PhraseCache
) -> None:
    hand(speaker, clause(1, "Un momento.", phrase=True))
    speech = voice.speeches.take()
    speech.give(AUDIO)
    call.take(SpeechChunk)
    pump = speaker._pump
    hand(speaker, StopSpeaking((1,)))
    assert pump is not None
    pump._thread.join(5)
    assert phrases.find("Un momento.") is None


def test_a_clause_interrupts_the_preparation_of_something_else(
    speaker: SpeakerActor, voice: FakeVoice, call: Mailbox, phrases: PhraseCache
) -> None:
    hand(speaker, Prepare("Hola."), clause(1))
    prepared, spoken = voice.speeches.take(), voice.speeches.take()
    assert (prepared.cancelled.is_set(), spoken.text) == (True, "clause 1")
    spoken.finish(AUDIO)
    step(speaker)
    voice.speeches.take().finish(AUDIO)
    step(speaker)
    assert phrases.find("Hola.") == AUDIO


def test_a_clause_waits_for_its_own_preparation(speaker: SpeakerActor, voice: FakeVoice, call: Mailbox) -> None:
    hand(speaker, Prepare("Hola."), clause(1, "Hola.", phrase=True))
    voice.speeches.take().finish(AUDIO)
    step(speaker)
    assert call.take(SpeechChunk) == SpeechChunk(1, AUDIO)  # nothing was given to a second stream


def test_an_archive_that_hangs_keeps_no_clause_waiting(
    speaker: SpeakerActor, voice: FakeVoice, call: Mailbox, archive: FakeArchive
) -> None:
    archive.gate.clear()
    hand(speaker, Prepare("Hola.", is_lasting=True))
    assert archive.entered.wait(5)
    hand(speaker, clause(1, phrase=True))
    voice.speeches.take()
    voice.speeches.take().finish(AUDIO)
    assert call.take(SpeechChunk) == SpeechChunk(1, AUDIO)
    archive.gate.set()


def test_a_phrase_that_cannot_be_prepared_is_nobodys_failure(
    speaker: SpeakerActor, voice: FakeVoice, call: Mailbox
) -> None:
    hand(speaker, Prepare("Hola."), Prepare("Adiós."))
    voice.speeches.take().fail()
    step(speaker)
    assert voice.speeches.take().text == "Adiós."
    assert call.told.all == []

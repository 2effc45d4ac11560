"""The transcriber: no word lost or doubled with a connection, whoever hears."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from support.fakes import FakeTranscription, FakeTranscriptionStream, Mailbox, fake_classifier, fake_ear, refused
from support.stepping import StillRuntime, Unstarted, hand, step, step_all
from telnyx_actors.actors.base import Birth
from telnyx_actors.actors.messages import Finalize, ForgetSpeech, FramesWaiting, HeardElsewhere
from telnyx_actors.actors.mute import ANSWER_S, PROBE_AFTER_S, PROBE_S
from telnyx_actors.actors.replay_buffer import ReplayBuffer
from telnyx_actors.actors.services import Vendors
from telnyx_actors.actors.session import CallSession
from telnyx_actors.actors.transcriber import BUSY_S, KEEP_ALIVE_S, STABLE_S, TranscriberActor
from telnyx_actors.actors.transcriber_line import LineLost, LineOpen
from telnyx_actors.core import events as ev
from telnyx_actors.core.audio import Encoding
from telnyx_actors.core.cadence import UNKNOWN_S
from telnyx_actors.core.succession import BACK, FAILURES_MAX, REFUSED
from telnyx_actors.errors import Failure
from telnyx_actors.logs import CallLog

VOICE, SILENCE = b"\x01" * 160, b"\xff" * 160
FRAME_S = 0.02


class Line:
    """The caller's line: frames as the front would put them, on the test's clock."""

    def __init__(self, still: StillRuntime) -> None:
        self.still = still
        self.session = CallSession(still.clock, fake_ear)

    def say(self, frames: int, frame: bytes = VOICE) -> None:
        for _ in range(frames):
            self.still.manual.advance(FRAME_S)
            self.session.hearing.put((frame, frame == VOICE))

    def be_silent(self, frames: int) -> None:
        self.say(frames, SILENCE)


@pytest.fixture
def line(still: StillRuntime) -> Line:
    return Line(still)


@pytest.fixture
def call() -> Mailbox:
    return Mailbox()


@pytest.fixture
def transcription() -> FakeTranscription:
    return FakeTranscription()


@pytest.fixture
def replay() -> ReplayBuffer:
    return ReplayBuffer()


@pytest.fixture
def start(
    still: StillRuntime,
    unstarted: Unstarted[Any],
    call: Any,
    transcription: FakeTranscription,
    line: Line,
    replay: ReplayBuffer,
) -> Callable[..., TranscriberActor]:
    """A new transcriber of the same call, as after a restart."""
    nothing: Any = None

    def start(reserve: FakeTranscription | None = None) -> TranscriberActor:
        vendors = Vendors(nothing, transcription, nothing, nothing, nothing, nothing, fake_classifier, reserve)
        birth = Birth("call/transcriber", None, still)
        actor: TranscriberActor = unstarted(
            TranscriberActor(birth, call, vendors, line.session, replay, Encoding.PCMU, CallLog("v3:1"))
        )
        return actor

    return start


@pytest.fixture
def transcriber(start: Callable[..., TranscriberActor]) -> TranscriberActor:
    return start()


def ready(transcriber: TranscriberActor, transcription: FakeTranscription) -> FakeTranscriptionStream:
    """The connection that is being opened, once the actor has it."""
    while not isinstance(step(transcriber), LineOpen):
        pass
    return transcription.streams.take()


def hear(transcriber: TranscriberActor) -> None:
    hand(transcriber, FramesWaiting())


def await_loss(transcriber: TranscriberActor) -> None:
    """Of the connection that is there, or of one that was tried."""
    while not isinstance(step(transcriber), LineLost):
        pass


def lose(transcriber: TranscriberActor, stream: FakeTranscriptionStream) -> None:
    stream.given.fail(refused("reset"))
    await_loss(transcriber)


def reconnect(
    transcriber: TranscriberActor, transcription: FakeTranscription, still: StillRuntime
) -> FakeTranscriptionStream:
    still.manual.advance(0.0)  # chance is zero here: at once
    return ready(transcriber, transcription)


# --- audio and words --------------------------------------------------------------------


def test_frames_go_out_joined_and_words_come_back_in_order(
    transcriber: TranscriberActor, transcription: FakeTranscription, line: Line, call: Mailbox
) -> None:
    stream = ready(transcriber, transcription)
    call.take(ev.HearingRestored)
    line.say(2)
    hear(transcriber)
    line.be_silent(1)
    hand(transcriber, Finalize())
    assert stream.sent == [VOICE * 2, SILENCE]
    heard: list[ev.TranscriptEvent] = [
        ev.TranscriptInterim("quiero"),
        ev.TranscriptFinal("quiero una", audio_s=0.5),
        ev.TranscriptInterim("cita"),
        ev.TranscriptFinal("cita", endpoint=True),
        ev.UtteranceEnded(),
        ev.TurnConfirmed("quiero una cita"),
    ]
    stream.given.give(*heard)
    assert [call.take() for _ in heard] == heard


def test_what_comes_before_the_connection_waits_for_it(
    transcriber: TranscriberActor, transcription: FakeTranscription, line: Line
) -> None:
    line.say(3)
    hear(transcriber)
    hand(transcriber, Finalize())
    stream = ready(transcriber, transcription)
    assert (stream.audio, stream.finalized) == (VOICE * 3, 1)
    hand(transcriber, Finalize())
    assert stream.finalized == 2


def test_the_law_of_the_call_is_that_of_the_connection(
    transcriber: TranscriberActor, transcription: FakeTranscription
) -> None:
    assert transcription.connecting.wait(5)
    assert transcription.encodings == [Encoding.PCMU]


# --- connections --------------------------------------------------------------------------


def test_a_new_connection_hears_again_what_the_lost_one_had_not_finished(
    transcriber: TranscriberActor, transcription: FakeTranscription, line: Line, still: StillRuntime, call: Mailbox
) -> None:
    first = ready(transcriber, transcription)
    for frames in (5, 5, 5):
        line.say(frames)
        hear(transcriber)
    first.given.give(ev.TranscriptFinal("quiero", audio_s=0.1))
    lose(transcriber, first)
    assert call.skip_to(ev.HearingFailed) == ev.HearingFailed(str(refused("reset")))
    line.say(1)
    hear(transcriber)
    second = reconnect(transcriber, transcription, still)
    assert second.audio == VOICE * 11


@pytest.mark.parametrize(
    ("final", "replayed_frames"),
    [
        (ev.TranscriptFinal("hola", flushed=True), 0),
        (ev.TranscriptFinal("hola", endpoint=True), 0),
        (ev.TranscriptFinal("hola"), 5),  # there may be more behind it
        (ev.TurnConfirmed("hola"), 0),
        (ev.TurnConfirmed("hola", audio_s=0.02), 5),
    ],
)
def test_what_is_final_is_not_heard_again(
    transcriber: TranscriberActor,
    transcription: FakeTranscription,
    line: Line,
    still: StillRuntime,
    final: ev.TranscriptEvent,
    replayed_frames: int,
) -> None:
    first = ready(transcriber, transcription)
    line.say(5)
    hear(transcriber)
    first.given.give(final)
    lose(transcriber, first)
    assert reconnect(transcriber, transcription, still).audio == VOICE * replayed_frames


def test_a_silent_line_is_not_played_to_the_next_connection(
    transcriber: TranscriberActor, transcription: FakeTranscription, line: Line, still: StillRuntime
) -> None:
    first = ready(transcriber, transcription)
    for _ in range(40):
        line.be_silent(5)
        hear(transcriber)
    lose(transcriber, first)
    assert len(reconnect(transcriber, transcription, still).audio) == 8000


def test_what_the_carrier_heard_meanwhile_is_not_heard_twice(
    transcriber: TranscriberActor, transcription: FakeTranscription, line: Line, still: StillRuntime
) -> None:
    lose(transcriber, ready(transcriber, transcription))
    hand(transcriber, HeardElsewhere())
    line.say(5)
    hear(transcriber)
    second = reconnect(transcriber, transcription, still)
    line.say(1)
    hear(transcriber)
    assert second.audio == VOICE


def test_what_somebody_else_has_told_is_neither_heard_again_nor_told_any_more(
    transcriber: TranscriberActor, transcription: FakeTranscription, line: Line, call: Mailbox
) -> None:
    first = ready(transcriber, transcription)
    line.say(5)
    hear(transcriber)
    line.say(1)  # and is still in the lane
    hand(transcriber, ForgetSpeech())
    assert first.closed.is_set()
    first.given.give(ev.TranscriptFinal("otra vez"))
    second = ready(transcriber, transcription)
    line.say(2)
    hear(transcriber)
    assert second.audio == VOICE * 2
    step_all(transcriber)
    assert not [each for each in call.told.all if isinstance(each, ev.TranscriptFinal | ev.HearingFailed)]


def test_a_successor_of_this_actor_hears_again_what_was_not_finished(
    transcriber: TranscriberActor,
    start: Callable[..., TranscriberActor],
    transcription: FakeTranscription,
    line: Line,
) -> None:
    first = ready(transcriber, transcription)
    line.say(5)
    hear(transcriber)
    transcriber.teardown(RuntimeError("crash"))
    assert first.closed.is_set()
    line.say(5)
    transcription.gate.clear()
    successor = start()
    assert isinstance(step(successor), FramesWaiting)
    transcription.gate.set()
    assert ready(successor, transcription).audio == VOICE * 10


def test_a_connection_that_takes_no_audio_is_left_to_its_reader(
    transcriber: TranscriberActor, transcription: FakeTranscription, line: Line, still: StillRuntime
) -> None:
    first = ready(transcriber, transcription)
    first.send_error = refused("no more")
    line.say(5)
    hear(transcriber)
    hand(transcriber, Finalize())
    lose(transcriber, first)
    second = reconnect(transcriber, transcription, still)
    assert (second.audio, second.finalized) == (VOICE * 5, 1)


def test_messages_that_nobody_understood_are_failures_of_the_vendor(
    transcriber: TranscriberActor, transcription: FakeTranscription, still: StillRuntime
) -> None:
    first = ready(transcriber, transcription)
    first.malformed_messages = 2
    lose(transcriber, first)
    reconnect(transcriber, transcription, still)
    transcriber.teardown(None)
    assert transcriber.runtime.stats.vendor_failures()["deepgram", "protocol"] == 2


def test_a_refusal_that_asking_again_cannot_help_is_told_as_final(
    still: StillRuntime, transcription: FakeTranscription, start: Callable[..., TranscriberActor], call: Mailbox
) -> None:
    transcription.errors = [refused("bad key", Failure.AUTH)]
    transcriber = start()
    step(transcriber)
    failed = call.take(ev.HearingFailed)
    assert "bad key" in failed.reason
    assert failed.is_final


def test_a_connection_that_is_closed_as_soon_as_it_is_open_counts_as_none(
    transcriber: TranscriberActor, transcription: FakeTranscription, still: StillRuntime, call: Mailbox
) -> None:
    finals = []
    stream = ready(transcriber, transcription)
    for _ in range(FAILURES_MAX + 1):
        stream.given.end()
        await_loss(transcriber)
        finals.append(call.skip_to(ev.HearingFailed).is_final)
        still.manual.advance(REFUSED.limit_s if finals[-1] else 0.0)
        stream = ready(transcriber, transcription)
    assert finals == [False] * FAILURES_MAX + [True]


def test_a_connection_that_lasts_makes_the_failures_before_it_forgotten(
    transcriber: TranscriberActor, transcription: FakeTranscription, still: StillRuntime
) -> None:
    lose(transcriber, ready(transcriber, transcription))
    reconnect(transcriber, transcription, still)
    assert transcriber._succession._own_failures == 1
    still.manual.advance(STABLE_S)
    while transcriber._succession._own_failures:
        step(transcriber)


def test_an_idle_connection_is_kept_open_and_a_busy_one_needs_it_not(
    transcriber: TranscriberActor, transcription: FakeTranscription, line: Line, still: StillRuntime
) -> None:
    stream = ready(transcriber, transcription)
    still.manual.advance(KEEP_ALIVE_S)
    while not stream.kept_alive:
        step(transcriber)
    still.manual.advance(KEEP_ALIVE_S - FRAME_S)
    line.say(1)
    hear(transcriber)
    while not transcriber._inbox.empty():
        step(transcriber)
    assert stream.kept_alive == 1


def test_an_actor_that_ends_while_connecting_leaves_no_connection(
    transcriber: TranscriberActor, transcription: FakeTranscription
) -> None:
    transcription.gate.clear()
    assert transcription.connecting.wait(5)
    transcription.connecting.clear()
    line = transcriber._coming
    assert line is not None
    transcriber.teardown(None)
    transcription.gate.set()
    line._pump._thread.join(5)
    assert all(stream.closed.is_set() for stream in transcription.streams.all)


# --- a connection that is open, and says nothing ------------------------------------------


def test_a_connection_that_says_nothing_of_a_voice_is_replaced_and_the_voice_played_again(
    transcriber: TranscriberActor, transcription: FakeTranscription, line: Line, call: Mailbox, still: StillRuntime
) -> None:
    mute = ready(transcriber, transcription)
    line.say(round(UNKNOWN_S / FRAME_S) + 10)
    hear(transcriber)
    assert isinstance(call.told.all[-1], ev.HearingFailed)
    assert mute.closed.is_set()
    assert reconnect(transcriber, transcription, still).audio == mute.audio


def test_a_connection_that_leaves_a_request_for_words_unanswered_is_replaced(
    transcriber: TranscriberActor, transcription: FakeTranscription, line: Line, call: Mailbox
) -> None:
    mute = ready(transcriber, transcription)
    line.say(30)
    line.be_silent(15)
    hear(transcriber)
    hand(transcriber, Finalize())
    line.be_silent(round(ANSWER_S / FRAME_S) - 1)
    hear(transcriber)
    assert not mute.closed.is_set()
    line.be_silent(2)
    hear(transcriber)
    assert mute.closed.is_set()


def test_a_connection_that_says_anything_is_kept(
    transcriber: TranscriberActor, transcription: FakeTranscription, line: Line
) -> None:
    alive = ready(transcriber, transcription)
    for _ in range(5):
        line.say(55)
        alive.messages += 1
        hear(transcriber)
    hand(transcriber, Finalize())
    alive.messages += 1
    line.be_silent(100)
    hear(transcriber)
    assert not alive.closed.is_set()


def test_silence_says_nothing_about_a_connection(
    transcriber: TranscriberActor, transcription: FakeTranscription, line: Line
) -> None:
    idle = ready(transcriber, transcription)
    line.be_silent(500)
    hear(transcriber)
    assert not idle.closed.is_set()


def test_each_silence_of_a_transcriber_within_a_voice_is_looked_into(
    transcriber: TranscriberActor, transcription: FakeTranscription, line: Line
) -> None:
    stream = ready(transcriber, transcription)
    assert stream.probes == 1, "to learn whether it answers"
    transcription.habits.answers_probes = True
    stream.messages = stream.signs_of_life = 1
    line.say(1)
    hear(transcriber)
    line.say(round(PROBE_AFTER_S / FRAME_S))
    hear(transcriber)
    assert stream.probes == 2
    line.say(round(PROBE_S / FRAME_S) + 1)
    hear(transcriber)
    assert stream.closed.is_set()


def test_a_connection_that_ends_as_it_is_given_up_is_replaced_once(
    transcriber: TranscriberActor, transcription: FakeTranscription, line: Line, still: StillRuntime
) -> None:
    first = ready(transcriber, transcription)
    lost = transcriber._line
    assert lost is not None
    first.given.fail(refused("reset"))
    lost._pump._thread.join(5)  # the news of its end are in the inbox…
    transcriber._lost(lost, refused("mute"))  # …when it is found to be mute
    reconnect(transcriber, transcription, still)
    still.manual.advance(0.0)
    step_all(transcriber)
    assert len(transcription.encodings) == 2


# --- the reserve --------------------------------------------------------------------------


@pytest.fixture
def reserve() -> FakeTranscription:
    return FakeTranscription()


@pytest.fixture
def backed(start: Callable[..., TranscriberActor], reserve: FakeTranscription) -> TranscriberActor:
    """A transcriber that has a reserve."""
    return start(reserve)


def relieved(
    backed: TranscriberActor, transcription: FakeTranscription, reserve: FakeTranscription, still: StillRuntime
) -> FakeTranscriptionStream:
    """The reserve's connection, once ours has been lost for good."""
    first = ready(backed, transcription)
    first.given.fail(refused("bad key", Failure.AUTH))
    await_loss(backed)
    return reconnect(backed, reserve, still)


def test_the_reserve_hears_what_nobody_has_heard(
    backed: TranscriberActor,
    transcription: FakeTranscription,
    reserve: FakeTranscription,
    line: Line,
    still: StillRuntime,
    call: Mailbox,
) -> None:
    line.say(10)
    hear(backed)
    stream = relieved(backed, transcription, reserve, still)
    assert stream.audio == VOICE * 10
    call.skip_to(ev.HearingRestored)
    assert call.skip_to(ev.HearingFailed).is_final is False, "the carrier need not hear"
    assert call.skip_to(ev.HearingRestored).by_reserve


def test_a_transcriber_that_cannot_be_reached_again_is_relieved_at_once(
    backed: TranscriberActor, transcription: FakeTranscription, reserve: FakeTranscription, still: StillRuntime
) -> None:
    first = ready(backed, transcription)
    transcription.errors = [refused("503")]
    lose(backed, first)
    still.manual.advance(0.0)
    await_loss(backed)
    assert reconnect(backed, reserve, still).audio == b""
    assert (len(transcription.encodings), len(reserve.encodings)) == (2, 1)


def test_where_both_fail_the_carrier_has_to_hear(
    backed: TranscriberActor,
    transcription: FakeTranscription,
    reserve: FakeTranscription,
    still: StillRuntime,
    call: Mailbox,
) -> None:
    reserve.errors = [refused("away")]
    first = ready(backed, transcription)
    first.given.fail(refused("no credit", Failure.PAYMENT))
    await_loss(backed)
    still.manual.advance(0.0)
    await_loss(backed)
    assert [each.is_final for each in call.told.all if isinstance(each, ev.HearingFailed)] == [False, True]
    still.manual.advance(REFUSED.limit_s)
    assert ready(backed, transcription).audio == b""


def test_our_own_takes_over_again_when_nobody_speaks_and_hears_no_word_twice(
    backed: TranscriberActor,
    transcription: FakeTranscription,
    reserve: FakeTranscription,
    line: Line,
    still: StillRuntime,
    call: Mailbox,
) -> None:
    stream = relieved(backed, transcription, reserve, still)
    line.say(10)
    hear(backed)
    still.manual.advance(REFUSED.limit_s)
    step_all(backed)
    assert len(transcription.encodings) == 1, "somebody speaks"
    stream.given.give(ev.TranscriptFinal("hola", endpoint=True))
    call.skip_to(ev.TranscriptFinal)
    still.manual.advance(BUSY_S)
    own = ready(backed, transcription)
    line.say(5)  # while the one lets go and the other takes over
    hear(backed)
    step_all(backed)
    assert stream.closed.is_set()
    assert own.audio == VOICE * 5
    restored = [each.by_reserve for each in call.told.all if isinstance(each, ev.HearingRestored)]
    assert restored == [False, True, False]


def test_what_the_reserve_settles_as_it_lets_go_is_not_heard_again(
    backed: TranscriberActor,
    transcription: FakeTranscription,
    reserve: FakeTranscription,
    line: Line,
    still: StillRuntime,
    call: Mailbox,
) -> None:
    stream = relieved(backed, transcription, reserve, still)
    transcription.gate.clear()
    still.manual.advance(REFUSED.limit_s)
    while backed._coming is None:
        step(backed)
    line.say(5)
    hear(backed)
    transcription.gate.set()
    coming = backed._coming
    while not coming.is_open:
        pass
    stream.given.give(ev.TranscriptFinal("sí", endpoint=True))
    call.skip_to(ev.TranscriptFinal)
    own = ready(backed, transcription)
    step_all(backed)
    assert own.audio == b""


def test_a_transcriber_that_is_still_away_leaves_the_reserve_in_peace(
    backed: TranscriberActor,
    transcription: FakeTranscription,
    reserve: FakeTranscription,
    line: Line,
    still: StillRuntime,
    call: Mailbox,
) -> None:
    stream = relieved(backed, transcription, reserve, still)
    failures = sum(isinstance(each, ev.HearingFailed) for each in call.told.all)
    for tries in (1, 2, 3):
        transcription.errors = [refused("503")]
        still.manual.advance(BACK.limit_s + REFUSED.limit_s)
        await_loss(backed)
        assert len(transcription.encodings) == 1 + tries
    line.say(1)
    hear(backed)
    assert stream.audio == VOICE
    assert sum(isinstance(each, ev.HearingFailed) for each in call.told.all) == failures

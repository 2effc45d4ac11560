"""A call's side of its media socket: frames into lanes, the rest to the call, and who may come in."""

from __future__ import annotations

from typing import Any

import pytest

from support.fakes import FakeSink, Mailbox, fake_ear
from support.manual_time import ManualClock
from telnyx_actors.actors.messages import StreamClosed, StreamOpened
from telnyx_actors.actors.session import CallSession, StreamGate
from telnyx_actors.core import events as ev
from telnyx_actors.core.audio import Encoding, from_pcm16, to_pcm16
from telnyx_actors.wire.telnyx_media import Dtmf, Media, StreamError, StreamStart

FRAME = bytes(range(160))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(100.0)


@pytest.fixture
def session(clock: ManualClock) -> CallSession:
    return CallSession(clock, fake_ear)


@pytest.fixture
def owner(session: CallSession) -> Mailbox:
    owner: Any = Mailbox()
    session.owner = owner
    return owner  # type: ignore[no-any-return]  # it stands for an actor's ref


def start(encoding: str = "PCMU", call_control_id: str = "v3:1") -> StreamStart:
    return StreamStart("s", call_control_id, encoding, 8000, 1, None, None, None, {})


def frame(chunk: int, payload: bytes = FRAME, track: str = "inbound") -> Media:
    return Media(track, chunk, 0, payload)


def taken(session: CallSession) -> list[bytes]:
    return [payload for payload, _ in session.hearing.take()]


# --- frames ---------------------------------------------------------------------------


def test_frames_wait_for_who_hears_and_who_records(session: CallSession, clock: ManualClock) -> None:
    session.started(start(), FakeSink())
    session.media(frame(1))
    clock.advance(0.02)
    session.media(frame(2))
    assert session.recording.take() == [(100.0, FRAME), (100.02, FRAME)]
    assert session.hearing.take() == [(FRAME, False), (FRAME, False)]
    assert session.frames == 2


def test_a_voice_is_told_at_once_and_found_in_the_lane(
    session: CallSession, owner: Mailbox, clock: ManualClock
) -> None:
    session.started(start(), FakeSink())
    for number in range(1, 11):
        clock.advance(0.02)
        session.media(frame(number))
    owner.take(StreamOpened)
    started = owner.take(ev.VoiceStarted)
    assert started.at == pytest.approx(100.0)
    assert session.is_voice
    assert [is_voice for _, is_voice in session.hearing.take()] == [False] * 2 + [True] * 8


def test_our_own_audio_that_comes_back_is_not_the_callers(session: CallSession) -> None:
    session.started(start(), FakeSink())
    session.media(frame(1, track="outbound"))
    assert taken(session) == []


def test_frames_are_put_in_order_and_what_never_comes_is_silence(session: CallSession) -> None:
    session.started(start("PCMA"), FakeSink())
    for chunk in (1, 3, 2, 5, 6, 7, 8):
        session.media(frame(chunk, bytes([chunk]) * 160))
    assert [payload[0] for payload in taken(session)] == [1, 2, 3, Encoding.PCMA.silence, 5, 6, 7, 8]


@pytest.mark.parametrize("size", [1, 80, 161, 240, 1000])
def test_frames_of_another_length_are_cut_anew(session: CallSession, size: int) -> None:
    session.started(start(), FakeSink())
    audio = bytes(index % 251 for index in range(size * 10))
    for chunk in range(10):
        session.media(frame(chunk, audio[chunk * size : (chunk + 1) * size]))
    frames = taken(session)
    assert {len(payload) for payload in frames} <= {160}
    assert b"".join(frames) == audio[: len(audio) - len(audio) % 160]


def test_a_new_stream_begins_with_nothing_of_the_old_one(session: CallSession) -> None:
    session.started(start(), FakeSink())
    session.media(frame(1, FRAME[:100]))
    session.media(frame(900))
    session.started(start(), FakeSink())
    session.media(frame(1))
    assert taken(session)[-1] == FRAME


def test_frames_lost_and_late_are_counted_over_all_streams_of_the_call(session: CallSession) -> None:
    for _ in range(2):
        session.started(start(), FakeSink())
        for chunk in (1, 3, 4, 5, 6, 2):
            session.media(frame(chunk))
    order = session.reorderer
    assert (session.frames, order.lost_frames, order.late_frames) == (12, 2, 2)


@pytest.mark.parametrize(("first", "second"), [("PCMU", "PCMA"), ("PCMA", "PCMU")])
def test_a_stream_in_the_other_law_is_put_into_the_first(session: CallSession, first: str, second: str) -> None:
    session.started(start(first), FakeSink())
    assert session.encoding == first
    session.started(start(second), FakeSink())
    session.media(frame(1))
    assert session.encoding == first
    (heard,) = taken(session)
    assert heard == from_pcm16(Encoding(first), to_pcm16(Encoding(second), FRAME)) != FRAME


def test_a_law_nobody_heard_of_is_taken_for_mu_law(session: CallSession) -> None:
    session.started(start("OPUS"), FakeSink())
    assert session.encoding is Encoding.PCMU


# --- the rest -------------------------------------------------------------------------


def test_what_is_no_audio_is_told(session: CallSession, owner: Mailbox, clock: ManualClock) -> None:
    sink = FakeSink()
    session.started(start(), sink)
    session.mark("0.1.160")
    session.dtmf(Dtmf("5"))
    session.error(StreamError(100004, "no"))
    session.closed(sink, 1006, "")
    assert owner.told.all == [
        StreamOpened(start(), sink, clock.now()),
        ev.MarkReturned("0.1.160"),
        ev.DigitPressed("5"),
        StreamError(100004, "no"),
        StreamClosed(sink, 1006, "", is_stopped=False),
    ]


def test_a_close_behind_a_stop_says_so_and_a_new_stream_forgets_it(session: CallSession, owner: Mailbox) -> None:
    sink = FakeSink()
    session.started(start(), sink)
    session.stopped()
    session.closed(sink, 1000, "")
    session.started(start(), sink)
    session.closed(sink, 1006, "")
    told = [message.is_stopped for message in owner.told.all if isinstance(message, StreamClosed)]
    assert told == [True, False]


def test_a_call_whose_actor_is_being_restarted_loses_no_audio(session: CallSession, owner: Mailbox) -> None:
    session.started(start(), FakeSink())
    session.owner = None
    session.media(frame(1))
    session.mark("lost")
    assert taken(session) == [FRAME]


# --- the gate ---------------------------------------------------------------------------


def test_a_secret_opens_the_gate_to_its_own_call_only(session: CallSession) -> None:
    gate = StreamGate()
    gate.add("secret", session)
    assert gate.expects("secret")
    assert not gate.expects("guess")
    assert gate.admit("secret", start()) is session
    assert gate.admit("guess", start()) is None


def test_the_secret_of_a_call_does_not_open_another(session: CallSession) -> None:
    gate = StreamGate()
    gate.add("secret", session)
    session.call_control_id = "v3:1"
    assert gate.admit("secret", start(call_control_id="v3:2")) is None
    assert gate.admit("secret", start(call_control_id="v3:ñ")) is None
    assert gate.admit("secret", start()) is session


def test_a_renewed_secret_makes_the_old_one_void(session: CallSession) -> None:
    gate = StreamGate()
    old, new = gate.renew(session), gate.renew(session)
    assert old != new
    assert (gate.expects(old), gate.expects(new)) == (False, True)


def test_a_call_that_is_removed_leaves_no_secret_and_takes_no_other_call_with_it(
    session: CallSession, clock: ManualClock
) -> None:
    gate, other = StreamGate(), CallSession(clock, fake_ear)
    secrets = [gate.renew(session), gate.renew(other)]
    gate.remove(session)
    gate.remove(session)
    assert [gate.expects(secret) for secret in secrets] == [False, True]

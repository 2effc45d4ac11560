"""The record of a call: spooled as it happens, shipped at its end, swept up when left behind."""

from __future__ import annotations

import io
import json
import os
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.fakes import FakeArchive, Mailbox, fake_ear, refused
from support.stepping import StillRuntime, Unstarted, hand, step, step_all
from telnyx_actors.actors.archiver import LEFT_BEHIND_S, SWEEP_S, ArchiverActor, SweeperActor
from telnyx_actors.actors.base import Birth
from telnyx_actors.actors.calls import CallView, LiveCalls
from telnyx_actors.actors.messages import (
    AgentAudio,
    AgentCleared,
    CallPlan,
    CallSummary,
    CloseRecord,
    OpenRecord,
    RecordClosed,
    StreamLost,
    Sweep,
    TurnOver,
)
from telnyx_actors.actors.session import CallSession
from telnyx_actors.actors.spool import Spool
from telnyx_actors.actors.tally import Tally
from telnyx_actors.core.turn import TurnEnd, TurnKind, TurnRecord, TurnTimes

HEAD = {"id": "v3:1", "encoding": "PCMU", "started": "2026-01-01T00:00:00+00:00"}
CALLER, AGENT, SILENCE = b"\x01" * 160, b"\x02", b"\xff"
SUMMARY = CallSummary(born_at=-5.0, answered_at=-1.0, ended_at=2.0, reason="caller", counts={"barge_in": 1})


@pytest.fixture
def call() -> Mailbox:
    return Mailbox()


@pytest.fixture
def archive() -> FakeArchive:
    return FakeArchive()


@pytest.fixture
def session(still: StillRuntime) -> CallSession:
    return CallSession(still.clock, fake_ear)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool" / "ref"


@pytest.fixture
def start(
    still: StillRuntime, unstarted: Unstarted[Any], call: Any, archive: FakeArchive, folder: Path, session: CallSession
) -> Callable[[], ArchiverActor]:
    """A new archiver of the same call, as after a restart."""

    def start() -> ArchiverActor:
        birth = Birth("call/archiver", None, still)
        actor: ArchiverActor = unstarted(ArchiverActor(birth, call, archive, "audios", folder, session))
        return actor

    return start


@pytest.fixture
def archiver(start: Callable[[], ArchiverActor]) -> ArchiverActor:
    return start()


def test_a_record_whose_beginning_nobody_knows_any_more_goes_on_behind_it(
    archiver: ArchiverActor, still: StillRuntime, session: CallSession, folder: Path
) -> None:
    """The journal was lost with a process; the call has been taken up, and so has its spool."""
    before = 60 * 8000
    spool = Spool(folder)
    spool.open(HEAD)
    spool.append(CALLER * (before // 160), AGENT * before)
    spool.close()
    still.manual.advance(1.0)
    hand(archiver, OpenRecord(still.clock.now(), HEAD))
    for _ in range(50):
        still.manual.advance(0.02)
        session.recording.put((still.clock.now(), CALLER))
    hand(archiver, AgentAudio(still.clock.now(), AGENT * 800))
    still.manual.advance(1.0)
    step_all(archiver)
    caller, agent = ((folder / f"{side}.raw").read_bytes()[before:] for side in ("caller", "agent"))
    assert caller.count(CALLER[:1]) == 8000
    assert agent.count(AGENT) == 800


def turn(number: int) -> TurnRecord:
    return TurnRecord(number, TurnKind.REPLY, "Hola", "Buenas", "Buenas", TurnEnd.COMPLETED, 1, TurnTimes(), None)


def turns_of(archive: FakeArchive) -> list[int]:
    (transcript,) = (json.loads(data) for key, data in archive.files.items() if key.endswith(".json"))
    return [entry["turn"] for entry in transcript["turns"]]


# --- one call -------------------------------------------------------------------------


def test_a_call_is_recorded_and_archived(
    archiver: ArchiverActor, session: CallSession, call: Mailbox, archive: FakeArchive, folder: Path
) -> None:
    hand(archiver, OpenRecord(0.0, HEAD))
    session.recording.put((0.02, CALLER))
    hand(archiver, AgentAudio(0.5, AGENT * 4000), TurnOver(turn(0)), CloseRecord(2.0, SUMMARY))
    places = call.take(RecordClosed).places
    assert [place.rpartition("/")[2] for place in places] == ["call.wav", "transcript.json"]
    with wave.open(io.BytesIO(archive.files["audios/2026/01/01/v3_1/call.wav"])) as wav:
        assert wav.getnframes() == 16_000
    assert json.loads(archive.files["audios/2026/01/01/v3_1/transcript.json"])["end"] == {
        "reason": "caller", "duration_ms": 2000, "ring_ms": 4000, "counts": {"barge_in": 1},
    }  # fmt: skip
    assert not folder.exists()


def test_audio_is_on_the_disk_within_a_second(
    archiver: ArchiverActor, session: CallSession, still: StillRuntime, folder: Path
) -> None:
    hand(archiver, OpenRecord(0.0, HEAD))
    session.recording.put((0.02, CALLER))
    hand(archiver, AgentAudio(0.0, AGENT * 160))
    for _ in range(2):
        still.manual.advance(1.0)
        step(archiver)
    assert (folder / "caller.raw").read_bytes() == CALLER
    assert (folder / "agent.raw").read_bytes() == AGENT * 160 + SILENCE * (16_000 - 160)


def test_what_was_taken_back_is_not_recorded(archiver: ArchiverActor, folder: Path) -> None:
    hand(archiver, OpenRecord(0.0, HEAD), AgentAudio(0.0, AGENT * 8000), AgentCleared(0.5))
    assert (folder / "agent.raw").read_bytes() == AGENT * 4000


def test_a_record_does_not_go_on_behind_the_end_of_the_audio(
    archiver: ArchiverActor, session: CallSession, still: StillRuntime, call: Mailbox, archive: FakeArchive
) -> None:
    hand(archiver, OpenRecord(0.0, HEAD), StreamLost())
    for _ in range(3):
        still.manual.advance(1.0)
        step(archiver)
    hand(archiver, CloseRecord(0.5, SUMMARY))
    with wave.open(io.BytesIO(archive.files["audios/2026/01/01/v3_1/call.wav"])) as wav:
        assert wav.getnframes() == 4000


def test_a_record_goes_on_when_the_stream_comes_back(
    archiver: ArchiverActor, session: CallSession, still: StillRuntime, folder: Path
) -> None:
    hand(archiver, OpenRecord(0.0, HEAD), StreamLost())
    still.manual.advance(2.0)
    session.recording.put((still.clock.now(), CALLER))
    step(archiver)
    assert (folder / "caller.raw").stat().st_size == (folder / "agent.raw").stat().st_size == 16_000


def test_what_comes_behind_a_lost_stream_is_placed_by_the_clock(
    archiver: ArchiverActor, session: CallSession, call: Mailbox, folder: Path, archive: FakeArchive
) -> None:
    archive.error = refused()
    hand(archiver, OpenRecord(0.0, HEAD))
    session.recording.put((0.02, CALLER))
    hand(archiver, StreamLost())
    session.recording.put((1.0, CALLER))
    hand(archiver, CloseRecord(1.0, SUMMARY))
    assert (folder / "caller.raw").read_bytes() == CALLER + SILENCE * (8000 - 320) + CALLER


def test_a_call_without_audio_leaves_no_record(archiver: ArchiverActor, call: Mailbox, folder: Path) -> None:
    hand(archiver, AgentAudio(0.0, AGENT), AgentCleared(0.0), StreamLost(), TurnOver(turn(0)))
    hand(archiver, CloseRecord(2.0, SUMMARY))
    assert call.take(RecordClosed) == RecordClosed(())
    assert not folder.exists()


def test_an_archive_that_refuses_leaves_the_record_in_the_spool(
    archiver: ArchiverActor, call: Mailbox, archive: FakeArchive, folder: Path
) -> None:
    archive.error = refused("away")
    hand(archiver, OpenRecord(0.0, HEAD), CloseRecord(2.0, SUMMARY))
    closed = call.take(RecordClosed)
    assert closed.places == ()
    assert "away" in closed.error
    assert json.loads((folder / "end.json").read_text(encoding="utf-8"))["reason"] == "caller"


def test_nothing_is_appended_behind_the_end(
    archiver: ArchiverActor, still: StillRuntime, call: Mailbox, session: CallSession, folder: Path
) -> None:
    hand(archiver, OpenRecord(0.0, HEAD), CloseRecord(2.0, SUMMARY))
    call.take(RecordClosed)
    session.recording.put((2.1, CALLER))
    still.manual.advance(1.0)
    step(archiver)
    hand(archiver, AgentAudio(2.2, AGENT), AgentCleared(2.3), TurnOver(turn(1)))
    assert not folder.exists()


def test_a_successor_goes_on_with_the_record_without_a_hole(
    archiver: ArchiverActor,
    start: Callable[[], ArchiverActor],
    still: StillRuntime,
    session: CallSession,
    call: Mailbox,
    archive: FakeArchive,
) -> None:
    still.manual.advance(0.5)
    hand(archiver, OpenRecord(0.0, HEAD), AgentAudio(0.0, AGENT * 4000), AgentCleared(0.5), TurnOver(turn(0)))
    archiver.teardown(RuntimeError("crash"))
    session.recording.put((1.0, CALLER))  # waits in the lane meanwhile
    successor = start()
    hand(successor, OpenRecord(0.0, HEAD), AgentAudio(1.0, AGENT * 4000), TurnOver(turn(1)))
    hand(successor, CloseRecord(2.0, SUMMARY))
    call.take(RecordClosed)
    assert turns_of(archive) == [0, 1]
    with wave.open(io.BytesIO(archive.files["audios/2026/01/01/v3_1/call.wav"])) as wav:
        assert wav.getnframes() == 16_000


@contextmanager
def full_disk() -> Iterator[None]:
    """No file can be opened for writing."""

    def full(path: Path, *_: object, **__: object) -> Any:
        raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", full)
        yield


def test_a_full_disk_interrupts_the_record_and_loses_no_turn(
    archiver: ArchiverActor, call: Mailbox, archive: FakeArchive, still: StillRuntime
) -> None:
    hand(archiver, OpenRecord(0.0, HEAD), TurnOver(turn(0)))
    caller = archiver._spool._caller
    with full_disk():
        hand(archiver, TurnOver(turn(1)))
        assert caller is not None
        assert caller.closed
        still.manual.advance(1.0)
        step(archiver)
    hand(archiver, TurnOver(turn(2)), CloseRecord(2.0, SUMMARY))
    assert call.take(RecordClosed).error == ""
    assert turns_of(archive) == [0, 1, 2]


def test_a_disk_that_is_still_full_at_the_end_keeps_nobody_waiting(archiver: ArchiverActor, call: Mailbox) -> None:
    hand(archiver, OpenRecord(0.0, HEAD))
    with full_disk():
        hand(archiver, TurnOver(turn(0)), CloseRecord(2.0, SUMMARY))
    assert "No space" in call.take(RecordClosed).error


# --- what is left behind ----------------------------------------------------------------


@pytest.fixture
def calls() -> LiveCalls:
    return LiveCalls()


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def sweeper(
    still: StillRuntime,
    unstarted: Unstarted[Any],
    archive: FakeArchive,
    tmp_path: Path,
    calls: LiveCalls,
    tally: Tally,
) -> SweeperActor:
    birth = Birth("engine/sweeper", None, still)
    actor: SweeperActor = unstarted(SweeperActor(birth, tmp_path / "spool", archive, "audios", calls, tally))
    return actor


def leave(folder: Path, *, written: float = 0.0) -> None:
    """A record whose last byte was written at a unix time."""
    spool = Spool(folder)
    spool.open({**HEAD, "id": folder.name})
    spool.append(CALLER, CALLER)
    spool.close()
    for file in (*folder.iterdir(), folder):
        os.utime(file, (written, written))


def sweep(sweeper: SweeperActor, still: StillRuntime) -> None:
    """One round, and its end."""
    still.manual.advance(SWEEP_S)
    step(sweeper)
    step(sweeper)


def test_what_was_left_behind_is_archived(
    sweeper: SweeperActor, still: StillRuntime, archive: FakeArchive, folder: Path
) -> None:
    leave(folder)
    sweep(sweeper, still)
    assert not folder.exists()
    assert sorted(archive.files) == [f"audios/2026/01/01/ref/{name}" for name in ("call.wav", "transcript.json")]


def test_nothing_is_swept_before_the_calls_that_were_left_have_been_taken_up(
    sweeper: SweeperActor, still: StillRuntime, archive: FakeArchive, folder: Path
) -> None:
    leave(folder)
    still.manual.advance(LEFT_BEHIND_S - 1)
    assert sweeper._inbox.data_depth == 0
    hand(sweeper, Sweep())
    step(sweeper)
    assert not folder.exists()


def test_it_is_known_how_much_waits_in_the_spool(
    sweeper: SweeperActor, still: StillRuntime, calls: LiveCalls, tally: Tally, folder: Path
) -> None:
    calls.add(CallView(CallPlan("ref", "outgoing", "+57"), "secret", 0.0, ""))
    leave(folder)
    sweep(sweeper, still)
    weight = sum(file.stat().st_size for file in folder.iterdir())
    assert tally.gauges() == {"spool_calls": 1, "spool_bytes": weight}
    assert weight > 2 * len(CALLER)


def test_a_spool_that_was_never_used_is_nothing_to_sweep(
    sweeper: SweeperActor, still: StillRuntime, tally: Tally, folder: Path, logged: list[str]
) -> None:
    sweep(sweeper, still)
    sweep(sweeper, still)
    assert tally.gauges() == {"spool_calls": 0, "spool_bytes": 0}
    assert not folder.parent.exists()
    assert logged == []


@pytest.mark.parametrize("head", [None, '{"id": "v3'])
def test_what_a_process_left_that_died_as_it_began_is_swept_away(
    sweeper: SweeperActor, still: StillRuntime, archive: FakeArchive, folder: Path, head: str | None
) -> None:
    folder.mkdir(parents=True)
    if head is not None:
        (folder / "call.part").write_text(head, encoding="utf-8")
    sweep(sweeper, still)
    assert folder.exists(), "it may be about to begin"
    for file in (*folder.iterdir(), folder):
        os.utime(file, (0.0, 0.0))
    sweep(sweeper, still)
    assert not folder.exists()
    assert archive.files == {}


def test_a_call_that_lives_is_left_alone_here_and_in_another_process(
    sweeper: SweeperActor, still: StillRuntime, calls: LiveCalls, folder: Path, archive: FakeArchive
) -> None:
    calls.add(CallView(CallPlan("ref", "outgoing", "+57"), "secret", 0.0, ""))
    leave(folder)
    leave(folder.with_name("theirs"), written=still.clock.wall().timestamp() + SWEEP_S - LEFT_BEHIND_S + 1)
    sweep(sweeper, still)
    assert archive.files == {}
    calls.remove("ref")
    sweep(sweeper, still)
    assert len(archive.files) == 4


def test_an_archive_that_is_away_is_asked_again_in_the_next_round(
    sweeper: SweeperActor, still: StillRuntime, archive: FakeArchive, folder: Path
) -> None:
    leave(folder)
    archive.error = refused()
    sweep(sweeper, still)
    assert folder.exists()
    archive.error = None
    for file in (*folder.iterdir(), folder):  # the vain try has touched it, in real time
        os.utime(file, (0.0, 0.0))
    sweep(sweeper, still)
    assert not folder.exists()


def test_a_record_that_cannot_be_read_hinders_no_other_and_is_complained_of_once(
    sweeper: SweeperActor, still: StillRuntime, archive: FakeArchive, folder: Path, logged: list[str]
) -> None:
    leave(folder)
    leave(folder.with_name("a-bad-one"))
    (folder.with_name("a-bad-one") / "call.json").write_text("[]", encoding="utf-8")
    os.utime(folder.with_name("a-bad-one") / "call.json", (0.0, 0.0))
    folder.with_name("no-folder").write_text("", encoding="utf-8")
    sweep(sweeper, still)
    sweep(sweeper, still)
    assert not folder.exists()
    assert len([line for line in logged if "a-bad-one" in line]) == 1


def test_an_error_nobody_thought_of_does_not_end_the_sweeping(
    sweeper: SweeperActor, still: StillRuntime, archive: FakeArchive, folder: Path, logged: list[str]
) -> None:
    leave(folder)
    archive.error = RuntimeError("bug")
    sweep(sweeper, still)
    assert [line for line in logged if line.startswith("ERROR")]
    archive.error = None
    for file in (*folder.iterdir(), folder):
        os.utime(file, (0.0, 0.0))
    sweep(sweeper, still)
    assert not folder.exists()


def test_an_archive_that_hangs_does_not_keep_the_sweeper_from_ending(
    sweeper: SweeperActor, still: StillRuntime, archive: FakeArchive, folder: Path
) -> None:
    leave(folder)
    leave(folder.with_name("second"))
    archive.gate.clear()
    hand(sweeper, Sweep())
    assert archive.entered.wait(5)
    pump = sweeper._pump
    assert pump is not None
    sweeper.teardown(None)
    archive.gate.set()
    pump._thread.join(5)
    assert folder.with_name("second").exists()

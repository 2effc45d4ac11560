"""The matrix: what goes wrong, and at which moment of a call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bench.chaos.house import InProcess
from telnyx_actors.actors.journal import FILE
from telnyx_actors.clock import SystemClock
from telnyx_actors.standins.base import Fault, FaultKind
from telnyx_actors.standins.telnyx_settings import MediaSettings, WebhookChaos

FOR_EVER: Final = -1
SHARED_MAX: Final = 6
BALLAST: Final = "ballast"
PAGE_BYTES: Final = 4096


class Moment(StrEnum):
    """Where in the turn that is judged it strikes."""

    BEFORE = "before"  # dialling
    LISTENING = "listening"  # the caller is speaking
    THINKING = "thinking"  # the caller has spoken, the agent has not
    SPEAKING = "speaking"  # the agent is answering
    ENDING = "ending"  # the call is over, its record is not put away yet


class JumpingClock(SystemClock):
    """The date and the time may be set, as an administrator or an NTP daemon would."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def wall(self) -> datetime:
        return super().wall() + self.ahead


Strike = Callable[[InProcess, str], None]
"""What happens to one call, by its call_control_id."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """``strike`` is done to each call at its own moment; what it breaks is mended ``lasts_s`` after the first of them.

    ``part`` is the actor that is killed, and whose return is timed. ``expects_answers`` is False
    where what is gone is the only one who could answer: then an apology has to do. A fault that
    ``is_private`` touches no other call, so that calls of several such scenarios may share a house.
    Where ``says_once`` is False a sentence may be heard to its end twice.
    """

    fault: str
    moment: Moment
    strike: Strike
    mend: Callable[[InProcess], None] = lambda house: house.world.heal()
    lasts_s: float = 6.0
    part: str | None = None
    expects_answers: bool = True
    expects_words: bool = True
    says_once: bool = True
    is_private: bool = False
    needs_small_disk: bool = False
    keeps_chronicle: bool = True
    env: Mapping[str, str] = field(default_factory=dict)
    media: MediaSettings = field(default_factory=MediaSettings)

    @property
    def name(self) -> str:
        return f"{self.fault}, {self.moment}"


# --- strikes --------------------------------------------------------------------


def nothing(_house: InProcess, _call: str) -> None:
    """The call as it is when all is well, to compare with."""


def vendor(name: str, fault: Fault) -> Strike:
    """Once for each call: a fault of so many operations hits each call's own."""
    return lambda house, _call: house.world.fail(name, fault)


def gone(name: str, *faults: Fault) -> Strike:
    """For everybody, until it is mended."""

    def strike(house: InProcess, _call: str) -> None:
        if not any(entry.kind == "gone" for entry in house.world.entries(name)):
            house.world.vendors[name].record("gone")
            for fault in faults:
                house.world.fail(name, fault)

    return strike


def crash(part: str) -> Strike:
    return lambda house, call: _order_crash(house, house.path(call, part))


def crash_root_child(part: str) -> Strike:
    """An actor that all calls share is killed once."""

    def strike(house: InProcess, call: str) -> None:
        if call == next(iter(house.names)):
            _order_crash(house, f"engine/{part}")

    return strike


def _order_crash(house: InProcess, path: str) -> None:
    house.runtime.crash(path, "chaos")


def media(kind: FaultKind) -> Strike:
    return lambda house, call: house.world.fail_stream(call, Fault(kind))


def webhooks(chaos: WebhookChaos) -> Strike:
    return lambda house, _call: house.world.misbehave(chaos)


def jump(hours: float) -> Strike:
    def strike(house: InProcess, _call: str) -> None:
        assert isinstance(house.runtime.clock, JumpingClock)
        house.runtime.clock.ahead = timedelta(hours=hours)

    return strike


def fill_disk(house: InProcess, _call: str) -> None:
    """Leave not a byte: the engine's folder is on a small disk of its own (see ``house.small_disk``)."""
    with (house.data_dir / BALLAST).open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            with suppress(OSError):
                while file.write(b"." * size) == size:
                    pass


def free_disk(house: InProcess) -> None:
    (house.data_dir / BALLAST).unlink(missing_ok=True)


def overwrite_journal(house: InProcess, _call: str) -> None:
    """Every page of it but the first, and all that is not merged yet, under the connection that writes it."""
    for name, kept in ((FILE, PAGE_BYTES), (f"{FILE}-wal", 0)):
        path = house.data_dir / name
        with path.open("r+b") as file:
            file.seek(kept)
            file.write(b"\xab" * (path.stat().st_size - kept))


# --- the matrix -------------------------------------------------------------------

PARTS: Final = ("transcriber", "responder", "speaker", "carrier", "archiver", "")
WITHIN_TURN: Final = (Moment.LISTENING, Moment.THINKING, Moment.SPEAKING)
Broken = tuple[tuple[FaultKind, str], ...]
BROKEN: Final[Broken] = (
    ("drop", "RST"),
    ("half_open", "half-open"),
    ("half_close", "half-closed"),
    ("garbage", "garbage"),
)
NO_AUDIO: Final = ("half_open", "stall")
NOT_BESIDE_US: Final = {"TELNYX_LISTENS_ALONG": "false"}
BROKEN_SOCKETS: Final[Broken] = (*BROKEN, ("stall", "mute"))
BROKEN_STREAMS: Final[Broken] = (*BROKEN, ("stall", "stalls"))


def _crashes() -> Iterator[Scenario]:
    for part in PARTS:
        for moment in (*WITHIN_TURN, Moment.ENDING):
            yield Scenario(f"crash: {part or 'call'}", moment, crash(part), part=part, is_private=True)
    for part in ("journal", "carrier", "phrases", "sweeper", "front"):
        yield Scenario(f"crash: engine's {part}", Moment.SPEAKING, crash_root_child(part))


def _deepgram() -> Iterator[Scenario]:
    for status in (401, 402, 429, 503):
        refuse = gone("deepgram", Fault("drop", times=FOR_EVER), Fault("refuse", status=status, times=FOR_EVER))
        for moment in (Moment.LISTENING, Moment.SPEAKING):
            yield Scenario(f"deepgram: {status}", moment, refuse)
    yield Scenario("deepgram: slow", Moment.LISTENING, vendor("deepgram", Fault("delay", after_ms=1500, times=2)))
    for kind, said in BROKEN_SOCKETS:
        for moment in WITHIN_TURN:
            yield Scenario(f"deepgram: {said}", moment, vendor("deepgram", Fault(kind)))
    yield Scenario("deepgram: closes", Moment.LISTENING, vendor("deepgram", Fault("drop", code="NET-0000")))


def _claude() -> Iterator[Scenario]:
    for status in (401, 402, 429, 529):
        once = vendor("claude", Fault("refuse", status=status))
        yield Scenario(f"claude: {status} once", Moment.LISTENING, once, expects_answers=status in (429, 529))
    for status in (401, 529):
        refuse = gone("claude", Fault("refuse", status=status, times=FOR_EVER))
        yield Scenario(f"claude: {status} for 6 s", Moment.LISTENING, refuse, expects_answers=False)
    yield Scenario("claude: slow", Moment.LISTENING, vendor("claude", Fault("delay", after_ms=3000)))
    yield Scenario("claude: never starts", Moment.LISTENING, vendor("claude", Fault("stall")))
    forever = gone("claude", Fault("stall", times=FOR_EVER))
    yield Scenario("claude: mute for 6 s", Moment.LISTENING, forever, expects_answers=False)
    for kind, said in BROKEN_STREAMS:
        for after in (0, 3, 9):
            fault = Fault(kind, after=after)
            # Once a sentence has been heard, a reply that breaks off ends there: the rest would be another reply.
            is_begun = after == 9
            name = f"claude: {said} after {after} events"
            yield Scenario(name, Moment.LISTENING, vendor("claude", fault), expects_answers=not is_begun)


def _elevenlabs() -> Iterator[Scenario]:
    for status in (401, 402, 429, 503):
        refuse = gone("elevenlabs", Fault("refuse", status=status, times=FOR_EVER))
        yield Scenario(f"elevenlabs: {status}", Moment.LISTENING, refuse)
    yield Scenario("elevenlabs: slow", Moment.LISTENING, vendor("elevenlabs", Fault("delay", after_ms=2000)))
    yield Scenario("elevenlabs: mute", Moment.LISTENING, gone("elevenlabs", Fault("stall", times=FOR_EVER)))
    for kind, said in BROKEN_STREAMS:
        for after in (0, 4000):
            fault = Fault(kind, after=after)
            yield Scenario(f"elevenlabs: {said} after {after} B", Moment.LISTENING, vendor("elevenlabs", fault))


def _telnyx() -> Iterator[Scenario]:
    for kind, said in BROKEN_SOCKETS:
        for moment in WITHIN_TURN:
            yield Scenario(f"media socket: {said}", moment, media(kind), is_private=True)
    for kind, said in BROKEN_SOCKETS:
        if kind in NO_AUDIO:  # nobody else can hear what nobody carries
            yield Scenario(
                f"media socket: {said}, Telnyx does not listen along",
                Moment.LISTENING,
                media(kind),
                expects_words=False,
                expects_answers=False,
                env=NOT_BESIDE_US,
            )
    # Should it play on, what it plays meanwhile is said once more: the engine cannot know.
    stubborn = MediaSettings(drops_audio_on_loss=False)
    for moment in (Moment.THINKING, Moment.SPEAKING):
        name = "media socket: RST, carrier plays on"
        yield Scenario(name, moment, media("drop"), says_once=False, is_private=True, media=stubborn)
    for status in (429, 503):
        once = vendor("telnyx", Fault("refuse", status=status, match="/actions/"))
        yield Scenario(f"telnyx REST: {status}", Moment.SPEAKING, once)
    for name, chaos in (
        ("duplicated", WebhookChaos(duplicates=2)),
        ("reordered", WebhookChaos(shuffle_ms=800)),
        ("late", WebhookChaos(delay_ms=2500)),
        ("missing: answered", WebhookChaos(match="call.answered", missing=1.0)),
        ("missing: hangup", WebhookChaos(match="call.hangup", missing=1.0)),
    ):
        yield Scenario(f"webhooks {name}", Moment.BEFORE, webhooks(chaos), lasts_s=60.0)


def _machine() -> Iterator[Scenario]:
    for moment in (Moment.LISTENING, Moment.SPEAKING):
        yield Scenario("disk full for 6 s", moment, fill_disk, free_disk, needs_small_disk=True)
    yield Scenario("journal overwritten", Moment.SPEAKING, overwrite_journal, keeps_chronicle=False)
    for hours in (1, -1):
        yield Scenario(f"clock jumps {hours:+} h", Moment.THINKING, jump(hours))
    away = {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9", "S3_BUCKET": "away", "AWS_REGION": "us-east-1"}
    keys = {"AWS_ACCESS_KEY_ID": "AKIASTANDIN", "AWS_SECRET_ACCESS_KEY": "standin"}
    yield Scenario("S3 away", Moment.BEFORE, nothing, env={**away, **keys})
    yield Scenario("nothing", Moment.BEFORE, nothing)


def matrix() -> list[Scenario]:
    """Every scenario, by its name once."""
    return [*_machine(), *_crashes(), *_deepgram(), *_claude(), *_elevenlabs(), *_telnyx()]


def in_houses(scenarios: list[Scenario]) -> list[list[Scenario]]:
    """Which scenarios are played side by side in one house, and which need one of their own."""
    private: dict[MediaSettings, list[Scenario]] = {}
    for scenario in scenarios:
        if scenario.is_private:
            private.setdefault(scenario.media, []).append(scenario)
    shared = [alike[at : at + SHARED_MAX] for alike in private.values() for at in range(0, len(alike), SHARED_MAX)]
    return [*shared, *([scenario] for scenario in scenarios if not scenario.is_private)]

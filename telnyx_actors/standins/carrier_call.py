"""What the carrier knows about a call: what the human heard and said, and when.

Every assertion about a conversation is made on this record. Times ending in ``_s`` are
seconds of the call's media clock: 0 is the first ``start`` of its stream, or the answer if
it has none. ``at`` is ``time.monotonic()``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal

from telnyx_actors.standins.audibility import audible_spans, wav
from telnyx_actors.standins.caller import StepOutcome
from telnyx_actors.standins.playout import Playout
from telnyx_actors.standins.sound import TELEPHONE_RATE_HZ as RATE_HZ

Interval = tuple[float, float]
CLEARS: Final = ("clear", "playback_stop")


@dataclass(frozen=True, slots=True)
class CallEvent:
    """Something that happened in the call. ``at_s`` is None before its media clock began."""

    at: float
    at_s: float | None
    kind: str
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Utterance:
    """What the caller said, and where its sound (first to last frame above the noise) lies."""

    text: str
    start: int
    audio: bytes

    @property
    def speech(self) -> tuple[int, int]:
        spans = audible_spans(self.audio, window_ms=20, join_ms=60_000)
        first, last = spans[0] if spans else (0, len(self.audio))
        return self.start + first, self.start + last


@dataclass(frozen=True, slots=True)
class Response:
    """The caller stopped to speak; the agent began. None where nothing came before the caller spoke again."""

    caller_end_s: float
    agent_start_s: float | None

    @property
    def seconds(self) -> float | None:
        return None if self.agent_start_s is None else self.agent_start_s - self.caller_end_s


@dataclass(frozen=True, slots=True)
class BargeIn:
    """The caller began to speak while the agent could be heard; ``clear_s`` is when the agent's audio was taken back."""

    caller_start_s: float
    clear_s: float | None

    @property
    def seconds(self) -> float | None:
        return None if self.clear_s is None else self.clear_s - self.caller_start_s


@dataclass(slots=True)
class CarrierCall:
    """One leg. Written by the stand-in's loop; complete once ``ended_at`` is set."""

    call_control_id: str
    call_leg_id: str
    call_session_id: str
    direction: Literal["incoming", "outgoing"]
    from_: str
    to: str
    script_name: str = ""
    state: Literal["bridging", "parked", "answered", "hangup"] = "bridging"
    created_at: float = field(default_factory=time.monotonic)
    answered_at: float | None = None
    media_at: float | None = None
    ended_at: float | None = None
    hangup_cause: str = ""
    hangup_source: str = ""
    transferred_to: str = ""
    script_error: str = ""
    max_tick_late_s: float = 0.0
    outcomes: list[StepOutcome] = field(default_factory=list)
    events: list[CallEvent] = field(default_factory=list)
    utterances: list[Utterance] = field(default_factory=list)
    stream: Playout = field(default_factory=Playout)
    carrier: Playout = field(default_factory=Playout)

    # --- time ---

    def position(self, at: float | None = None) -> int | None:
        """A moment as a byte of the timeline (now, if none is given)."""
        if self.media_at is None:
            return None
        return max(int(((time.monotonic() if at is None else at) - self.media_at) * RATE_HZ), 0)

    @property
    def length(self) -> int:
        """Bytes of the timeline: to the end of the call, or to now."""
        return self.position(self.ended_at) or 0

    @property
    def duration_s(self) -> float:
        return self.length / RATE_HZ

    # --- events ---

    def note(self, kind: str, **data: object) -> None:
        at, position = time.monotonic(), self.position()
        self.events.append(CallEvent(at, None if position is None else position / RATE_HZ, kind, data))

    def events_of(self, *kinds: str) -> list[CallEvent]:
        return [event for event in self.events if event.kind in kinds]

    @property
    def violations(self) -> list[CallEvent]:
        """Everything the engine did that the carrier's documentation does not allow."""
        return self.events_of("violation")

    # --- sound ---

    @property
    def heard(self) -> bytes:
        """What the human heard, mu-law. The carrier's own audio covers the stream's where both play."""
        out = bytearray(b"\xff" * self.length)
        self.stream.write_into(out, 0)
        self.carrier.write_into(out, 0)
        return bytes(out)

    @property
    def spoken(self) -> bytes:
        """What the human said, mu-law, aligned with ``heard``."""
        out = bytearray(b"\xff" * self.length)
        for utterance in self.utterances:
            if utterance.start < len(out):
                piece = utterance.audio[: len(out) - utterance.start]
                out[utterance.start : utterance.start + len(piece)] = piece
        return bytes(out)

    def agent_speech(self, *, join_ms: int = 300) -> list[Interval]:
        """Where the agent could be heard, by level."""
        return [(start / RATE_HZ, end / RATE_HZ) for start, end in audible_spans(self.heard, join_ms=join_ms)]

    def agent_playing(self, *, join_ms: int = 0) -> list[Interval]:
        """Where agent audio was played, silence inside it included."""
        spans = sorted((s.start, min(s.end, self.length)) for p in (self.stream, self.carrier) for s in p.segments)
        joined: list[tuple[int, int]] = []
        for start, end in spans:
            if joined and start - joined[-1][1] <= join_ms * 8:
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            elif start < end:
                joined.append((start, end))
        return [(start / RATE_HZ, end / RATE_HZ) for start, end in joined]

    def caller_speech(self) -> list[Interval]:
        """Where the caller spoke: one interval for each ``Say``, by the script's truth."""
        spans = [utterance.speech for utterance in self.utterances]
        return [(start / RATE_HZ, min(end, self.length) / RATE_HZ) for start, end in spans if start < self.length]

    def wav(self) -> bytes:
        """Both sides as a stereo WAV file: the caller left, the agent right."""
        return wav(self.spoken, self.heard)

    # --- the conversation's figures ---

    def response_times(self) -> list[Response]:
        """For each end of caller speech, when agent audio began. Ends at which the agent was already playing are left out."""
        speech, playing = self.caller_speech(), self.agent_playing(join_ms=60)
        found = []
        for index, (_, end) in enumerate(speech):
            limit = speech[index + 1][0] if index + 1 < len(speech) else self.duration_s
            if any(start < end < stop for start, stop in playing):
                continue
            found.append(Response(end, next((start for start, _ in playing if end <= start < limit), None)))
        return found

    def barge_in_times(self) -> list[BargeIn]:
        """For each caller utterance that began while the agent could be heard, when the agent was silenced."""
        agent = self.agent_speech()
        clears = [event.at_s for event in self.events_of(*CLEARS) if event.at_s is not None]
        found = []
        for start, _ in self.caller_speech():
            until = next((stop for begin, stop in agent if begin <= start < stop), None)
            if until is not None:
                # The audible end lies up to a pause before the clear that made it.
                found.append(BargeIn(start, next((at for at in clears if start <= at <= until + 1.0), None)))
        return found

    def underruns(self, *, max_gap_s: float = 1.0) -> list[Interval]:
        """Gaps inside a reply: the queue ran dry, and more came without a clear and without the caller speaking."""
        playing, speech = self.agent_playing(), self.caller_speech()
        clears = [event.at_s for event in self.events_of(*CLEARS) if event.at_s is not None]
        return [
            (end, start)
            for (_, end), (start, _) in pairwise(playing)
            if start - end <= max_gap_s
            and not any(end - 0.05 <= at <= start for at in clears)
            and not any(begin < start and stop > end for begin, stop in speech)
        ]

    def talked_over_s(self) -> float:
        """Seconds during which both could be heard."""
        return sum(
            max(min(stop, end) - max(start, begin), 0.0)
            for start, end in self.caller_speech()
            for begin, stop in self.agent_speech()
        )

    def dead_air(self) -> list[Interval]:
        """Where the caller waited for the agent: from the beginning and from each end of speech until something was heard."""
        agent = self.agent_speech(join_ms=0)
        speech = self.caller_speech()
        found = []
        for index, begin in enumerate([0.0, *(end for _, end in speech)]):
            limit = speech[index][0] if index < len(speech) else self.duration_s
            if not any(start <= begin < stop for start, stop in agent):
                end = min((start for start, _ in agent if start >= begin), default=limit)
                found.append((begin, max(min(end, limit), begin)))
        return found

    def media_after_clear(self) -> list[float]:
        """For each ``clear`` that more audio followed, the seconds between the two messages."""
        found, cleared_at = [], None
        for event in self.events_of("clear", "media_after_clear"):
            if event.kind == "clear":
                cleared_at = event.at
            elif cleared_at is not None:
                found.append(event.at - cleared_at)
        return found

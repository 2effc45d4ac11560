"""A caller is a script: says this, waits for that, interrupts here, hangs up there.

Scripts run on the media clock, one frame of 20 ms at a time, and hear what the carrier
really played to them. No thread, no socket, no clock in here: ``CallerRun.tick`` is told
what was heard and answers what the caller does in the same 20 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, fields
from typing import Final, Literal, TypeVar

from telnyx_actors.standins.audibility import SILENCE
from telnyx_actors.standins.sound import FRAME_BYTES, FRAME_MS

# A pause this short inside the agent's speech is a breath, not the end of it.
BREATH_MS: Final = 300
PRESS_FRAMES: Final = 12


@dataclass(frozen=True, slots=True)
class Say:
    """Speak: ``audio`` (mu-law, 8 kHz) if given, else ``text`` in the caller's voice."""

    text: str = ""
    audio: bytes | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Be silent, whatever the agent does."""

    seconds: float


@dataclass(frozen=True, slots=True)
class WaitForAgent:
    """Wait until the agent has been silent (or speaking) for so long.

    Silence counts only after the agent said something since the caller last spoke; that
    is what makes "wait for the answer" one step. A wait that times out makes the caller
    hang up, unless it is not ``required``.
    """

    silent_ms: int | None = None
    speaking_ms: int | None = None
    timeout_s: float = 15.0
    required: bool = True


@dataclass(frozen=True, slots=True)
class InterruptAfter:
    """Start to talk after so many seconds of uninterrupted agent speech."""

    seconds: float
    text: str = ""
    audio: bytes | None = None
    timeout_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Press:
    """Press keys, a quarter of a second each."""

    digits: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """Hang up now. The end of a script does the same."""


@dataclass(frozen=True, slots=True)
class Stay:
    """Stay silent on the line until the agent hangs up; it is an error if that takes longer than ``limit_s``."""

    limit_s: float = 60.0


Step = Say | Wait | WaitForAgent | InterruptAfter | Press | HangUp | Stay


AnswerKind = Literal["answer", "busy", "no_answer", "reject", "not_found"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the called party does, ``after_s`` seconds of ringing. ``machine``: what answering-machine detection finds."""

    kind: AnswerKind = "answer"
    after_s: float = 0.2
    machine: Literal["human", "machine", "not_sure"] = "human"


@dataclass(frozen=True, slots=True)
class CallerScript:
    steps: tuple[Step, ...] = (Stay(),)
    answer: Answer = Answer()
    name: str = ""
    voice: str = "cliente"


def describe(step: Step) -> str:
    """A step in a few words."""
    values = (getattr(step, part.name) for part in fields(step))
    return f"{type(step).__name__}({', '.join(str(v) for v in values if isinstance(v, str | int | float))})"


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """How a step went. Times in ms of the call's media clock; ``error`` is empty when it went as written."""

    step: str
    started_ms: int
    ended_ms: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class Began:
    """The caller begins to speak with this frame."""

    text: str
    audio: bytes


@dataclass(frozen=True, slots=True)
class Pressed:
    digit: str


@dataclass(frozen=True, slots=True)
class HungUp:
    pass


Act = Began | Pressed | HungUp
T = TypeVar("T")
Render = Callable[[str, str], bytes]  # a sentence and a voice's name to mu-law
Life = Generator[bytes, None, T]  # yields the frames of a stretch of life, returns how it ended


@dataclass(slots=True)
class Ear:
    """What the caller knows about the agent: only what could be heard."""

    silent_ms: int = 0
    speaking_ms: int = 0
    spoke: bool = False  # since the caller last spoke

    def hear(self, audible: bool) -> None:
        if audible:
            self.speaking_ms += FRAME_MS + (self.silent_ms if self.speaking_ms else 0)
            self.silent_ms = 0
            self.spoke = True
        else:
            self.silent_ms += FRAME_MS
            if self.silent_ms > BREATH_MS:
                self.speaking_ms = 0


@dataclass(slots=True)
class CallerRun:
    """One caller, living through a script."""

    script: CallerScript
    render: Render
    outcomes: list[StepOutcome] = field(default_factory=list)
    error: str = ""
    done: bool = False
    _ear: Ear = field(default_factory=Ear)
    _now_ms: int = 0
    _acts: list[Act] = field(default_factory=list)
    _frames: Iterator[bytes] | None = None

    def tick(self, agent_audible: bool) -> tuple[bytes, list[Act]]:
        """The next 20 ms: the caller's sound, and what else the caller does at its beginning."""
        self._ear.hear(agent_audible)
        if self._frames is None:
            self._frames = self._live()
        frame = next(self._frames, SILENCE)
        acts, self._acts = self._acts, []
        self._now_ms += FRAME_MS
        return frame, acts

    def cut_off(self) -> None:
        """The call ended. An error, unless the script was over or only waited for that."""
        if self.done:
            return
        self.done = True
        index = len(self.outcomes)
        if index >= len(self.script.steps):
            return
        step = self.script.steps[index]
        if not isinstance(step, Stay):
            self.error = self.error or f"step {index + 1} ({describe(step)}): the call ended before it was done"
        self.outcomes.append(StepOutcome(describe(step), self._now_ms, self._now_ms, self.error))

    def _live(self) -> Life[None]:
        for index, step in enumerate(self.script.steps):
            started_ms = self._now_ms
            problem = yield from self._do(step)
            self.outcomes.append(StepOutcome(describe(step), started_ms, self._now_ms, problem))
            if problem:
                self.error = f"step {index + 1} ({describe(step)}): {problem}"
                break
            if isinstance(step, HangUp):
                break
        self.done = True
        self._acts.append(HungUp())

    def _do(self, step: Step) -> Life[str]:
        match step:
            case Say():
                yield from self._say(step.text, step.audio)
            case Wait():
                yield from self._until(lambda: False, step.seconds)
            case WaitForAgent():
                if not (yield from self._until(lambda: self._agent_did(step), step.timeout_s)) and step.required:
                    return f"the agent did not within {step.timeout_s} s"
            case InterruptAfter():
                if not (yield from self._until(lambda: self._ear.speaking_ms >= step.seconds * 1000, step.timeout_s)):
                    return f"the agent never spoke that long within {step.timeout_s} s"
                yield from self._say(step.text, step.audio)
            case Press():
                for digit in step.digits:
                    self._acts.append(Pressed(digit))
                    yield from (SILENCE for _ in range(PRESS_FRAMES))
            case Stay():
                yield from self._until(lambda: False, step.limit_s)
                return f"the agent did not hang up within {step.limit_s} s"
        return ""

    def _say(self, text: str, audio: bytes | None) -> Life[None]:
        sound = self.render(text, self.script.voice) if audio is None else audio
        self._acts.append(Began(text, sound))
        for start in range(0, len(sound), FRAME_BYTES):
            yield sound[start : start + FRAME_BYTES].ljust(FRAME_BYTES, SILENCE[:1])
        self._ear.spoke = False

    def _until(self, condition: Callable[[], bool], limit_s: float) -> Life[bool]:
        for _ in range(round(limit_s * 1000 / FRAME_MS)):
            if condition():
                return True
            yield SILENCE
        return condition()

    def _agent_did(self, step: WaitForAgent) -> bool:
        if step.speaking_ms is not None:
            return self._ear.speaking_ms >= step.speaking_ms
        return self._ear.spoke and self._ear.silent_ms >= (step.silent_ms or 0)

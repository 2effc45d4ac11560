"""A world for the conversation, in virtual time: carrier, model, voice, transcriber and a caller.

Everything is an event on one heap; nothing waits for real. The line plays in real time of
that clock and knows to the byte what the caller heard, so it is the judge of what the
conversation believes. Delays and failures come from the ``Nature`` given, so the same
nature is the same call.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from support.simulated_caller import Ears
from support.simulated_line import Line, Source, Span
from telnyx_actors.actors.address import Address
from telnyx_actors.actors.chronicler import Chronicler
from telnyx_actors.actors.messages import Chronicled
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core.chronicle import Beginning, Page, Part, parts
from telnyx_actors.core.rules import Lines, Rules
from telnyx_actors.core.turn import TurnKind, TurnRecord
from telnyx_actors.wire.chronicle import decode_page, encode_page

LINES = Lines(
    greeting="Buenos días, clínica. ¿Con quién tengo el gusto?",
    fillers=("Déjame revisar.", "Un momento."),
    prompts=("¿Sigues ahí?", "¿Me escuchas?"),
    apology="Disculpa la demora.",
    failure="Perdón, ¿me lo repites?",
    goodbye_silence="Como no te escucho, me despido. Hasta luego.",
    goodbye_limit="Se nos acabó el tiempo. Hasta luego.",
    goodbye_failure="Tenemos un problema. Te llamamos luego.",
    transfer="Te paso con una persona.",
    quick_reply="Entendido, dame un segundo.",
)

BYTES_PER_CHAR = 520
CHUNK_BYTES = 6001  # odd on purpose: audio does not come in whole frames
NEVER = float("inf")
STUCK = 400  # events at one moment: the conversation does not get on

T = TypeVar("T")


def script(*values: T) -> Callable[[], T]:
    """One value after the other; the last one for ever."""
    rest = list(values)
    return lambda: rest.pop(0) if len(rest) > 1 else rest[0]


@dataclass(slots=True)
class Nature:
    """How the outside behaves: functions of nothing, drawn anew each time. ``NEVER`` is a time, too."""

    first_token_s: Callable[[], float] = lambda: 0.35
    clause_s: Callable[[], float] = lambda: 0.1
    clauses: Callable[[], int] = lambda: 2
    reply: Callable[[int, int], str] = lambda attempt, index: (
        f"Respuesta a{attempt} frase {index} con unas palabras más."
    )
    first_audio_s: Callable[[], float] = lambda: 0.12
    phrase_s: Callable[[], float] = lambda: 0.001
    interim_s: Callable[[], float] = lambda: 0.05
    final_s: Callable[[], float] = lambda: 0.1
    endpoint_s: Callable[[], float] = lambda: NEVER
    utterance_end_s: Callable[[], float] = lambda: NEVER
    network_s: Callable[[], float] = lambda: 0.02
    reply_fails: Callable[[], bool] = lambda: False
    failure_is_final: Callable[[], bool] = lambda: False
    speech_fails: Callable[[], bool] = lambda: False
    is_mark_lost: Callable[[], bool] = lambda: False
    is_hangup_lost: Callable[[], bool] = lambda: False
    timer_late_s: Callable[[], float] = lambda: 0.0
    is_woken_early: Callable[[], bool] = lambda: False


class Pages(Address):
    """Where a chronicle is written to. ``parts`` has been through the bytes of a file."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[Page] = []

    def tell(self, message: object) -> bool:
        assert isinstance(message, Chronicled)
        self.written.append(message.page)
        return True

    def parts(self) -> list[Part]:
        return parts(decode_page(encode_page(page)) for page in self.written)


class Simulation:
    """One call. ``run(until)`` plays it; then look at ``records``, ``log``, ``line`` and ``inputs``."""

    def __init__(self, rules: Rules | None = None, nature: Nature | None = None) -> None:
        self.now = 0.0
        self.nature = nature or Nature()
        self.rules = rules or Rules()
        beginning = Beginning("here", "", 0.0, self.rules, LINES)
        self.conversation = beginning.conversation()
        self.pages = Pages()
        self._chronicler = Chronicler(self.conversation, beginning, "ref", self.pages)
        self._deadline = self.conversation.next_deadline()
        self.inputs: list[tuple[float, ev.CallEvent]] = []
        self.log: list[tuple[float, ac.Action]] = []
        self.journal: list[tuple[float, ev.CallEvent, list[ac.Action]]] = []
        self.records: list[TurnRecord] = []
        self.texts: dict[int, str] = {}  # of the clauses
        self.has_stream = False
        self.line = Line()
        self.has_lost_marks = False
        self.ears = Ears(self)
        self._heap: list[tuple[float, int, ev.CallEvent | Callable[[], None]]] = []
        self._count = 0
        self._cancelled_speech: set[int] = set()
        self._cancelled_replies: set[int] = set()

    # --- what the test says ---

    def at(self, when: float, event: ev.CallEvent | Callable[[], None]) -> None:
        """Let something happen."""
        self._count += 1
        heapq.heappush(self._heap, (when, self._count, event))

    def connect(self, when: float = 0.0) -> None:
        self.at(when, ev.CallAnswered())
        if self.rules.uses_stream:
            self.at(when + 0.05, ev.MediaStarted())

    def says(self, start: float, duration: float, *texts: str, words: bool = True) -> None:
        """The caller speaks; ``texts`` become known one after the other while they do, or only at the end."""
        self.ears.hear(start, duration, texts, tells_early=words)

    def noise(self, start: float, duration: float = 0.3) -> None:
        """A sound that is no word; it may last for ever."""
        self.ears.hear(start, duration, ())

    def presses(self, start: float, keys: str, gap_s: float = 0.4) -> None:
        for index, key in enumerate(keys):
            self.at(start + index * gap_s, ev.DigitPressed(key))

    # --- running ---

    def run(self, until: float) -> None:
        """Play until ``until`` or until the call is over."""
        heap, fed, deadline, same_moment = self._heap, -1, 0.0, 0
        while not self.conversation.is_over:
            if fed != len(self.journal):
                fed, deadline = len(self.journal), self._checked_deadline()
            due = deadline + self.nature.timer_late_s()
            when = heap[0][0] if heap else NEVER
            at = min(when, due)
            if at > until:
                break
            if self.nature.is_woken_early() and self.now < min(when, deadline):
                self._wake_early((self.now + min(when, deadline)) / 2)
                continue
            same_moment = same_moment + 1 if at <= self.now else 0
            assert same_moment < STUCK, f"the conversation does not get past {at}"
            self.now = max(self.now, at)
            what = ev.TimePassed() if due < when else heapq.heappop(heap)[2]
            if callable(what):
                what()
            else:
                self.feed(what)
        self.now = until
        self._chronicler.flush()

    def _checked_deadline(self) -> float:
        deadline = self._deadline
        assert deadline is not None, "a live call has a deadline"
        assert deadline > self.conversation.state.now, f"a deadline is ahead, not at {deadline}"
        return deadline

    def _wake_early(self, when: float) -> None:
        """A deadline says when the first rule can have something to do: until then, none has."""
        self.now = when
        early = self._decided(ev.TimePassed())
        assert all(isinstance(action, ac.SendAudio | ac.SendMark) for action in early), f"not asked for: {early}"
        self.inputs.append((self.now, ev.TimePassed()))
        self.journal.append((self.now, ev.TimePassed(), early))
        for action in early:
            self.log.append((self.now, action))
            self._perform(action)

    def feed(self, event: ev.CallEvent) -> None:
        """Hand an event in, now, and do what the conversation wants."""
        self.inputs.append((self.now, event))
        match event:
            case ev.MediaLost() | ev.MediaStarted():
                self.has_stream = isinstance(event, ev.MediaStarted)
                self.line.clear(self.now, Source.STREAM)
            case ev.SpeechFailed() if any(
                span.source is Source.CARRIER and span.end > self.now for span in self.spans_of(event.clause)
            ):
                self.line.clear(self.now, Source.CARRIER)
        actions = self._decided(event)
        self.journal.append((self.now, event, actions))
        for action in actions:
            self.log.append((self.now, action))
            self._perform(action)

    def _decided(self, event: ev.CallEvent) -> list[ac.Action]:
        step = self._chronicler.decide(event, self.now)
        self._deadline = step.deadline
        return list(step.actions)

    def _perform(self, action: ac.Action) -> None:  # noqa: C901 - one line an action is the clearest table
        match action:
            case ac.SendAudio():
                self.line.play(self.now, action.clause, action.start, action.end)
            case ac.SendMark():
                if self.nature.is_mark_lost():
                    self.has_lost_marks = True
                else:
                    self._mark_later(action.name, self.line.mark(self.now, action.name))
            case ac.ClearAudio():
                self._give_back(self.line.clear(self.now, Source.STREAM))
            case ac.PlayClause():
                self.line.play(self.now + self.nature.network_s(), action.clause, 0, action.size, Source.FILE)
                self._mark_later(action.mark, self.line.mark(self.now, action.mark, Source.FILE))
            case ac.SpeakByCarrier():
                self._carrier_speaks(action)
            case ac.StopPlayback():
                self.line.clear(self.now, Source.FILE, Source.CARRIER)
            case ac.AskModel():
                self._reply(action)
            case ac.CancelReply():
                self._cancelled_replies.add(action.attempt)
            case ac.Synthesize():
                self._synthesize(action)
            case ac.CancelSpeech():
                self._cancelled_speech.update(action.clauses)
            case ac.FinalizeTranscript() | ac.ForgetHearing() | ac.StartTranscription() | ac.StopTranscription():
                self.ears.told(action)
            case ac.StartStream():
                self.at(self.now + 0.4, ev.MediaStarted())
            case ac.HangUp():
                if not self.nature.is_hangup_lost():
                    self.at(self.now + self.nature.network_s(), ev.CallEnded("normal_clearing", "callee"))
            case ac.EndTurn():
                self.records.append(action.record)
            case _:
                pass

    # --- the model and the voice ---

    def _reply(self, ask: ac.AskModel) -> None:
        when = self.now + self.nature.first_token_s()
        if self.nature.reply_fails():
            is_retryable = not self.nature.failure_is_final()
            self._reply_event(when, ev.ReplyFailed(ask.turn, ask.attempt, "overloaded", is_retryable))
            return
        self._reply_event(when, ev.ReplyStarted(ask.turn, ask.attempt))
        for index in range(self.nature.clauses()):
            when += self.nature.clause_s()
            self._reply_event(when, ev.ReplyClause(ask.turn, ask.attempt, self.nature.reply(ask.attempt, index)))
        self._reply_event(when + 0.01, ev.ReplyFinished(ask.turn, ask.attempt, "end_turn", 100, 20))

    def _reply_event(
        self, when: float, event: ev.ReplyStarted | ev.ReplyClause | ev.ReplyFinished | ev.ReplyFailed
    ) -> None:
        self.at(when, lambda: None if event.attempt in self._cancelled_replies else self.feed(event))

    def _synthesize(self, action: ac.Synthesize) -> None:
        self.texts[action.clause] = action.text
        when = self.now + (self.nature.phrase_s() if action.phrase else self.nature.first_audio_s())
        total, sent, fails = len(action.text) * BYTES_PER_CHAR, 0, self.nature.speech_fails()
        while sent < total and not (fails and sent > total / 2):
            size = min(CHUNK_BYTES, total - sent)
            self._speech_event(when, ev.SpeechArrived(action.clause, size))
            sent += size
            when += 0.05
        self._speech_event(when, ev.SpeechFailed(action.clause, "cut") if fails else ev.SpeechFinished(action.clause))

    def _speech_event(self, when: float, event: ev.SpeechArrived | ev.SpeechFinished | ev.SpeechFailed) -> None:
        self.at(when, lambda: None if event.clause in self._cancelled_speech else self.feed(event))

    # --- the carrier ---

    def _mark_later(self, name: str, when: float) -> None:
        def pass_it() -> None:
            if self.line.pass_mark(name):
                self.at(self.now + self.nature.network_s(), ev.MarkReturned(name))

        self.at(when, pass_it)

    def _give_back(self, marks: list[str]) -> None:
        """Cleared marks come back too, as if they had been played."""
        for name in marks:
            self.at(self.now + self.nature.network_s(), ev.MarkReturned(name))

    def _carrier_speaks(self, action: ac.SpeakByCarrier) -> None:
        self.texts[action.clause] = action.text
        name = f"speak {action.clause} {len(self.log)}"
        size = len(action.text) * BYTES_PER_CHAR
        self.line.play(self.now + self.nature.network_s(), action.clause, 0, size, Source.CARRIER)

        def end() -> None:
            if self.line.pass_mark(name):
                self.at(self.now + self.nature.network_s(), ev.CarrierSpoke(action.clause))

        self.at(self.line.mark(self.now, name, Source.CARRIER), end)

    # --- looking ---

    def heard(self) -> list[Span]:
        """What the caller heard until now."""
        return self.line.heard(self.now)

    def spans_of(self, clause: int) -> list[Span]:
        return [span for span in self.line.spans if span.clause == clause]

    def spoken(self) -> list[tuple[float, float, str]]:
        """What sounded without a break: from, until, the clause."""
        pieces: list[tuple[float, float, int]] = []
        for span in self.heard():
            if pieces and pieces[-1][2] == span.clause and span.start - pieces[-1][1] < 0.001:
                pieces[-1] = (pieces[-1][0], span.end, span.clause)
            else:
                pieces.append((span.start, span.end, span.clause))
        return [(start, end, self.texts[clause]) for start, end, clause in pieces]

    def heard_after(self, when: float) -> float:
        """How long after this moment something of ours began to sound, in seconds."""
        return round(min((span.start for span in self.heard() if span.start >= when), default=NEVER) - when, 6)

    def replies(self) -> list[TurnRecord]:
        return [record for record in self.records if record.kind is TurnKind.REPLY]

    def actions(self, kind: type) -> list[tuple[float, ac.Action]]:
        return [(at, action) for at, action in self.log if isinstance(action, kind)]

    def asks(self) -> Iterator[ac.AskModel]:
        return (action for _, action in self.log if isinstance(action, ac.AskModel))

    def notes(self) -> list[str]:
        return [action.kind for _, action in self.log if isinstance(action, ac.Note)]


def random_nature(rng: random.Random) -> Nature:
    """A world with moods: some calls meet a good day, some a terrible one."""
    trouble = rng.choice((0.0, 0.0, 0.1, 0.4))
    slow = rng.choice((1.0, 1.0, 3.0, 12.0))
    late = rng.choice((0.0, 0.0, 0.0, 0.2))
    eager = rng.choice((0.0, 0.0, 0.0, 0.2))
    return Nature(
        first_token_s=lambda: rng.uniform(0.2, 0.5) * slow,
        clause_s=lambda: rng.uniform(0.02, 0.3) * slow,
        clauses=lambda: rng.randint(0 if trouble else 1, 3),
        first_audio_s=lambda: rng.uniform(0.05, 0.3) * slow,
        interim_s=lambda: rng.uniform(0.02, 0.2) * slow,
        final_s=lambda: rng.uniform(0.05, 0.3) * slow,
        endpoint_s=lambda: rng.choice((NEVER, 0.2, 0.3)),
        utterance_end_s=lambda: rng.choice((NEVER, 1.1)),
        network_s=lambda: rng.uniform(0.0, 0.08),
        reply_fails=lambda: rng.random() < trouble,
        failure_is_final=lambda: rng.random() < trouble,
        speech_fails=lambda: rng.random() < trouble,
        is_mark_lost=lambda: rng.random() < trouble / 2,
        is_hangup_lost=lambda: rng.random() < trouble / 2,
        timer_late_s=lambda: rng.uniform(0.0, late),
        is_woken_early=lambda: rng.random() < eager,
    )

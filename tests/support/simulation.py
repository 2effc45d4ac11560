"""A world for the conversation, in virtual time: carrier, model, voice, transcriber and a caller.

Everything is an event on one heap; nothing waits for real. The carrier plays in real
time of that clock and knows to the byte what the caller heard, so it is the judge of what
the conversation believes. Delays, failures and the caller's behaviour come from the
``Nature`` given, so the same nature is the same call.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core.conversation import Conversation
from telnyx_actors.core.rules import Lines, Rules
from telnyx_actors.core.turn import TurnRecord

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
)

BYTES_PER_CHAR = 520


@dataclass(slots=True)
class Nature:
    """How the outside behaves: functions of nothing, drawn anew each time."""

    first_token_s: Callable[[], float] = lambda: 0.35
    clause_s: Callable[[], float] = lambda: 0.1
    clauses: Callable[[], int] = lambda: 2
    first_audio_s: Callable[[], float] = lambda: 0.12
    final_s: Callable[[], float] = lambda: 0.1
    network_s: Callable[[], float] = lambda: 0.02
    reply_fails: Callable[[], bool] = lambda: False
    speech_fails: Callable[[], bool] = lambda: False
    is_mark_lost: Callable[[], bool] = lambda: False


class Simulation:
    """One call. ``run(until)`` plays it; then look at ``records``, ``log`` and ``heard``."""

    def __init__(self, rules: Rules | None = None, nature: Nature | None = None) -> None:
        self.now = 0.0
        self.nature = nature or Nature()
        self.rules = rules or Rules()
        self.conversation = Conversation(self.rules, LINES, 0.0)
        self.inputs: list[tuple[float, ev.CallEvent]] = []
        self.log: list[tuple[float, ac.Action]] = []
        self.records: list[TurnRecord] = []
        self.texts: dict[int, str] = {}
        self.by_carrier: list[int] = []
        self._heap: list[tuple[float, int, object]] = []
        self._count = 0
        self._play_end = 0.0
        self._heard: list[tuple[float, float, int]] = []
        self._marks: list[tuple[float, str]] = []
        self._size: dict[int, int] = {}
        self._unfinal: list[str] = []
        self._cancelled_speech: set[int] = set()
        self._cancelled_replies: set[tuple[int, int]] = set()

    # --- what the test says ---

    def at(self, when: float, event: ev.CallEvent | Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._heap, (when, self._count, event))

    def connect(self, when: float = 0.0) -> None:
        self.at(when, ev.CallAnswered())
        self.at(when + 0.05, ev.MediaStarted())

    def says(self, start: float, duration: float, *texts: str, words: bool = True) -> None:
        """The caller speaks; ``texts`` become known one after the other while they do."""
        self.at(start + 0.06, ev.VoiceStarted(start))
        if duration >= 0.12:
            self.at(start + 0.12, ev.VoiceConfirmed(start))
        for index, text in enumerate(texts):
            when = start + duration * (index + 1) / len(texts)
            self.at(when, lambda text=text: self._unfinal.append(text))  # type: ignore[misc]  # default binds it now
            if words and index < len(texts) - 1:
                self.at(when + 0.05, lambda: self._feed(ev.TranscriptInterim(" ".join(self._unfinal))))
        self.at(start + duration + 0.1, ev.VoiceStopped(start + duration))

    # --- running ---

    def run(self, until: float) -> None:
        """Play until ``until`` or until the call is over."""
        same_moment = 0
        while not self.conversation.is_over:
            deadline = self.conversation.next_deadline()
            assert deadline is not None, "a live call always has a deadline"
            when = self._heap[0][0] if self._heap else float("inf")
            at = min(when, max(deadline, self.now))
            if at > until:
                break
            same_moment = same_moment + 1 if at <= self.now else 0
            assert same_moment < 400, f"the conversation does not get past {at}: {self.log[-6:]}"
            self.now = max(self.now, at)
            if deadline < when:
                self._feed(ev.TimePassed())
                continue
            _, _, what = heapq.heappop(self._heap)
            if callable(what):
                what()
            else:
                self._feed(what)  # type: ignore[arg-type]  # the heap holds events and functions
        self.now = until

    def _feed(self, event: ev.CallEvent) -> None:
        self.inputs.append((self.now, event))
        for action in self.conversation.handle(event, self.now):
            self.log.append((self.now, action))
            self._perform(action)

    def _perform(self, action: ac.Action) -> None:
        match action:
            case ac.AskModel():
                self._reply(action)
            case ac.CancelReply():
                self._cancelled_replies.add((action.turn, action.attempt))
            case ac.Synthesize():
                self._synthesize(action)
            case ac.CancelSpeech():
                self._cancelled_speech.update(action.clauses)
            case ac.SendAudio():
                self._play(action)
            case ac.SendMark():
                if not self.nature.is_mark_lost():
                    self._marks.append((self._play_end, action.name))
                    self._mark_later(action.name, max(self._play_end, self.now))
            case ac.ClearAudio():
                self._clear()
            case ac.PlayClause():
                self._play_file(action)
            case ac.StopPlayback():
                self._marks = []
                self._clear()
            case ac.FinalizeTranscript():
                self.at(self.now + self.nature.final_s(), self._final)
            case ac.SpeakByCarrier():
                self.at(self.now + 1.0, ev.CarrierSpoke(action.clause))
                self.by_carrier.append(action.clause)
                self.texts[action.clause] = action.text
            case ac.StartStream():
                self.at(self.now + 0.4, ev.MediaStarted())
            case ac.HangUp():
                self.at(self.now + self.nature.network_s(), ev.CallEnded("normal_clearing", "callee"))
            case ac.EndTurn():
                self.records.append(action.record)
            case _:
                pass

    # --- the vendors ---

    def _final(self) -> None:
        text, self._unfinal = " ".join(self._unfinal), []
        self._feed(ev.TranscriptFinal(text, flushed=True))

    def _reply(self, ask: ac.AskModel) -> None:
        when = self.now + self.nature.first_token_s()
        if self.nature.reply_fails():
            self.at(when, ev.ReplyFailed(ask.turn, ask.attempt, "overloaded"))
            return
        self._reply_event(when, ask, ev.ReplyStarted(ask.turn, ask.attempt))
        for index in range(self.nature.clauses()):
            when += self.nature.clause_s()
            text = f"Respuesta a{ask.attempt} frase {index} con unas palabras más."
            self._reply_event(when, ask, ev.ReplyClause(ask.turn, ask.attempt, text))
        self._reply_event(when + 0.01, ask, ev.ReplyFinished(ask.turn, ask.attempt, "end_turn", 100, 20))

    def _reply_event(self, when: float, ask: ac.AskModel, event: ev.CallEvent) -> None:
        def deliver() -> None:
            if (ask.turn, ask.attempt) not in self._cancelled_replies:
                self._feed(event)

        self.at(when, deliver)

    def _synthesize(self, action: ac.Synthesize) -> None:
        clause = action.clause
        self.texts[clause] = action.text
        self._cancelled_speech.discard(clause)
        total = len(action.text) * BYTES_PER_CHAR
        when = self.now + (0.001 if action.phrase else self.nature.first_audio_s())
        fails = self.nature.speech_fails()
        sent = 0
        while sent < total:
            size = min(4001, total - sent)
            self.at(when, lambda size=size: self._speech(ev.SpeechArrived(clause, size)))  # type: ignore[misc]
            sent += size
            when += 0.05
            if fails and sent > total / 2:
                self.at(when, ev.SpeechFailed(clause, "cut"))
                return
        self.at(when, lambda: self._speech(ev.SpeechFinished(clause)))

    def _speech(self, event: ev.SpeechArrived | ev.SpeechFinished) -> None:
        if event.clause not in self._cancelled_speech:
            self._feed(event)

    # --- the carrier ---

    def _play(self, action: ac.SendAudio) -> None:
        start = max(self._play_end, self.now)
        self._play_end = start + -(-(action.end - action.start) // 160) * 160 / 8000
        self._heard.append((start, self._play_end, action.clause))

    def _play_file(self, action: ac.PlayClause) -> None:
        start = max(self._play_end, self.now + self.nature.network_s())
        self._play_end = start + len(self.texts[action.clause]) * BYTES_PER_CHAR / 8000
        self._heard.append((start, self._play_end, action.clause))
        self._marks.append((self._play_end, action.mark))
        self._mark_later(action.mark, self._play_end)

    def _mark_later(self, name: str, when: float) -> None:
        def deliver() -> None:
            if any(mark == name for _, mark in self._marks):
                self._marks = [mark for mark in self._marks if mark[1] != name]
                self.at(self.now + self.nature.network_s(), ev.MarkReturned(name))

        self.at(when, deliver)

    def _clear(self) -> None:
        self._heard = [(a, min(b, self.now), c) for a, b, c in self._heard if a < self.now]
        self._play_end = min(self._play_end, self.now)
        for _, name in self._marks:
            self.at(self.now + self.nature.network_s(), ev.MarkReturned(name))
        self._marks = []

    # --- looking ---

    def heard(self) -> list[tuple[float, float, int]]:
        """What the caller heard until now: (start, end, clause)."""
        return [(a, min(b, self.now), c) for a, b, c in self._heard if a < self.now]

    def heard_bytes(self, clause: int) -> float:
        return sum((b - a) * 8000 for a, b, c in self.heard() if c == clause)

    def actions(self, kind: type) -> list[tuple[float, ac.Action]]:
        return [(at, action) for at, action in self.log if isinstance(action, kind)]

    def notes(self) -> list[str]:
        return [action.kind for _, action in self.log if isinstance(action, ac.Note)]


def random_nature(rng: random.Random) -> Nature:
    """A world with moods: some calls meet a good day, some a terrible one."""
    trouble = rng.choice((0.0, 0.0, 0.1, 0.4))
    slow = rng.choice((1.0, 1.0, 3.0, 12.0))
    return Nature(
        first_token_s=lambda: rng.uniform(0.2, 0.5) * slow,
        clause_s=lambda: rng.uniform(0.02, 0.3) * slow,
        clauses=lambda: rng.randint(0 if trouble else 1, 4),
        first_audio_s=lambda: rng.uniform(0.05, 0.3) * slow,
        final_s=lambda: rng.uniform(0.05, 0.3) * slow,
        network_s=lambda: rng.uniform(0.0, 0.08),
        reply_fails=lambda: rng.random() < trouble,
        speech_fails=lambda: rng.random() < trouble,
        is_mark_lost=lambda: rng.random() < trouble / 2,
    )

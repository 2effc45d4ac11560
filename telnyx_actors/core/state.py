"""The state of a conversation, and the few operations that all its rules share."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field, replace
from enum import StrEnum

from telnyx_actors.core.actions import (
    Action,
    CancelReply,
    EndTurn,
    Note,
    Synthesize,
)
from telnyx_actors.core.clauses import Clause
from telnyx_actors.core.history import History
from telnyx_actors.core.listening import Listening
from telnyx_actors.core.playout import Playout
from telnyx_actors.core.rules import Lines, Rules
from telnyx_actors.core.turn import Turn, TurnEnd, TurnKind, TurnRecord


class Phase(StrEnum):
    """Where the call is in its life."""

    RINGING = "ringing"
    ANSWERED = "answered"  # no audio yet
    LIVE = "live"
    CLOSING = "closing"  # we say goodbye, or have hung up and wait for the carrier to agree
    ENDED = "ended"


class CarrierEar(StrEnum):
    """Whether the carrier transcribes the call."""

    UNKNOWN = "unknown"  # it may, for another process
    OFF = "off"
    BESIDE = "beside"  # ours does, and it too
    INSTEAD = "instead"  # ours does not
    FAILED = "failed"  # it would not


class Transfer(StrEnum):
    """Whether the caller was given to a person."""

    NONE = ""
    ASKED = "asked"  # the carrier was told to, and rings there
    TAKEN = "taken"


@dataclass(slots=True)
class State:
    """Everything a conversation knows. Only the rules change it, one event at a time."""

    rules: Rules
    lines: Lines
    born_at: float
    now: float
    playout: Playout
    history: History
    phase: Phase = Phase.RINGING
    listening: Listening = field(default_factory=Listening)
    turn: Turn | None = None
    turns: int = 0  # turns begun so far; the last one's number + 1
    attempts: int = 0  # requests to the model so far, over all turns
    last_clause: int = 0
    actions: list[Action] = field(default_factory=list)
    stale: int = 0  # events about something that is over
    # the call
    answered_at: float | None = None
    media_lost_at: float | None = None  # since when an answered call has no audio path
    stream_asked_at: float | None = None
    stream_again_at: float | None = None  # when to try one again, in webhook mode for want of it
    streams_again: int = 0  # how often that was done
    is_stream_void: bool = False  # the one asked for when dialling was another process's
    is_stream_refused: bool = False  # the carrier said so while it rang
    hearing_failures: int = 0  # of our transcriber, since it last worked
    hears_by_reserve: bool = False  # by another transcriber than the one that was chosen
    replay_until: float = 0.0  # until when a transcriber may still be hearing what was said before
    flush_asked_at: float = 0.0  # when the words of a pause were asked for last
    deaf_since: float | None = None  # the latest hole in what was heard of the caller
    deaf_until: float = 0.0  # until when what the carrier tells may be of that
    carrier_words: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=20))  # when they came
    carrier_words_by: float | None = None  # until when those of the hole are waited for
    is_own_hearing_lost: bool = False  # our transcriber does not work, or has not begun to
    hears_by_carrier: bool = False  # the carrier's transcriber is at work, instead of ours
    carrier_ear: CarrierEar = CarrierEar.OFF  # what it was told last
    told_at: float = -math.inf  # when ours last told final words
    overlaps_until: float = -math.inf  # until when the carrier, instead of ours, may tell those, too
    closing_reason: str = ""
    close_at: float | None = None  # when to hang up at the latest
    hangups: int = 0
    transfer: Transfer = Transfer.NONE
    leave_by: float | None = None  # another process waits for the call
    # the floor
    paused_at: float | None = None  # we fell silent for the caller, and wait for words
    handed_over_at: float | None = None  # when the agent last began to be heard
    quiet_since: float = 0.0  # since when nobody speaks and nothing is owed
    opening: TurnKind | None = TurnKind.GREETING  # what we say when audio first flows
    unanswered: str = ""  # what the caller had said when our process died
    cut_off: str = ""  # what we were saying then, from the first sentence that was not heard to its end
    prompts_said: int = 0
    failed_turns: int = 0
    voice_failures: int = 0  # of our voice, since it last brought audio
    to_say: list[str] = field(default_factory=list)  # an operator's words, waiting for their turn

    # --- telling the shell ---

    def do(self, *actions: Action) -> None:
        self.actions.extend(actions)

    def note(self, kind: str, detail: str = "") -> None:
        """Something worth counting."""
        self.do(Note(kind, self.turn.number if self.turn else self.turns, detail))

    # --- turns ---

    def start_turn(self, kind: TurnKind) -> Turn:
        """Begin the next turn. The one before must be over."""
        assert self.turn is None, "a turn is still in progress"
        self.turn = Turn(self.turns, kind)
        self.turns += 1
        if kind is TurnKind.REPLY:
            self.prompts_said = 0
        return self.turn

    def say(self, kind: TurnKind, text: str) -> Turn:
        """A turn of ours that answers nothing: one line, known by heart."""
        turn = self.start_turn(kind)
        turn.committed, turn.is_written = True, True
        turn.times.committed = self.now
        self.add_clause(turn, text, phrase=kind is not TurnKind.SAY)
        return turn

    def add_clause(self, turn: Turn, text: str, *, phrase: bool = False, wait: bool = False) -> Clause:
        """Queue words and have them made into audio. ``wait``: it only fills the time until the reply."""
        self.last_clause += 1
        clause = Clause(self.last_clause, turn.number, text, asked_at=self.now, is_phrase=phrase)
        self.playout.add(clause, first=wait)
        (turn.waits if wait else turn.clauses).append(clause.id)
        if phrase or turn.committed or len(turn.clauses) == 1:
            self.do(Synthesize(clause.id, text, phrase, "" if phrase else self._text_before(clause)))
        else:
            turn.unspoken.append(clause.id)  # not worth a vendor's money before the turn is ours
        return clause

    def _text_before(self, clause: Clause) -> str:
        queued = self.playout.clauses()
        before = [other.text for other in queued if other.turn == clause.turn and other.id < clause.id]
        return before[-1] if before else ""

    def commit(self, turn: Turn) -> None:
        """The turn is the agent's: what was prepared may be heard."""
        turn.committed = True
        turn.times.committed = self.now
        for clause_id in turn.unspoken:
            clause = self.playout.find(clause_id)
            if clause is not None:
                clause.asked_at = self.now
                self.do(Synthesize(clause.id, clause.text, False, self._text_before(clause)))
        turn.unspoken.clear()

    def hand_over(self, turn: Turn) -> None:
        """The agent begins to be heard: what the caller said so far is said for good."""
        turn.is_begun = True
        self.handed_over_at = self.now
        if turn.kind is TurnKind.REPLY and not turn.said:
            turn.said, turn.said_before = self.listening.text, self.listening.before
            self.history.caller(turn.said)
            self.forget_words()

    def forget_words(self) -> None:
        """A new utterance of the caller begins; the state of the voice stays what it is."""
        self.listening = self.listening.renewed()

    def drop_reply(self, turn: Turn) -> None:
        """Take back everything of a turn that was not heard."""
        for attempt in sorted(turn.live_attempts):
            self.do(CancelReply(turn.number, attempt))
        turn.live_attempts.clear()
        self.do(*self.playout.clear(self.now), *self.playout.drop())

    def end_turn(self, end: TurnEnd) -> None:
        """Close the turn: remember what was heard, and record it."""
        turn = self.turn
        assert turn is not None
        if turn.kind is TurnKind.REPLY and not turn.said:
            turn.said = self.listening.text
            self.history.caller(turn.said)
            self.forget_words()
        heard, generated = self.heard_text(turn), " ".join(clause.text for clause in self._spoken(turn) if clause.text)
        is_cut = end is not TurnEnd.COMPLETED and heard != generated
        self.history.agent(heard, is_cut=is_cut)
        self.drop_reply(turn)
        turn.times.ended = self.now
        self.do(
            EndTurn(
                TurnRecord(
                    turn.number,
                    turn.kind,
                    turn.said,
                    generated,
                    heard,
                    end,
                    turn.attempt_count,
                    replace(turn.times),
                    turn.latency(),
                    turn.input_tokens,
                    turn.output_tokens,
                    turn.cached_tokens,
                )
            )
        )
        self.turn = None
        self.paused_at = None
        self.quiet_since = self.now
        if turn.kind is TurnKind.RECOVERY:
            self.take_up_words()
        if end is TurnEnd.FAILED:
            self.failed_turns += 1
        elif turn.kind is TurnKind.REPLY and heard:
            self.failed_turns = 0

    def take_up_words(self) -> None:
        """Answer now what the caller had said when our process died."""
        if not self.unanswered:
            return
        self.listening.finals.insert(0, self.unanswered)
        self.unanswered = ""
        self.listening.words_at = self.listening.final_at = self.now
        if self.listening.voice_ended is None:
            self.listening.voice_ended = self.now

    # --- looking ---

    def heard_text(self, turn: Turn) -> str:
        """What the caller has heard of a turn so far, without the fillers."""
        return " ".join(text for clause in self._spoken(turn) if (text := clause.heard_text()))

    def unheard_text(self, turn: Turn) -> str:
        """What is written of a turn and was not heard yet, without the fillers."""
        rests = (clause.text[len(clause.heard_text()) :].strip() for clause in self._spoken(turn))
        return " ".join(rest for rest in rests if rest)

    def unfinished_text(self, turn: Turn) -> str:
        """What of a turn is to be said again after a cut: its sentences that were not heard to their ends."""
        is_said_again = turn.kind is TurnKind.GREETING  # other lines known by heart are not worth it
        clauses = (clause for clause in self._spoken(turn) if not (clause.is_done or clause.is_nearly_done))
        return " ".join(clause.text for clause in clauses if is_said_again or not clause.is_phrase)

    def _spoken(self, turn: Turn) -> list[Clause]:
        return [clause for clause in self.playout.clauses() if clause.id not in turn.waits]

    @property
    def is_audible(self) -> bool:
        """Whether the caller hears us now."""
        return self.playout.is_audible(self.now)

    @property
    def is_voiced(self) -> bool:
        """Whether the line carries a voice that we take for the caller's."""
        noise_at = self.listening.noise_at(self.rules)
        return noise_at is not None and self.now < noise_at

    @property
    def is_ours_awaited(self) -> bool:
        """Whether our transcriber still owes us the words of the last pause."""
        until = self.listening.flush_until
        return until is not None and self.now < until

    @property
    def is_flushing(self) -> bool:
        """Whether any transcriber does."""
        until = self.carrier_words_by
        return self.is_ours_awaited or (until is not None and self.now < until)

    @property
    def is_behind(self) -> bool:
        """Whether a transcriber is hearing again what was said before: what it tells is not of now."""
        return self.now < self.replay_until

    @property
    def transcriber_decides(self) -> bool:
        """Whether the transcriber at work finds the ends of turns itself."""
        return self.rules.transcriber_ends_turns and not (self.hears_by_carrier or self.hears_by_reserve)

    @property
    def media_is_there(self) -> bool:
        """Whether audio can reach the caller."""
        return self.phase in (Phase.LIVE, Phase.CLOSING) and self.media_lost_at is None

"""The conversation: who speaks when. Events in, actions out, time as an argument.

Every event is taken in, then all rules are applied to the state that results. The rules
look at levels, never at edges: each is a condition on the state and the time, and
``next_deadline`` is the earliest time at which one of them could become true. So a lost
timer, a late event or a repeated one cannot leave a call hanging.

The rules live beside this module, a subject each: ``life`` (the call), ``paths`` (the ways
of audio), ``floor`` (whose turn it is to speak), ``reply`` (asking and answering),
``ladder`` (against dead air).
"""

from __future__ import annotations

from typing import Self, assert_never

from telnyx_actors.core import events as ev
from telnyx_actors.core import floor, ladder, leaving, life, paths, reply, second_ear
from telnyx_actors.core.actions import Action
from telnyx_actors.core.history import History
from telnyx_actors.core.playout import Playout
from telnyx_actors.core.rules import Lines, Rules
from telnyx_actors.core.saved import SavedCall
from telnyx_actors.core.state import Phase, State, Transfer
from telnyx_actors.core.turn import TurnKind

ROUNDS_MAX = 12
"""How often the rules may set each other off at one event. More would be a loop among the rules."""

IDLE_S = 60.0
"""How long a live call sleeps when no rule waits for anything: a belt beside the braces."""


class Conversation:
    """One call. Not thread-safe: it belongs to one actor.

    ``now`` is monotonic, in seconds; a time before the last one counts as the last one.
    """

    def __init__(self, rules: Rules, lines: Lines, now: float) -> None:
        playout = Playout(rules.lead_s, rules.mark_every_s)
        self.state = State(rules, lines, now, now, playout, History(rules.exchanges_max))

    @classmethod
    def resume(cls, rules: Rules, lines: Lines, now: float, saved: SavedCall, answered_s_ago: float | None) -> Self:
        """Take up a call whose process has died, or has handed it over; nothing is done before the first event."""
        conversation = cls(rules, lines, now)
        s = conversation.state
        s.turns, s.unanswered, s.is_stream_void = saved.turns, saved.unanswered, True
        for role, text in saved.exchanges:
            (s.history.caller if role == "user" else s.history.agent)(text)
        if answered_s_ago is not None:
            s.phase, s.answered_at, s.media_lost_at = Phase.ANSWERED, now - answered_s_ago, now
            second_ear.resume(s, answered_s_ago)
        if saved.is_greeted:
            s.opening = None if saved.was_released else TurnKind.RECOVERY
        if saved.rest and saved.was_released:
            s.to_say.append(saved.rest)
        else:
            s.cut_off = saved.rest
        if saved.transfer is not Transfer.NONE:
            life.take_up_transfer(s, saved.transfer)
        return conversation

    def handle(self, event: ev.CallEvent, now: float) -> list[Action]:
        """Take an event in, and say what is to be done now."""
        s = self.state
        s.now = max(s.now, now)
        s.actions = []
        if s.phase is Phase.ENDED:
            s.stale += 1
            return []
        self._take(event)
        self._settle()
        return s.actions

    def next_deadline(self) -> float | None:
        """When ``TimePassed`` is to be handed in at the latest; None once the call has ended."""
        s = self.state
        if s.phase is Phase.ENDED:
            return None
        # What is due has been done: every rule was applied at ``now`` until none had anything to add.
        ahead = [
            at
            for rules in (life, paths, second_ear, floor, reply, ladder, leaving)
            for at in rules.deadlines(s)
            if at > s.now
        ]
        return min(ahead, default=s.now + IDLE_S)

    @property
    def is_over(self) -> bool:
        return self.state.phase is Phase.ENDED

    def _settle(self) -> None:
        """Apply the rules until nothing changes any more."""
        s = self.state
        for _ in range(ROUNDS_MAX):
            before = len(s.actions), s.phase, s.turn, s.paused_at
            if s.playout.believe_estimate(s.now):
                s.note("marks_missing")
            life.settle(s)
            paths.settle(s)
            if s.phase is Phase.ENDED:
                return
            second_ear.settle(s)
            floor.settle(s)
            reply.settle(s)
            ladder.settle(s)
            second_ear.start_or_stop(s)
            floor.release(s)
            leaving.settle(s)
            if before == (len(s.actions), s.phase, s.turn, s.paused_at):
                return
        s.note("unsettled")

    def _take(self, event: ev.CallEvent) -> None:  # noqa: C901 - one line per event is the clearest table
        """Take in what happened."""
        s = self.state
        match event:
            case ev.SpeechArrived():
                reply.speech_arrived(s, event)
            case ev.MarkReturned():
                s.playout.mark_returned(event.name, s.now)
            case ev.VoiceStarted():
                floor.voice_started(s, event)
            case ev.VoiceConfirmed():
                floor.voice_confirmed(s, event)
            case ev.VoiceStopped():
                floor.voice_stopped(s, event)
            case ev.TranscriptInterim():
                floor.interim(s, event)
            case ev.TranscriptFinal():
                floor.final(s, event)
            case ev.UtteranceEnded():
                floor.utterance_ended(s)
            case ev.TurnPredicted() | ev.TurnConfirmed():
                floor.predicted(s, event)
            case ev.TurnRetracted():
                floor.retracted(s)
            case ev.DigitPressed():
                floor.digit(s, event)
            case ev.ReplyStarted():
                reply.started(s, event)
            case ev.ReplyClause():
                reply.clause(s, event)
            case ev.ReplyFinished():
                reply.finished(s, event)
            case ev.ReplyFailed():
                reply.failed(s, event)
            case ev.SpeechFinished():
                reply.speech_finished(s, event)
            case ev.SpeechFailed():
                reply.speech_failed(s, event)
            case ev.PlayFailed():
                s.playout.play_failed(event.mark)
            case ev.HearingFailed():
                paths.hearing_failed(s, event)
            case ev.HearingRestored():
                paths.hearing_restored(s, event)
            case ev.CarrierHearingFailed():
                paths.carrier_hearing_failed(s)
            case ev.CarrierHeard():
                second_ear.carrier_heard(s, event)
            case ev.CarrierSpoke():
                s.playout.carrier_spoke(event.clause, s.now)
            case _:
                self._take_of_the_call(event)

    def _take_of_the_call(self, event: ev.LifeEvent) -> None:
        s = self.state
        match event:
            case ev.CallAnswered():
                paths.answered(s)
            case ev.MediaStarted():
                paths.media_started(s)
            case ev.MediaLost():
                paths.media_lost(s, event)
            case ev.CallEnded():
                life.ended(s, event)
            case ev.HangupRequested():
                life.hangup_requested(s, event)
            case ev.SayRequested():
                life.say_requested(s, event)
            case ev.TransferConnected():
                life.transfer_connected(s)
            case ev.TransferFailed():
                life.transfer_failed(s)
            case ev.LeaveRequested():
                leaving.asked(s)
            case ev.TimePassed():
                pass  # it is known already
            case _:
                assert_never(event)

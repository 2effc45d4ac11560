"""Does what a conversation decides: actions to messages, frames and orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from telnyx_actors.actors.call_log import log_action
from telnyx_actors.actors.memory import CallMemory
from telnyx_actors.actors.messages import (
    AgentAudio,
    AgentCleared,
    Ask,
    AskStatus,
    Command,
    Dial,
    Finalize,
    ForgetSpeech,
    HeardElsewhere,
    Speak,
    StopAsking,
    StopSpeaking,
    TurnOver,
)
from telnyx_actors.actors.orders import Orders, hang_up
from telnyx_actors.actors.parts import CallParts
from telnyx_actors.actors.services import Services
from telnyx_actors.actors.tally import Sample
from telnyx_actors.clock import Clock
from telnyx_actors.core import actions as ac
from telnyx_actors.core.audio import SAMPLE_RATE_HZ
from telnyx_actors.core.ladder import RUNGS
from telnyx_actors.core.state import State
from telnyx_actors.core.turn import TurnRecord
from telnyx_actors.logs import CallLog
from telnyx_actors.providers.ports import CallCommand, Message, ModelRequest


class Performer:
    """One call's. Runs on the call's thread, and never blocks it."""

    def __init__(self, memory: CallMemory, parts: CallParts, services: Services, clock: Clock) -> None:
        self._memory = memory
        self._parts = parts
        self._services = services
        self._clock = clock
        self.orders = Orders(memory.plan, memory.view.secret, services.settings)

    def perform(self, actions: Sequence[ac.Action], log: CallLog) -> None:
        """All actions of one moment, in order."""
        self._memory.ears.follow(self._memory.conversation.state)
        for action in actions:
            log_action(log, action, self._services.settings.shows_words)
            self._perform(action)
        if not self._memory.outlet.flush(self._memory.sink):
            self._memory.counts["unsent"] += 1

    def dial(self, stream_secret: str | None) -> None:
        """Have the carrier call the other side."""
        self._memory.dial = self.orders.dial(stream_secret)
        self._parts.carrier.tell(Dial(self._memory.dial))

    def order(self, command: CallCommand) -> None:
        """Have the carrier do something about this call, once it has a name there."""
        self._memory.orders[command.command_id] = command
        if self._memory.session.call_control_id:
            self._parts.carrier.tell(Command(self._memory.session.call_control_id, command))

    def order_again(self) -> None:
        """What the carrier has not answered: the call has its name only now, or who asked for it has died.

        The carrier does nothing twice that has the same id.
        """
        memory = self._memory
        if memory.dial is not None:
            self._parts.carrier.tell(Dial(memory.dial))
        if memory.session.call_control_id:
            for command in memory.orders.values():
                self._parts.carrier.tell(Command(memory.session.call_control_id, command))

    def ask_status(self) -> None:
        """Have the carrier tell whether the call is alive."""
        self._parts.carrier.tell(AskStatus(self._memory.session.call_control_id))

    def account(self, state: State) -> None:
        """The call is over: what it used is known."""
        usage = self._memory.view.usage
        usage.answered_s = 0.0 if state.answered_at is None else state.now - state.answered_at
        ears = self._memory.ears
        ears.follow(state)
        usage.hearing_s, usage.transcribed_s = ears.own.total_s, ears.reserve.total_s + ears.carrier.total_s
        tally, session = self._services.tally, self._memory.session
        tally.ended(state.closing_reason, usage, usage.cost(self._services.settings.prices))
        tally.count("dropped", "hearing", by=session.hearing.dropped)
        tally.count("dropped", "recording", by=session.recording.dropped)
        line = self._memory.line
        for fate, frames in (("heard", line.frames), ("lost", line.lost), ("late", line.late)):
            tally.count("frames", fate, by=frames)
        tally.count("unheard", by=line.unheard_s)

    def _perform(self, action: ac.Action) -> None:  # noqa: C901 - one line an action is the clearest table
        parts, outlet = self._parts, self._memory.outlet
        match action:
            case ac.SendAudio():
                audio = outlet.audio(action.clause, action.start, action.end)
                parts.archiver.tell(AgentAudio(self._clock.now(), audio))
            case ac.SendMark():
                outlet.mark(action.name)
            case ac.ClearAudio():
                outlet.clear()
                parts.archiver.tell(AgentCleared(self._clock.now()))
            case ac.FinalizeTranscript():
                self._tell_transcriber(Finalize())
            case ac.ForgetHearing():
                self._tell_transcriber(ForgetSpeech())
            case ac.AskModel():
                parts.responder.tell(Ask(action.turn, action.attempt, self._request(action), action.is_retry))
            case ac.CancelReply():
                parts.responder.tell(StopAsking(action.turn, action.attempt))
            case ac.Synthesize():
                parts.speaker.tell(Speak(action.clause, action.text, action.phrase, action.previous_text))
                if not action.phrase:
                    self._memory.view.usage.characters += len(action.text)
            case ac.CancelSpeech():
                parts.speaker.tell(StopSpeaking(action.clauses))
            case ac.SpeakByCarrier():
                command = self.orders.speak(action.text)
                self._memory.sound.say(command.command_id, action.clause)
                self.order(command)
            case ac.PlayClause():
                self._play(action)
            case ac.StopPlayback():
                self._memory.sound.stop()
                self.order(self.orders.stop_playing())
                parts.archiver.tell(AgentCleared(self._clock.now()))
            case ac.StartTranscription():
                self.order(self.orders.transcribe())
                if not action.is_beside_ours:
                    self._tell_transcriber(HeardElsewhere())
            case ac.StopTranscription():
                self.order(self.orders.stop_transcribing())
            case ac.StartStream():
                self.order(self.orders.start_stream(self._services.gate.renew(self._memory.session)))
            case ac.StopStream():
                self.order(self.orders.stop_stream())
            case ac.TransferCall():
                self.order(self.orders.transfer(action.number))
            case ac.HangUp():
                self.order(hang_up())
            case ac.EndTurn():
                self._turn_over(action.record)
            case ac.Leave():
                pass  # the call's actor does, when all else is done
            case ac.Note():
                self._noted(action)
            case _:
                assert_never(action)

    def _play(self, clause: ac.PlayClause) -> None:
        audio, now = self._memory.outlet.file(clause.clause, clause.size), self._clock.now()
        command = self.orders.play(audio)
        self._memory.sound.play(command.command_id, clause.mark, now, len(audio) / SAMPLE_RATE_HZ)
        self.order(command)
        self._parts.archiver.tell(AgentAudio(now, audio))

    def _tell_transcriber(self, message: object) -> None:
        if self._parts.transcriber is not None:
            self._parts.transcriber.tell(message)

    def _request(self, ask: ac.AskModel) -> ModelRequest:
        messages = tuple(Message("user" if role == "user" else "assistant", text) for role, text in ask.messages)
        return ModelRequest(self._memory.system, messages, self._services.settings.reply_max_tokens)

    def _noted(self, note: ac.Note) -> None:
        self._memory.counts[note.kind] += 1
        self._services.tally.count("event", note.kind)
        if note.kind in RUNGS:
            self._services.tally.count("dead_air", note.kind, note.detail)

    def _turn_over(self, record: TurnRecord) -> None:
        self._memory.outlet.forget_all()
        self._parts.archiver.tell(TurnOver(record))
        view = self._memory.view
        view.usage.turn_over(record)
        if record.latency is not None:
            view.last_response_s = record.latency.response
            sample = Sample(self._clock.now(), view.plan.ref, record.number, record.latency)
            self._services.tally.answered(sample)

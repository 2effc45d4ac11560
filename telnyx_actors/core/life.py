"""The life of the call around the conversation: ringing, silence, limits, the end."""

from __future__ import annotations

from collections.abc import Iterator

from telnyx_actors.core import events as ev
from telnyx_actors.core.actions import HangUp, StopStream, TransferCall
from telnyx_actors.core.listening import VOICE_WORDS_S
from telnyx_actors.core.state import CarrierEar, Phase, State, Transfer
from telnyx_actors.core.turn import TurnEnd, TurnKind

# --- events ------------------------------------------------------------------


def hangup_requested(s: State, event: ev.HangupRequested) -> None:
    _end_turns(s, TurnEnd.CALL_ENDED)
    _hang_up(s, event.reason)


def ended(s: State, event: ev.CallEnded) -> None:
    """The carrier says it is over."""
    _end_turns(s, TurnEnd.CALL_ENDED)
    s.phase = Phase.ENDED
    s.closing_reason = s.closing_reason or event.cause


def say_requested(s: State, event: ev.SayRequested) -> None:
    s.to_say.append(event.text)


def transfer_connected(s: State) -> None:
    if s.transfer is Transfer.ASKED:
        _give(s, Transfer.TAKEN)
        if not s.playout.by_clause:
            s.do(StopStream())


def transfer_failed(s: State) -> None:
    """Nobody took the caller: they are still ours."""
    if s.transfer is Transfer.ASKED:
        s.transfer, s.hangups = Transfer.NONE, 0
        close(s, "failure", s.lines.goodbye_failure)


def take_up_transfer(s: State, transfer: Transfer) -> None:
    """The process that gave the caller to a person is gone. A stream of ours would be in their conversation: we have files."""
    s.phase, s.closing_reason = Phase.CLOSING, "transferred"
    s.media_lost_at = s.opening = None
    s.playout.by_clause = True
    s.carrier_ear = CarrierEar.OFF
    _give(s, transfer)


# --- rules -------------------------------------------------------------------


def settle(s: State) -> None:
    if s.phase is Phase.RINGING and s.now >= s.born_at + s.rules.ring_max_s:
        _hang_up(s, "no_answer")
    if s.phase is Phase.LIVE:
        _mind_limits(s)
    if s.phase is Phase.CLOSING:
        _finish(s)


def deadlines(s: State) -> Iterator[float]:
    """When ``settle`` could have something to do; never empty while the call lives."""
    if s.phase is Phase.RINGING:
        yield s.born_at + s.rules.ring_max_s
    if s.phase in (Phase.ANSWERED, Phase.LIVE):
        assert s.answered_at is not None
        yield s.answered_at + s.rules.call_max_s
    if s.phase is Phase.LIVE and is_quiet(s):
        yield _silent_at(s)
    if s.phase is Phase.CLOSING:
        assert s.close_at is not None
        yield s.close_at


def is_quiet(s: State) -> bool:
    """Nobody speaks, and nothing is owed."""
    return s.turn is None and not s.is_voiced and not s.is_flushing and not s.listening.text


def _silent_at(s: State) -> float:
    """When the caller has been silent for long. A voice without words does not break the silence."""
    silent_at = s.quiet_since + s.rules.silence_timeout_s
    ended_at = s.listening.voice_ended
    return silent_at if ended_at is None else max(silent_at, ended_at + VOICE_WORDS_S)


def _mind_limits(s: State) -> None:
    assert s.answered_at is not None
    if s.now >= s.answered_at + s.rules.call_max_s:
        close(s, "time_limit", s.lines.goodbye_limit)
    elif s.failed_turns >= s.rules.failed_turns_max and s.turn is None:
        give_up_call(s)
    elif is_quiet(s) and s.to_say:
        s.say(TurnKind.SAY, s.to_say.pop(0))
    elif is_quiet(s) and s.now >= _silent_at(s):
        if s.prompts_said < len(s.lines.prompts):
            s.say(TurnKind.PROMPT, s.lines.prompts[s.prompts_said])
            s.prompts_said += 1
        else:
            close(s, "silence", s.lines.goodbye_silence)


# --- ending ------------------------------------------------------------------


def give_up_call(s: State) -> None:
    """We cannot hold this conversation: give it to a person, or end it politely."""
    if s.turn is not None:
        s.end_turn(TurnEnd.FAILED)
    if not s.rules.transfer_number:
        close(s, "failure", s.lines.goodbye_failure)
        return
    close(s, "transferred", s.lines.transfer)


def close(s: State, reason: str, line: str) -> None:
    """Say goodbye, then hang up."""
    _end_turns(s, TurnEnd.INTERRUPTED)
    s.phase, s.closing_reason = Phase.CLOSING, reason
    s.close_at = s.now + s.rules.goodbye_max_s
    s.say(TurnKind.GOODBYE, line)


def _finish(s: State) -> None:
    assert s.close_at is not None
    if s.transfer is not Transfer.NONE:
        s.forget_words()  # said to somebody else
    is_said = s.turn is None and s.hangups == 0
    if s.now < s.close_at and not is_said:
        return
    _end_turns(s, TurnEnd.CALL_ENDED)
    if s.transfer is Transfer.ASKED:
        transfer_failed(s)
    elif s.closing_reason == "transferred" and s.hangups == 0:
        _transfer(s)
    elif s.hangups < s.rules.hangups_max:
        _hang_up(s, s.closing_reason)
    else:
        s.note("hangup_unconfirmed")
        s.phase = Phase.ENDED


def _transfer(s: State) -> None:
    s.note("transferred")
    _give(s, Transfer.ASKED)
    s.do(TransferCall(s.rules.transfer_number))


def _give(s: State, transfer: Transfer) -> None:
    s.transfer = transfer
    s.close_at = s.now + (s.rules.transfer_max_s if transfer is Transfer.TAKEN else s.rules.transfer_answer_s)
    s.hangups = s.rules.hangups_max - 1  # one hang-up at the very end of it is enough


def _end_turns(s: State, end: TurnEnd) -> None:
    """Close the turn in progress, and keep words that nobody will answer in one of their own."""
    if s.turn is not None:
        s.end_turn(end)
    if s.listening.text:
        s.start_turn(TurnKind.REPLY)
        s.end_turn(end)


def _hang_up(s: State, reason: str) -> None:
    s.phase, s.closing_reason = Phase.CLOSING, s.closing_reason or reason
    s.hangups += 1
    s.close_at = s.now + s.rules.hangup_wait_s
    s.do(HangUp(s.closing_reason))

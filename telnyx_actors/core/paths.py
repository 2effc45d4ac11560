"""The ways of audio between the caller and us, and what is used instead of one that fails.

To the caller's ear: the media stream, or files that the carrier plays. From their mouth:
our transcriber on the media stream, or the carrier's own. The second of each is slower,
and always there.
"""

from __future__ import annotations

from collections.abc import Iterator

from telnyx_actors.core import events as ev
from telnyx_actors.core import second_ear
from telnyx_actors.core.actions import ClearAudio, StartStream
from telnyx_actors.core.catching_up import behind_for_s
from telnyx_actors.core.life import give_up_call, is_quiet
from telnyx_actors.core.state import CarrierEar, Phase, State, Transfer
from telnyx_actors.core.turn import TurnKind

# --- events ------------------------------------------------------------------


def answered(s: State) -> None:
    if s.phase is not Phase.RINGING:
        return
    s.phase = Phase.ANSWERED
    s.answered_at = s.media_lost_at = s.now
    s.stream_asked_at = None if s.is_stream_void else s.now
    if not s.rules.uses_stream or s.is_stream_refused:
        _use_files(s)


def media_started(s: State) -> None:
    answered(s)  # audio flows only on an answered call, whether or not its webhook has come yet
    if s.playout.by_clause:
        s.note("stream_mode")
        s.do(*s.playout.clear(s.now))
        s.playout.by_clause = False
        if not s.is_own_hearing_lost:
            _hear_ourselves(s)
    if s.media_lost_at is not None and s.phase is not Phase.ANSWERED:
        s.do(ClearAudio())  # a carrier may go on with what the lost stream had brought, and it is sent again
    s.playout.lose_stream(s.now)  # a second stream knows nothing of what the first had not played
    s.media_lost_at = s.stream_asked_at = s.stream_again_at = None
    second_ear.audio_back(s)
    _go_live(s)


def media_lost(s: State, event: ev.MediaLost) -> None:
    if event.is_refused and s.phase is Phase.RINGING:
        s.is_stream_refused = True
    if s.phase is Phase.RINGING or s.playout.by_clause:
        return
    if s.media_lost_at is None:
        s.media_lost_at = s.now
        # A hang-up closes the socket before its webhook comes: no new stream is asked for in between.
        s.stream_asked_at = s.now if event.is_stopped else None
        s.playout.lose_stream(s.now)
        is_speaking, s.listening.is_voiced = s.listening.is_voiced, False
        second_ear.audio_lost(s, is_speaking=is_speaking, is_stopped=event.is_stopped)
    if event.is_refused and _needs_a_path(s):
        _use_files(s)


def hearing_failed(s: State, event: ev.HearingFailed) -> None:
    s.hearing_failures += 1
    if event.is_final or s.hearing_failures >= s.rules.hearing_failures_max:
        s.is_own_hearing_lost = True
        _hear_by_carrier(s)
    else:
        _wait_for_replay(s, s.rules.replay_timeout_s, is_owed=s.listening.owes_words)


def hearing_restored(s: State, event: ev.HearingRestored) -> None:
    if s.hearing_failures and not s.is_own_hearing_lost:
        within_s = max(behind_for_s(event.backlog_s), s.rules.replay_timeout_s)
        _wait_for_replay(s, within_s, is_owed=s.is_flushing)
    s.hearing_failures, s.is_own_hearing_lost = 0, False
    if event.by_reserve != s.hears_by_reserve:
        s.hears_by_reserve = event.by_reserve
        s.note("reserve_hearing" if event.by_reserve else "own_hearing")
    if not s.playout.by_clause:
        _hear_ourselves(s)


def carrier_hearing_failed(s: State) -> None:
    """Whom nobody hears is not to be asked whether they are still there."""
    s.note("carrier_hearing_failed")
    s.carrier_ear = CarrierEar.FAILED
    if not s.hears_by_carrier:
        return
    s.hears_by_carrier = False
    if s.phase is Phase.LIVE and (s.playout.by_clause or s.is_own_hearing_lost):
        give_up_call(s)


# --- rules -------------------------------------------------------------------


def settle(s: State) -> None:
    """Find another way when audio does not flow, and the better one when it may be there again."""
    if _is_stream_worth_a_try(s):
        _plan_stream(s)
        s.streams_again += 1
        s.note("stream_again")
        s.do(StartStream())
    if not _needs_a_path(s) or s.media_lost_at is None:
        return
    if not s.rules.uses_stream:
        _use_files(s)
    elif s.stream_asked_at is None:
        s.stream_asked_at = s.now
        s.do(StartStream())
    elif s.now >= s.stream_asked_at + s.rules.media_wait_s:
        _use_files(s)


def deadlines(s: State) -> Iterator[float]:
    """When ``settle`` could have something to do."""
    if s.media_lost_at is not None and s.stream_asked_at is not None:
        yield s.stream_asked_at + s.rules.media_wait_s
    if s.stream_again_at is not None:
        yield s.stream_again_at


def _needs_a_path(s: State) -> bool:
    """Whether there is somebody to be spoken to: also with goodbye, but not once they are a person's, or hung up."""
    is_ours = s.phase is Phase.CLOSING and s.hangups == 0 and s.transfer is Transfer.NONE
    return is_ours or s.phase in (Phase.ANSWERED, Phase.LIVE)


def _is_stream_worth_a_try(s: State) -> bool:
    """Its coming breaks off what is being played, so it is asked for when nothing is."""
    is_due = s.stream_again_at is not None and s.now >= s.stream_again_at
    return is_due and s.phase is Phase.LIVE and is_quiet(s) and s.streams_again < s.rules.stream_again_max


def _plan_stream(s: State) -> None:
    s.stream_again_at = s.now + s.rules.stream_again_s if s.rules.uses_stream else None


def _use_files(s: State) -> None:
    """No stream: speak by files, and hear what the carrier transcribes."""
    s.note("webhook_mode")
    s.playout.lose_stream(s.now)
    s.playout.by_clause = True
    s.media_lost_at = s.stream_asked_at = None
    _plan_stream(s)
    s.listening.is_voiced = False
    _hear_by_carrier(s)
    _go_live(s)


def _wait_for_replay(s: State, within_s: float, *, is_owed: bool) -> None:
    """A new connection hears again what the lost one had not finished: what it makes of the beginning is not all."""
    s.replay_until = s.now + within_s
    if is_owed:
        s.listening.flush_until = s.now + s.rules.replay_timeout_s
        second_ear.words_owed(s)


def _hear_by_carrier(s: State) -> None:
    if not s.hears_by_carrier:
        s.hears_by_carrier = True
        s.note("carrier_hearing")
        second_ear.took_over(s)
        s.listening.flush_until, s.replay_until = None, 0.0  # nobody is left to answer that


def _hear_ourselves(s: State) -> None:
    if s.hears_by_carrier:
        s.hears_by_carrier = False
        s.note("own_hearing")


def _go_live(s: State) -> None:
    if s.phase is Phase.ANSWERED:
        s.phase = Phase.LIVE
        s.quiet_since = s.now
        if s.opening is TurnKind.GREETING:
            s.say(s.opening, s.lines.greeting)
        elif s.opening is TurnKind.RECOVERY and s.cut_off:
            # Not with the line for a cut: that leaves it to the caller to go on, and it is our turn.
            s.add_clause(s.say(s.opening, s.lines.apology), s.cut_off)
        elif s.opening is TurnKind.RECOVERY and s.lines.recovery:
            s.say(s.opening, s.lines.recovery)
        else:
            s.take_up_words()

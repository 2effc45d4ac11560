"""Whose turn it is to speak: the caller's voice against ours.

The caller always wins, at once; whether it was a real interruption is found out in the
silence that follows.
"""

from __future__ import annotations

from collections.abc import Iterator

from telnyx_actors.core import events as ev
from telnyx_actors.core import second_ear
from telnyx_actors.core.actions import FinalizeTranscript, PlayClause, SendAudio, SpeakByCarrier
from telnyx_actors.core.state import Phase, State
from telnyx_actors.core.turn import Turn, TurnEnd, TurnKind
from telnyx_actors.core.turn_end import is_backchannel, is_greeting

CUT_IN_WORDS = 2
"""Whoever interrupts us after so few words was not interrupting: we had cut in on them."""

# --- the voice ---------------------------------------------------------------


def voice_started(s: State, event: ev.VoiceStarted) -> None:
    s.listening.is_voiced = True
    s.listening.voice_since = event.at
    s.listening.endpoint_at = None


def voice_confirmed(s: State, event: ev.VoiceConfirmed) -> None:
    if not s.listening.is_voiced:
        voice_started(s, ev.VoiceStarted(event.at))
    is_noisy = s.turn is not None and s.turn.false_alarms >= s.rules.false_alarms_max
    if s.is_audible and not is_noisy:
        _pause(s)


def voice_stopped(s: State, event: ev.VoiceStopped) -> None:
    s.listening.is_voiced = False
    s.listening.voice_ended = event.at
    wait_s = min(s.replay_until - s.now, s.rules.replay_timeout_s)  # longer, somebody had better say something
    s.listening.flush_until = s.now + max(s.rules.flush_timeout_s, wait_s)
    s.flush_asked_at = s.now
    second_ear.words_owed(s)
    if not s.transcriber_decides and not s.hears_by_carrier:
        s.do(FinalizeTranscript())


# --- the words ---------------------------------------------------------------


def interim(s: State, event: ev.TranscriptInterim) -> None:
    if text := second_ear.news_in(s, event.text):
        s.listening.interim_text(text, s.now)


def final(s: State, event: ev.TranscriptFinal) -> None:
    # Behind an endpoint nothing is left to flush, and a request to do so goes unanswered.
    is_end = event.endpoint and not s.is_behind
    if event.flushed or is_end or s.hears_by_carrier:
        s.listening.flush_until = None
        second_ear.words_told(s)
    if event.flushed and s.now <= s.flush_asked_at + s.rules.flush_timeout_s:
        s.replay_until = 0.0  # who answers at once is not behind
    if not s.hears_by_carrier:
        s.told_at = s.now
    is_sure = event.confidence >= s.rules.min_confidence
    s.listening.final_text(second_ear.news_in(s, event.text) if is_sure else "", s.now)
    if is_end:
        _endpoint(s)


def utterance_ended(s: State) -> None:
    if s.listening.endpoint_at is None and not s.is_behind:
        _endpoint(s)


def _endpoint(s: State) -> None:
    """The transcriber found an end, of what it heard a moment ago: a voice younger than that is another one."""
    is_new_voice = s.listening.is_voiced and s.now < s.listening.voice_since + s.rules.endpoint_doubt_s
    if not is_new_voice:
        s.listening.endpoint_at = s.now


def predicted(s: State, event: ev.TurnPredicted | ev.TurnConfirmed) -> None:
    """A turn-taking transcriber sees the end of the turn coming, or there."""
    s.listening.flush_until = None
    second_ear.words_told(s)
    if not s.is_voiced:
        s.replay_until = 0.0
    if isinstance(event, ev.TurnConfirmed):
        s.listening.final_text(event.text, s.now)
        s.listening.is_over = True
    else:
        s.listening.interim_text(event.text, s.now)
    s.listening.is_expected = True
    s.listening.endpoint_at = s.now


def retracted(s: State) -> None:
    s.listening.is_over = s.listening.is_expected = False
    s.listening.endpoint_at = None


def digit(s: State, event: ev.DigitPressed) -> None:
    s.listening.press(event.digit, s.now)


# --- the rules ---------------------------------------------------------------


def settle(s: State) -> None:
    """Find out about interruptions; let out what may be heard."""
    if s.listening.flush_until is not None and s.now >= s.listening.flush_until:
        s.listening.flush_until = None
    turn = s.turn
    if turn is not None and s.paused_at is None and s.listening.text:
        _words_over_us(s, turn)
    if s.turn is not None and s.paused_at is not None:
        _resolve_pause(s, s.turn)


def release(s: State) -> None:
    """Open or close the gate, and send what may leave."""
    turn = s.turn
    is_open = turn is not None and turn.committed and s.paused_at is None and s.media_is_there
    if turn is not None and turn.asked_text and not turn.is_begun and s.listening.text:
        is_open = is_open and turn.asked_text == s.listening.text  # else the caller went on, and it answers too little
    if is_open and not s.is_audible:
        is_open = not s.is_voiced and not s.is_flushing
    s.playout.is_open = is_open
    actions = s.playout.release(s.now)
    s.do(*actions)
    if turn is None:
        return
    for action in actions:
        if isinstance(action, SendAudio | PlayClause | SpeakByCarrier):
            if not turn.is_begun:
                s.hand_over(turn)
            if action.clause in turn.waits:
                turn.times.filler_sent = turn.times.filler_sent or s.now
            elif turn.times.first_sent is None:
                turn.times.first_sent = s.now


def deadlines(s: State) -> Iterator[float]:
    """When ``settle`` or ``release`` could have something to do."""
    if s.listening.flush_until is not None:
        yield s.listening.flush_until
    noise_at = s.listening.noise_at(s.rules)
    if noise_at is not None:
        yield noise_at
    if s.paused_at is not None:
        yield _wordless_at(s)
    elif s.turn is not None and s.listening.text and s.handed_over_at is not None:
        yield s.handed_over_at + s.rules.late_words_s
    yield from s.playout.deadlines()


def _is_stoppable(s: State, turn: Turn) -> bool:
    """A last goodbye is said to its end."""
    return not (turn.kind is TurnKind.GOODBYE and s.closing_reason != "silence")


def _pause(s: State) -> None:
    """Fall silent, keeping what was not heard."""
    if s.turn is None or s.paused_at is not None or not _is_stoppable(s, s.turn):
        return
    s.do(*s.playout.clear(s.now))
    s.paused_at = s.now
    s.note("barge_in")


def _is_murmur(s: State, turn: Turn) -> bool:
    """Whether the words only say "I am listening" (or "hello?", while we greet)."""
    text = s.listening.text
    if s.listening.digits or turn.kind in (TurnKind.PROMPT, TurnKind.GOODBYE):
        return False  # whoever is asked whether they are there, and says so, has answered
    if turn.kind is TurnKind.GREETING and is_greeting(text):
        return True
    return is_backchannel(text) and not _is_nearly_said(s, turn)


def _is_nearly_said(s: State, turn: Turn) -> bool:
    """Whether so little of the turn was left when the words came that a "sí" answers it."""
    if not turn.is_written or s.listening.words_at is None:
        return False
    heard_until = s.paused_at if s.paused_at is not None else s.now
    rest_s = s.playout.rest_s(s.now) + max(heard_until - s.listening.words_at, 0.0)
    last = list(s.playout.clauses())[-1:]
    is_question = any(clause.text.endswith("?") for clause in last)
    return rest_s <= (s.rules.question_rest_s if is_question else s.rules.short_rest_s)


def _words_over_us(s: State, turn: Turn) -> None:
    """The caller's words arrive while the turn is ours, and we have not fallen silent for them."""
    if turn.kind is TurnKind.REPLY and not turn.is_begun:
        return  # nothing was heard yet: the words belong to the turn that we are about to answer
    is_settled = not s.listening.interim and not s.is_voiced and not s.is_flushing
    handed_over_at = s.handed_over_at if s.handed_over_at is not None else s.now
    is_silent = not s.is_voiced and not s.listening.digits
    is_late = turn.kind is TurnKind.REPLY and is_silent and s.now < handed_over_at + s.rules.late_words_s
    if _is_murmur(s, turn):
        if is_settled:
            s.note("backchannel")
            s.forget_words()
    elif is_late:
        if is_settled:
            s.note("late_words")
            turn.said = f"{turn.said} {s.listening.text}"
            s.history.caller(s.listening.text)
            s.forget_words()
    else:
        _pause(s)


def _wordless_at(s: State) -> float:
    """When a pause without words is found to have been none."""
    assert s.paused_at is not None
    ended = s.listening.voice_ended
    since = s.paused_at if ended is None else max(s.paused_at, ended)
    noise_at = s.listening.noise_at(s.rules)
    return since + s.rules.no_words_s if noise_at is None else max(noise_at, since + s.rules.no_words_s)


def _resolve_pause(s: State, turn: Turn) -> None:
    if s.listening.text and not _is_murmur(s, turn):
        s.note("interrupted")
        if s.phase is Phase.CLOSING:  # they were there after all
            s.phase, s.closing_reason, s.close_at = Phase.LIVE, "", None
        has_cut_in = turn.kind is TurnKind.REPLY and len(s.heard_text(turn).split()) <= CUT_IN_WORDS
        s.end_turn(TurnEnd.INTERRUPTED)
        if has_cut_in:
            s.listening.before = f"{turn.said_before} {turn.said}".strip()
        return
    is_done = bool(s.listening.text) and not s.listening.interim and not s.is_voiced and not s.is_flushing
    if is_done or s.now >= _wordless_at(s):
        s.note("resumed")
        turn.false_alarms += 1
        s.paused_at = None
        s.forget_words()

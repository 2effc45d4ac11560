"""How a reply comes about: asked early, committed late, one per turn."""

from __future__ import annotations

from collections.abc import Iterator

from telnyx_actors.core import events as ev
from telnyx_actors.core.actions import AskModel, CancelReply, CancelSpeech, Synthesize
from telnyx_actors.core.clauses import Clause
from telnyx_actors.core.state import Phase, State
from telnyx_actors.core.turn import Turn, TurnEnd, TurnKind, TurnTimes

SPEECH_TRIES_MAX = 2  # of a clause
VOICE_FAILURES_MAX = 2  # in a row, of several clauses: then none is tried twice


# --- asking ------------------------------------------------------------------


def settle(s: State) -> None:
    """Ask, commit, ask again, and close the turn, each when it is time."""
    if s.turn is not None and _is_unheard_reply(s.turn) and not s.listening.text:
        _withdraw(s, s.turn)
    _ask(s)
    turn = s.turn
    if turn is None:
        return
    if _is_over(s, turn):
        s.commit(turn)
    if turn.retry_at is not None and s.now >= turn.retry_at:
        turn.retry_at = None
        ask_again(s, turn)
    _unstall(s, turn)
    if turn.waits and s.playout.has_audio(turn.clauses):
        s.do(*s.playout.skip(turn.waits))  # nothing is to be waited for any more
    if turn.committed and turn.is_written and s.playout.is_finished():
        s.end_turn(TurnEnd.FAILED if turn.is_failed else TurnEnd.COMPLETED)


def deadlines(s: State) -> Iterator[float]:
    """When ``settle`` could have something to do."""
    turn = s.turn
    if _may_ask(s) and (over_at := _over_at(s)) is not None:
        if turn is None or s.listening.text != turn.asked_text:
            yield _ask_at(s, over_at)
        elif not turn.committed:
            yield over_at
    if turn is None:
        return
    if turn.retry_at is not None:
        yield turn.retry_at
    if _is_reply_dry(s, turn):
        yield s.playout.play_end + s.rules.stall_s
    starving = _starving(s)
    if starving is not None:
        yield _starved_at(s, starving)


def _may_ask(s: State) -> bool:
    """Whether the caller has said something that we may answer now."""
    is_ours = s.turn is None or _is_unheard_reply(s.turn)
    return s.phase is Phase.LIVE and is_ours and bool(s.listening.text) and not s.is_voiced and not s.is_flushing


def _is_unheard_reply(turn: Turn) -> bool:
    return turn.kind is TurnKind.REPLY and not turn.is_begun


def _over_at(s: State) -> float | None:
    return s.listening.over_at(s.rules, transcriber_decides=s.transcriber_decides)


def _ask_at(s: State, over_at: float) -> float:
    """When to start preparing a reply to a turn that will be over then, if nothing more comes."""
    return s.now if s.listening.is_expected else over_at - s.rules.speculate_before_s


def _is_over(s: State, turn: Turn) -> bool:
    """Whether the caller's turn is over, and the reply in preparation is the one to it."""
    if turn.committed or turn.kind is not TurnKind.REPLY or not _may_ask(s):
        return False
    over_at = _over_at(s)
    return over_at is not None and s.now >= over_at and turn.asked_text == s.listening.text


def _ask(s: State) -> None:
    if not _may_ask(s):
        return
    over_at = _over_at(s)
    if over_at is None or s.now < _ask_at(s, over_at):
        return
    if s.turn is None:
        s.start_turn(TurnKind.REPLY)
    elif s.turn.asked_text == s.listening.text:
        return
    else:
        _forget_reply(s, s.turn)
    assert s.turn is not None
    turn, heard = s.turn, s.listening
    turn.asked_text = heard.text
    turn.times = TurnTimes(voice_ended=heard.ended_at(), transcribed=heard.final_at or s.now, asked=s.now)
    _attempt(s, turn, is_retry=False)


def ask_again(s: State, turn: Turn) -> None:
    """One more attempt at the same reply; the first to have a clause wins."""
    _attempt(s, turn, is_retry=True)


def _attempt(s: State, turn: Turn, *, is_retry: bool) -> None:
    s.attempts += 1
    turn.attempt_count += 1
    turn.live_attempts.add(s.attempts)
    said = turn.said if turn.is_begun else turn.asked_text
    messages = s.history.messages("" if turn.is_begun else said)
    s.do(AskModel(turn.number, s.attempts, messages, said, is_retry))


def _forget_reply(s: State, turn: Turn) -> None:
    """The caller went on: what was prepared answers less than they said."""
    s.note("speculation_dropped")
    s.drop_reply(turn)
    turn.committed = turn.is_written = turn.is_failed = False
    turn.winner = turn.retry_at = None
    turn.failures = turn.rung = 0
    turn.clauses.clear()
    turn.unspoken.clear()
    turn.waits.clear()


def _withdraw(s: State, turn: Turn) -> None:
    """The words that this was to answer were none, the transcriber finds in the end."""
    s.note("words_withdrawn")
    s.drop_reply(turn)
    s.turn = None


# --- what the model says -----------------------------------------------------


def _attempt_turn(s: State, turn_number: int, attempt: int) -> Turn | None:
    """The turn in progress, if the event is about it and about an attempt that still counts."""
    turn = s.turn
    if turn is None or turn.number != turn_number or attempt not in turn.live_attempts:
        s.stale += 1
        return None
    return turn


def started(s: State, event: ev.ReplyStarted) -> None:
    turn = _attempt_turn(s, event.turn, event.attempt)
    if turn is not None and turn.times.first_token is None:
        turn.times.first_token = s.now


def clause(s: State, event: ev.ReplyClause) -> None:
    turn = _attempt_turn(s, event.turn, event.attempt)
    if turn is None:
        return
    if turn.winner is None:
        turn.winner = event.attempt
        turn.times.first_clause = s.now
        for loser in sorted(turn.live_attempts - {event.attempt}):
            turn.live_attempts.discard(loser)
            s.do(CancelReply(turn.number, loser))
    s.add_clause(turn, event.text)


def finished(s: State, event: ev.ReplyFinished) -> None:
    turn = _attempt_turn(s, event.turn, event.attempt)
    if turn is None:
        return
    turn.input_tokens += event.input_tokens
    turn.output_tokens += event.output_tokens
    turn.cached_tokens += event.cached_tokens
    if turn.winner is None:
        _attempt_failed(s, turn, event.attempt, f"empty reply ({event.stop_reason})", retryable=True)
        return
    turn.live_attempts.discard(event.attempt)
    turn.is_written = True


def failed(s: State, event: ev.ReplyFailed) -> None:
    turn = _attempt_turn(s, event.turn, event.attempt)
    if turn is not None:
        _attempt_failed(s, turn, event.attempt, event.reason, retryable=event.retryable)


def _attempt_failed(s: State, turn: Turn, attempt: int, reason: str, *, retryable: bool) -> None:
    turn.live_attempts.discard(attempt)
    s.note("reply_failed", reason)
    if turn.winner == attempt:
        turn.is_written = True  # what was said so far has to do: asking again would say it twice
    elif not turn.live_attempts:
        turn.failures += 1
        if retryable and turn.failures <= len(s.rules.retries_s):
            turn.retry_at = s.now + s.rules.retries_s[turn.failures - 1]
        else:
            give_up(s, turn)


def give_up(s: State, turn: Turn) -> None:
    """There will be no reply to this: say so."""
    for attempt in sorted(turn.live_attempts):
        s.do(CancelReply(turn.number, attempt))
    turn.live_attempts.clear()
    turn.retry_at = None
    turn.is_written = turn.is_failed = True
    s.note("reply_given_up")
    s.add_clause(turn, s.lines.failure, phrase=True)


# --- what the voice makes of it ----------------------------------------------


def speech_arrived(s: State, event: ev.SpeechArrived) -> None:
    if not s.playout.audio(event.clause, event.size, s.now):
        s.stale += 1
        return
    clause = s.playout.find(event.clause)
    if clause is not None and not clause.is_phrase:  # those may come from a shelf
        s.voice_failures = 0
    if s.turn is not None and s.turn.clauses[:1] == [event.clause] and s.turn.times.first_speech is None:
        s.turn.times.first_speech = s.now


def speech_finished(s: State, event: ev.SpeechFinished) -> None:
    clause = s.playout.find(event.clause)
    if clause is not None and not clause.size:
        speech_failed(s, ev.SpeechFailed(event.clause, "no audio"))
    elif not s.playout.complete(event.clause):
        s.stale += 1


def speech_failed(s: State, event: ev.SpeechFailed) -> None:
    """Make the rest of the clause again; when that is hopeless, or urgent, the carrier's voice says it."""
    turn, broken = s.turn, s.playout.find(event.clause)
    if turn is not None and s.playout.carrier_failed(event.clause, s.now):
        s.note("carrier_voice_failed", event.reason)
        turn.is_failed = True
        return
    if turn is None or broken is None or broken.is_complete or broken.by_carrier:
        s.stale += 1
        return
    s.note("speech_failed", event.reason)
    s.voice_failures += 1
    s.do(CancelSpeech((broken.id,)))
    s.last_clause += 1
    successor = s.playout.break_off(broken.id, s.last_clause)
    for clauses in (turn.clauses, turn.waits):
        if broken.id in clauses:
            at = clauses.index(broken.id)
            kept = [broken.id] if s.playout.find(broken.id) is not None else []
            clauses[at : at + 1] = kept + ([successor.id] if successor else [])
    if successor is None:
        return
    successor.asked_at = s.now
    is_hopeful = event.retryable and successor.tries < SPEECH_TRIES_MAX and s.voice_failures <= VOICE_FAILURES_MAX
    if is_hopeful and successor.id not in turn.waits:
        s.do(Synthesize(successor.id, successor.text))
    else:
        successor.by_carrier = True
        s.note("carrier_voice")


# --- stalls ------------------------------------------------------------------


def _is_reply_dry(s: State, turn: Turn) -> bool:
    """Whether the caller heard the beginning of a reply and waits for more of it."""
    is_reply_heard = turn.is_begun and bool(turn.clauses)
    return is_reply_heard and not turn.is_written and s.paused_at is None and s.playout.is_finished()


def _starving(s: State) -> Clause | None:
    """The clause that should be playing and whose audio does not come."""
    head = s.playout.head() if s.turn is not None and s.turn.committed else None
    return head if head is not None and not head.by_carrier and not head.is_complete and not head.sendable else None


def _starved_at(s: State, clause: Clause) -> float:
    # Somebody who has heard the clause before waits already, though not for as long as we for the voice.
    patience_s = s.rules.phrase_stall_s if clause.is_phrase else s.rules.stall_s
    return max(clause.asked_at + patience_s, s.playout.play_end + s.rules.phrase_stall_s)


def _unstall(s: State, turn: Turn) -> None:
    if _is_reply_dry(s, turn) and s.now >= s.playout.play_end + s.rules.stall_s:
        s.note("reply_stalled")
        for attempt in sorted(turn.live_attempts):
            s.do(CancelReply(turn.number, attempt))
        turn.live_attempts.clear()
        turn.is_written = True
    starving = _starving(s)
    if starving is not None and s.now >= _starved_at(s, starving):
        speech_failed(s, ev.SpeechFailed(starving.id, "no audio in time", retryable=not starving.is_phrase))

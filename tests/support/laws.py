"""What must be true of every call, judged from outside: by its events, its actions, and the line.

None of this asks the conversation what it believes. Each law is a generator of complaints.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from support.simulated_line import Source
from support.simulation import BYTES_PER_CHAR, LINES, NEVER, Simulation
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core.turn import TurnEnd, TurnKind, TurnRecord
from telnyx_actors.core.turn_end import expectation

EPSILON_S = 1e-6
WAITS = (*LINES.fillers, LINES.apology, LINES.quick_reply)
TOKEN = re.compile(r"\bw\d+\b")  # a word of the caller that is said once in a call
PIECE = re.compile(r"\ba(\d+) frase (\d+)")  # a clause of the model: its attempt, its place
_SOUNDS = ac.SendAudio | ac.PlayClause | ac.SpeakByCarrier
_HEARING = (
    *(ev.VoiceStarted, ev.VoiceConfirmed, ev.VoiceStopped, ev.DigitPressed, ev.TranscriptInterim),
    *(ev.TranscriptFinal, ev.TurnPredicted, ev.TurnRetracted, ev.TurnConfirmed),
)
_HUMS = (ev.UtteranceEnded,)  # and finals with an endpoint: a voice that goes on behind them is none
_PATHS = (ev.MediaLost, ev.MediaStarted, ev.HearingFailed, ev.HearingRestored)


def complaints(sim: Simulation) -> list[str]:
    """Every law that this call broke."""
    return [complaint for law in LAWS for complaint in law(sim)]


# --- turns -----------------------------------------------------------------------------


def turns_never_go_back(sim: Simulation) -> Iterator[str]:
    if "unsettled" in sim.notes():
        yield "the rules set each other off without end"
    if any(a.number >= b.number for a, b in pairwise(sim.records)):
        yield f"turn numbers: {[record.number for record in sim.records]}"
    if any(a.turn > b.turn or a.attempt >= b.attempt for a, b in pairwise(sim.asks())):
        yield f"attempts: {[(ask.turn, ask.attempt) for ask in sim.asks()]}"


def every_turn_of_the_caller_has_one_reply_or_a_reason(sim: Simulation) -> Iterator[str]:
    has_lost_voice = "carrier_voice_failed" in sim.notes()
    is_given_up = any(record.kind is TurnKind.GOODBYE for record in sim.records)
    for record in sim.records:
        name = f"turn {record.number}"
        attempts = {attempt for attempt, _ in PIECE.findall(record.generated)}
        places = [int(place) for _, place in PIECE.findall(record.heard)]
        if len(attempts) > 1:
            yield f"{name} mixes replies: {record.generated}"
        if places != list(range(len(places))) and not has_lost_voice:
            yield f"{name} is heard out of order: {record.heard}"
        if record.kind is TurnKind.REPLY and not record.said:
            yield f"{name} answers nothing"
        if record.end is TurnEnd.COMPLETED and (not record.generated or record.heard != record.generated):
            yield f"{name} is complete, but {record.heard!r} was heard of {record.generated!r}"
        is_excused = LINES.failure in record.generated or has_lost_voice or is_given_up
        if record.end is TurnEnd.FAILED and not is_excused:
            yield f"{name} failed without a word"


def no_word_of_the_caller_is_lost_or_doubled(sim: Simulation) -> Iterator[str]:
    given_away_at = min((at for at, _ in sim.actions(ac.TransferCall)), default=NEVER)
    said = Counter(TOKEN.findall(" ".join(record.said for record in sim.records)))
    for at, event in sim.inputs:
        if not isinstance(event, ev.TranscriptFinal | ev.TurnConfirmed) or at >= given_away_at:
            continue
        if event.confidence >= sim.rules.min_confidence:
            for token in TOKEN.findall(event.text):
                if not said[token]:
                    yield f"{token} was lost"
    for token, count in said.items():
        if count > 1:
            yield f"{token} was said once and written {count} times"


def the_model_is_sent_a_conversation(sim: Simulation) -> Iterator[str]:
    for ask in sim.asks():
        roles = [role for role, _ in ask.messages]
        if roles != ["user", "assistant"] * (len(roles) // 2) + ["user"]:
            yield f"attempt {ask.attempt} is sent {roles}"
        if any(not text or text != text.strip() for _, text in ask.messages):
            yield f"attempt {ask.attempt} is sent {ask.messages}"
        if len(roles) > 2 * sim.rules.exchanges_max + 2:
            yield f"attempt {ask.attempt} is sent {len(roles)} messages"
        if not ask.said or not ask.messages[-1][1].endswith(ask.said):
            yield f"attempt {ask.attempt} is asked about {ask.messages[-1][1]!r} for {ask.said!r}"


def nothing_is_left_running(sim: Simulation) -> Iterator[str]:
    ended = {event.attempt for _, event in sim.inputs if isinstance(event, ev.ReplyFinished | ev.ReplyFailed)}
    ended |= {action.attempt for _, action in sim.log if isinstance(action, ac.CancelReply)}
    if alive := {ask.attempt for ask in sim.asks()} - ended:
        yield f"attempts {alive} were neither finished nor cancelled"
    made = {event.clause for _, event in sim.inputs if isinstance(event, ev.SpeechFinished | ev.SpeechFailed)}
    made |= {clause for _, action in sim.log if isinstance(action, ac.CancelSpeech) for clause in action.clauses}
    if alive := {action.clause for _, action in sim.log if isinstance(action, ac.Synthesize)} - made:
        yield f"clauses {alive} were neither made nor cancelled"


# --- the gate --------------------------------------------------------------------------


@dataclass(slots=True)
class _Floor:
    """Who has the floor, seen from outside."""

    records: list[TurnRecord]
    turns_over: int = 0
    play_end: float = 0.0
    voice_since: float | None = None
    is_hum: bool = False  # as far as the transcriber knows
    is_confirmed: bool = False
    false_alarms: int = 0
    is_paused: bool = False
    has_stream: bool = False

    def is_certain(self, now: float) -> bool:
        """Whether there is a voice that nobody could take for a noise yet."""
        return self.voice_since is not None and not self.is_hum and now < self.voice_since + 3.0 - EPSILON_S

    @property
    def yields(self) -> bool:
        """Whether the turn in progress is one that a voice may interrupt."""
        record = self.records[self.turns_over] if self.turns_over < len(self.records) else None
        is_last = record is not None and record.kind is TurnKind.GOODBYE and record.generated != LINES.goodbye_silence
        return record is not None and not is_last and self.false_alarms < 2

    def take(self, event: ev.CallEvent, now: float) -> None:
        match event:
            case ev.VoiceStarted():
                self.voice_since, self.is_confirmed, self.is_hum = event.at, False, False
            case ev.VoiceConfirmed():
                self.voice_since = event.at if self.voice_since is None else self.voice_since
                self.is_confirmed = True
            case ev.TranscriptFinal(endpoint=True) | ev.UtteranceEnded() | ev.TurnPredicted() | ev.TurnConfirmed():
                self.is_hum = True
            case ev.VoiceStopped():
                self.voice_since = None
            case ev.MediaLost() | ev.MediaStarted():
                self.play_end, self.voice_since = min(self.play_end, now), None
                self.has_stream = isinstance(event, ev.MediaStarted)
            case ev.CarrierSpoke():
                self.play_end = min(self.play_end, now)

    def sound(self, now: float, size: int) -> None:
        self.play_end = max(self.play_end, now) + size / 8000


def the_caller_is_never_spoken_over(sim: Simulation) -> Iterator[str]:
    floor = _Floor(sim.records)
    for now, event, actions in sim.journal:
        was_audible = floor.play_end > now
        was_paused = floor.is_paused
        floor.take(event, now)
        stops = [action for action in actions if isinstance(action, ac.ClearAudio | ac.StopPlayback)]
        if isinstance(event, ev.VoiceConfirmed) and was_audible and floor.yields and not was_paused and not stops:
            yield f"{now:.3f}: a voice is certain, and we go on"
        for action in actions:
            match action:
                case ac.SendAudio() | ac.PlayClause() | ac.SpeakByCarrier():
                    if floor.is_paused:
                        yield f"{now:.3f}: {action} while we have fallen silent"
                    if floor.is_certain(now) and (not was_audible or (floor.is_confirmed and floor.yields)):
                        yield f"{now:.3f}: {action} while the caller speaks"
                    if isinstance(action, ac.SendAudio) and not floor.has_stream:
                        yield f"{now:.3f}: {action} without a stream"
                    floor.sound(now, _size(sim, action))
                case ac.ClearAudio() | ac.StopPlayback():
                    floor.play_end = min(floor.play_end, now)
                case ac.Note(kind="barge_in"):
                    floor.is_paused = True
                case ac.Note(kind="resumed"):
                    floor.is_paused, floor.false_alarms = False, floor.false_alarms + 1
                case ac.EndTurn():
                    floor.turns_over += 1
                    floor.is_paused, floor.false_alarms = False, 0


def _size(sim: Simulation, action: _SOUNDS) -> int:
    match action:
        case ac.SendAudio():
            return action.end - action.start
        case ac.PlayClause():
            return action.size
        case ac.SpeakByCarrier():
            return len(action.text) * BYTES_PER_CHAR


def no_reply_is_heard_before_the_turn_is_ours(sim: Simulation) -> Iterator[str]:
    for turn in _turns(sim):
        committed = turn.record.times.committed
        if turn.began_at is None:
            continue
        if committed is None or turn.began_at < committed - EPSILON_S:
            yield f"turn {turn.record.number} is heard at {turn.began_at}, and ours at {committed}"
        if turn.record.kind is TurnKind.REPLY and committed is not None:
            yield from _is_due(sim, turn, committed)


def _is_due(sim: Simulation, turn: _Turn, committed: float) -> Iterator[str]:
    """The silence that the words ask for, where our own ear tells when it began."""
    asks = [at_ask for at_ask in sim.actions(ac.AskModel) if at_ask[0] <= committed + EPSILON_S]
    ask = asks[-1][1]
    assert isinstance(ask, ac.AskModel)
    before = [event for at, event in sim.inputs if at <= committed and isinstance(event, (*_HEARING, *_HUMS, *_PATHS))]
    stops = [event.at for event in before if isinstance(event, ev.VoiceStopped)]
    # A transcriber that confirms the end of a turn is believed over a line that hums.
    is_ours = not sim.rules.transcriber_ends_turns
    last = before[-1] if before else None
    if is_ours and isinstance(last, ev.VoiceStarted | ev.VoiceConfirmed) and committed < last.at + 2.9:
        yield f"turn {turn.record.number} is ours at {committed:.3f}, while the caller speaks"
    is_plain = not sim.rules.transcriber_ends_turns and sim.rules.uses_stream and "[" not in ask.said
    is_undisturbed = not {"interrupted", "carrier_hearing"} & set(sim.notes())
    if not (is_plain and is_undisturbed and stops) or committed > stops[-1] + 3.0:
        return
    needed_s = sim.rules.silences.silence_ms(expectation(ask.said)) / 1000
    if committed < stops[-1] + needed_s - EPSILON_S:
        yield f"turn {turn.record.number} is ours {committed - stops[-1]:.3f} s after {ask.said!r}, not {needed_s} s"


def a_reply_answers_all_that_was_said(sim: Simulation) -> Iterator[str]:
    """What is heard was asked for with all the words that had come by then.

    Of a turn-taking transcriber, and of the carrier's, an update may be withdrawn by the final: only
    finals of our own are held against the reply.
    """
    if sim.rules.transcriber_ends_turns or not sim.rules.uses_stream or "carrier_hearing" in sim.notes():
        return
    asked = {str(ask.attempt): set(TOKEN.findall(ask.said)) for ask in sim.asks()}
    for turn in _turns(sim):
        winners = {attempt for attempt, _ in PIECE.findall(turn.record.heard)}
        if turn.record.kind is not TurnKind.REPLY or not winners or turn.began_at is None:
            continue
        said = set(TOKEN.findall(turn.record.said))
        known = {token for at, text in _texts(sim) if at < turn.began_at for token in TOKEN.findall(text)}
        if missing := (said & known) - asked[winners.pop()]:
            yield f"turn {turn.record.number} does not answer {sorted(missing)}"


def _texts(sim: Simulation) -> Iterator[tuple[float, str]]:
    words = ev.TranscriptInterim | ev.TranscriptFinal | ev.TurnPredicted | ev.TurnConfirmed
    return ((at, event.text) for at, event in sim.inputs if isinstance(event, words))


# --- the caller's ear ------------------------------------------------------------------


@dataclass(slots=True)
class _Turn:
    """A turn that is over, and what of it reached the line."""

    record: TurnRecord
    clauses: list[int] = field(default_factory=list)
    began_at: float | None = None
    ended_at: float = 0.0
    is_smooth: bool = True  # the line stayed the same, and no mark was lost


def _turns(sim: Simulation) -> Iterator[_Turn]:
    records = iter(sim.records)
    turn = _Turn(next(records)) if sim.records else None
    for now, event, actions in sim.journal:
        if turn is not None and isinstance(event, ev.MediaLost | ev.MediaStarted | ev.SpeechFailed):
            turn.is_smooth = False
        for action in actions:
            if turn is None:
                return
            match action:
                case ac.Synthesize():
                    turn.clauses.append(action.clause)
                case ac.SendAudio() | ac.PlayClause() | ac.SpeakByCarrier():
                    turn.began_at = now if turn.began_at is None else turn.began_at
                    turn.is_smooth &= isinstance(action, ac.SendAudio)
                    if action.clause not in turn.clauses:
                        turn.clauses.append(action.clause)
                case ac.Note(kind="marks_missing"):
                    turn.is_smooth = False
                case ac.EndTurn():
                    turn.ended_at = now
                    yield turn
                    record = next(records, None)
                    turn = None if record is None else _Turn(record)


def what_was_heard_is_what_was_played(sim: Simulation) -> Iterator[str]:
    """To the word; and no less than the last mark says."""
    for turn in _turns(sim):
        heard = len(_letters(turn.record.heard))
        most, least = _played(sim, turn, 0.0), _played(sim, turn, sim.rules.mark_every_s + 0.2)
        if heard > most:
            yield f"turn {turn.record.number}: {turn.record.heard!r} heard, {most} letters played"
        if turn.is_smooth and not sim.has_lost_marks and heard < least:
            yield f"turn {turn.record.number}: only {turn.record.heard!r} heard, {least} letters played"


def _played(sim: Simulation, turn: _Turn, unconfirmed_s: float) -> int:
    """How many letters of the turn had been played ``unconfirmed_s`` before we fell silent, or it was over."""
    stops = [at for at, _ in sim.actions(ac.ClearAudio) if at < turn.ended_at] + [turn.ended_at]
    played: Counter[int] = Counter()
    for clause in turn.clauses:
        for span in sim.spans_of(clause):
            until = next((at for at in stops if at > span.start), span.start) - unconfirmed_s
            size = span.begin + int((min(span.end, until) - span.start) * 8000)
            if span.source is not Source.STREAM and span.start < turn.ended_at:
                size = len(sim.texts[clause]) * BYTES_PER_CHAR  # nobody tells where in it the carrier is
            played[clause] = max(played[clause], size)
    return sum(
        len(_letters(_begin_of(sim.texts[clause], size)))
        for clause, size in played.items()
        if sim.texts[clause] not in WAITS
    )


def _begin_of(text: str, size: int) -> str:
    """The whole words of which so many bytes are the audio."""
    chars = int(size / BYTES_PER_CHAR + 0.02)
    return text if chars >= len(text) else text[: text.rfind(" ", 0, max(chars, 0) + 1) + 1]


def _letters(text: str) -> str:
    return text.replace(" ", "")


def two_voices_are_never_heard_at_once(sim: Simulation) -> Iterator[str]:
    for sooner, later in pairwise(sorted(sim.heard())):
        if later.start < sooner.end - EPSILON_S:
            yield f"{sooner} and {later}"


def nothing_is_sent_that_is_not_there_or_not_wanted(sim: Simulation) -> Iterator[str]:
    arrived: Counter[int] = Counter()
    newest = dropped = 0
    for _, event, actions in sim.journal:
        if isinstance(event, ev.SpeechArrived):
            arrived[event.clause] += event.size
        for action in actions:
            match action:
                case ac.Synthesize() | ac.SpeakByCarrier():
                    newest = max(newest, action.clause)
                case ac.EndTurn() | ac.Note(kind="speculation_dropped" | "words_withdrawn"):
                    dropped = newest
                case ac.SendAudio() if not action.start < action.end <= arrived[action.clause]:
                    yield f"{action} of {arrived[action.clause]}"
                case ac.PlayClause() if not 0 < action.size <= arrived[action.clause]:
                    yield f"{action} of {arrived[action.clause]}"
            if isinstance(action, _SOUNDS) and action.clause <= dropped:
                yield f"{action}, which was dropped"


# --- time ------------------------------------------------------------------------------


def dead_air_is_bounded(sim: Simulation) -> Iterator[str]:
    """Something is heard within the ladder's last rung of the caller's last word, or the call is over by then."""
    over_at = min((at for at, action in sim.log if isinstance(action, ac.HangUp | ac.TransferCall)), default=NEVER)
    over_at = min(over_at, sim.inputs[-1][0] if sim.conversation.is_over else NEVER)
    busy = [at for at, event in sim.inputs if isinstance(event, (*_HEARING, *_PATHS))]
    # Behind the last rung: the silence of an open sentence, and a voice that has to be given up first.
    limit_s = sim.rules.give_up_after_s + 3.0
    for at, event in sim.inputs:
        is_said = isinstance(event, ev.TranscriptFinal) and TOKEN.search(event.text) and event.confidence >= 0.3
        until = at + limit_s
        if not is_said or until >= min(over_at, sim.now) or any(at < other <= until for other in busy):
            continue
        if not any(span.end > at and span.start < until for span in sim.line.spans):
            yield f"nothing was heard from {at:.3f} until {until:.3f}"


def marks_are_missed_only_where_they_are_lost(sim: Simulation) -> Iterator[str]:
    if "marks_missing" in sim.notes() and not sim.has_lost_marks:
        yield "marks are believed lost that were not"


def the_carrier_listens_beside_us_to_nobody_else_and_not_while_it_speaks(sim: Simulation) -> Iterator[str]:
    is_beside = is_given_away = False
    for at, action in sim.log:
        match action:
            case ac.StartTranscription():
                is_beside = action.is_beside_ours
            case ac.StopTranscription():
                is_beside = False
            case ac.TransferCall():
                is_given_away = True
            case ac.Synthesize():
                is_given_away = False  # nobody took the caller: there is a goodbye to be said
            case ac.SpeakByCarrier() if is_beside:
                yield f"at {at:.2f} the carrier is to speak while it listens beside us"
        if is_given_away and isinstance(action, ac.StartTranscription):
            yield f"at {at:.2f} it is to listen to two people"
    if is_given_away and is_beside:
        yield "it listens to two people"


LAWS: tuple[Callable[[Simulation], Iterator[str]], ...] = (
    turns_never_go_back,
    every_turn_of_the_caller_has_one_reply_or_a_reason,
    no_word_of_the_caller_is_lost_or_doubled,
    the_model_is_sent_a_conversation,
    nothing_is_left_running,
    the_caller_is_never_spoken_over,
    no_reply_is_heard_before_the_turn_is_ours,
    a_reply_answers_all_that_was_said,
    what_was_heard_is_what_was_played,
    two_voices_are_never_heard_at_once,
    nothing_is_sent_that_is_not_there_or_not_wanted,
    dead_air_is_bounded,
    marks_are_missed_only_where_they_are_lost,
    the_carrier_listens_beside_us_to_nobody_else_and_not_while_it_speaks,
)

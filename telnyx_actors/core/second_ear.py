"""Whether the carrier transcribes the call, and what becomes of its words while ours are there too.

It hears the call itself, not the copy that is sent to us: also what is said while no audio comes here,
and while nobody is here at all. Its words come up to a second late and are those of another transcriber, so beside
ours they count only where ours is deaf, or far behind: they fill the hole, and are dropped everywhere else.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from telnyx_actors.core import events as ev
from telnyx_actors.core.actions import FinalizeTranscript, ForgetHearing, StartTranscription, StopTranscription
from telnyx_actors.core.state import CarrierEar, Phase, State, Transfer
from telnyx_actors.core.turn import TurnKind
from telnyx_actors.core.two_hearings import merged, unheard

UNNOTICED_S: Final = 2.0
"""So long no audio may have come before anybody noticed."""

FINAL_S: Final = 1.5
"""How long the carrier takes for the words of a sentence, behind its end."""

SENTENCE_S: Final = 6.0
"""A sentence that began in the hole may go on for this long behind it."""


# --- events ------------------------------------------------------------------


def resume(s: State, answered_s_ago: float) -> None:
    """The process before had the call: what was said while none was there, the carrier may know."""
    s.deaf_since, s.deaf_until = s.now - answered_s_ago, math.inf
    s.carrier_ear = CarrierEar.UNKNOWN


def audio_lost(s: State, *, is_speaking: bool, is_stopped: bool) -> None:
    """No audio comes any more, and some had come. ``is_stopped``: that was announced, so it was noticed at once."""
    s.deaf_since, s.deaf_until = s.now - (0.0 if is_stopped else UNNOTICED_S), math.inf
    is_awaited = (is_speaking or s.listening.text) and not is_stopped
    if is_awaited and s.carrier_ear is CarrierEar.BESIDE:
        s.carrier_words_by = s.now + s.rules.media_wait_s
        s.listening.flush_until = s.now + s.rules.flush_timeout_s
        if not s.transcriber_decides:
            s.do(FinalizeTranscript())


def audio_back(s: State) -> None:
    if s.deaf_until == math.inf:
        s.deaf_until = s.now + SENTENCE_S
        if s.carrier_words_by is not None:
            s.carrier_words_by = s.now + FINAL_S


def words_owed(s: State) -> None:
    """A voice has ended, and ours, which is behind, may take long to tell of it: the carrier may be sooner."""
    if s.is_behind and s.carrier_ear is CarrierEar.BESIDE:
        s.carrier_words_by = s.now + FINAL_S


def words_told(s: State) -> None:
    """Ours was sooner."""
    if s.now > s.deaf_until:
        s.carrier_words_by = None


def took_over(s: State) -> None:
    """The carrier hears instead of ours: what ours has told a moment ago, it may be about to tell, too."""
    if s.carrier_ear is CarrierEar.BESIDE:
        s.overlaps_until = s.told_at + FINAL_S


def carrier_heard(s: State, event: ev.CarrierHeard) -> None:
    """A sentence, final."""
    is_sure = bool(event.text) and event.confidence >= s.rules.min_confidence
    if is_sure and s.rules.carrier_listens and not s.hears_by_carrier:
        s.carrier_words.append((s.now, event.text))


def news_in(s: State, text: str) -> str:
    """What of a transcriber's words ours has not told already, where both have heard the same."""
    return unheard(f"{s.history.last_said} {s.listening.words}", text) if s.now < s.overlaps_until else text


# --- rules -------------------------------------------------------------------


def start_or_stop(s: State) -> None:
    """To be called before anything is said."""
    was, s.carrier_ear = s.carrier_ear, _wanted(s)
    if s.carrier_ear is was:
        return
    if s.carrier_ear is CarrierEar.OFF:
        s.do(StopTranscription())
    elif s.carrier_ear is CarrierEar.INSTEAD or was is not CarrierEar.INSTEAD:
        s.do(StartTranscription(is_beside_ours=s.carrier_ear is CarrierEar.BESIDE))


def _wanted(s: State) -> CarrierEar:
    """Beside ours it does not listen where it has to speak for us, which it may not do meanwhile, nor to two people."""
    if s.phase not in (Phase.ANSWERED, Phase.LIVE, Phase.CLOSING):
        return s.carrier_ear
    if s.hears_by_carrier and s.transfer is Transfer.NONE:
        return CarrierEar.INSTEAD
    if s.carrier_ear is CarrierEar.FAILED:
        return CarrierEar.FAILED
    if not s.rules.carrier_listens or s.transfer is not Transfer.NONE or s.playout.needs_carrier():
        return CarrierEar.OFF
    if s.phase is not Phase.LIVE or (s.carrier_ear is CarrierEar.OFF and s.voice_failures):
        return s.carrier_ear  # our voice has to be back first
    return CarrierEar.BESIDE


def settle(s: State) -> None:
    """Take the carrier's words where ours has none to come, or not soon."""
    if s.carrier_words_by is not None and s.now >= s.carrier_words_by:
        s.carrier_words_by = None
    is_deaf = s.now <= s.deaf_until
    while s.carrier_words and s.now > s.carrier_words[0][0] + UNNOTICED_S and not (is_deaf or s.is_behind):
        s.carrier_words.popleft()
    if not s.carrier_words or s.is_voiced:
        return
    if s.is_behind and _has_ended_before(s, s.carrier_words[-1][0]):
        _catch_up(s)
    elif is_deaf and not s.is_ours_awaited:
        _fill_holes(s)


def deadlines(s: State) -> Iterator[float]:
    """When ``settle`` could have something to do."""
    if s.carrier_words_by is not None:
        yield s.carrier_words_by


def _has_ended_before(s: State, at: float) -> bool:
    """Whether a voice that ours still owes us had ended then."""
    ended = s.listening.voice_ended
    return s.is_ours_awaited and ended is not None and ended <= at


def _catch_up(s: State) -> None:
    """The carrier was sooner: ours forgets what it is behind with. Some more of the carrier's may come a moment later."""
    assert s.listening.voice_ended is not None
    s.deaf_since = min(at for at, _ in s.carrier_words)
    s.deaf_until = max(s.deaf_until, s.listening.voice_ended + FINAL_S)
    s.listening.flush_until, s.replay_until = None, 0.0
    if not _fill_holes(s):
        s.do(ForgetHearing())


def _fill_holes(s: State) -> bool:
    """Whether anything was news."""
    is_news = False
    while s.carrier_words:
        at, text = s.carrier_words.popleft()
        if s.deaf_since is not None and at >= s.deaf_since:
            is_news |= _fill(s, text)
    s.carrier_words_by = None
    return is_news


def _fill(s: State, text: str) -> bool:
    known = s.history.last_said
    news = unheard(known, text)
    if not news:  # a small word more is no reason to answer again, but the model may as well know of it
        if len((whole := merged(known, text)).split()) > len(known.split()):
            s.history.correct(whole)
        return False
    if s.phase is Phase.ANSWERED or (s.turn is not None and s.turn.kind is TurnKind.RECOVERY):
        s.unanswered = merged(s.unanswered, news)  # answered when we have said that we are back
        return False
    words = merged(s.listening.words, news)
    if words == s.listening.words:
        return False
    s.do(ForgetHearing())  # what ours still makes of it would be heard twice
    s.listening.amend(words, s.now)
    s.note("carrier_words")
    return True

"""What the carrier hears beside us, where it was told to (``rules.carrier_listens``).

It hears the call itself, not the copy that is sent to us: also what is said while no audio comes here,
and while nobody is here at all. Its words come a second late and are those of another transcriber, so they count
only where we were deaf: they fill the hole in what we have, and are dropped everywhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from telnyx_actors.core import events as ev
from telnyx_actors.core.actions import FinalizeTranscript, ForgetHearing, StartTranscription, StopTranscription
from telnyx_actors.core.state import Phase, State, Transfer
from telnyx_actors.core.turn import TurnKind
from telnyx_actors.core.two_hearings import merged, unheard

UNNOTICED_S: Final = 2.0
"""So long no audio may have come before anybody noticed."""

FINAL_S: Final = 1.5
"""How long the carrier takes for the words of a sentence, behind its end."""

SENTENCE_S: Final = 6.0
"""A sentence that began in the hole may go on for this long behind it."""


# --- events ------------------------------------------------------------------


def audio_lost(s: State, *, is_speaking: bool) -> None:
    """No audio comes any more, and some had come."""
    s.deaf_since, s.deaf_until = s.now - UNNOTICED_S, None
    if not s.rules.carrier_listens or s.hears_by_carrier:
        return
    if is_speaking or s.listening.text:
        s.do(FinalizeTranscript())
        s.listening.flush_until = s.now + s.rules.flush_timeout_s
        s.carrier_words_by = s.now + s.rules.media_wait_s


def audio_back(s: State) -> None:
    if s.deaf_since is not None and s.deaf_until is None:
        s.deaf_until = s.now
        if s.carrier_words_by is not None:
            s.carrier_words_by = s.now + FINAL_S


def carrier_heard(s: State, event: ev.CarrierHeard) -> None:
    """A sentence, final."""
    if event.text and event.confidence >= s.rules.min_confidence and not s.hears_by_carrier:
        s.carrier_words.append((s.now, event.text))


# --- rules -------------------------------------------------------------------


def may_listen(s: State) -> bool:
    """Not where the carrier has to speak for us, which it may not do while it transcribes, nor into two people's conversation."""
    return s.rules.carrier_listens and s.transfer is Transfer.NONE and not s.playout.needs_carrier()


def start_or_stop(s: State) -> None:
    """To be called before anything is said. Our voice has to be back before the carrier listens again."""
    if s.hears_by_carrier:
        return
    if s.carrier_is_beside and not may_listen(s):
        s.carrier_is_beside = False
        s.do(StopTranscription())
    elif not s.carrier_is_beside and may_listen(s) and s.phase is Phase.LIVE and not s.voice_failures:
        s.carrier_is_beside = True
        s.do(StartTranscription(is_beside_ours=True))


def settle(s: State) -> None:
    """Take the carrier's words when ours are all there."""
    if s.carrier_words_by is not None and s.now >= s.carrier_words_by:
        s.carrier_words_by = None
    while s.carrier_words and (s.now > s.carrier_words[0][0] + UNNOTICED_S and not _is_deaf_time(s)):
        s.carrier_words.popleft()
    flush_until = s.listening.flush_until
    if not (s.carrier_words and _is_deaf_time(s)) or s.is_voiced or (flush_until is not None and s.now < flush_until):
        return
    assert s.deaf_since is not None
    while s.carrier_words:
        at, text = s.carrier_words.popleft()
        if at >= s.deaf_since:
            _fill(s, text)
    s.carrier_words_by = None


def deadlines(s: State) -> Iterator[float]:
    """When ``settle`` could have something to do."""
    if s.carrier_words_by is not None:
        yield s.carrier_words_by


def _is_deaf_time(s: State) -> bool:
    """Whether what the carrier tells now may be of what we did not hear."""
    return s.deaf_since is not None and (s.deaf_until is None or s.now <= s.deaf_until + SENTENCE_S)


def _fill(s: State, text: str) -> None:
    news = unheard(s.history.last_said, text)
    if not news:
        return
    if s.phase is Phase.ANSWERED or (s.turn is not None and s.turn.kind is TurnKind.RECOVERY):
        s.unanswered = merged(s.unanswered, news)  # answered when we have said that we are back
        return
    words = merged(s.listening.text, news)
    if words != s.listening.text:
        s.do(ForgetHearing())  # what ours still makes of it would be heard twice
        s.listening.amend(words, s.now)
        s.note("carrier_words")

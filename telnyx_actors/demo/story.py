"""The conversation as lines to be read: who said what, what of it was heard, and what happened there.

Pure: everything known at one moment in, all lines until then out. A line that ``is_final``
will stand in every later telling too, unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from telnyx_actors.demo.numbers import decimal, ms
from telnyx_actors.demo.turns import Turn
from telnyx_actors.standins.carrier_call import CarrierCall, Interval
from telnyx_actors.standins.phrasebook import HeardWord
from telnyx_actors.standins.sound import TELEPHONE_RATE_HZ as RATE_HZ

BREATH_S: Final = 1.0
"""A pause up to this long is one inside what the agent says."""
EDGE_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a call: what the carrier played, the words in it, and the turns that the engine has closed."""

    record: CarrierCall
    words: Sequence[HeardWord]
    turns: Sequence[Turn]
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """Something said without a break. ``turn`` is the agent's turn that ends with it, begun ``response_s`` after the caller."""

    speaker: Literal["agent", "caller"]
    at_s: float
    text: str
    is_final: bool
    unheard: str = ""
    note: str = ""
    turn: Turn | None = None
    response_s: float | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """Agent audio that was heard without a break, and how it ended: by itself or by ``clear``."""

    start_s: float
    end_s: float
    words: tuple[str, ...]
    cleared_s: float | None
    turn: Turn | None

    @property
    def text(self) -> str:
        return " ".join(self.words)


def tell(seen: Seen) -> list[Line]:
    """All lines until now, in the order in which they began."""
    agent, speech = passages(seen), seen.record.caller_speech()
    lines = [*_caller_lines(seen, speech, agent), *_agent_lines(seen, speech, agent)]
    return sorted(lines, key=lambda line: line.at_s)


# --- the caller --------------------------------------------------------------------


def _caller_lines(seen: Seen, speech: Sequence[Interval], agent: Sequence[Passage]) -> Iterator[Line]:
    """Utterances with nothing of the agent's between them are one line."""
    groups: list[list[tuple[float, str]]] = []
    for utterance, (start_s, _) in zip(seen.record.utterances, speech, strict=False):
        if not groups or any(groups[-1][-1][0] < passage.start_s < start_s for passage in agent):
            groups.append([])
        spoken_s = seen.record.duration_s - utterance.start / RATE_HZ
        text = _spoken_by(utterance.text, spoken_s / (len(utterance.audio) / RATE_HZ))
        groups[-1].append((start_s, text))
    for group in groups:
        is_final = seen.is_over or any(passage.start_s > group[-1][0] for passage in agent)
        yield Line("caller", group[0][0], " … ".join(text for _, text in group), is_final)


def _spoken_by(text: str, share: float) -> str:
    """The words in the first ``share`` of an utterance, at an even pace."""
    words = text.split()
    return " ".join(words[: max(1, round(len(words) * min(share, 1.0)))])


# --- the agent ---------------------------------------------------------------------


def passages(seen: Seen) -> list[Passage]:
    """What the agent was heard to say, cut where she fell silent."""
    clears = [event.at_s for event in seen.record.events_of("clear") if event.at_s is not None]
    spans: list[Interval] = []
    for start, end in seen.record.agent_playing():
        is_cut = bool(spans) and any(spans[-1][1] - EDGE_S <= at <= start for at in clears)
        if spans and not is_cut and start - spans[-1][1] <= BREATH_S:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return [
        Passage(
            start,
            end,
            tuple(word.text for word in seen.words if start - EDGE_S <= word.start_ms / 1000 < end),
            next((at for at in clears if abs(at - end) <= EDGE_S), None),
            next((turn for turn in seen.turns if turn.covers(start)), None),
        )
        for start, end in spans
    ]


def _agent_lines(seen: Seen, speech: Sequence[Interval], agent: Sequence[Passage]) -> Iterator[Line]:
    for passage, following in pairwise([*agent, None]):
        assert passage is not None
        is_resumed = following is not None and passage.cleared_s is not None and following.turn is passage.turn
        ended = None if is_resumed else passage.turn
        yield Line(
            "agent",
            passage.start_s,
            passage.text,
            seen.is_over or following is not None or ended is not None,
            unheard_words(passage) if ended is not None else "",
            _note(passage, speech, agent, is_resumed=is_resumed),
            ended,
            _response_s(ended, speech, agent),
        )


def _response_s(turn: Turn | None, speech: Sequence[Interval], agent: Sequence[Passage]) -> float | None:
    """From the end of the caller's words to the first sound of the reply to them, behind a filler if there was one."""
    if turn is None or not turn.said:
        return None
    start_s = next(passage.start_s for passage in agent if passage.turn is turn)
    ends = [end for _, end in speech if end <= start_s]
    return start_s - ends[-1] + turn.filled_s if ends else None


def unheard_words(passage: Passage) -> str:
    """What was to follow the last word that was heard, where the turn was interrupted."""
    if passage.turn is None or not passage.turn.is_interrupted:
        return ""
    generated, known = passage.turn.generated.split(), list(passage.words[-3:])
    for end in range(len(generated), 0, -1):
        if known and generated[max(0, end - len(known)) : end] == known:
            return " ".join(generated[end:])
    return ""


def _note(passage: Passage, speech: Sequence[Interval], agent: Sequence[Passage], *, is_resumed: bool) -> str:
    """What is worth telling of how the passage began or ended."""
    is_interrupted = passage.turn is not None and passage.turn.is_interrupted
    if passage.cleared_s is not None and (is_resumed or is_interrupted):
        starts = [start for start, _ in speech if start < passage.cleared_s]
        after = f"calla a los {ms(passage.cleared_s - starts[-1])}" if starts else "calla"
        return after + ("; no era una interrupción: retoma la frase" if is_resumed else "")
    if passage.turn is not None and passage.turn.kind == "prompt":
        ends = [end for _, end in speech] + [other.end_s for other in agent]
        silent_s = passage.start_s - max((end for end in ends if end <= passage.start_s), default=0.0)
        return f"pregunta, después de {decimal(silent_s)} s de silencio"
    return ""

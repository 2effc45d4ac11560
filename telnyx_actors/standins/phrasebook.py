"""Recognition by sound: what is heard is what really arrived, frame by frame, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from telnyx_actors.standins import sound
from telnyx_actors.standins.voices import Speech

UNKNOWN: Final = "[ininteligible]"

_BYTES_PER_MS = sound.FRAME_BYTES // sound.FRAME_MS
_UNKNOWN_FRAMES_MIN = 10  # 200 ms of strange sound is speech; less is a click
_UNKNOWN_GAP_MS_MAX = 120


@dataclass(frozen=True, slots=True)
class Utterance:
    """Something that may be said: its words, and which word each sounding frame carries."""

    text: str
    words: tuple[str, ...]
    frames_of_word: tuple[frozenset[int], ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A frame of an utterance."""

    utterance: Utterance
    index: int


class Phrasebook:
    """Every utterance that can be recognized, by its frames. ``add`` and reading from any thread."""

    def __init__(self) -> None:
        self._places: dict[bytes, tuple[Place, ...]] = {}
        self._added: set[bytes] = set()

    def add(self, text: str, speech: Speech) -> None:
        """Make an utterance recognizable: as it is, and as it comes back from a carrier that made A-law of it."""
        if speech.audio in self._added:
            return
        self._added.add(speech.audio)
        sounding = {index: frame for index, frame in enumerate(_frames(speech.audio)) if sound.is_voice(frame)}
        utterance = Utterance(
            text, tuple(word.text for word in speech.words), _frames_of_words(speech, sorted(sounding))
        )
        for index, ulaw in sounding.items():
            for heard_as in {ulaw, sound.alaw_to_ulaw(sound.ulaw_to_alaw(ulaw))}:
                self._places[heard_as] = (*self._places.get(heard_as, ()), Place(utterance, index))

    def places(self, frame: bytes) -> tuple[Place, ...]:
        """Where this frame of 160 bytes occurs; empty if it is silence or unknown."""
        return self._places.get(frame, ())


def _frames(audio: bytes) -> Iterator[bytes]:
    return (audio[at : at + sound.FRAME_BYTES] for at in range(0, len(audio), sound.FRAME_BYTES))


def _frames_of_words(speech: Speech, sounding: list[int]) -> tuple[frozenset[int], ...]:
    """The sounding frames whose middle lies in the word; a word too short for one gets the nearest."""
    carried: list[frozenset[int]] = []
    for word in speech.words:
        within = {i for i in sounding if word.start_ms <= i * sound.FRAME_MS + sound.FRAME_MS // 2 < word.end_ms}
        if not within and sounding:
            within = {min(sounding, key=lambda i: abs(i * sound.FRAME_MS - word.start_ms))}
        carried.append(frozenset(within))
    return tuple(carried)


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word found in what arrived. Times are of the received audio; ``share`` is how much of it was heard (0.5-1)."""

    text: str
    start_ms: int
    end_ms: int
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class HeardFrame:
    """One frame taken in: when it ended in the received audio, and whether it had a voice."""

    end_ms: int
    voiced: bool


@dataclass(slots=True)
class _Track:
    """The guess that what is being heard is this utterance: which of its frames arrived, and when."""

    utterance: Utterance
    last: int
    at_ms: dict[int, int] = field(default_factory=dict)

    def words(self) -> list[HeardWord | None]:
        found: list[HeardWord | None] = []
        for text, frames in zip(self.utterance.words, self.utterance.frames_of_word, strict=True):
            times = [self.at_ms[index] for index in frames if index in self.at_ms]
            enough = times and 2 * len(times) >= len(frames)
            found.append(
                HeardWord(text, min(times), max(times) + sound.FRAME_MS, len(times) / len(frames)) if enough else None
            )
        return found


@dataclass(slots=True)
class _Passage:
    """A stretch of sound that one utterance may explain, with every guess that still could."""

    tracks: dict[int, _Track] = field(default_factory=dict)
    strange_ms: list[int] = field(default_factory=list)  # begins of frames that nothing explains
    taken: int = 0  # words already handed out

    def explain(self, places: tuple[Place, ...], at_ms: int, *, begin: bool) -> bool:
        """Whether some guess is borne out by this frame; ``begin`` starts guesses where there are none."""
        explained = False
        for place in places:
            track = self.tracks.get(id(place.utterance))
            if track is None and begin:
                track = self.tracks[id(place.utterance)] = _Track(place.utterance, -1)
            if track is not None and place.index > track.last:
                track.last, track.at_ms[place.index] = place.index, at_ms
                explained = True
        return explained

    def goes_on_strangely(self, at_ms: int) -> bool:
        """Whether a strange frame now belongs to this stretch of strange sound: clicks far apart are not speech."""
        near = bool(self.strange_ms) and at_ms - self.strange_ms[-1] <= _UNKNOWN_GAP_MS_MAX
        return near and not self.tracks and not self.taken

    def words(self) -> list[HeardWord]:
        """What was heard and not yet handed out, by the best guess."""
        if self.tracks:
            best = max(self.tracks.values(), key=lambda track: len(track.at_ms))
            return [word for word in best.words()[self.taken :] if word is not None]
        if len(self.strange_ms) >= _UNKNOWN_FRAMES_MIN and not self.taken:
            return [HeardWord(UNKNOWN, self.strange_ms[0], self.strange_ms[-1] + sound.FRAME_MS)]
        return []

    def take(self, words: list[HeardWord]) -> None:
        """Never hand these out again, nor what came before them."""
        if not self.tracks:
            self.taken = 1
            return
        best = max(self.tracks.values(), key=lambda track: len(track.at_ms)).words()
        self.taken = max((n + 1 for n, word in enumerate(best) if word in words), default=self.taken)


class Listener:
    """One received stream. Feed it mu-law in any pieces; it knows only what came, and counts time by it."""

    def __init__(self, phrasebook: Phrasebook) -> None:
        self._phrasebook = phrasebook
        self._waiting = b""
        self._received_bytes = 0  # taken in as frames or skipped
        self._passages: list[_Passage] = []
        self._known: list[HeardWord] | None = []  # what ``words`` answers, None when something new was heard

    @property
    def heard_ms(self) -> int:
        return self._received_bytes // _BYTES_PER_MS

    def feed(self, audio: bytes) -> Iterator[HeardFrame]:
        """Take in what arrived. Consume the iterator: after each frame ``words`` is what is known by then."""
        self._waiting += audio
        while len(self._waiting) >= sound.FRAME_BYTES:
            frame = self._waiting[: sound.FRAME_BYTES]
            places = self._phrasebook.places(frame)
            voiced = bool(places) or sound.is_voice(frame)
            if voiced and not places:
                if len(self._waiting) < 2 * sound.FRAME_BYTES:
                    return  # known sound may begin inside this frame: the next one tells
                self._skip(self._misaligned_by())
                frame = self._waiting[: sound.FRAME_BYTES]
                places = self._phrasebook.places(frame)
            at_ms = self.heard_ms
            self._skip(sound.FRAME_BYTES)
            if voiced:
                self._explain(places, at_ms)
            yield HeardFrame(self.heard_ms, voiced)

    def words(self) -> list[HeardWord]:
        """Words heard and not yet taken, in order. A later call may correct the newest of them."""
        if self._known is None:
            found = [word for passage in self._passages for word in passage.words()]
            self._known = sorted(found, key=lambda word: word.start_ms)
        return list(self._known)

    def take(self, words: list[HeardWord]) -> None:
        """Settle these words: ``words`` will not give them again."""
        for passage in self._passages:
            settled = [word for word in passage.words() if word in words]
            if settled:
                passage.take(settled)
        self._known = None
        if not self.words():
            last_known = next((n for n in reversed(range(len(self._passages))) if self._passages[n].tracks), 0)
            del self._passages[:last_known]

    def _skip(self, count: int) -> None:
        self._waiting = self._waiting[count:]
        self._received_bytes += count

    def _misaligned_by(self) -> int:
        """How many bytes lie before a known frame; 0 if there is none near."""
        return next(
            (
                shift
                for shift in range(1, sound.FRAME_BYTES)
                if self._phrasebook.places(self._waiting[shift : shift + sound.FRAME_BYTES])
            ),
            0,
        )

    def _explain(self, places: tuple[Place, ...], at_ms: int) -> None:
        self._known = None
        if not places:
            if not self._passages or not self._passages[-1].goes_on_strangely(at_ms):
                self._passages.append(_Passage())
            self._passages[-1].strange_ms.append(at_ms)
            return
        # A strange frame inside a known utterance does not end it: the last known passage goes on.
        known = next((passage for passage in reversed(self._passages) if passage.tracks), None)
        if known is None or not known.explain(places, at_ms, begin=False):
            begun = _Passage()
            begun.explain(places, at_ms, begin=True)
            self._passages.append(begun)

"""What holds for the pieces of the core whatever comes."""

from __future__ import annotations

import io
import unicodedata
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from telnyx_actors.core.audio import Encoding
from telnyx_actors.core.recording import AgentTrack, CallerTrack, render
from telnyx_actors.core.reorder import MAX_GAP_FRAMES, Reorderer
from telnyx_actors.core.sentences import ClauseSettings, ClauseSplitter, speakable
from telnyx_actors.core.turn_end import Ending, expectation, is_backchannel
from telnyx_actors.core.voice_activity import EnergyGate, VoiceActivity, VoiceChangeKind

# --- sentences -------------------------------------------------------------------

WORDS = 'Hola claro Dr. Sra. etc. 3,5 1.200.000 8:30 318 a@b.co https://x.co/?a=b,c . ... … , ; : ? ! ¿ ¡ ( ) [ ] * ** " » 😀'
SPACED = (" ", "  ", "\n", " y ", " en la ", "p. m.", ". ", ", ", "? ", "palabra " * 12, "x" * 40)
PIECES = st.sampled_from((*WORDS.split(), *SPACED))
TEXTS = st.lists(PIECES | st.text(max_size=4), max_size=40).map("".join)


def chunked(text: str, cuts: list[int]) -> list[str]:
    points = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[begin:end] for begin, end in pairwise(points)]


def clauses_of(chunks: list[str], *, limit_chars: int | None = None) -> list[str]:
    splitter = ClauseSplitter(limit_chars=limit_chars)
    return [clause for chunk in chunks for clause in splitter.feed(chunk)] + splitter.finish()


@given(TEXTS, st.lists(st.integers(0, 10_000), max_size=20))
def test_clauses_do_not_depend_on_the_chunks_and_are_the_text(text: str, cuts: list[int]) -> None:
    whole = clauses_of([text])

    assert "".join(whole) == text
    assert clauses_of(chunked(text, cuts)) == whole
    assert clauses_of(list(text)) == whole


@given(TEXTS)
def test_a_clause_is_bounded_and_never_empty(text: str) -> None:
    settings = ClauseSettings()

    for clause in clauses_of([text]):
        assert clause
        assert len(clause.strip()) <= settings.max_chars
        assert len(clause) <= settings.max_chars + 16


@given(TEXTS, st.lists(st.integers(0, 10_000), max_size=20), st.integers(1, 200))
def test_a_limited_reply_is_a_beginning_of_the_text_and_within_its_limit(
    text: str, cuts: list[int], limit_chars: int
) -> None:
    spoken = "".join(clauses_of([text], limit_chars=limit_chars))

    assert text.startswith(spoken)
    assert len(spoken.rstrip()) <= limit_chars
    assert "".join(clauses_of(chunked(text, cuts), limit_chars=limit_chars)) == spoken


@given(TEXTS | st.text())
def test_what_a_voice_gets_has_no_markup(text: str) -> None:
    said = speakable(text)

    assert said == " ".join(said.split())
    assert not set(said) & set("*`~[]{}<>#|\\\x00😀")


PLAIN = "Hola sí, ¿y? claro: 3,5 8:30 ¡ay! $45.000 mañana… pingüino; a@b.co 38°"


@given(st.lists(st.sampled_from(PLAIN.split()), min_size=1))
def test_plain_words_are_said_as_they_are(words: list[str]) -> None:
    assert speakable(" ".join(words)) == " ".join(words)


# --- turn end ----------------------------------------------------------------------


@given(TEXTS | st.text())
def test_any_text_has_an_ending_whatever_the_spaces_around_it(text: str) -> None:
    assert expectation(text) in Ending
    assert expectation(f"  {text}\n") is expectation(text)


@given(st.text(alphabet="aáeéiíoósmhSÍAJÁ ,.¡!"))
def test_a_backchannel_is_one_in_any_case_and_with_any_accents(text: str) -> None:
    plain = "".join(char for char in unicodedata.normalize("NFD", text.upper()) if not unicodedata.combining(char))

    assert is_backchannel(text) == is_backchannel(plain)


# --- voice activity ------------------------------------------------------------------


@given(st.lists(st.booleans(), max_size=300))
def test_a_voice_starts_before_it_is_confirmed_and_stops_before_it_starts_again(flags: list[bool]) -> None:
    activity = VoiceActivity()
    follows = {
        None: {VoiceChangeKind.STARTED},
        VoiceChangeKind.STARTED: {VoiceChangeKind.CONFIRMED, VoiceChangeKind.STOPPED},
        VoiceChangeKind.CONFIRMED: {VoiceChangeKind.STOPPED},
        VoiceChangeKind.STOPPED: {VoiceChangeKind.STARTED},
    }
    last, last_at_ms = None, 0
    for index, flag in enumerate(flags):
        change = activity.feed(flag, index * 20)
        if change is not None:
            assert change.kind in follows[last]
            assert last_at_ms <= change.at_ms <= index * 20
            last, last_at_ms = change.kind, change.at_ms
        assert activity.is_speaking == (last in (VoiceChangeKind.STARTED, VoiceChangeKind.CONFIRMED))
    if not any(flags[-5:]) and len(flags) >= 5:
        assert not activity.is_speaking


@given(st.lists(st.integers(0, 32768), max_size=300), st.integers(0, 32768))
def test_whatever_was_before_a_steady_sound_is_no_voice_after_three_seconds(before: list[int], steady: int) -> None:
    gate = EnergyGate()
    for loudness in before:
        gate.is_open(loudness)
    opened = [gate.is_open(steady) for _ in range(300)]

    assert not any(opened[150:])


# --- reorder -------------------------------------------------------------------------


def payload(chunk: int) -> bytes:
    return chunk.to_bytes(8, "big")


@given(
    st.integers(0, 2**40), st.lists(st.integers(0, 3), min_size=1, max_size=60), st.sets(st.integers(1, 59)), st.data()
)
def test_frames_displaced_by_up_to_three_places_come_out_in_order(
    base: int, delays: list[int], lost: set[int], data: st.DataObject
) -> None:
    sent = [0, *sorted((number for number in range(1, len(delays)) if number not in lost), key=lambda n: n + delays[n])]
    doubled = [number for number in sent for _ in range(data.draw(st.integers(1, 2)))]
    reorderer = Reorderer(Encoding.PCMU)

    heard = [frame for number in doubled for frame in reorderer.push(base + number, payload(base + number))]
    heard += reorderer.flush()

    silence = b"\xff" * 8
    kept = set(sent)
    assert heard == [payload(base + number) if number in kept else silence for number in range(max(sent) + 1)]
    assert reorderer.late_frames == len(doubled) - len(sent)
    assert reorderer.lost_frames == max(sent) + 1 - len(sent)


@given(st.lists(st.integers(0, 400) | st.integers(0, 2**53), max_size=200))
def test_any_numbers_give_a_bounded_number_of_frames_each_at_most_once(chunks: list[int]) -> None:
    reorderer = Reorderer(Encoding.PCMU)
    given_out: list[bytes] = []
    for chunk in chunks:
        released = reorderer.push(chunk, payload(chunk))
        assert len(released) <= 4 * (MAX_GAP_FRAMES + 1)
        given_out += released
    given_out += reorderer.flush()

    assert len(given_out) == len(chunks) - reorderer.late_frames + reorderer.lost_frames


# --- recording -----------------------------------------------------------------------

STEPS = st.lists(
    st.tuples(
        st.floats(0, 2, allow_nan=False), st.sampled_from(["sent", "cleared", "advanced"]), st.integers(0, 20_000)
    ),
    max_size=30,
)


@given(STEPS)
def test_the_agent_s_track_is_what_a_carrier_would_have_played(steps: list[tuple[float, str, int]]) -> None:
    """Against a playout of one byte at a time, which is slow and plainly right."""
    track, spool = AgentTrack(Encoding.PCMU, origin_s=0.0), b""
    played, queue, at_s = bytearray(), bytearray(), 0.0
    for number, (wait_s, step, size) in enumerate(steps):
        at_s += wait_s
        missing = round(at_s * 8000) - len(played)
        played += queue[:missing] + b"\xff" * (missing - len(queue))
        del queue[:missing]
        if step == "sent":
            audio = bytes([number % 200]) * size
            queue += audio
            spool += track.sent(at_s, audio)
        elif step == "cleared":
            queue.clear()
            spool += track.cleared(at_s)
        else:
            spool += track.advanced(at_s)
        assert spool == bytes(played)
        assert track.position == len(spool)


@given(st.lists(st.floats(0, 0.5), min_size=1, max_size=150), st.floats(0, 60), st.sets(st.integers(0, 150)))
def test_the_caller_s_track_never_shrinks_and_lasts_as_long_as_the_call(
    waits: list[float], origin_s: float, interruptions: set[int]
) -> None:
    track, at_s, size = CallerTrack(Encoding.PCMA, origin_s=origin_s), origin_s, 0
    for number, wait_s in enumerate(waits):
        at_s += wait_s
        if number in interruptions:
            track.interrupted()
        size += len(track.received([(at_s, bytes(160))]))
        assert track.position == size
    size += len(track.finished(at_s))

    assert size >= round((at_s - origin_s) * 8000) - 1


@given(st.binary(max_size=500), st.binary(max_size=500), st.integers(0, 600), st.sampled_from(Encoding))
def test_a_rendered_call_has_the_samples_it_says(caller: bytes, agent: bytes, samples: int, encoding: Encoding) -> None:
    blocks = render(io.BytesIO(caller).read, io.BytesIO(agent).read, samples=samples, caller_encoding=encoding)

    assert sum(map(len, blocks)) == 44 + 4 * samples

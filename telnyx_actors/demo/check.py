"""Did the call go as scripted? Every answer is read from what the carrier carried, and says how when it is no."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from telnyx_actors.demo.evidence import Evidence, Played, played, prompts
from telnyx_actors.demo.figures import bytes_after_clear
from telnyx_actors.demo.numbers import decimal, ms
from telnyx_actors.demo.script import AGENT
from telnyx_actors.demo.story import Passage, passages

RESPONSE_MAX_S: Final = 2.5
BARGE_IN_MAX_S: Final = 0.5
RESUME_MAX_S: Final = 2.0
SILENCE_TOLERANCE_S: Final = 0.6
CUT_WORDS_MAX: Final = 2
"""Which word an interruption cut is a matter of opinion: half a word was heard, or half was not."""
LENGTH_TOLERANCE_S: Final = 0.05
OFFSET_MAX_MS: Final = 50.0
LIKENESS_MIN: Final = 0.97
EXTRA_MAX_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Check:
    """One claim about the call. ``detail``: the figure behind it, or what was found instead."""

    claim: str
    is_ok: bool
    detail: str


def check_all(evidence: Evidence) -> list[Check]:
    """Every claim that this scenario makes, in the order in which one would ask."""
    checks = [followed_the_script, one_reply_each, answered_in_time]
    exchanges = evidence.scenario.exchanges
    if any(exchange.interrupted_after_s is not None for exchange in exchanges):
        checks.append(fell_silent)
    if any(exchange.murmur is not None for exchange in exchanges):
        checks.append(went_on_after_murmur)
    if any(exchange.is_silence_next for exchange in exchanges):
        checks.append(asked_into_silence)
    return [check(evidence) for check in [*checks, transcript_is_what_was_heard, recording_is_the_call, ended_well]]


def _quoted(texts: Iterable[str]) -> str:
    return ", ".join(f"«{text}»" for text in texts) or "nada"


def _check(claim: str, problems: Sequence[str], detail: str) -> Check:
    return Check(claim, not problems, "; ".join(problems) or detail)


# --- the conversation --------------------------------------------------------------


def followed_the_script(evidence: Evidence) -> Check:
    record = evidence.record
    problems = [f"guion: {record.script_error}"] if record.script_error else []
    problems += [f"el motor faltó al protocolo: {event.data}" for event in record.violations[:3]]
    if not record.script_error and record.hangup_source != "callee":
        problems.append(f"no colgó {evidence.scenario.name}, sino «{record.hangup_source}»")
    detail = f"{len(record.outcomes)} pasos en {decimal(record.duration_s)} s; cuelga {evidence.scenario.name}"
    return _check("La llamada siguió el guion", problems, detail)


def one_reply_each(evidence: Evidence) -> Check:
    problems = list(_greeting_problems(evidence))
    for number, each in enumerate(played(evidence), start=1):
        problems += [f"turno {number}: {problem}" for problem in _reply_problems(evidence, each)]
    count = len(evidence.scenario.exchanges)
    return _check("Una respuesta por turno, palabra por palabra", problems, f"{count} de {count}, y el saludo")


def _greeting_problems(evidence: Evidence) -> Iterator[str]:
    begins = [start for start, _ in evidence.record.caller_speech()]
    first = [p.text for p in passages(evidence.seen) if not begins or p.start_s < begins[0]]
    if first != [evidence.scenario.greeting]:
        yield f"se oyó como saludo: {_quoted(first)}"


def _reply_problems(evidence: Evidence, each: Played) -> Iterator[str]:
    """The reply has to be heard once: whole, cut short by the caller, or in two overlapping parts around a murmur."""
    expected = each.exchange.reply.split()
    parts = [_without_fillers(evidence, passage) for passage in each.heard]
    is_cut = each.exchange.interrupted_after_s is not None
    match parts:
        case []:
            yield "no hubo respuesta"
        case [whole] if is_cut and whole and whole == expected[: len(whole)] and len(whole) < len(expected):
            pass
        case [whole] if not is_cut and each.exchange.murmur is None and whole == expected:
            pass
        case [first, rest] if each.exchange.murmur is not None and _cover(expected, first, rest):
            pass
        case _:
            yield f"se oyó {_quoted(' '.join(part) for part in parts)} en vez de «{each.exchange.reply}»"


def _cover(expected: list[str], first: list[str], rest: list[str]) -> bool:
    """Whether the second part goes on where the first was cut, or some words before: none is missing."""
    is_beginning, is_end = expected[: len(first)] == first, bool(rest) and expected[-len(rest) :] == rest
    return is_beginning and is_end and len(first) + len(rest) >= len(expected)


def _without_fillers(evidence: Evidence, passage: Passage) -> list[str]:
    """A filler fills the time until a late reply: it is no second one."""
    text = passage.text
    for filler in evidence.fillers:
        text = text.replace(filler, "")
    return text.split()


def answered_in_time(evidence: Evidence) -> Check:
    responses = [(number, each.response_s) for number, each in enumerate(played(evidence), start=1)]
    late = [f"turno {n}: {ms(s)}" for n, s in responses if s is not None and s > RESPONSE_MAX_S]
    longest = max((s for _, s in responses if s is not None), default=0.0)
    return _check(f"Ninguna respuesta tarda más de {decimal(RESPONSE_MAX_S)} s", late, f"la que más, {ms(longest)}")


def fell_silent(evidence: Evidence) -> Check:
    problems, details = [], []
    for each in played(evidence):
        if each.exchange.interrupted_after_s is None or each.next_starts_s is None:
            continue
        cleared = each.heard[-1].cleared_s if each.heard else None
        if cleared is None or cleared - each.next_starts_s > BARGE_IN_MAX_S:
            problems.append(f"interrumpida en {decimal(each.next_starts_s)} s, no calló en {ms(BARGE_IN_MAX_S)}")
            continue
        after = bytes_after_clear(evidence.record, each)
        if after:
            problems.append(f"después de callar sonaron {after} bytes")
        details.append(ms(cleared - each.next_starts_s))
    if not problems and not details:
        problems.append("nadie la interrumpió")
    return _check(f"{AGENT} calla cuando la interrumpen", problems, f"a los {', '.join(details)}; después, 0 bytes")


def went_on_after_murmur(evidence: Evidence) -> Check:
    problems, details = [], []
    for each in played(evidence):
        if each.exchange.murmur is None:
            continue
        resumed = [p.start_s for p in each.heard[1:]]
        if each.murmur_s is None or not resumed or resumed[0] - each.murmur_s > RESUME_MAX_S:
            problems.append(f"«{each.exchange.murmur.text}» la hizo callar y no retomó la frase en {ms(RESUME_MAX_S)}")
        else:
            details.append(f"«{each.exchange.murmur.text}»: retoma a los {ms(resumed[0] - each.murmur_s)}")
    return _check(f"{AGENT} sigue cuando solo le asienten", problems, ", ".join(details))


def asked_into_silence(evidence: Evidence) -> Check:
    expected = sum(exchange.is_silence_next for exchange in evidence.scenario.exchanges)
    asked, timeout_s = prompts(evidence), evidence.scenario.silence_timeout_ms / 1000
    problems = [] if len(asked) == expected else [f"preguntó {len(asked)} veces, no {expected}"]
    waits = [passage.start_s - _quiet_since(evidence, passage) for passage in asked]
    problems += [
        f"preguntó a los {decimal(s)} s, no a los {decimal(timeout_s)} s" for s in waits if not _is_near(s, timeout_s)
    ]
    details = [f"«{passage.text}» a los {decimal(s)} s" for passage, s in zip(asked, waits, strict=True)]
    return _check(f"{AGENT} pregunta cuando no se oye nada", problems, ", ".join(details))


def _quiet_since(evidence: Evidence, passage: Passage) -> float:
    ends = [end for _, end in evidence.record.caller_speech()] + [p.end_s for p in passages(evidence.seen)]
    return max((end for end in ends if end <= passage.start_s), default=0.0)


def _is_near(seconds: float, expected_s: float) -> bool:
    return abs(seconds - expected_s) <= SILENCE_TOLERANCE_S


# --- its record --------------------------------------------------------------------


def transcript_is_what_was_heard(evidence: Evidence) -> Check:
    turns = evidence.transcript.turns
    kinds = [turn.kind for turn in turns if turn.kind != "reply"]
    expected = ["greeting"] + ["prompt"] * sum(exchange.is_silence_next for exchange in evidence.scenario.exchanges)
    problems = [] if kinds == expected else [f"turnos sin pregunta: {kinds}"]
    replies = [turn for turn in turns if turn.kind == "reply"]
    exchanges = played(evidence)
    if len(replies) != len(exchanges):
        problems.append(f"{len(replies)} respuestas en la transcripción, no {len(exchanges)}")
    for number, (turn, each) in enumerate(zip(replies, exchanges, strict=False), start=1):
        if turn.said != each.exchange.said:
            problems.append(f"turno {number}: entendió «{turn.said}», no «{each.exchange.said}»")
        heard = _without_fillers(evidence, each.heard[0]) if each.heard else []
        written = turn.heard.split()
        if each.exchange.interrupted_after_s is None:
            is_same = written == each.exchange.reply.split()
        else:
            shorter = min(len(heard), len(written))
            is_same = heard[:shorter] == written[:shorter] and abs(len(heard) - len(written)) <= CUT_WORDS_MAX
        if not is_same:
            problems.append(f"turno {number}: escribió «{turn.heard}», se oyó «{' '.join(heard)}»")
    return _check(
        "La transcripción es lo que se oyó", problems, f"{len(turns)} turnos; en lo cortado, ±{CUT_WORDS_MAX} palabras"
    )


def recording_is_the_call(evidence: Evidence) -> Check:
    recording, record = evidence.recording, evidence.record
    problems = []
    if abs(recording.length_s - record.duration_s) > LENGTH_TOLERANCE_S:
        problems.append(f"dura {decimal(recording.length_s, 3)} s y la llamada {decimal(record.duration_s, 3)} s")
    for name, side in ((AGENT, recording.agent), (evidence.scenario.name, recording.caller)):
        if side.likeness < LIKENESS_MIN:
            worst = min(side.matches, key=lambda match: match.likeness, default=None)
            where = f" en {decimal(worst.start_s)} s" if worst is not None else ""
            problems.append(f"{name}: no es lo que se oyó (correlación {decimal(side.likeness, 2)}{where})")
        elif side.offset_ms > OFFSET_MAX_MS:
            problems.append(f"{name}: desplazada {side.offset_ms:.0f} ms")
        if side.extra_s > EXTRA_MAX_S:
            problems.append(f"{name}: sobran {ms(side.extra_s)} que nadie oyó")
    difference_ms = (recording.length_s - record.duration_s) * 1000
    alike = min(recording.agent.likeness, recording.caller.likeness)
    offset_ms = max(recording.agent.offset_ms, recording.caller.offset_ms)
    length = f"{decimal(recording.length_s, 2)} s ({difference_ms:+.0f} ms)"
    detail = f"{length}, correlación {decimal(alike, 3)}, desfase {offset_ms:.0f} ms"
    return _check("La grabación es la llamada", problems, detail)


def ended_well(evidence: Evidence) -> Check:
    problems = [f"salió con código {evidence.engine_exit}"] if evidence.engine_exit else []
    problems += evidence.engine_errors[:3]
    return _check("El motor terminó sin errores", problems, "código 0, ningún error en su registro")

"""A call of the demo that went as scripted, made of sound and arithmetic: no process, no socket, no time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from telnyx_actors.demo.evidence import Evidence
from telnyx_actors.demo.recording import Match, Recording, Side
from telnyx_actors.demo.script import Exchange, Murmur, Scenario
from telnyx_actors.demo.story import Seen
from telnyx_actors.demo.turns import Transcript, Turn
from telnyx_actors.standins import voices
from telnyx_actors.standins.agent_words import AgentWords
from telnyx_actors.standins.carrier_call import CallEvent, CarrierCall, Utterance
from telnyx_actors.standins.phrasebook import HeardWord
from telnyx_actors.standins.voices import Speech

PROMPT = "¿Me escuchas?"
FILLER = "Dame un momentico."
RESPONSE_S = 0.74
CLEAR_S = 0.12
RESUME_S = 0.56
SETTLE_S = 0.4  # until words tell that an interruption is one

SCENARIO = Scenario(
    number="+573001234567",
    name="Carlos",
    context="",
    greeting="Hola, Carlos.",
    exchanges=(
        Exchange(("Puede ser el", "sábado."), "Claro que sí. A las nueve.", pause_s=0.5),
        Exchange(("¿Cuánto cuesta?",), "Con gusto. Cuarenta y cinco mil pesos.", interrupted_after_s=1.5),
        Exchange(
            ("No, mejor no.",),
            "No hay problema. Cuando quieras nos llamas.",
            murmur=Murmur("Ajá.", after_s=1.6),
            is_silence_next=True,
        ),
        Exchange(("Gracias.",), "Con mucho gusto. Hasta luego."),
    ),
    silence_timeout_ms=1500,
)


class DemoCall:
    """Plays ``SCENARIO``: fills a carrier's record and the engine's turns, second by second."""

    def __init__(self) -> None:
        self.record = CarrierCall("v3:demo", "leg", "session", "outgoing", "+576015550100", SCENARIO.number)
        self.record.media_at, self.record.hangup_source, self.record.state = 0.0, "callee", "hangup"
        self.turns: list[Turn] = []
        self.entries: list[dict[str, object]] = []
        self._spoken: list[tuple[str, Speech]] = []
        self._now_s = 0.4
        self._play()

    def evidence(self) -> Evidence:
        words = tuple(AgentWords().of(self.record, self._spoken))
        seen = Seen(self.record, words, tuple(self.turns), is_over=True)
        side = Side((Match(0.0, 3.0, 0.999),), 0.0)
        recording = Recording(self.record.duration_s + 0.02, side, side)
        transcript = Transcript(Path("archivo"), tuple(self.turns), {})
        return Evidence(SCENARIO, seen, transcript, recording, self.entries, (FILLER,), 0, ())

    # --- the script ---

    def _play(self) -> None:
        self._turn("greeting", "", SCENARIO.greeting, self._says(SCENARIO.greeting))
        self._wait(0.6)
        for exchange in SCENARIO.exchanges:
            self._hear(exchange)
            self._answer(exchange)
            if exchange.is_silence_next:
                self._wait(SCENARIO.silence_timeout_ms / 1000)
                self._turn("prompt", "", PROMPT, self._says(PROMPT))
            if exchange.interrupted_after_s is None:
                self._wait(0.6)
        self.record.ended_at = self._now_s

    def _hear(self, exchange: Exchange) -> None:
        for text in exchange.says:
            self._now_s = self._utter(text)
            self._wait(exchange.pause_s)
        self._wait(RESPONSE_S - exchange.pause_s)
        request = {"request_id": exchange.said, "text": exchange.said}
        used = {"request_id": exchange.said, "tokens_sent": 10, "tokens_read": 100}
        self.entries += [{"kind": "request", "data": request}, {"kind": "over", "data": used}]

    def _answer(self, exchange: Exchange) -> None:
        """The reply in two clauses, as it was heard."""
        first, rest = exchange.reply.split(". ", 1)
        begun_s = self._now_s
        self._says(f"{first}.")
        if exchange.interrupted_after_s is not None:
            clause_s = self._says(rest)
            self._now_s = begun_s + exchange.interrupted_after_s
            self._clear(CLEAR_S)
            heard = self._heard_of(rest, self._now_s + CLEAR_S - clause_s)
            barged_s, self._now_s = self._now_s, self._now_s + SETTLE_S
            self._turn("reply", exchange.said, exchange.reply, begun_s, heard=f"{first}. {heard}".strip())
            self._now_s = barged_s
            return
        if exchange.murmur is not None:
            self._says(rest)
            self._now_s = begun_s + exchange.murmur.after_s
            self._utter(exchange.murmur.text)
            self._clear(CLEAR_S)
            self._wait(RESUME_S)
        self._says(rest)
        self._turn("reply", exchange.said, exchange.reply, begun_s)

    # --- its pieces ---

    def _wait(self, seconds: float) -> None:
        self._now_s += seconds

    def _position(self, at_s: float) -> int:
        return round(at_s * 8000)

    def _utter(self, text: str) -> float:
        """The caller speaks, from now. Returns when the last sound ends."""
        self.record.utterances.append(
            Utterance(text, self._position(self._now_s), voices.synthesize(text, voice="cliente"))
        )
        return self.record.utterances[-1].speech[1] / 8000

    def _says(self, text: str) -> float:
        """The agent speaks, from now to the end. Returns when it began."""
        speech, begun_s = voices.speak(text), self._now_s
        self._spoken.append((text, speech))
        self.record.stream.push(speech.audio, self._position(begun_s))
        self._now_s = self.record.stream.end / 8000
        return begun_s

    def _clear(self, after_s: float) -> None:
        at_s = self._now_s + after_s
        self.record.stream.clear(self._position(at_s))
        self.record.events.append(CallEvent(at_s, at_s, "clear", {}))

    def _heard_of(self, text: str, seconds: float) -> str:
        """The words of a clause that were half heard when it was cut."""
        words = voices.speak(text).words
        return " ".join(word.text for word in words if (word.start_ms + word.end_ms) / 2000 <= seconds)

    def _turn(self, kind: str, said: str, generated: str, begun_s: float, heard: str = "") -> None:
        latency = {"hearing": 200, "thinking": 410, "speaking": 125, "held": 0, "response": 735} if said else {}
        times = {"first_sent": round(begun_s * 1000), "ended": round(self._now_s * 1000)}
        end = "interrupted" if heard else "completed"
        self.turns.append(Turn(len(self.turns), kind, said, generated, heard or generated, end, times, latency))


def seen_at(whole: Seen, now_s: float) -> Seen:
    """What was known of the call at that moment."""
    record = replace(
        whole.record,
        ended_at=now_s,
        utterances=[item for item in whole.record.utterances if item.start / 8000 < now_s],
        events=[event for event in whole.record.events if event.at_s is not None and event.at_s <= now_s],
    )
    words: list[HeardWord] = [word for word in whole.words if word.end_ms / 1000 <= now_s]
    return Seen(record, words, [turn for turn in whole.turns if turn.times_ms["ended"] / 1000 <= now_s])

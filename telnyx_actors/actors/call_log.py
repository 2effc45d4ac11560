"""What a call writes down: the lines that operators search for, and at DEBUG every step."""

from __future__ import annotations

from typing import Final

from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core.turn import TurnEnd, TurnKind
from telnyx_actors.logs import CallLog

HIDDEN: Final = "•••"
TOLD: Final = {
    "apology": "Quien llama espera demasiado: se pide disculpas",
    "give_up": "Quien llama se queda sin respuesta: se transfiere, o se cuelga con una despedida",
    "carrier_voice": "Una frase la dice la voz de Telnyx",
}
"""What callers notice of a vendor that fails, by the conversation's name for it."""


def log_event(log: CallLog, event: ev.CallEvent, show_words: bool) -> None:
    """``show_words``: whether what people said may stand in lines above DEBUG."""
    match event:
        case ev.TranscriptInterim() if event.text:
            log.info("⚡", "Procesando transcript INTERMEDIO")
            log.debug("⚡", f"«{event.text}» ({event.confidence:.2f})")
        case ev.TranscriptFinal() | ev.TurnConfirmed() if event.text:
            log.info("📝", f"Transcripción recibida: '{event.text if show_words else HIDDEN}'")
            log.debug("·", repr(event))
        case ev.ReplyFailed():
            log.warning("🧠", f"Claude no respondió: {event.reason}")
        case ev.SpeechFailed():
            log.warning("🔇", f"No se pudo decir una frase: {event.reason}")
        case ev.SpeechArrived() | ev.MarkReturned() | ev.TimePassed():
            pass  # many a second
        case _:
            log.debug("·", repr(event))


def log_action(log: CallLog, action: ac.Action, show_words: bool) -> None:
    """See ``log_event``."""
    match action:
        case ac.SendAudio() | ac.SendMark():
            pass  # many a second
        case ac.EndTurn():
            _log_turn(log, action, show_words)
        case ac.Note() if action.kind in TOLD:
            log.warning("⏳", TOLD[action.kind])
            log.debug("→", repr(action))
        case _:
            log.debug("→", repr(action))


def _log_turn(log: CallLog, action: ac.EndTurn, show_words: bool) -> None:
    record = action.record
    if record.kind is TurnKind.REPLY and record.generated:
        log.info("💬", f"Claude respuesta generada: '{record.generated if show_words else HIDDEN}'")
    if record.heard:
        cut = " (interrumpido)" if record.end is TurnEnd.INTERRUPTED else ""
        log.info("🔊", f"Audio reproducido{cut}")
    if record.latency is not None:
        part = record.latency
        log.info(
            "⏱️",
            f"Turno {record.number}: respuesta {_ms(part.response)} ms "
            f"(oír {_ms(part.hearing)}, pensar {_ms(part.thinking)}, hablar {_ms(part.speaking)})",
        )
    log.debug("·", repr(record))


def _ms(seconds: float) -> int:
    return round(seconds * 1000)

"""What the carrier tells of a call in its webhooks, as the conversation takes it in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from telnyx_actors.core import events as ev
from telnyx_actors.core.endings import DIAL_FAILED

DIGITS: Final = tuple("0123456789*#ABCD")


def news_in(kind: str, payload: Mapping[str, object], *, has_stream: bool) -> ev.CallEvent | None:
    """What a webhook tells the conversation; None where that is nothing, or nothing by itself."""
    match kind:
        case "call.transcription":
            return transcript_in(payload)
        case "call.dtmf.received" if not has_stream:  # which brings them too
            digit = payload.get("digit")
            return ev.DigitPressed(digit) if isinstance(digit, str) and digit in DIGITS else None
        case "call.hangup":
            cause, source = (str(payload.get(key) or "unknown") for key in ("hangup_cause", "hangup_source"))
            return ev.CallEnded(cause, source)
        case "call.bridged":
            return ev.TransferConnected()
        case "streaming.failed" if not has_stream:
            return ev.MediaLost(is_refused=True)
        case _:
            return None


def news_of_failure(command: str, *, has_stream: bool) -> ev.CallEvent | None:
    """What it means for the conversation that the carrier did not do this, or did not say so, after all retries."""
    match command:
        case "dial":
            return ev.CallEnded(DIAL_FAILED)
        case "answer":
            return ev.HangupRequested("answer_failed")
        case "status":  # nobody knows: go on as if it were alive, its commands will tell
            return ev.TimePassed()
        case "streaming_start" if not has_stream:
            return ev.MediaLost(is_refused=True)
        case "transcription_start":
            return ev.CarrierHearingFailed()
        case "transfer":
            return ev.TransferFailed()
        case _:
            return None


def heard_beside(payload: Mapping[str, object]) -> ev.CarrierHeard | None:
    """The words in a ``call.transcription`` of a call that we hear ourselves; None where they are not final."""
    heard = transcript_in(payload)
    return ev.CarrierHeard(heard.text, heard.confidence) if isinstance(heard, ev.TranscriptFinal) else None


def transcript_in(payload: Mapping[str, object]) -> ev.TranscriptFinal | ev.TranscriptInterim | None:
    """The words in a ``call.transcription``; None where there is nothing to be read. ``confidence`` may be null."""
    data = payload.get("transcription_data")
    if not isinstance(data, Mapping):
        return None
    text, confidence = str(data.get("transcript") or "").strip(), data.get("confidence")
    certainty = float(confidence) if isinstance(confidence, int | float) else 1.0
    if data.get("is_final"):
        return ev.TranscriptFinal(text, certainty, endpoint=True)
    return ev.TranscriptInterim(text, certainty)

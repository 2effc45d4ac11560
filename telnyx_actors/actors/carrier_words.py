"""What the carrier's own transcriber heard, as the conversation takes it in."""

from __future__ import annotations

from collections.abc import Mapping

from telnyx_actors.core import events as ev


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

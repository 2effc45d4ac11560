"""When buffered text is spoken: schedule, flush, contexts. No socket here, and time only to stamp what is asked."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from telnyx_actors.standins.elevenlabs_request import check_voice_settings

_SCHEDULE: Final = (120, 160, 250, 290)
_SCHEDULE_LIMITS: Final = (50, 500)
_TRIGGER_MIN_CHARACTERS: Final = 50

Message = Mapping[str, object]


class Violation(Exception):
    """The client broke the protocol: an error message with this code, then close 1008."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True, slots=True)
class Said:
    """Text to be spoken now. ``at`` is when that was decided (``time.monotonic()``)."""

    context_id: str
    text: str
    at: float


@dataclass(frozen=True, slots=True)
class Ended:
    """After what was said before, this context has no more."""

    context_id: str


@dataclass(slots=True)
class _Context:
    schedule: tuple[int, ...] = _SCHEDULE
    spoken_times: int = 0
    waiting: str = ""
    closing: bool = field(default=False)

    def due(self) -> bool:
        threshold = self.schedule[min(self.spoken_times, len(self.schedule) - 1)]
        return len(self.waiting) >= threshold


class Contexts:
    """The texts of one connection; on ``stream-input`` there is one, whose id is empty."""

    def __init__(self, *, multi: bool, contexts_max: int, auto: bool) -> None:
        self._multi = multi
        self._contexts_max = contexts_max
        self._auto = auto
        self._live: dict[str, _Context] = {}
        self.finished = False  # no more input is wanted

    def take(self, message: Message) -> list[Said | Ended]:
        """What a client message causes to be spoken or ended, or ``Violation``."""
        if self._multi and message.get("close_socket") is True:
            self.finished = True
            return [work for context_id in list(self._live) for work in self._close(context_id)]
        context_id = str(message.get("context_id") or "default") if self._multi else ""
        context = self._live.get(context_id)
        if message.get("close_context") is True:
            return self._close(context_id)
        if context is None:
            self._begin(context_id, message)
            return []
        if message.get("voice_settings") is not None:
            raise Violation("invalid_message", "voice_settings may only be sent in the first message of a context.")
        text = message.get("text", "")
        if not isinstance(text, str):
            raise Violation("invalid_message", "text: Input should be a valid string")
        if text == "" and "text" in message and not self._multi:
            self.finished = True
            return self._close(context_id)
        context.waiting += text
        return self._speakable(context_id, context, message)

    def gone(self, context_id: str) -> None:
        """The last of a closing context was sent: its place is free."""
        self._live.pop(context_id, None)

    def _begin(self, context_id: str, message: Message) -> None:
        if len(self._live) >= self._contexts_max:
            message_text = f"Maximum simultaneous contexts per WebSocket connection exceeded ({self._contexts_max})."
            raise Violation("max_active_conversations", message_text)
        if not self._multi and message.get("text") != " ":
            raise Violation("invalid_message", "The first message must have the text ' '.")
        check_voice_settings(message.get("voice_settings"))
        text = message.get("text", "")
        waiting = text.lstrip() if isinstance(text, str) else ""
        self._live[context_id] = _Context(_schedule(message.get("generation_config")), waiting=waiting)

    def _speakable(self, context_id: str, context: _Context, message: Message) -> list[Said | Ended]:
        triggered = message.get("try_trigger_generation") is True and len(context.waiting) >= _TRIGGER_MIN_CHARACTERS
        if message.get("flush") is True or triggered or context.due() or (self._auto and context.waiting.strip()):
            return self._all_of(context_id, context)
        return []

    def _close(self, context_id: str) -> list[Said | Ended]:
        context = self._live.get(context_id)
        if context is None or context.closing:
            return []
        context.closing = True
        return [*self._all_of(context_id, context), Ended(context_id)]

    def _all_of(self, context_id: str, context: _Context) -> list[Said | Ended]:
        text, context.waiting = " ".join(context.waiting.split()), ""
        if not text:
            return []
        context.spoken_times += 1
        return [Said(context_id, text, time.monotonic())]


def _schedule(config: object) -> tuple[int, ...]:
    given = config.get("chunk_length_schedule") if isinstance(config, dict) else None
    if not given:
        return _SCHEDULE
    least, most = _SCHEDULE_LIMITS
    if not isinstance(given, list) or not all(isinstance(n, int) and least <= n <= most for n in given):
        raise Violation("invalid_message", f"chunk_length_schedule: values between {least} and {most} are allowed.")
    return tuple(given)

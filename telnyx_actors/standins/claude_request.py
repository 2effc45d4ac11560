"""A request to Claude: what the API checks in it, the models it knows, and the shape of its errors."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from telnyx_actors.standins.claude_cache import InputUsage
from telnyx_actors.standins.claude_script import text_of

MODELS: Final = (
    *("claude-fable-5-2", "claude-mythos-5-2", "claude-haiku-5-5", "claude-sonnet-5-5", "claude-fable-5-1"),
    *("claude-opus-5-5", "claude-mythos-5-1", "claude-sonnet-5", "claude-fable-5", "claude-mythos-5", "claude-opus-5"),
    *("claude-opus-4-8", "claude-opus-4-7", "claude-opus-4-6", "claude-sonnet-4-6", "claude-haiku-4-5"),
    *("claude-haiku-4-5-20251001", "claude-opus-4-5", "claude-opus-4-5-20251101"),
    *("claude-sonnet-4-5", "claude-sonnet-4-5-20250929"),
)
ERROR_TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
# Since this version sampling parameters are refused, even with their old defaults.
_NO_SAMPLING_SINCE: Final = "2026-10-21"
_PREFILL_MODELS: Final = ("claude-haiku-4-5", "claude-opus-4-5", "claude-sonnet-4-5")
_THINKS_UNASKED: Final = ("claude-haiku-5-5", "claude-opus-5-5", "claude-fable-5", "claude-mythos-5")
_BREAKPOINTS_MAX: Final = 4


@dataclass(frozen=True, slots=True)
class ClaudeSettings:
    """``api_key``: the only one accepted; empty accepts any. Times count from the request's arrival."""

    api_key: str = ""
    headers_ms: int = 100
    first_token_ms: int = 350
    token_ms: int = 20
    thinking_ms: int = 900  # what it costs to forget that new models think unless told not to
    ping_every_ms: int = 1000  # while nothing else is sent
    retry_after_s: int = 1
    concurrent_max: int = 1000


@dataclass(slots=True)
class MessageRequest:
    """One request as it came, and what became of it. Times are ``time.monotonic()``."""

    at: float
    body: dict[str, object]
    headers: dict[str, str]
    usage: InputUsage
    reply: str = ""
    tokens_sent: int = 0
    outcome: str = "open"  # complete, disconnected, or the fault's kind
    ended_at: float = 0.0

    @property
    def last_user_text(self) -> str:
        return last_text(self.body)

    def end(self, outcome: str) -> None:
        self.outcome, self.ended_at = outcome, time.monotonic()


class Refused(Exception):
    """The request is answered with this status and error."""

    def __init__(self, status: int, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.status, self.message = status, message
        self.kind = kind or ERROR_TYPES.get(status, "api_error")


def error_body(kind: str, message: str, request_id: str) -> dict[str, object]:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": request_id}


def last_text(body: Mapping[str, object]) -> str:
    """What the last user message of a request says."""
    said = [m for m in _list(body.get("messages")) if isinstance(m, dict) and m.get("role") == "user"]
    return text_of(said[-1].get("content")) if said else ""


def new_id(prefix: str) -> str:
    return f"{prefix}_{uuid.uuid4().hex[:24]}"


def thinks(body: Mapping[str, object]) -> bool:
    """Whether the model thinks before it answers: the newest do unless told not to."""
    thinking = body.get("thinking")
    if isinstance(thinking, dict):
        return thinking.get("type") not in ("disabled", "between_tools")
    return str(body.get("model", "")).startswith(_THINKS_UNASKED)


def check(body: object, version: str) -> dict[str, object]:
    """The body if the API would take it, else ``Refused``."""
    if not isinstance(body, dict):
        raise Refused(400, "The request body is not a JSON object.")
    for name, kind in (("model", str), ("max_tokens", int), ("messages", list)):
        if name not in body:
            raise Refused(400, f"{name}: Field required")
        if not isinstance(body[name], kind):
            raise Refused(400, f"{name}: Input should be a valid {kind.__name__}")
    if body["model"] not in MODELS:
        raise Refused(404, f"model: {body['model']}")
    for name in ("temperature", "top_p", "top_k"):
        if name in body and version >= _NO_SAMPLING_SINCE:
            raise Refused(400, f"{name}: Extra inputs are not permitted")
    thinking = body.get("thinking")
    if isinstance(thinking, dict) and "budget_tokens" in thinking:
        raise Refused(400, "thinking.budget_tokens: Extra inputs are not permitted")
    _check_messages(body["messages"], str(body["model"]))
    _check_breakpoints(body)
    return body


def _check_messages(messages: list[object], model: str) -> None:
    if not messages:
        raise Refused(400, "messages: at least one message is required")
    for n, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in ("user", "assistant", "system"):
            raise Refused(400, f"messages.{n}.role: Input should be 'user', 'assistant' or 'system'")
        content = message.get("content")
        texts = [content] if isinstance(content, str) else _texts(content)
        if not content or any(not text.strip() for text in texts):
            raise Refused(400, f"messages.{n}: text content blocks must be non-empty")
    last = messages[-1]
    if isinstance(last, dict) and last["role"] == "assistant" and not model.startswith(_PREFILL_MODELS):
        raise Refused(400, "This model does not support assistant message prefill.")


def _texts(content: object) -> list[str]:
    blocks = content if isinstance(content, list) else []
    return [str(b.get("text", "")) for b in blocks if isinstance(b, dict) and b.get("type") == "text"]


def _check_breakpoints(body: Mapping[str, object]) -> None:
    holders: list[object] = [body]
    for name in ("tools", "system"):
        holders += _list(body.get(name))
    for message in _list(body.get("messages")):
        holders += _list(message.get("content")) if isinstance(message, dict) else []
    marked = sum(1 for holder in holders if isinstance(holder, dict) and holder.get("cache_control"))
    if marked > _BREAKPOINTS_MAX:
        raise Refused(
            400, f"A maximum of {_BREAKPOINTS_MAX} blocks with cache_control may be provided. Found {marked}."
        )


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []

"""Claude, by the anthropic SDK: one client for the process, one stream for each reply.

Importing the SDK takes 1.8-2.0 s and building a client 70-100 ms: both belong to the start
of the process, never to a call.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import anthropic
import httpcore2
import httpx2
from anthropic.types import (
    MessageParam,
    RawContentBlockDeltaEvent,
    RawMessageDeltaEvent,
    RawMessageStartEvent,
    RawMessageStopEvent,
    RawMessageStreamEvent,
    TextBlockParam,
)
from loguru import logger

from telnyx_actors.core.history import OPENING
from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.providers.cancellation import Cancellation
from telnyx_actors.providers.http import failure_of, reason_of, seconds_in
from telnyx_actors.providers.httpx_transport import CancellableStream, CancellableTransport
from telnyx_actors.providers.models import thinking_options
from telnyx_actors.providers.ports import Message, ModelRequest, ReplyDelta, ReplyDone

PROVIDER: Final = "claude"

# How long a finished reply may keep its connection before that is dropped instead of reused.
_DRAIN_S: Final = 0.25

_KINDS: Final = {
    "authentication_error": Failure.AUTH,
    "permission_error": Failure.AUTH,
    "billing_error": Failure.PAYMENT,
    "rate_limit_error": Failure.RATE_LIMIT,
    "timeout_error": Failure.TIMEOUT,
    "overloaded_error": Failure.UNAVAILABLE,
    "api_error": Failure.UNAVAILABLE,
    "conflict_error": Failure.UNAVAILABLE,
}

# A connection that fails in the middle of a reply is not wrapped by the SDK; bad JSON in an event is a ValueError.
_READ_ERRORS: Final = (
    anthropic.APIError,
    httpx2.HTTPError,
    httpx2.StreamError,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.TimeoutException,
    OSError,
    ValueError,
    RecursionError,
)
_LOST_CONNECTION: Final = (httpcore2.RemoteProtocolError, httpcore2.ReadError, httpcore2.WriteError)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ClaudeOptions:
    """``read_timeout_s`` bounds the wait for the headers and every gap after them (pings count as life).

    ``keepalive_s`` is far above the SDK's 5 s, which would mean a new TLS connection for nearly every turn.
    """

    api_key: str = field(repr=False)
    base_url: str = "https://api.anthropic.com"
    max_connections: int = 200
    connect_timeout_s: float = 2.0
    read_timeout_s: float = 10.0
    keepalive_s: float = 120.0


def open_client(options: ClaudeOptions, tls: ssl.SSLContext) -> anthropic.Anthropic:
    """The one client of the process; its threads share it. It never retries: waiting is decided above."""
    timeout = httpx2.Timeout(
        connect=options.connect_timeout_s,
        read=options.read_timeout_s,
        write=options.connect_timeout_s,
        pool=options.connect_timeout_s,
    )
    return anthropic.Anthropic(
        api_key=options.api_key,
        base_url=options.base_url,
        max_retries=0,
        timeout=timeout,
        http_client=anthropic.DefaultHttpxClient(
            transport=CancellableTransport(tls, options.max_connections, options.keepalive_s),
            timeout=timeout,
            trust_env=False,
            follow_redirects=False,
        ),
    )


class Claude:
    """A ``LanguageModel``: one model of the shared client."""

    def __init__(self, client: anthropic.Anthropic, model: str) -> None:
        self._client = client
        self.name = model

    def stream(self, request: ModelRequest) -> ClaudeReply:
        return ClaudeReply(lambda: self._create(request))

    def warm(self) -> None:
        """Open a connection, or keep an idle one open, by the cheapest request there is. Never raises."""
        try:
            self.check()
        except ProviderError as error:
            logger.debug("Claude could not be warmed: {}", error)

    def check(self) -> None:
        """Ask about our model: raises ``ProviderError`` when the key or the model is wrong."""
        _in_our_words(lambda: self._client.models.retrieve(self.name))

    def prewarm(self, system: str) -> int:
        """Have the vendor cache the system prompt without answering. Returns the tokens now cached.

        0 tokens: the prompt is shorter than the model's minimum, and nothing is cached or lost.
        """
        usage = _in_our_words(
            lambda: self._client.messages.create(
                model=self.name,
                max_tokens=0,
                system=_system(system),
                messages=[{"role": "user", "content": OPENING}],
                extra_body=thinking_options(self.name),
            )
        ).usage
        return (usage.cache_creation_input_tokens or 0) + (usage.cache_read_input_tokens or 0)

    def _create(self, request: ModelRequest) -> anthropic.Stream[RawMessageStreamEvent]:
        # Raw events: 54 us a token where the SDK's stream helper takes 144. No temperature: the API refuses it.
        return self._client.messages.create(
            model=self.name,
            max_tokens=request.max_tokens,
            system=_system(request.system),
            messages=_messages(request.messages),
            stream=True,
            extra_body=thinking_options(self.name),
        )


class ClaudeReply:
    """A ``ReplyStream``."""

    def __init__(self, create: Callable[[], anthropic.Stream[RawMessageStreamEvent]]) -> None:
        self._create = create
        self._cancellation = Cancellation()

    def cancel(self) -> None:
        self._cancellation.cancel()

    def __iter__(self) -> Iterator[ReplyDelta | ReplyDone]:
        if self._cancellation.is_cancelled:
            return
        try:
            with self._open() as stream:
                yield from self._read(stream)
        except _READ_ERRORS as error:
            if not self._cancellation.is_cancelled:
                raise _failure(error) from error
        finally:
            self._cancellation.detach()

    def _open(self) -> anthropic.Stream[RawMessageStreamEvent]:
        with self._cancellation.requesting():
            try:
                return self._create()
            except anthropic.APIConnectionError as error:
                # A pooled connection may have died as we picked it. Nothing has been answered yet, so ask again.
                if self._cancellation.is_cancelled or not isinstance(error.__cause__, _LOST_CONNECTION):
                    raise
                return self._create()

    def _read(self, stream: anthropic.Stream[RawMessageStreamEvent]) -> Iterator[ReplyDelta | ReplyDone]:
        tally = _Tally()
        for event in stream:
            if self._cancellation.is_cancelled:
                return
            if isinstance(event, RawMessageStopEvent):
                self._give_back(stream)
                yield tally.done()
                return
            text = tally.take(event)
            if text:
                yield ReplyDelta(text)
        if not self._cancellation.is_cancelled:
            raise ProviderError(PROVIDER, Failure.PROTOCOL, "the reply ended without message_stop")

    def _give_back(self, stream: anthropic.Stream[RawMessageStreamEvent]) -> None:
        """Read to the end of the body, so that the connection can carry the next turn."""
        self._cancellation.detach()
        connection = stream.response.extensions.get("network_stream")
        if isinstance(connection, CancellableStream):
            connection.patience_s = _DRAIN_S
        try:
            for _ in stream:
                pass
        except _READ_ERRORS as error:
            logger.debug("Claude's connection was not reusable after a complete reply: {!r}", error)


class _Tally:
    """What the events of one reply add up to."""

    def __init__(self) -> None:
        self._input_tokens = 0
        self._cached_tokens = 0
        self._output_tokens = 0
        self._stop_reason: object = None

    def take(self, event: RawMessageStreamEvent) -> str:
        """The text in one event; ``""`` for an event without text, also for one we do not know."""
        if isinstance(event, RawContentBlockDeltaEvent):
            # Thinking and tool input come as deltas of other types: only text is spoken.
            return _text_of(event.delta)
        if isinstance(event, RawMessageStartEvent):
            usage = _field(event, "message", "usage")
            self._input_tokens = _count(usage, "input_tokens") + _count(usage, "cache_creation_input_tokens")
            self._cached_tokens = _count(usage, "cache_read_input_tokens")
        elif isinstance(event, RawMessageDeltaEvent):
            self._output_tokens = _count(_field(event, "usage"), "output_tokens")  # cumulative
            self._stop_reason = _field(event, "delta", "stop_reason")
        return ""

    def done(self) -> ReplyDone:
        """``input_tokens`` are those not read from the cache."""
        if not isinstance(self._stop_reason, str):
            raise ProviderError(PROVIDER, Failure.PROTOCOL, "the reply ended without a stop reason")
        return ReplyDone(self._stop_reason, self._input_tokens, self._output_tokens, self._cached_tokens)


def _field(value: object, *names: str) -> Any:
    """A field of a field; None where the vendor left one out: the SDK builds events without checking them."""
    for name in names:
        value = getattr(value, name, None)
    return value


def _text_of(delta: object) -> str:
    text = _field(delta, "text") if _field(delta, "type") == "text_delta" else None
    return text if isinstance(text, str) else ""


def _count(usage: object, name: str) -> int:
    tokens = _field(usage, name)
    return tokens if isinstance(tokens, int) else 0


def _system(text: str) -> list[TextBlockParam]:
    return [{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}] if text else []


def _messages(messages: tuple[Message, ...]) -> list[MessageParam]:
    said = [message for message in messages if message.text.strip()]
    if not said or said[0].role == "assistant":  # the API wants the first word from the user
        said.insert(0, Message("user", OPENING))
    return [_message(message) for message in said]


def _message(message: Message) -> MessageParam:
    if message.role == "user":
        return {"role": "user", "content": message.text}
    return {"role": "assistant", "content": message.text}


# --- failures ------------------------------------------------------------------------


def _in_our_words(ask: Callable[[], _T]) -> _T:
    try:
        return ask()
    except _READ_ERRORS as error:
        raise _failure(error) from error


def _failure(error: Exception) -> ProviderError:
    if isinstance(error, anthropic.APIStatusError):
        return _status_failure(error)
    cause = error.__cause__ if isinstance(error, anthropic.APIConnectionError) else error
    if isinstance(error, anthropic.APITimeoutError) or isinstance(cause, (httpcore2.TimeoutException, TimeoutError)):
        return ProviderError(PROVIDER, Failure.TIMEOUT, f"no answer in time ({type(cause).__name__})")
    if isinstance(cause, (httpcore2.NetworkError, httpcore2.ProtocolError, httpx2.HTTPError, OSError)):
        return ProviderError(PROVIDER, Failure.UNAVAILABLE, f"connection failed ({_describe(cause)})")
    return ProviderError(PROVIDER, Failure.PROTOCOL, f"the reply could not be understood ({_describe(cause)})")


def _status_failure(error: anthropic.APIStatusError) -> ProviderError:
    # An error event in the middle of a reply comes with the reply's own status, 200: only its type tells.
    status = error.status_code if error.status_code >= 400 else None
    type_ = _text_in(error.body, "type")
    kind = _KINDS.get(type_) or (failure_of(status) if status is not None else Failure.PROTOCOL)
    return ProviderError(
        PROVIDER,
        kind,
        reason_of(_text_in(error.body, "message") or str(error)),
        status=status,
        code=type_ or None,
        retry_after_s=seconds_in(error.response.headers, "retry-after"),
    )


def _text_in(body: object, key: str) -> str:
    """A text field of ``{"error": {...}}``, or of what is inside when the SDK has unwrapped it."""
    fields: Any = body.get("error", body) if isinstance(body, dict) else None
    value = fields.get(key) if isinstance(fields, dict) else None
    return value if isinstance(value, str) else ""


def _describe(error: object) -> str:
    return f"{type(error).__name__}: {reason_of(str(error))}"

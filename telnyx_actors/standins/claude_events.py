"""One streamed reply: when each event is due, and the faults that may befall it."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from aiohttp import web

from telnyx_actors.standins import claude_stream as stream
from telnyx_actors.standins.base import STREAM_FAULTS, Fault, StandIn, hang, reset_connection
from telnyx_actors.standins.claude_request import ClaudeSettings, MessageRequest, thinks

_GARBAGE: Final = b"data: {esto no es JSON\n\n\xff\xfe: basura\n\nevent: sorpresa\ndata: {}\n\n"


class ReplyStream:
    """The response to one request with ``stream: true``."""

    def __init__(self, standin: StandIn, request: web.Request, asked: MessageRequest, settings: ClaudeSettings) -> None:
        self._standin = standin
        self._request = request
        self._asked = asked
        self._settings = settings
        self._response = web.StreamResponse()
        self._fault: Fault | None = None
        self._fault_at_token = 0
        self._split_next = False

    async def run(self, answered: stream.Answer, request_id: str) -> web.StreamResponse:
        """Send everything when it is due, unless a fault intervenes."""
        settings, asked, thinking = self._settings, self._asked, thinks(self._asked.body)
        await self._fail_before_headers()
        await self._wait_until(asked.at + settings.headers_ms / 1000, ping=False)
        headers = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
        self._response.headers.update(headers | {"request-id": request_id})
        await self._response.prepare(self._request)
        usage = stream.usage_of(asked.usage, 1)
        begun = stream.message(str(asked.body["model"]), answered, usage, begun=True)
        await self._send({"type": "message_start", "message": begun})
        for event in stream.thinking_events(answered.reply.thinking) if thinking else ():
            await self._send(event)
        first_at = asked.at + (settings.first_token_ms + (settings.thinking_ms if thinking else 0)) / 1000
        if await self._send_content(answered, 1 if thinking else 0, first_at):
            for event in stream.ending(answered):
                await self._send(event)
            asked.end("complete")  # before the end is sent: who has read it may look
            await self._response.write_eof()
        return self._response

    async def _send_content(self, answered: stream.Answer, index: int, first_at: float) -> bool:
        """Send the text, token by token, and the tools. False: a fault ended it."""
        if answered.tokens:
            await self._send(stream.block_start(index))
            await self._send({"type": "ping"})
        for n, token in enumerate(answered.tokens):
            if not await self._survives_fault():
                return False
            await self._wait_until(first_at + n * self._settings.token_ms / 1000)
            await self._send(stream.text_delta(index, token))
            self._asked.tokens_sent += 1
        if not await self._survives_fault():
            return False
        await self._wait_until(first_at)
        if answered.tokens:
            await self._send(stream.block_stop(index))
            index += 1
        for event in stream.tool_events(index, answered.reply):
            await self._send(event)
        return True

    async def _wait_until(self, at: float, *, ping: bool = True) -> None:
        """Be silent until then, but for pings."""
        every_s = self._settings.ping_every_ms / 1000
        while ping and at - time.monotonic() > every_s:
            await asyncio.sleep(every_s)
            await self._send({"type": "ping"})
        await asyncio.sleep(max(0.0, at - time.monotonic()))

    async def _send(self, event: stream.Event) -> None:
        data = stream.encode(event)
        # Every other time a chunk ends inside a character: bytes know nothing of UTF-8.
        inside = next((n + 1 for n, byte in enumerate(data) if byte >= 0xC0), None)
        if inside is not None:
            self._split_next = not self._split_next
            if self._split_next:
                await self._response.write(data[:inside])
                data = data[inside:]
        await self._response.write(data)

    # --- faults ---

    def _find_fault(self) -> Fault | None:
        if self._fault is None:
            operation = f"/v1/messages {self._asked.body['model']} {self._asked.last_user_text}"
            self._fault = self._standin.take_fault(operation, *STREAM_FAULTS)
            self._fault_at_token = self._asked.tokens_sent + (self._fault.after if self._fault else 0)
        return self._fault

    async def _fail_before_headers(self) -> None:
        fault = self._find_fault()
        if fault is not None and fault.kind in ("half_open", "half_close") and not fault.after:
            self._asked.end(fault.kind)
            await self._hang(fault)

    async def _survives_fault(self) -> bool:
        """Let a due fault happen; False if nothing of the stream may follow."""
        fault = self._find_fault()
        if fault is None or self._asked.tokens_sent < self._fault_at_token:
            return True
        if fault.kind == "garbage":
            self._fault = None
            await self._response.write(_GARBAGE)
            return True
        self._asked.end(fault.kind)
        if fault.kind == "drop":
            await self._drop(fault.code)
        else:
            await self._hang(fault)
        return False

    async def _drop(self, code: str) -> None:
        if not code:
            reset_connection(self._request.transport)
        elif code == "truncate" and self._request.transport is not None:
            self._request.transport.close()
        else:
            if code != "end":
                error = {"type": code, "message": code.replace("_", " ").capitalize()}
                await self._send({"type": "error", "error": error})
            await self._response.write_eof()

    async def _hang(self, fault: Fault) -> None:
        await hang(self._request.transport, fault)
        reset_connection(self._request.transport)

"""Speech over a WebSocket: ``stream-input`` (one text) and ``multi-stream-input`` (several contexts)."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from contextlib import AbstractAsyncContextManager, suppress
from typing import Final, Protocol

from aiohttp import ClientConnectionError, WSMsgType, web

from telnyx_actors.standins.base import STREAM_FAULTS, Fault, FaultKind, hang, reset_connection
from telnyx_actors.standins.elevenlabs_audio import ElevenLabsSettings, Synthesis, alignment, pieces
from telnyx_actors.standins.elevenlabs_contexts import Contexts, Ended, Said, Violation
from telnyx_actors.standins.elevenlabs_request import Refused, SpeechRequest, check_key

_INACTIVITY_MAX_S: Final = 180.0

Message = dict[str, object]


class Speaker(Protocol):
    """What a socket needs of the stand-in."""

    def synthesize(self, asked: SpeechRequest, text: str, request: Message) -> Synthesis: ...
    def record(self, kind: str, **data: object) -> None: ...
    def take_fault(self, operation: str, *kinds: FaultKind) -> Fault | None: ...
    def slot(self) -> AbstractAsyncContextManager[None]: ...


class SpeechSocket:
    """One WebSocket connection."""

    def __init__(self, standin: Speaker, request: web.Request, settings: ElevenLabsSettings) -> None:
        self._standin = standin
        self._request = request
        self._settings = settings
        self._multi = request.path.endswith("/multi-stream-input")
        self._socket = web.WebSocketResponse(compress=False, timeout=1.0, autoclose=False)
        self._contexts = Contexts(
            multi=self._multi, contexts_max=settings.contexts_max, auto=_flag(request, "auto_mode")
        )
        self._work: asyncio.Queue[Said | Ended | None] = asyncio.Queue()
        self._fault: Fault | None = None
        self._fault_at_byte = 0
        self._sent_bytes = 0

    async def refuse(self, refused: Refused) -> web.StreamResponse:
        """Accept only to say why not: that is where the vendor puts it."""
        await self._socket.prepare(self._request)
        await self._fail(refused.code, refused.message)
        return self._socket

    async def run(self, asked: SpeechRequest, *, authorized: bool) -> web.StreamResponse:
        """Serve until the text ends or either side closes."""
        await self._socket.prepare(self._request)
        self._standin.record("connected", path=self._request.path)
        speaker = asyncio.create_task(self._speak(asked))
        try:
            await self._receive(authorized=authorized)
            if not self._socket.closed:
                await speaker
                await self._socket.close()
        except ClientConnectionError:
            self._standin.record("disconnected", path=self._request.path, bytes_sent=self._sent_bytes)
        finally:
            speaker.cancel()
            with suppress(asyncio.CancelledError, ClientConnectionError):
                await speaker
        return self._socket

    # --- in ---

    async def _receive(self, *, authorized: bool) -> None:
        timeout_s = self._inactivity_timeout_s()
        while not self._contexts.finished:
            try:
                received = await self._socket.receive(timeout=timeout_s)
            except TimeoutError:
                message = (
                    f"Have not received a new text input within the timeout of {timeout_s} seconds. "
                    "Streaming input terminated."
                )
                await self._fail("input_timeout_exceeded", message)
                return
            if received.type is not WSMsgType.TEXT:
                await self._socket.close()
                return
            try:
                message_in = _parsed(received.data)
                if not authorized:
                    check_key(str(message_in.get("xi_api_key", "")), self._settings)
                    authorized = True
                for work in self._contexts.take(message_in):
                    self._work.put_nowait(work)
            except (Refused, Violation) as refused:
                await self._fail(refused.code, refused.message)
                return
        self._work.put_nowait(None)

    def _inactivity_timeout_s(self) -> float:
        given = self._request.query.get("inactivity_timeout", "")
        return min(float(given), _INACTIVITY_MAX_S) if given.isdecimal() else self._settings.inactivity_timeout_s

    # --- out ---

    async def _speak(self, asked: SpeechRequest) -> None:
        """Generate what is waiting, in order, until there is no more to come."""
        while (work := await self._work.get()) is not None:
            if isinstance(work, Ended):
                await self._send({"audio": None, "isFinal": True} | self._context_id(work.context_id))
                self._contexts.gone(work.context_id)
                continue
            try:
                async with self._standin.slot():
                    finished = await self._say(asked, work)
            except Refused as refused:
                await self._fail(refused.code, refused.message)
                return
            if not finished:
                return

    async def _say(self, asked: SpeechRequest, work: Said) -> bool:
        """Generate and send one text; False if a fault ended it."""
        synthesis = self._standin.synthesize(asked, work.text, {"context_id": work.context_id})
        first_at = max(work.at + self._settings.first_audio_ms / 1000, time.monotonic())
        at_ms = 0.0
        for piece, due_s in pieces(synthesis.audio, asked.output, self._settings.speed):
            await asyncio.sleep(max(0.0, first_at + due_s - time.monotonic()))
            if not await self._survives_fault(work.text):
                synthesis.outcome = "fault"
                return False
            until_ms = at_ms + len(piece) / asked.output.bytes_per_ms
            await self._send(self._audio_message(synthesis, piece, (at_ms, until_ms), work.context_id))
            synthesis.bytes_sent += len(piece)
            self._sent_bytes += len(piece)
            at_ms = until_ms
        synthesis.outcome = "complete"
        return True

    def _audio_message(
        self, synthesis: Synthesis, piece: bytes, part_ms: tuple[float, float], context_id: str
    ) -> Message:
        characters, starts, durations = alignment(synthesis.speech, *part_ms)
        aligned = {"chars": characters, "charStartTimesMs": starts, "charDurationsMs": durations}
        # The vendor's examples show both spellings: each of the two fields has one of them here.
        normalized = {"chars": characters, "charStartTimesMs": starts, "charsDurationsMs": durations}
        message: Message = {
            "audio": base64.b64encode(piece).decode(),
            "isFinal": None,
            "alignment": aligned if characters else None,
            "normalizedAlignment": normalized if characters else None,
        }
        return message | self._context_id(context_id)

    def _context_id(self, context_id: str) -> Message:
        if not self._multi:
            return {}
        return {"context_id" if self._settings.snake_case_ids else "contextId": context_id}

    async def _send(self, message: Message) -> None:
        await self._socket.send_str(json.dumps(message))

    async def _fail(self, code: str, message: str) -> None:
        self._standin.record("failed", path=self._request.path, code=code)
        await self._send({"message": message, "error": code, "code": 1008})
        await self._socket.close(code=1008, message=code.encode())

    # --- faults ---

    async def _survives_fault(self, text: str) -> bool:
        """Let a due fault happen; False if nothing may follow."""
        if self._fault is None:
            operation = f"{self._request.path} {text}"
            self._fault = self._standin.take_fault(operation, *STREAM_FAULTS)
            self._fault_at_byte = self._sent_bytes + (self._fault.after if self._fault else 0)
        fault = self._fault
        if fault is None or self._sent_bytes < self._fault_at_byte:
            return True
        if fault.kind == "garbage":
            self._fault = None
            await self._socket.send_str('{"audio": "esto no es base64 ¡ni JSON!')
            return True
        if fault.kind == "drop" and fault.code:
            await self._fail(fault.code, "Something went wrong.")
        elif fault.kind == "drop":
            reset_connection(self._request.transport)
        else:
            await hang(self._request.transport, fault)
        return False


def _flag(request: web.Request, name: str) -> bool:
    return request.query.get(name, "false").lower() == "true"


def _parsed(received: str) -> Message:
    try:
        message = json.loads(received)
    except ValueError:
        message = None
    if not isinstance(message, dict):
        raise Violation("invalid_message", "The message is not a JSON object.")
    return message

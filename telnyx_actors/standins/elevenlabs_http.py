"""One synthesis as an HTTP response, in the framing and at the pace of the settings."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Final

from aiohttp import ClientConnectionError, web

from telnyx_actors.standins.base import STREAM_FAULTS, Fault, StandIn, hang, reset_connection
from telnyx_actors.standins.elevenlabs_audio import ElevenLabsSettings, OutputFormat, Synthesis, pieces

_GARBAGE: Final = b'{"detail":"esto no es audio"}'


class SpeechResponse:
    """The answer to one request for speech."""

    def __init__(
        self,
        standin: StandIn,
        request: web.Request,
        synthesis: Synthesis,
        settings: ElevenLabsSettings,
        headers: Mapping[str, str],
    ) -> None:
        self._standin = standin
        self._request = request
        self._synthesis = synthesis
        self._settings = settings
        self._response = web.StreamResponse(headers=headers)
        self._fault: Fault | None = None
        self._fault_at_byte = 0

    async def send(self, output: OutputFormat, arrived: float, *, whole: bool) -> web.StreamResponse:
        """Send the audio; ``whole``: only once all of it is generated, with its length."""
        synthesis = self._synthesis
        self._response.content_type = output.content_type
        self._response.headers["character-cost"] = str(len(synthesis.text))
        try:
            first_at = arrived + self._settings.first_audio_ms / 1000
            if whole:
                first_at += len(synthesis.audio) / output.bytes_per_ms / 1000 / self._settings.speed
            await self._begin(first_at, "length" if whole else self._settings.framing)
            speed = self._settings.speed if not whole else float("inf")
            for piece, due_s in pieces(synthesis.audio, output, speed):
                await asyncio.sleep(max(0.0, first_at + due_s - time.monotonic()))
                if not await self._write(piece):
                    return self._response
            synthesis.outcome = "complete"  # before the end is sent: who has read it may look
            await self._finish()
        except (asyncio.CancelledError, ClientConnectionError):
            synthesis.outcome = "disconnected"
            self._standin.record("disconnected", text=synthesis.text, bytes_sent=synthesis.bytes_sent)
            raise
        return self._response

    async def _begin(self, first_at: float, framing: str) -> None:
        """The headers go out with the first audio: until then there is nothing to say."""
        self._find_fault()
        if self._fault is not None and self._fault.kind in ("half_open", "half_close") and not self._fault.after:
            await self._hang(self._fault)
        await asyncio.sleep(max(0.0, first_at - time.monotonic()))
        if framing == "length":
            self._response.content_length = len(self._synthesis.audio)
        elif framing == "eof":
            self._response.force_close()
            self._response._length_check = False  # else aiohttp makes it chunked
        else:
            self._response.enable_chunked_encoding()
        await self._response.prepare(self._request)

    async def _write(self, piece: bytes) -> bool:
        """Send a piece as far as the faults allow; False if nothing may follow."""
        fault = self._find_fault()
        if fault is not None and self._synthesis.bytes_sent + len(piece) >= self._fault_at_byte:
            allowed = max(0, self._fault_at_byte - self._synthesis.bytes_sent)
            await self._put(piece[:allowed])
            if fault.kind != "garbage":
                self._synthesis.outcome = fault.kind
                await self._fail(fault)
                return False
            self._fault, piece = None, piece[allowed:]
            await self._response.write(_GARBAGE)
        await self._put(piece)
        return True

    async def _put(self, piece: bytes) -> None:
        if piece:
            await self._response.write(piece)
            self._synthesis.bytes_sent += len(piece)

    async def _finish(self) -> None:
        await self._response.write_eof()
        if self._settings.framing == "eof" and self._request.transport is not None:
            self._request.transport.close()

    # --- faults ---

    def _find_fault(self) -> Fault | None:
        if self._fault is None:
            operation = f"{self._request.path} {self._synthesis.text}"
            self._fault = self._standin.take_fault(operation, *STREAM_FAULTS)
            self._fault_at_byte = self._synthesis.bytes_sent + (self._fault.after if self._fault else 0)
        return self._fault

    async def _fail(self, fault: Fault) -> None:
        if fault.kind == "drop" and fault.code == "end":
            await self._response.write_eof()
        elif fault.kind == "drop" and fault.code == "truncate" and self._request.transport is not None:
            self._request.transport.close()
        elif fault.kind == "drop":
            reset_connection(self._request.transport)
        else:
            await self._hang(fault)

    async def _hang(self, fault: Fault) -> None:
        self._synthesis.outcome = fault.kind
        await hang(self._request.transport, fault)
        reset_connection(self._request.transport)

"""Long audio for the carrier to play: kept in the archive, and fetched from there by an address that expires."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from typing import Final

from loguru import logger

from telnyx_actors.errors import ProviderError
from telnyx_actors.providers.ports import Archive, CallCommand, Carrier, CarrierCall, DialledCall, DialRequest

INLINE_MAX_CHARS: Final = 256 * 1024
"""Of base64, some twelve seconds of speech. Telnyx names no limit; every clause of a reply is shorter."""

EXPIRES_S: Final = 3600


class WithFiles:
    """A ``Carrier`` that is given what is too long for a request by its address. Blocks for the upload.

    ``archive`` is one with little patience: the call's other orders wait behind it.
    """

    def __init__(self, network: Carrier, archive: Archive, folder: str) -> None:
        self._network = network
        self._archive = archive
        self._folder = folder

    def dial(self, request: DialRequest) -> DialledCall:
        return self._network.dial(request)

    def command(self, call_control_id: str, command: CallCommand) -> None:
        content = command.body.get("playback_content")
        if isinstance(content, str) and len(content) > INLINE_MAX_CHARS:
            command = self._by_address(command, content)
        self._network.command(call_control_id, command)

    def status(self, call_control_id: str) -> CarrierCall:
        return self._network.status(call_control_id)

    def _by_address(self, command: CallCommand, content: str) -> CallCommand:
        """The same words have the same key, so that a greeting is kept once. Where the archive is away, all of it is sent."""
        file = base64.b64decode(content)
        key = f"{self._folder}/playback/{hashlib.sha256(file).hexdigest()}.wav"
        try:
            if self._archive.size_bytes(key) != len(file):
                self._archive.put(key, file, "audio/wav")
            url = self._archive.url(key, EXPIRES_S)
        except ProviderError as error:
            logger.warning("el audio largo va dentro de la orden, porque el archivo falla: {}", error)
            return command
        body = {name: value for name, value in command.body.items() if name != "playback_content"}
        return replace(command, body={**body, "audio_url": url})

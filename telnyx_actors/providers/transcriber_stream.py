"""One open stream to a transcriber: what all of them share. One thread iterates ``events()``; any other may send and close."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Protocol

from loguru import logger

from telnyx_actors.core.events import TranscriptEvent, TranscriptFinal, TranscriptInterim
from telnyx_actors.errors import Failure, ProviderError, WireError
from telnyx_actors.providers.http import reason_of
from telnyx_actors.providers.ports import Habits
from telnyx_actors.providers.transcriber_connection import TranscriberConnection
from telnyx_actors.wire.transcriber import Complaint, Opened, TranscriberMessage, VoiceAnnounced


class Dialect(Protocol):
    """Reads the messages of one connection; raises ``WireError``."""

    def receive(self, message: bytes) -> tuple[TranscriberMessage, ...]: ...


class TranscriberStream:
    """``malformed_messages`` counts what the vendor sent and nobody understood, ``messages`` all."""

    def __init__(self, connection: TranscriberConnection, dialect: Dialect, habits: Habits) -> None:
        self._connection = connection
        self._dialect = dialect
        self.habits = habits
        self.malformed_messages = 0
        self.messages = 0

    @property
    def provider(self) -> str:
        return self._connection.provider

    @property
    def signs_of_life(self) -> int:
        return self.messages + self._connection.pongs

    def events(self) -> Iterator[TranscriptEvent]:
        with closing(self._connection.messages()) as messages:
            for message in messages:
                for event in self._receive(message):
                    if isinstance(event, Complaint):
                        self._hear_out(event)
                    elif isinstance(event, VoiceAnnounced):
                        self.habits.announces_voices = True
                    elif not isinstance(event, Opened):
                        self._learn(event)
                        yield event

    def probe(self) -> None:
        self._connection.ping()

    def close(self) -> None:
        self._connection.shut()

    def _receive(self, message: bytes) -> tuple[TranscriberMessage, ...]:
        self.messages += 1
        if self._connection.pongs:
            self.habits.answers_probes = True
        try:
            return self._dialect.receive(message)
        except WireError as error:
            self.malformed_messages += 1
            logger.debug("{} message dropped: {}", self.provider, error)
            return ()

    def _learn(self, event: TranscriptEvent) -> None:
        if isinstance(event, TranscriptInterim):
            self.habits.tells_interims = True
        elif isinstance(event, TranscriptFinal) and event.flushed:
            self.habits.answers_requests = True

    def _hear_out(self, complaint: Complaint) -> None:
        reason = reason_of(f"{complaint.code}: {complaint.description}")
        if complaint.is_fatal:
            raise ProviderError(self.provider, Failure.UNAVAILABLE, reason, code=complaint.code)
        logger.debug("{} complains: {}", self.provider, reason)

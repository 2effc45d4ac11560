"""What the human understood of the agent: the words in what was really played, by their sound."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from telnyx_actors.standins import voices
from telnyx_actors.standins.carrier_call import CarrierCall
from telnyx_actors.standins.phrasebook import HeardWord, Listener, Phrasebook
from telnyx_actors.standins.telnyx_commands import CARRIER_VOICE
from telnyx_actors.standins.voices import Speech


class AgentWords:
    """Every call's. Any thread. A call is read on from where it was read before, so asking often costs little."""

    def __init__(self) -> None:
        self._phrasebook = Phrasebook()
        self._read: dict[str, tuple[Listener, int]] = {}
        self._lock = threading.Lock()

    def of(self, record: CarrierCall, spoken: Iterable[tuple[str, Speech]]) -> list[HeardWord]:
        """The words heard until now, in order; times are of the call. ``spoken``: all that may be among them.

        A word counts when at least half of it was heard (``share``); one that was played twice is there twice.
        """
        with self._lock:
            for text, speech in spoken:
                self._phrasebook.add(text, speech)
            for event in record.events_of("speak"):
                text = str(event.data["text"])
                self._phrasebook.add(text, voices.speak(text, voice=CARRIER_VOICE))
            listener, read_bytes = self._read.get(record.call_control_id) or (Listener(self._phrasebook), 0)
            heard = record.heard
            for _ in listener.feed(heard[read_bytes:]):
                pass  # each frame tells what is known by then; here only the end counts
            self._read[record.call_control_id] = (listener, len(heard))
            return listener.words()

    def forget(self) -> None:
        """Drop what was read of any call."""
        with self._lock:
            self._read.clear()

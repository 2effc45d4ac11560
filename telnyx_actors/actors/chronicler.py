"""Has a conversation decide, and writes its chronicle: what it took in and what it decided, page by page.

A page costs the call's thread one tuple a step; the journal's thread puts it into bytes.
"""

from __future__ import annotations

from typing import Final

from telnyx_actors.actors.address import Address
from telnyx_actors.actors.messages import Chronicled
from telnyx_actors.core.chronicle import Beginning, End, Page, Step, Steps
from telnyx_actors.core.conversation import Conversation
from telnyx_actors.core.events import CallEvent

PAGE_S: Final = 2.0
"""How long a step waits for others to share its page."""

PAGE_STEPS: Final = 256

QUIET_S: Final = 5.0
"""With no other in sight for so long, it does not wait: a killed process has forgotten no more than this."""

STEPS_MAX: Final = 100_000
"""More than the longest call takes. What comes after them is not kept."""

ERROR_MAX_CHARS: Final = 500


class Chronicler:
    """One call's, in this process. For the thread of the call's actor, which it outlives."""

    def __init__(self, conversation: Conversation, beginning: Beginning, ref: str, journal: Address) -> None:
        self._conversation = conversation
        self._ref = ref
        self._journal = journal
        self._page: list[Step] = []
        self._first = 0  # the number of the page's first step
        self._beginning: Beginning | None = beginning  # until it is written
        self._is_closed = False

    def decide(self, event: CallEvent, now: float) -> Step:
        """Let the conversation take an event in. Raises what it raises."""
        try:
            actions = self._conversation.handle(event, now)
            step = Step(now, event, actions, self._conversation.next_deadline())
        except Exception as error:
            self._add(Step(now, event, (), None, repr(error)[:ERROR_MAX_CHARS]))
            raise
        self._add(step)
        return step

    def flush(self) -> None:
        """Hand over what there is: nobody may come back to do it."""
        if self._page:
            self._write()

    def close(self, end: End) -> None:
        """Nothing more will be kept."""
        if not self._is_closed:
            self._is_closed = True
            self._write(end)

    def _add(self, step: Step) -> None:
        if self._is_closed:
            return
        page = self._page
        page.append(step)
        is_quiet = step.deadline is not None and step.deadline >= step.at + QUIET_S
        if is_quiet or len(page) >= PAGE_STEPS or step.at >= page[0].at + PAGE_S:
            self._write()
            if self._first >= STEPS_MAX:
                self.close(End.FULL)

    def _write(self, end: End | None = None) -> None:
        if self._beginning is not None:
            self._tell(self._beginning)
            self._beginning = None
        self._tell(Steps(self._first, tuple(self._page), end))
        self._first += len(self._page)
        self._page.clear()

    def _tell(self, page: Page) -> None:
        self._journal.tell(Chronicled(self._ref, page))

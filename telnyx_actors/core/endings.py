"""Why calls end, and whose doing it was: what the success of the service is counted by."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Fault(StrEnum):
    """Who kept the call from being held to its end."""

    NONE = "none"  # it was held to its end, or nobody wanted it
    CALLER = "caller"  # they did not pick up, or went away
    CARRIER = "carrier"
    PROVIDER = "provider"  # hearing, thinking or speaking failed for good
    OURS = "ours"


CRASHED: Final = "crashed"
"""The reason of a call whose actor failed again and again."""
DIAL_FAILED: Final = "dial_failed"
"""The reason of a call that the carrier would not dial, or did without our hearing of it."""
ENDED_MEANWHILE: Final = "ended_meanwhile"
"""The reason of a call that was found to be over, by whoever was to go on with it."""
DROPPED: Final = "dropped"
"""The same, where somebody was talking to a process that died."""

_FAULTS: Final = {
    "failure": Fault.PROVIDER,
    "transferred": Fault.PROVIDER,
    CRASHED: Fault.OURS,
    DROPPED: Fault.OURS,
    "shutdown": Fault.OURS,
    DIAL_FAILED: Fault.CARRIER,
    "answer_failed": Fault.CARRIER,
    "not_found": Fault.CARRIER,
    "unspecified": Fault.CARRIER,
    "no_answer": Fault.CALLER,
    "timeout": Fault.CALLER,
    "user_busy": Fault.CALLER,
    "call_rejected": Fault.CALLER,
    "originator_cancel": Fault.CALLER,
    "silence": Fault.CALLER,
}


OTHER: Final = "other"

REASONS: Final = frozenset(
    {*_FAULTS, "normal_clearing", "time_limit", "operator", "gone", ENDED_MEANWHILE, "never_placed", OTHER}
)
"""The closing reasons there are. What else a carrier may think of counts as ``OTHER``."""


def found_over(*, is_answered: bool, is_orphan: bool) -> str:
    """The reason of a call that has ended while nobody was told. ``is_orphan``: the process that held it has died."""
    return DROPPED if is_answered and is_orphan else ENDED_MEANWHILE


def fault_of(reason: str) -> Fault:
    """By a call's closing reason: one of our words, or the carrier's ``hangup_cause``."""
    return _FAULTS.get(reason, Fault.NONE)

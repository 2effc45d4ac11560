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

_FAULTS: Final = {
    "failure": Fault.PROVIDER,
    "transferred": Fault.PROVIDER,
    CRASHED: Fault.OURS,
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
    {*_FAULTS, "normal_clearing", "time_limit", "operator", "gone", "ended_meanwhile", "never_placed", OTHER}
)
"""The closing reasons there are. What else a carrier may think of counts as ``OTHER``."""


def fault_of(reason: str) -> Fault:
    """By a call's closing reason: one of our words, or the carrier's ``hangup_cause``."""
    return _FAULTS.get(reason, Fault.NONE)

"""The errors of this package.

    EngineError
    ├── ConfigError           the environment is wrong; says every problem at once
    ├── CallRefused           there is no room for another call
    ├── WireError             a peer sent something that does not follow its protocol (their mistake)
    └── ProviderError         a vendor did not do what was asked; ``kind`` says how it failed

A ``WireError`` never crosses a shell: the message that caused it is counted and dropped.
A ``ProviderError`` carries what an operator needs to act, and never a secret.
"""

from __future__ import annotations

from enum import StrEnum


class EngineError(Exception):
    """Base of every error this package raises on purpose."""


class ConfigError(EngineError):
    """The settings cannot be used. ``problems`` has one line per variable, ready to print."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class CallRefused(EngineError):
    """There is no room for another call; the text says why, for whoever asked."""

    def __init__(self, reason: str, retry_after_s: int) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class WireError(EngineError):
    """Bytes from a peer that do not follow the protocol it speaks."""


class Failure(StrEnum):
    """How a vendor failed: what the ladder of degradation is chosen by."""

    AUTH = "auth"  # 401/403: the key is wrong; asking again cannot help
    PAYMENT = "payment"  # 402: no credit left
    REFUSED = "refused"  # other 4xx: the request itself is wrong
    RATE_LIMIT = "rate_limit"  # 429: too many in too short a time
    CAPACITY = "capacity"  # the account allows no more at once: something has to end first
    UNAVAILABLE = "unavailable"  # 5xx, refused connection, reset
    TIMEOUT = "timeout"  # nothing came in time
    PROTOCOL = "protocol"  # the answer could not be understood, or ended too early
    GONE = "gone"  # the thing addressed has ended (a call that was hung up)


class ProviderError(EngineError):
    """A vendor failed.

    ``message`` is the vendor's own reason where it gave one. ``retry_after_s`` is what
    the vendor asked for, if it did.
    """

    def __init__(
        self,
        provider: str,
        kind: Failure,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        where = f" ({status})" if status is not None else ""
        super().__init__(f"{provider}: {kind}{where}: {message}")
        self.provider = provider
        self.kind = kind
        self.message = message
        self.status = status
        self.code = code
        self.retry_after_s = retry_after_s

    @property
    def is_temporary(self) -> bool:
        """Whether the same request may succeed a little later."""
        return self.kind in (
            Failure.RATE_LIMIT,
            Failure.CAPACITY,
            Failure.UNAVAILABLE,
            Failure.TIMEOUT,
            Failure.PROTOCOL,
        )

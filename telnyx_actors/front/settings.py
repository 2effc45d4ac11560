"""What the front is told before it starts: where it listens, whom it trusts, and its limits."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FrontLimits:
    """A limit on everything that comes from outside. The defaults suit one machine and 100 calls."""

    connections_max: int = 1024
    connections_per_peer_max: int = 64
    """Of one address, loopback excepted: behind a proxy everybody comes from there."""
    pending_streams_max: int = 256
    """Media sockets that no call waits for, and that have not yet been closed for it."""

    target_bytes_max: int = 2048
    header_bytes_max: int = 16 * 1024
    body_bytes_max: int = 256 * 1024
    frame_bytes_max: int = 1024 * 1024
    batch_calls_max: int = 100
    garbage_frames_max: int = 50
    """In a row, on one media socket, before it is closed."""
    early_frames_max: int = 8
    """Before `start`. Telnyx says `connected`, and nothing else."""
    control_frames_max: int = 100
    """Pings, pongs and the like of one socket within `ping_interval_s`. A peer that asks every second sends twenty."""
    fragments_max: int = 64
    """Of one message, beside its size."""
    webhook_ids_max: int = 10_000
    """How many event ids are remembered, to ignore what is delivered twice."""

    request_read_s: float = 10.0
    keep_alive_s: float = 75.0
    reply_s: float = 30.0
    batch_reply_s: float = 120.0
    linger_s: float = 1.0
    """How long the end of a refused connection is read, so that the peer sees the refusal
    instead of a TCP reset."""

    stream_start_s: float = 5.0
    """Before a stranger's media socket is closed."""
    stream_ring_s: float = 630.0
    """The same for a socket that a call waits for: Telnyx opens it when it dials and sends
    `start` when the phone is answered; it lets a phone ring for 600 s at most."""

    stream_mute_s: float = 1.5
    """Without a frame, once there was one, before a media socket is cut: fifty come a second, also of silence.
    Less than the lead of our audio, so that what is counted as heard meanwhile had been sent before."""

    send_buffer_bytes_max: int = 1024 * 1024
    """Not yet taken by the peer, per socket: about 95 s of audio."""
    send_stall_s: float = 5.0
    """Without a byte taken, before the peer counts as gone."""
    ping_interval_s: float = 20.0
    """Of silence before a ping, and again before the silent peer counts as gone."""


@dataclass(frozen=True, slots=True)
class FrontSettings:
    """``port`` 0 lets the system choose. ``telnyx_public_key`` is base64, as the portal shows it."""

    host: str = "0.0.0.0"
    port: int = 3000
    api_token: str | None = field(default=None, repr=False)
    telnyx_public_key: str | None = None
    version: str = "0.1.0"
    use_uvloop: bool = True
    limits: FrontLimits = field(default_factory=FrontLimits)

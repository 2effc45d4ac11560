"""What can be set on the Telnyx stand-in. Defaults are what was measured or documented of the real one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from telnyx_actors.standins.audibility import Law


@dataclass(frozen=True, slots=True)
class LineSettings:
    """The caller's side of the media socket: codec, counters and how bad the network is.

    Rates are shares of frames (0..1), drawn from a generator seeded with ``seed`` and the called number: the same call meets the same luck.
    """

    law: Law = "PCMU"
    timestamp_unit: Literal["ms", "ticks"] = "ms"
    first_chunk: int = 2
    first_timestamp: int = 5
    sequence_gap: int = 2  # numbers missing between `start` and the first media
    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0  # swapped with the next frame
    jitter: float = 0.0  # held back, with all that follow, for 1..max_held frames, then sent at once
    max_held: int = 5
    comfort_noise: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True)
class MediaSettings:
    """The media socket itself."""

    connect_timeout_s: float = 5.0
    start_wait_s: float = 1.0  # how long an answered call waits for its socket before its media clock begins
    min_message_ms: int = 20
    max_message_ms: int = 30_000
    max_queued_ms: int = 600_000
    max_backlog_bytes: int = 32_768  # frames are dropped, as RTP is, while the app lets more than this wait
    reconnect_after_s: float | None = None  # after the app or the network broke the socket
    max_reconnects: int = 3
    read_pause_s: float = 0.0  # a slow reader: pause after every message
    closed_event: Literal["streaming.stopped", "streaming.failed"] = "streaming.stopped"
    drops_audio_on_loss: bool = True  # "no audio", Telnyx says of a call whose socket is gone; of what it has, nothing


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    delay_ms: int = 30
    timeout_s: float = 2.0
    retry_delays_s: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    failover_url: str = ""
    api_version: Literal["1", "2"] = "2"


@dataclass(frozen=True, slots=True)
class WebhookChaos:
    """How deliveries go wrong, for event types that contain ``match``. Everything combines."""

    match: str = ""
    duplicates: int = 0  # extra deliveries of the same event
    shuffle_ms: int = 0  # random extra delay, so that events overtake each other
    delay_ms: int = 0
    missing: float = 0.0  # share never delivered
    stale_s: int = 0  # age of the timestamp that is signed
    bad_signature: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True)
class TelnyxSettings:
    api_key: str = "KEY0123456789ABCDEF_standin"
    connection_id: str = "1494404757140276705"
    phone_number: str = "+576015550100"
    webhook_url: str = ""  # of the Call Control App: for calls without their own
    initiated_to_app: bool = False  # outbound `call.initiated` goes to the app's URL, as seen once
    reply_delay_ms: int = 15
    command_window_s: float = 60.0
    keep_ended_s: float = 600.0
    max_dials_per_5_s: int = 150
    max_calls: int = 1000  # outbound, at once
    ring_limit_s: float = 30.0  # where a dial does not say `timeout_secs`
    time_limit_s: float = 14_400.0  # nor `time_limit_secs`
    inbound_patience_s: float = 30.0
    transcription_final_ms: int = 800  # after the end of the sentence
    transcription_interim_ms: int = 1000
    speak_delay_ms: int = 150
    playback_delay_ms: int = 100
    detection_s: float = 1.5  # of answering machines; their greeting lasts as long again
    call_cost: bool = False
    media: MediaSettings = MediaSettings()
    line: LineSettings = LineSettings()
    webhooks: WebhookSettings = WebhookSettings()

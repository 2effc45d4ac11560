"""What Deepgram checks before it upgrades: the query of ``/v1/listen`` and ``/v2/listen``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from multidict import MultiMapping

from telnyx_actors.standins import sound

V1_MODELS: Final = ("nova-3", "nova-2", "nova", "enhanced", "base", "phonecall", "custom")
V2_MODELS: Final = ("flux-general-en", "flux-general-multi")
V2_PARAMETERS: Final = frozenset(
    {"model", "encoding", "sample_rate", "eot_threshold", "eager_eot_threshold", "eot_timeout_ms", "keyterm"}
    | {"language_hint", "profanity_filter", "numerals", "redact", "mip_opt_out", "tag"}
)
V2_SAMPLE_RATES: Final = (8000, 16000, 24000, 44100, 48000)
KEYTERM_TOKENS_MAX: Final = 500
TAG_CHARACTERS_MAX: Final = 128


Query = MultiMapping[str]


class Refused(Exception):
    """The handshake fails with this status, ``err_code`` and ``err_msg``."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True, slots=True)
class Audio:
    """The declared encoding of what will come in binary frames."""

    encoding: str
    rate_hz: int

    @property
    def bytes_per_ms(self) -> float:
        return self.rate_hz * (2 if self.encoding == "linear16" else 1) / 1000

    def to_ulaw(self, received: bytes) -> bytes:
        """As mu-law at 8 kHz, in which sound is recognized."""
        if self.encoding == "mulaw":
            return received
        if self.encoding == "alaw":
            return sound.alaw_to_ulaw(received)
        whole = received[: len(received) // 2 * 2]
        return sound.linear_to_ulaw(sound.resample(whole, self.rate_hz, sound.TELEPHONE_RATE_HZ))


@dataclass(frozen=True, slots=True)
class V1Options:
    """``/v1/listen`` as asked for; ``endpointing_ms`` None is ``endpointing=false``."""

    model: str
    audio: Audio
    interim_results: bool
    endpointing_ms: int | None
    utterance_end_ms: int | None
    vad_events: bool
    formatted: bool


@dataclass(frozen=True, slots=True)
class V2Options:
    """``/v2/listen`` as asked for; ``eager_eot_threshold`` None: no eager events."""

    model: str
    audio: Audio
    eot_threshold: float = 0.7
    eager_eot_threshold: float | None = None
    eot_timeout_ms: int = 5000
    language_hints: tuple[str, ...] = ()
    keyterms: tuple[str, ...] = ()


def parse_v1(query: Query) -> V1Options:
    """Read a query of ``/v1/listen``, or raise ``Refused`` as Deepgram would."""
    model = query.get("model", "base")
    if model.startswith("flux"):
        raise _bad(f"Model '{model}' is only available on /v2/listen.")
    if not any(model == known or model.startswith(known + "-") for known in V1_MODELS):
        raise _bad("No such model/language/tier combination found.")
    if not re.fullmatch(r"multi|[a-z]{2}(-[A-Za-z0-9]{2,4})?", query.get("language", "en")):
        raise _bad("No such model/language/tier combination found.")
    if "keyterm" in query and not model.startswith("nova-3"):
        raise _bad("Keyterm prompting is only supported with Nova-3.")
    _check_keyterms(query.getall("keyterm", []))
    _check_tag(query)
    interim_results = _boolean(query, "interim_results")
    utterance_end_ms = _integer(query, "utterance_end_ms", 0) if "utterance_end_ms" in query else None
    if utterance_end_ms is not None and (utterance_end_ms < 1000 or not interim_results):
        raise _invalid(query, "utterance_end_ms")
    if _integer(query, "channels", 1) != 1 or _boolean(query, "multichannel"):
        raise _bad("This stand-in hears one channel.")
    return V1Options(
        model=model,
        audio=_audio(query, ("mulaw", "alaw", "linear16")),
        interim_results=interim_results,
        endpointing_ms=_endpointing(query),
        utterance_end_ms=utterance_end_ms,
        vad_events=_boolean(query, "vad_events"),
        formatted=_boolean(query, "punctuate") or _boolean(query, "smart_format"),
    )


def parse_v2(query: Query) -> V2Options:
    """Read a query of ``/v2/listen``, or raise ``Refused``: Flux knows its parameters and refuses any other."""
    for name in sorted(set(query) - V2_PARAMETERS):
        raise _bad(f"Unsupported query parameter '{name}' for /v2/listen.")
    model = query.get("model", "")
    if model not in V2_MODELS:
        raise _bad(f"Invalid 'model' value of '{model}'.")
    hints = tuple(query.getall("language_hint", []))
    if hints and (model != "flux-general-multi" or not all(hints)):
        raise _invalid(query, "language_hint")
    keyterms = query.getall("keyterm", [])
    _check_keyterms(keyterms)
    _check_tag(query)
    audio = _audio(query, ("mulaw", "alaw", "linear16"))
    if audio.rate_hz not in V2_SAMPLE_RATES:
        raise _invalid(query, "sample_rate")
    return checked_v2(
        V2Options(
            model=model,
            audio=audio,
            eot_threshold=_number(query, "eot_threshold", 0.7),
            eager_eot_threshold=_number(query, "eager_eot_threshold", 0.0) if "eager_eot_threshold" in query else None,
            eot_timeout_ms=_integer(query, "eot_timeout_ms", 5000),
            language_hints=hints,
            keyterms=tuple(keyterms),
        )
    )


def checked_v2(options: V2Options) -> V2Options:
    """The options themselves if their thresholds are allowed, else ``Refused``. Also for ``Configure``."""
    eager = options.eager_eot_threshold
    if not 0.5 <= options.eot_threshold <= 1.0:
        raise _bad(f"Invalid 'eot_threshold' value of '{options.eot_threshold}'.")
    if eager is not None and not (0.3 <= eager <= 0.9 and eager <= options.eot_threshold):
        raise _bad(f"Invalid 'eager_eot_threshold' value of '{eager}'.")
    if not 500 <= options.eot_timeout_ms <= 60_000:
        raise _bad(f"Invalid 'eot_timeout_ms' value of '{options.eot_timeout_ms}'.")
    return options


def _bad(message: str) -> Refused:
    return Refused(400, "INVALID_QUERY_PARAMETER", message)


def _invalid(query: Query, name: str) -> Refused:
    return _bad(f"Invalid '{name}' value of '{query.get(name, '')}'.")


def _audio(query: Query, supported: tuple[str, ...]) -> Audio:
    encoding = query.get("encoding", "")
    if encoding not in supported:
        raise _bad(f"Invalid 'encoding' value of '{encoding}'. This stand-in decodes {', '.join(supported)}.")
    if "sample_rate" not in query:
        raise _bad("The 'sample_rate' parameter is required with raw audio.")
    rate_hz = _integer(query, "sample_rate", 0)
    if not 8000 <= rate_hz <= 48_000 or (encoding != "linear16" and rate_hz != sound.TELEPHONE_RATE_HZ):
        raise _invalid(query, "sample_rate")
    return Audio(encoding, rate_hz)


def _endpointing(query: Query) -> int | None:
    value = query.get("endpointing", "10")
    if value == "false":
        return None
    return 10 if value == "true" else _integer(query, "endpointing", 10)


def _boolean(query: Query, name: str) -> bool:
    value = query.get(name, "false").lower()
    if value not in ("true", "false"):
        raise _invalid(query, name)
    return value == "true"


def _integer(query: Query, name: str, default: int) -> int:
    return int(_parsed(query, name, str(default), int))


def _number(query: Query, name: str, default: float) -> float:
    return _parsed(query, name, str(default), float)


def _parsed(query: Query, name: str, default: str, parse: Callable[[str], float]) -> float:
    try:
        value = parse(query.get(name, default))
    except ValueError:
        raise _invalid(query, name) from None
    if not 0 <= value < 1e9:  # also refuses what is not a number
        raise _invalid(query, name)
    return value


def _check_keyterms(keyterms: list[str]) -> None:
    if sum(len(term.split()) for term in keyterms) > KEYTERM_TOKENS_MAX:
        raise _bad(f"Keyterm limit of {KEYTERM_TOKENS_MAX} tokens exceeded.")


def _check_tag(query: Query) -> None:
    if any(len(tag) > TAG_CHARACTERS_MAX for tag in query.getall("tag", [])):
        raise _bad(f"Tags are limited to {TAG_CHARACTERS_MAX} characters.")

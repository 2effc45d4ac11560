"""Pages of a chronicle to bytes and back: MessagePack, compressed.

Times must come back as they were to the last bit, which JSON does not promise for all
floats. Events and actions carry the names of their classes, fields those of theirs, so that a
later version reads what it still knows, and says what it does not.
"""

from __future__ import annotations

import zlib
from typing import Any, Final, get_args

import msgspec

from telnyx_actors.core.actions import Action
from telnyx_actors.core.chronicle import Beginning, End, Page, Step, Steps
from telnyx_actors.core.events import CallEvent

PAGE_MAX_BYTES: Final = 16 * 1024 * 1024
"""Of a page unpacked: a damaged one could claim to be any size."""

LEVEL: Final = 3


class Unreadable(ValueError):
    """What was written is damaged, or was written by a version that knew something else."""


class Unwritable(ValueError):
    """Something in the page has no bytes: half a surrogate, a number beyond 64 bits."""


class _Leaf(msgspec.Struct, array_like=True, tag="steps"):
    first: int
    rows: list[tuple[float, str, msgspec.Raw, list[tuple[str, msgspec.Raw]], float | None, str]]
    end: End | None


class _Cover(msgspec.Struct, array_like=True, tag="beginning"):
    beginning: Beginning


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(_Leaf | _Cover)
_events: Final = {each.__name__: msgspec.msgpack.Decoder(each) for each in get_args(CallEvent)}
_actions: Final = {each.__name__: msgspec.msgpack.Decoder(each) for each in get_args(Action)}


def encode_page(page: Page) -> bytes:
    """Raises ``Unwritable``."""
    try:
        return zlib.compress(_encoder.encode(_shaped(page)), LEVEL)
    except (msgspec.EncodeError, TypeError, ValueError, OverflowError) as error:
        raise Unwritable(str(error)) from error


def decode_page(data: bytes) -> Page:
    """Raises ``Unreadable``."""
    try:
        unpacker = zlib.decompressobj()
        page = _decoder.decode(unpacker.decompress(data, PAGE_MAX_BYTES))
        if not unpacker.eof:
            raise Unreadable("it is cut off, or larger than a page can be")
        if isinstance(page, _Cover):
            return page.beginning
        return Steps(page.first, [_step(row) for row in page.rows], page.end)
    except (zlib.error, msgspec.DecodeError) as error:
        raise Unreadable(str(error)) from error


def _shaped(page: Page) -> tuple[Any, ...]:
    """As ``_Leaf`` and ``_Cover`` will find it."""
    if isinstance(page, Beginning):
        return "beginning", page
    rows = [
        (
            step.at,
            type(step.event).__name__,
            step.event,
            [(type(action).__name__, action) for action in step.actions],
            step.deadline,
            step.error,
        )
        for step in page.steps
    ]
    return "steps", page.first, rows, page.end


def _step(row: tuple[float, str, msgspec.Raw, list[tuple[str, msgspec.Raw]], float | None, str]) -> Step:
    at, name, event, actions, deadline, error = row
    decoded = tuple(_named(_actions, each, data) for each, data in actions)
    return Step(at, _named(_events, name, event), decoded, deadline, error)


def _named(decoders: dict[str, msgspec.msgpack.Decoder[Any]], name: str, data: msgspec.Raw) -> Any:
    decoder = decoders.get(name)
    if decoder is None:
        raise Unreadable(f"«{name}» is not known here")
    return decoder.decode(data)

"""``client_state``: the text that Telnyx carries along a call for us, as base64."""

from __future__ import annotations

import binascii


def encode_client_state(text: str) -> str:
    """What to send as ``client_state``."""
    return binascii.b2a_base64(text.encode(), newline=False).decode("ascii")


def decode_client_state(value: str | None) -> str | None:
    """The text in a ``client_state``; None when there is none that is ours to read.

    Any application on the same account may have set it, so bytes that are not base64 of
    UTF-8 are somebody else's state and not an error.
    """
    if not value:
        return None
    try:
        return binascii.a2b_base64(value, strict_mode=True).decode()
    except ValueError:
        return None

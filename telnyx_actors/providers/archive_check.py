"""Whether an archive keeps what it is given, by giving it something."""

from __future__ import annotations

import secrets
import ssl
from typing import Final

from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.providers.http import failure_of, reason_of
from telnyx_actors.providers.ports import Archive
from telnyx_actors.providers.reach import fetch

PROVIDER: Final = "archive"
NAME: Final = "comprobacion.txt"
"""Always the same: a check leaves one small file behind, however often it is run."""

_FETCH_WITHIN_S: Final = 60


def check_archive(archive: Archive, folder: str, tls: ssl.SSLContext) -> str:
    """Write, read, ask for what is not there and, where it has web addresses, fetch as the carrier would. Returns where the file is.

    Raises ``ProviderError``.
    """
    key, content = f"{folder}/{NAME}", secrets.token_hex(8).encode()
    place = archive.put(key, content, "text/plain")
    if archive.get(key) != content:
        raise ProviderError(PROVIDER, Failure.PROTOCOL, "what was written could not be read again")
    if archive.size_bytes(f"{folder}/{secrets.token_hex(8)}") is not None:
        raise ProviderError(PROVIDER, Failure.PROTOCOL, "it has what nobody has written")
    url = archive.url(key, _FETCH_WITHIN_S)
    if url.startswith("http"):
        page = fetch(url, tls)
        if page.status != 200:
            reason = reason_of(page.body) or "no reason given"
            raise ProviderError(PROVIDER, failure_of(page.status), f"signed address: {reason}", status=page.status)
    return place

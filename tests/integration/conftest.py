"""What the clients of all vendors are given."""

from __future__ import annotations

import ssl

import pytest

from telnyx_actors.providers.http import tls_context


@pytest.fixture(scope="session")
def tls() -> ssl.SSLContext:
    return tls_context()

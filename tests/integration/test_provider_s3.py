from __future__ import annotations

import logging
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from moto.server import ThreadedMotoServer

from support.console import ENV
from support.raw_server import Peer, RawServer
from telnyx_actors.config import load_settings
from telnyx_actors.core.audio import Encoding
from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.providers.ports import CallCommand
from telnyx_actors.providers.s3 import S3Archive, S3Options
from telnyx_actors.vendors import open_vendors
from telnyx_actors.wire.telnyx_rest import playback_fields

KEY = "audios/2026/11/22/v3-abc/llamada.wav"


def options(endpoint_url: str | None, **more: Any) -> S3Options:
    return S3Options("bucket", "us-east-1", "AKIA", "secret-key", endpoint_url=endpoint_url, **more)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    client = boto3.client(
        "s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    client.create_bucket(Bucket="bucket")
    client.close()
    yield url
    server.stop()


@pytest.fixture(scope="module")
def archive(endpoint: str) -> Iterator[S3Archive]:
    archive = S3Archive(options(endpoint))
    yield archive
    archive.close()


def test_what_is_put_can_be_got_and_fetched_by_the_carrier(archive: S3Archive) -> None:
    assert archive.put(KEY, b"RIFF", "audio/wav") == f"s3://bucket/{KEY}"

    assert archive.get(KEY) == b"RIFF"
    with urllib.request.urlopen(archive.url(KEY, 60)) as response:
        assert response.read() == b"RIFF"
        assert response.headers["Content-Type"] == "audio/wav"


def test_a_file_is_uploaded(archive: S3Archive, tmp_path: Path) -> None:
    source = tmp_path / "call.wav"
    source.write_bytes(bytes(100_000))

    archive.put("file.wav", source, "audio/wav")

    assert archive.get("file.wav") == bytes(100_000)


def test_a_key_that_was_never_put_has_nothing(archive: S3Archive) -> None:
    assert archive.get("never/put") is None


def test_a_part_is_read_and_not_the_whole(archive: S3Archive) -> None:
    archive.put("file.wav", b"RIFF....", "audio/wav")

    assert archive.size_bytes("file.wav") == 8
    assert archive.read("file.wav", 2, 5) == b"FF.."
    assert archive.read("file.wav", 7, 7) == b"."


def test_a_key_that_was_never_put_has_no_size_and_no_parts(archive: S3Archive) -> None:
    assert archive.size_bytes("never/put") is None
    assert archive.read("never/put", 0, 1) is None


def test_one_that_gives_the_whole_for_a_part_is_not_listened_to() -> None:
    def script(peer: Peer) -> None:
        while peer.read_request():
            peer.respond(200, "RIFF" * 100, content_type="audio/wav")

    with RawServer(script) as server:
        archive = S3Archive(options(server.url, tries_max=1))
        with pytest.raises(ProviderError) as caught:
            archive.read(KEY, 2, 5)
        archive.close()
    assert caught.value.kind is Failure.PROTOCOL


def test_a_bucket_that_is_not_there_is_refused(endpoint: str) -> None:
    archive = S3Archive(S3Options("no-such-bucket", "us-east-1", "AKIA", "secret-key", endpoint_url=endpoint))
    with pytest.raises(ProviderError) as caught:
        archive.put(KEY, b"", "audio/wav")
    with pytest.raises(ProviderError):
        archive.get(KEY)
    archive.close()

    assert (caught.value.kind, caught.value.code) == (Failure.REFUSED, "NoSuchBucket")


def test_a_region_that_cannot_be_one_is_refused_like_anything_else_of_the_archive() -> None:
    with pytest.raises(ProviderError, match="us_east_1") as caught:
        S3Archive(S3Options("bucket", "us_east_1", "AKIA", "secret-key"))
    assert caught.value.kind is Failure.REFUSED


def test_a_file_that_is_not_there_is_refused(archive: S3Archive, tmp_path: Path) -> None:
    with pytest.raises(ProviderError):
        archive.put(KEY, tmp_path / "none.wav", "audio/wav")


def test_threads_share_the_client(archive: S3Archive) -> None:
    def round_trip(number: int) -> bool:
        archive.put(f"many/{number}", str(number).encode(), "text/plain")
        return archive.get(f"many/{number}") == str(number).encode()

    with ThreadPoolExecutor(8, thread_name_prefix="s3") as pool:
        assert all(pool.map(round_trip, range(24)))


def test_addresses_are_signed_the_new_way_for_the_regions_own_host() -> None:
    archive = S3Archive(S3Options("bucket", "sa-east-1", "AKIA", "secret-key"))
    address = urlsplit(archive.url(KEY, 60))
    archive.close()

    assert address.hostname == "bucket.s3.sa-east-1.amazonaws.com"
    query = parse_qs(address.query)
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["60"]
    assert "secret-key" not in address.geturl()


def test_addresses_live_for_a_week_at_most() -> None:
    archive = S3Archive(options(None))
    address = archive.url(KEY, 10**9)
    archive.close()

    assert parse_qs(urlsplit(address).query)["X-Amz-Expires"] == ["604800"]


def test_a_bucket_with_dots_is_a_path_and_not_a_host() -> None:
    archive = S3Archive(S3Options("a.b", "us-east-1", "AKIA", "secret-key"))
    address = urlsplit(archive.url(KEY, 60))
    archive.close()

    assert (address.hostname, address.path) == ("s3.us-east-1.amazonaws.com", f"/a.b/{KEY}")


def test_proxies_of_the_environment_are_not_used(archive: S3Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    archive.put(KEY, b"RIFF", "audio/wav")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert archive.get(KEY) == b"RIFF"


ERROR = "<Error><Code>{}</Code><Message>the vendor's reason</Message></Error>"


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "SignatureDoesNotMatch", Failure.AUTH),
        (400, "InvalidArgument", Failure.REFUSED),
        (503, "SlowDown", Failure.UNAVAILABLE),
    ],
)
def test_a_refusal_says_why(status: int, code: str, kind: Failure) -> None:
    def script(peer: Peer) -> None:
        while peer.read_request():
            peer.respond(status, ERROR.format(code), content_type="application/xml")

    with RawServer(script) as server:
        archive = S3Archive(options(server.url, tries_max=1))
        with pytest.raises(ProviderError) as caught:
            archive.put(KEY, b"", "audio/wav")
        archive.close()

    error = caught.value
    assert (error.kind, error.status, error.code, error.message) == (kind, status, code, "the vendor's reason")


@pytest.mark.parametrize(("code", "is_absent"), [("AccessDenied", True), ("InvalidAccessKeyId", False)])
def test_a_forbidden_read_may_be_a_missing_key_but_a_wrong_key_is_wrong(code: str, is_absent: bool) -> None:
    def script(peer: Peer) -> None:
        while peer.read_request():
            peer.respond(403, ERROR.format(code), content_type="application/xml")

    with RawServer(script) as server:
        archive = S3Archive(options(server.url, tries_max=1))
        if is_absent:
            assert archive.get(KEY) is None
        else:
            with pytest.raises(ProviderError) as caught:
                archive.get(KEY)
            assert caught.value.kind is Failure.AUTH
        archive.close()


def test_a_missing_key_has_no_size_for_those_who_may_not_list_the_bucket() -> None:
    def script(peer: Peer) -> None:
        while peer.read_request():
            peer.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    with RawServer(script) as server:
        archive = S3Archive(options(server.url, tries_max=1))
        assert archive.size_bytes(KEY) is None
        archive.close()


def test_a_calls_order_waits_for_a_silent_archive_no_longer_than_a_moment(tmp_path: Path) -> None:
    tries: list[str] = []
    orders: list[dict[str, object]] = []

    def silence(peer: Peer) -> None:
        if request := peer.read_request():
            tries.append(request.method)
        peer.wait_for_end()

    def telnyx(peer: Peer) -> None:
        while request := peer.read_request():
            orders.append(request.json)
            peer.respond(200, '{"data": {"result": "ok"}}', content_type="application/json")

    with RawServer(silence) as s3, RawServer(telnyx) as carrier, ExitStack() as on_close:
        urls = {"AWS_ENDPOINT_URL_S3": s3.url, "TELNYX_API_URL": f"{carrier.url}/v2", "DATA_DIR": str(tmp_path)}
        vendors = open_vendors(load_settings({**ENV, **urls}), date(2026, 11, 22), on_close)
        began = time.monotonic()
        vendors.carrier.command(
            "v3:x", CallCommand("playback_start", "1", playback_fields(Encoding.PCMU, bytes(15 * 8000)))
        )
        took_s = time.monotonic() - began

    assert tries == ["HEAD"]
    assert "playback_content" in orders[0]
    assert took_s < 5.0


def test_a_silent_endpoint_is_given_up_in_time() -> None:
    asked = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        asked.set()
        peer.wait_for_end()

    with RawServer(script) as server:
        archive = S3Archive(options(server.url, tries_max=1, read_timeout_s=0.3))
        with pytest.raises(ProviderError) as caught:
            archive.get(KEY)
        archive.close()

    assert asked.is_set()
    assert caught.value.kind is Failure.TIMEOUT


def test_an_endpoint_that_cannot_be_reached_is_unavailable() -> None:
    with RawServer(lambda peer: None) as server:
        archive = S3Archive(options(server.url, tries_max=1))
    with pytest.raises(ProviderError) as caught:
        archive.put(KEY, b"", "audio/wav")
    archive.close()

    assert caught.value.kind is Failure.UNAVAILABLE

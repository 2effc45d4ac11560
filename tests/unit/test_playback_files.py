"""What is too long for a request is fetched by its address."""

from __future__ import annotations

import base64

import pytest

from support.fakes import FakeArchive, FakeCarrier, refused
from telnyx_actors.core.audio import Encoding
from telnyx_actors.providers.playback_files import EXPIRES_S, INLINE_MAX_CHARS, WithFiles
from telnyx_actors.providers.ports import CallCommand
from telnyx_actors.wire.telnyx_rest import playback_fields

LONG = playback_fields(Encoding.PCMU, bytes(15 * 8000))
SHORT = playback_fields(Encoding.PCMU, bytes(8 * 8000))


@pytest.fixture
def archive() -> FakeArchive:
    return FakeArchive()


@pytest.fixture
def network() -> FakeCarrier:
    return FakeCarrier()


@pytest.fixture
def carrier(network: FakeCarrier, archive: FakeArchive) -> WithFiles:
    return WithFiles(network, archive, "audios")


def sent(carrier: WithFiles, network: FakeCarrier, command: CallCommand) -> CallCommand:
    carrier.command("v3:x", command)
    call_control_id, arrived = network.commands.take()
    assert (call_control_id, arrived.name, arrived.command_id) == ("v3:x", command.name, command.command_id)
    return arrived


def test_what_fits_is_sent_as_it_is(carrier: WithFiles, network: FakeCarrier, archive: FakeArchive) -> None:
    assert len(str(SHORT["playback_content"])) <= INLINE_MAX_CHARS
    for command in (CallCommand("playback_start", "1", SHORT), CallCommand("hangup", "2")):
        assert sent(carrier, network, command) is command
    assert archive.files == {}


def test_what_does_not_is_kept_once_and_sent_by_its_address(
    carrier: WithFiles, network: FakeCarrier, archive: FakeArchive
) -> None:
    bodies = [sent(carrier, network, CallCommand("playback_start", each, LONG)).body for each in "12"]
    (key,) = archive.files
    assert bodies == [{"audio_type": "wav", "audio_url": f"https://fake/{key}?expires={EXPIRES_S}"}] * 2
    assert archive.files[key] == base64.b64decode(str(LONG["playback_content"]))
    assert archive.puts.all == [key]
    assert key.startswith("audios/playback/")


def test_where_the_archive_is_away_all_of_it_is_sent(
    carrier: WithFiles, network: FakeCarrier, archive: FakeArchive
) -> None:
    archive.error = refused()
    command = CallCommand("playback_start", "1", LONG)
    assert sent(carrier, network, command) is command


def test_all_else_is_the_carriers(carrier: WithFiles, network: FakeCarrier) -> None:
    assert carrier.status("v3:x") == network.status("v3:x")

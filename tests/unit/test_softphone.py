"""A carrier whose telephones are browsers: what Telnyx would do and tell, without Telnyx."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from support.fakes import DIALLED, FakeCarrier
from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.providers.ports import CallCommand, DialRequest, StreamRequest
from telnyx_actors.providers.softphone import LINES_MAX, NUMBER, Softphone, WithSoftphone
from telnyx_actors.wire.telnyx_webhook import WebhookEvent

DIAL = DialRequest(NUMBER, "https://hook", '{"ref": "r1"}', "c1", StreamRequest("wss://x.test/stream/media?secret=a"))


class Line:
    """A softphone that was dialled, and what came of it."""

    def __init__(self) -> None:
        self.events: list[WebhookEvent] = []
        self.phone = Softphone(self.events.append)
        self.id = self.phone.dial(DIAL).call_control_id
        self.commands: list[Mapping[str, object]] = []
        self.is_there = True
        assert self.phone.attach(self.id, self.tell)

    def tell(self, command: Mapping[str, object]) -> bool:
        self.commands.append(command)
        return self.is_there

    def order(self, name: str, **body: object) -> None:
        self.phone.command(self.id, CallCommand(name, "id", body))

    @property
    def told(self) -> list[str]:
        return [event.event_type for event in self.events]


@pytest.fixture
def line() -> Line:
    return Line()


def test_a_call_is_announced_under_the_name_that_the_engine_gave(line: Line) -> None:
    assert line.id.startswith("web:")
    assert (line.told, line.events[0].client_state) == (["call.initiated"], DIAL.client_state)
    assert line.phone.media_query(line.id) == "secret=a"
    assert line.phone.status(line.id).is_alive


def test_without_a_stream_there_is_nothing_to_connect_a_browser_to() -> None:
    with pytest.raises(ProviderError) as refusal:
        Softphone(print).dial(DialRequest(NUMBER, "https://hook", "{}", "c1"))
    assert refusal.value.kind is Failure.REFUSED


def test_only_so_many_browsers_call_at_once() -> None:
    phone = Softphone(lambda _: None)
    for _ in range(LINES_MAX):
        phone.dial(DIAL)
    with pytest.raises(ProviderError) as refusal:
        phone.dial(DIAL)
    assert refusal.value.kind is Failure.CAPACITY


def test_hanging_up_is_told_once_whoever_does_it(line: Line) -> None:
    line.order("hangup")
    assert line.told == ["call.initiated", "call.hangup"]
    assert not line.phone.hung_up(line.id)
    with pytest.raises(ProviderError) as gone:
        line.order("hangup")
    assert gone.value.kind is Failure.GONE
    assert not line.phone.status(line.id).is_alive
    assert (len(line.events), line.phone.media_query(line.id)) == (2, "")


def test_the_person_at_the_browser_is_the_one_called(line: Line) -> None:
    assert line.phone.hung_up(line.id)
    assert line.events[-1].payload == {"hangup_cause": "normal_clearing", "hangup_source": "callee"}


def test_the_browser_speaks_where_the_carrier_would(line: Line) -> None:
    line.order("speak", payload="Un momento.")
    line.order("playback_stop", stop="all")
    assert [(each["command"], each.get("text")) for each in line.commands] == [("speak", "Un momento."), ("stop", None)]
    line.phone.spoken(line.id)
    assert line.told[-1] == "call.speak.ended"


def test_a_lost_stream_is_connected_anew_with_its_new_secret(line: Line) -> None:
    line.order("streaming_start", stream_url="wss://x.test/stream/media?secret=b")
    assert line.commands == [{"id": line.id, "command": "stream", "media": "secret=b"}]
    assert line.phone.media_query(line.id) == "secret=b"


def test_a_browser_that_is_gone_has_hung_up(line: Line) -> None:
    line.is_there = False
    with pytest.raises(ProviderError) as gone:
        line.order("speak", payload="¿Sigue ahí?")
    assert (gone.value.kind, line.told[-1]) == (Failure.GONE, "call.hangup")


@pytest.mark.parametrize("name", ["transfer", "transcription_start", "playback_start"])
def test_what_a_browser_cannot_do_is_refused(line: Line, name: str) -> None:
    with pytest.raises(ProviderError) as refusal:
        line.order(name)
    assert (refusal.value.kind, line.commands) == (Failure.REFUSED, [])


def test_nobody_attaches_to_a_call_that_is_not(line: Line) -> None:
    assert not line.phone.attach("web:other", line.tell)
    line.phone.spoken("web:other")
    assert line.told == ["call.initiated"]


def test_each_call_goes_to_who_can_carry_it(line: Line) -> None:
    network = FakeCarrier()
    carrier = WithSoftphone(network, line.phone)
    assert carrier.dial(DialRequest("+573001234567", "https://hook", "{}", "c1")) == DIALLED
    carrier.command("v3:1", CallCommand("hangup", "id"))
    assert carrier.status("v3:1").is_alive
    assert carrier.dial(DIAL).call_control_id.startswith("web:")
    carrier.command(line.id, CallCommand("hangup", "id"))
    assert (line.told[-1], network.commands.all) == ("call.hangup", [("v3:1", CallCommand("hangup", "id"))])

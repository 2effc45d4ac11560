"""Two engines behind the real HAProxy, with the configuration that we ship: whose call it is, and what a death changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest
import requests

from measure.daemon import Daemon, free_port
from support.engine import PATIENT, PERSONA, QUICK, hurried
from support.haproxy import BINARY, HAProxy
from support.waiting import until
from telnyx_actors.standins.caller import Answer, CallerScript, HangUp, Say, Wait, WaitForAgent
from telnyx_actors.standins.carrier_call import CarrierCall
from telnyx_actors.standins.world import World

pytestmark = pytest.mark.skipif(BINARY is None, reason="there is no haproxy here (apt-get install haproxy)")

TOKEN = "a-token-for-programs"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
AT_ONCE = Answer(after_s=0.05)
QUESTION, LATER = "¿Qué hora es?", "¿Y qué día es?"
SHORT = CallerScript(
    (WaitForAgent(silent_ms=300), Say(QUESTION), WaitForAgent(silent_ms=300), HangUp()), answer=AT_ONCE
)
LONG = CallerScript(
    (
        *SHORT.steps[:-1],
        Wait(4.0),
        Say(LATER),
        WaitForAgent(silent_ms=300),
        HangUp(),
    ),
    answer=AT_ONCE,
)
REFUSALS = ("streams_refused_total", "webhooks_rejected_total", "connections_refused_total", "access_denied_total")
NUMBERS = count(3_009_000_001)


class Street:
    """The world, the workers of one telephone number, and the door they are behind."""

    def __init__(self, world: World, workers: list[Daemon], proxy: HAProxy) -> None:
        self.world = world
        self.workers = workers
        self.url = proxy.url

    def in_turn(self) -> str:
        """The number of the worker whose turn it is."""
        return requests.get(f"{self.url}/api/sessions/stats", headers=BEARER, timeout=15).headers.get("X-Worker", "")

    def dial(self, script: CallerScript) -> tuple[Daemon, str]:
        """Have whoever is ready place a call. Returns who that was, and the call."""
        number = f"+57{next(NUMBERS)}"
        self.world.expect(hurried(script), number)
        body = {"telefono": number, "nombre": "Ana", "saludo": "Hola."}
        answer = requests.post(f"{self.url}/api/call/initiate", json=body, headers=BEARER, timeout=15)
        assert answer.status_code == 201, answer.text
        return self.workers[int(answer.headers["X-Worker"]) - 1], answer.json()["call_control_id"]

    def ring(self, script: CallerScript) -> str:
        return self.world.ring(hurried(script), f"+57{next(NUMBERS)}")

    def ended(self, call: str) -> CarrierCall:
        """The call once it is over, as scripted and within the carrier's rules."""
        record = self.world.wait_ended(call, 40.0)
        assert not record.script_error, record.script_error
        assert not record.violations, record.violations
        assert all(response.agent_start_s is not None for response in record.response_times())
        return record

    def owner(self, call: str) -> Daemon:
        """Whoever put its record away; nobody else had its audio, nor any webhook that only the owner is sent."""
        until(lambda: any(worker.lines("Registro guardado", call=call) for worker in self.workers))
        [owner] = [worker for worker in self.workers if worker.lines("Registro guardado", call=call)]
        strays = [line.text for worker in self.workers if worker is not owner for line in worker.lines(call=call)]
        assert [text for text in strays if "call.initiated" not in text] == []
        return owner


def worker(folder: Path, world: World, door: str, number: int, port: int) -> Daemon:
    folder.mkdir()
    persona = folder / "persona.toml"
    persona.write_text(PERSONA, encoding="utf-8")
    own = {
        "PORT": str(port),
        "WEBHOOK_BASE_URL": f"{door}/w/{number}",
        "API_TOKEN": TOKEN,
        "PERSONA_FILE": str(persona),
    }
    # The machine that runs the tests may be busy with others, and what they left behind is not waited for.
    return Daemon(
        folder, {**world.env, **PATIENT, **own, "LOG_LEVEL": "DEBUG", "MAX_FRONT_LAG_MS": "10000", "DRAIN_SECONDS": "1"}
    )


@pytest.fixture(scope="module")
def inhabited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    folder = tmp_path_factory.mktemp("street")
    ports = [free_port(), free_port()]
    with World(QUICK) as world, HAProxy(folder, ports) as proxy, ExitStack() as stack:
        workers = [worker(folder / str(n), world, proxy.url, n, port) for n, port in enumerate(ports, start=1)]
        for each in workers:
            stack.enter_context(each)
        world.set_webhook_url(f"{proxy.url}/webhook/telnyx")
        yield Street(world, workers, proxy)


def take_turns(street: Street) -> None:
    """Return as soon as both workers do."""
    until(lambda: {street.in_turn(), street.in_turn()} == {"1", "2"})


@pytest.fixture
def street(inhabited: Street) -> Street:
    take_turns(inhabited)
    return inhabited


def refusals(street: Street) -> list[float]:
    return [worker.figure(f"telnyx_actors_front_{name}") for worker in street.workers for name in REFUSALS]


def test_all_that_comes_for_a_call_comes_to_the_worker_that_owns_it(street: Street) -> None:
    refused_before = refusals(street)
    dialled = [street.dial(SHORT) for _ in range(4)]
    rung = [street.ring(SHORT) for _ in range(4)]

    for call in [*(call for _, call in dialled), *rung]:
        street.ended(call)

    assert [street.owner(call) for _, call in dialled] == [owner for owner, _ in dialled]
    assert {owner for owner, _ in dialled} == {street.owner(call) for call in rung} == {*street.workers}, "all share"
    assert refusals(street) == refused_before


def test_the_api_of_one_worker_is_reached_by_its_number(street: Street) -> None:
    owner, call = street.dial(LONG)
    owners_number = street.workers.index(owner) + 1

    answers = {
        number: requests.get(f"{street.url}/w/{number}/api/calls/{call}", headers=BEARER, timeout=5).status_code
        for number in (1, 2, 7)
    }
    hung_up = requests.post(f"{street.url}/w/{owners_number}/api/calls/{call}/hangup", headers=BEARER, timeout=5)

    assert answers == {owners_number: 200, 3 - owners_number: 404, 7: 503}
    assert hung_up.status_code == 202
    street.world.wait_ended(call, 20.0)


def test_what_is_nobodys_business_stays_behind_the_door(street: Street) -> None:
    statuses = {
        path: requests.get(street.url + path, timeout=5).status_code
        for path in ("/", "/metrics", "/ready", "/w/1/metrics", "/console", "/api/calls", "/w/1/api/calls")
    }

    assert {path for path, status in statuses.items() if status != 404} == {"/api/calls", "/w/1/api/calls"}
    assert statuses["/api/calls"] == statuses["/w/1/api/calls"] == 401


@pytest.fixture(scope="module")
def calls_around_a_death(inhabited: Street) -> list[tuple[Daemon, str]]:
    """The first worker is killed in a call, and comes back: whose each call of that time should be."""
    take_turns(inhabited)
    victim, survivor = inhabited.workers
    pair = dict(inhabited.dial(LONG) for _ in range(2))
    assert set(pair) == {victim, survivor}, "each has one"
    for owner, call in pair.items():
        owner.wait_line("Claude respuesta generada", call=call, timeout_s=20)

    victim.kill()
    dialled = [inhabited.dial(SHORT) for _ in range(2)]
    rung = [inhabited.ring(SHORT) for _ in range(2)]
    for call in rung:
        survivor.wait_line("Llamada entrante", call=call)
    victim.start()

    assert [owner for owner, _ in dialled] == [survivor, survivor]
    victim.wait_line("Retomando una llamada", call=pair[victim])
    return [*pair.items(), *dialled, *((survivor, call) for call in rung)]


def test_a_worker_dies_and_the_other_goes_on_until_it_is_back_for_its_calls(
    street: Street, calls_around_a_death: list[tuple[Daemon, str]]
) -> None:
    for owner, call in calls_around_a_death:
        street.ended(call)
        assert street.owner(call) is owner
    until(lambda: street.dial(SHORT)[0] is street.workers[0])

"""The console's door over real sockets: who comes in, who does not, and what it puts up with."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.console import Bench, bench
from support.waiting import until
from telnyx_actors.actors.trace import Traced
from telnyx_actors.console import commands
from telnyx_actors.console.client.link import Link, LinkLost, NeedsConfirmation, Refused
from telnyx_actors.console.endpoint import HOST, new_endpoint, publish
from telnyx_actors.console.protocol import REQUEST_MAX_BYTES, Lines, encode
from telnyx_actors.console.server import ConsoleServer, Limits

WITHIN_S = 5.0
LIMITS = Limits(sessions_max=3, authenticate_within_s=0.3, idle_s=2.0, send_within_s=0.3, look_every_s=0.02)
TOKEN = "el-token-de-esta-prueba"


class Door:
    """A console's server and raw sockets to it."""

    def __init__(self, desk: Bench) -> None:
        self.desk = desk
        self.died = threading.Event()
        self.server = ConsoleServer(desk.desk, self.died.set, LIMITS)
        self.server.start(TOKEN)
        self._sockets: list[socket.socket] = []

    def connect(self, first: bytes = b"") -> socket.socket:
        link = socket.create_connection((HOST, self.server.port), timeout=WITHIN_S)
        self._sockets.append(link)
        link.sendall(first)
        return link

    def enter(self) -> socket.socket:
        link = self.connect(encode({"token": TOKEN}))
        assert "hello" in read(link)
        return link

    def close(self) -> None:
        for link in self._sockets:
            link.close()
        assert self.server.stop(WITHIN_S)


def read(link: socket.socket) -> dict[str, Any]:
    """The next line, which comes alone."""
    lines = Lines(10_000_000)
    found: list[dict[str, Any]] = []
    while not found:
        data = link.recv(65536)
        assert data, "it was closed"
        found = lines.feed(data)
    assert len(found) == 1
    return found[0]


def is_closed(link: socket.socket) -> bool:
    """Whether the other side closes, without another word, in time."""
    try:
        return link.recv(65536) == b""
    except ConnectionResetError:  # what we had sent was not even read
        return True


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    made = Door(bench(tmp_path))
    made.desk.actor("engine")
    yield made
    made.close()


def ask(link: socket.socket, command: str, *arguments: str, **more: Any) -> dict[str, Any]:
    link.sendall(encode({"id": 1, "command": command, "arguments": list(arguments), **more}))
    return read(link)


# --- who comes in -----------------------------------------------------------------------


def test_with_the_token_one_is_let_in_and_answered(door: Door) -> None:
    link = door.enter()
    assert ask(link, "tree")["result"]["actors"][0]["path"] == "engine"
    assert ask(link, "nonsense")["error"].startswith("No existe")
    assert "confirm" in ask(link, "drain")
    assert ask(link, "drain", sure=True)["result"] == {"calls": 0}


@pytest.mark.parametrize(
    "first",
    [
        encode({"token": "otro"}),
        encode({"token": TOKEN + "x"}),
        encode({"token": TOKEN[:-1]}),
        encode({"token": ""}),
        encode({"token": None}),
        encode({"token": [TOKEN]}),
        encode({"token": "ñ\ud800"}),
        encode({}),
        encode({"id": 1, "command": "tree"}),
    ],
    ids=repr,
)
def test_without_it_nobody_is(door: Door, logged: list[str], first: bytes) -> None:
    link = door.connect(first)
    assert read(link) == {"error": "El token no es válido."}
    assert is_closed(link)
    assert logged == ["WARNING consola: alguien sin el token quiso entrar\n"]


@pytest.mark.parametrize(
    "garbage",
    [
        b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n",
        b"\n",
        b"[]\n",
        b"x" * (REQUEST_MAX_BYTES + 1),
        b'{"token": "' + b"x" * REQUEST_MAX_BYTES,
    ],
    ids=lambda garbage: repr(garbage[:20]),
)
def test_garbage_is_hung_up_on_without_a_word(door: Door, garbage: bytes) -> None:
    assert is_closed(door.connect(garbage))


def test_whoever_says_nothing_or_says_it_too_slowly_is_hung_up_on(door: Door) -> None:
    silent, slow = door.connect(), door.connect()
    stop = threading.Event()

    def drip() -> None:
        for byte in encode({"token": TOKEN}):
            if stop.wait(0.05):
                return
            try:
                slow.send(bytes([byte]))
            except OSError:
                return

    dripping = threading.Thread(target=drip)
    dripping.start()
    assert is_closed(silent)
    assert is_closed(slow)
    stop.set()
    dripping.join()


def test_giant_lines_and_garbage_end_the_session_of_one_and_no_other(door: Door) -> None:
    good, giant, garbled = door.enter(), door.enter(), door.enter()
    giant.sendall(b"x" * (REQUEST_MAX_BYTES + 1))
    garbled.sendall(b'{"id": 1, "command": ["tree"]}\n')
    assert is_closed(giant)
    assert is_closed(garbled)
    assert "result" in ask(good, "tree")


def test_more_operators_than_there_is_room_for_are_turned_away(door: Door) -> None:
    inside = [door.enter() for _ in range(LIMITS.sessions_max)]
    assert "demasiadas" in read(door.connect())["error"]
    inside[0].close()
    while True:  # its place is free as soon as its thread has seen it leave
        late = door.connect(encode({"token": TOKEN}))
        if "hello" in read(late):
            break


def test_only_loopback_is_listened_on(door: Door) -> None:
    assert door.server._socket.getsockname()[0] == "127.0.0.1"


# --- what goes wrong --------------------------------------------------------------------


def test_a_view_that_fails_is_logged_and_the_console_goes_on(
    door: Door, logged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> dict[str, Any]:
        raise ZeroDivisionError

    monkeypatch.setitem(commands.COMMANDS, "mail", commands.Command("mail", "mail", "", broken))
    link = door.enter()
    assert ask(link, "mail")["error"] == "Fallo interno (ZeroDivisionError); está en el registro."
    assert "result" in ask(link, "tree")
    assert any("la consola no pudo hacer «mail»" in line for line in logged)


def test_an_operator_who_does_not_read_is_hung_up_on(door: Door) -> None:
    link = door.enter()
    for number in range(2000):
        door.desk.actor(f"engine/{number:032}")
    link.sendall(encode({"id": 1, "command": "tree"}) * 100)  # the answers fill what the system buffers
    until(lambda: not door.server._sessions)


def test_an_operator_who_leaves_in_the_middle_leaves_nothing_behind(door: Door) -> None:
    link = door.enter()
    link.sendall(encode({"id": 1, "command": "trace", "arguments": ["engine"]}))
    assert read(link)["part"] == {"path": "engine"}
    link.close()
    until(lambda: door.desk.desk.runtime.stats.traces == ())


def test_an_operator_who_says_nothing_for_long_is_hung_up_on(tmp_path: Path) -> None:
    door = Door(bench(tmp_path))
    link = door.enter()
    link.settimeout(WITHIN_S)
    assert is_closed(link)
    door.close()


def test_stopping_ends_every_session(door: Door) -> None:
    links = [door.enter() for _ in range(2)]
    links[0].sendall(encode({"id": 1, "command": "trace", "arguments": ["engine"]}))
    read(links[0])
    assert door.server.stop(WITHIN_S)
    assert is_closed(links[1])
    assert not door.died.is_set()
    with pytest.raises(OSError):
        socket.create_connection((HOST, door.server.port), timeout=1)


# --- traces -----------------------------------------------------------------------------


def test_a_trace_goes_on_until_the_operator_says_anything(door: Door) -> None:
    link = door.enter()
    assert ask(link, "trace", "engine")["part"] == {"path": "engine"}
    (trace,) = door.desk.desk.runtime.stats.traces
    trace.note(Traced("engine", "Ask", 1000.0, 0.0, 0.0, failed=False))
    message = read(link)["part"]["messages"][0]
    assert (message["path"], message["message"]) == ("engine", "Ask")
    link.sendall(encode({"enough": True}))
    assert read(link)["result"] == {"path": "engine"}
    assert door.desk.desk.runtime.stats.traces == ()
    assert "result" in ask(link, "tree")


@pytest.mark.parametrize("arguments", [(), ("nobody",), ("engine", "x")])
def test_a_trace_of_nobody_is_refused(door: Door, arguments: tuple[str, ...]) -> None:
    assert "error" in ask(door.enter(), "trace", *arguments)


# --- our own client ---------------------------------------------------------------------


@pytest.fixture
def attach(tmp_path: Path) -> Iterator[Callable[[], Link]]:
    desk = bench(tmp_path)
    desk.actor("engine")
    server = ConsoleServer(desk.desk, lambda: None, LIMITS)
    endpoint = new_endpoint(server.port)
    server.start(endpoint.token)
    publish(tmp_path, endpoint)
    links: list[Link] = []

    def attach() -> Link:
        links.append(Link.open(tmp_path))
        return links[-1]

    yield attach
    for link in links:
        link.close()
    assert server.stop(WITHIN_S)


def test_the_client_asks_and_understands_every_kind_of_answer(attach: Callable[[], Link]) -> None:
    with attach() as link:
        assert link.request("mode") == {"mode": "stream"}
        with pytest.raises(Refused, match="No hay ningún actor"):
            link.request("tree", "nobody")
        with pytest.raises(NeedsConfirmation, match="¿Dejar de admitir"):
            link.request("drain")
        assert link.request("drain", sure=True) == {"calls": 0}


def test_the_client_follows_a_trace_for_a_while(attach: Callable[[], Link]) -> None:
    with attach() as link:
        assert list(link.follow("trace", "engine", for_s=0.1)) == [{"path": "engine"}]


def test_the_client_says_when_the_engine_has_gone(attach: Callable[[], Link], tmp_path: Path) -> None:
    link = attach()
    link._link.shutdown(socket.SHUT_RDWR)
    with pytest.raises(LinkLost):
        link.request("tree")


def test_the_clients_token_is_the_files(tmp_path: Path, attach: Callable[[], Link]) -> None:
    path = tmp_path / "console" / "endpoint.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**found, "token": "otro"}), encoding="utf-8")
    with pytest.raises(Refused, match="El token no es válido"):
        attach()

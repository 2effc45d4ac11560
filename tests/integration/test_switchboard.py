"""The carrier's side of a peer's calls: to a bot that is free, and to it again when it is free again."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
import requests
from websockets.sync.server import ServerConnection, serve

from bench.peers.switchboard import Switchboard
from support.engine import QUICK
from support.waiting import until
from telnyx_actors.standins.caller import Answer, CallerScript, HangUp, Wait
from telnyx_actors.standins.world import World

TALK = CallerScript((Wait(2.0), HangUp()), answer=Answer(after_s=0.05))


class Bot:
    """Takes media sockets, and keeps the calls that began on them."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self._server = serve(self._listen, "127.0.0.1", 0)
        self._thread = threading.Thread(target=self._server.serve_forever, name="bot")
        self._thread.start()
        self.url = f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/ws"

    def _listen(self, connection: ServerConnection) -> None:
        for text in connection:
            message = json.loads(text)
            if message["event"] == "start":
                self.calls.append(message["start"]["call_control_id"])

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()


class Desk:
    """A switchboard and its world."""

    def __init__(self, world: World, switchboard: Switchboard) -> None:
        self.world = world
        self._url = switchboard.url

    def dial(self) -> int:
        body = {"telefono": "+573001110001", "nombre": "Ana"}
        return requests.post(f"{self._url}/api/call/initiate", json=body, timeout=10).status_code

    def hang_up_all(self) -> None:
        for call in self.world.calls():
            self.world.wait_ended(call.call_control_id, 10.0)


@contextmanager
def desk(world: World, *bots: Bot) -> Iterator[Desk]:
    switchboard = Switchboard(world.env, [bot.url for bot in bots])
    switchboard.start()
    try:
        yield Desk(world, switchboard)
    finally:
        switchboard.stop()


@pytest.fixture
def world() -> Iterator[World]:
    with World(QUICK) as running:
        running.answer_with(TALK)
        yield running


def test_of_several_bots_each_has_one_call_at_a_time(world: World) -> None:
    with closing(Bot()) as first, closing(Bot()) as second, desk(world, first, second) as at_desk:
        assert [at_desk.dial() for _ in range(3)] == [201, 201, 503]
        until(lambda: len(first.calls) == len(second.calls) == 1)
        at_desk.hang_up_all()
        assert at_desk.dial() == 201
        until(lambda: len(first.calls) == 2)


def test_one_bot_alone_has_all_calls(world: World) -> None:
    with closing(Bot()) as bot, desk(world, bot) as at_desk:
        assert [at_desk.dial() for _ in range(3)] == [201, 201, 201]
        until(lambda: len(bot.calls) == 3)
        assert set(bot.calls) == {call.call_control_id for call in world.calls()}

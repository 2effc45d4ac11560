"""A batch that a crash cut off: sent again as it is, it goes on at the row where it stopped."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import requests

from measure.daemon import Daemon
from support.waiting import until
from telnyx_actors.standins.caller import Answer, CallerScript, Stay
from telnyx_actors.standins.world import World

NUMBERS = [f"+57300123456{digit}" for digit in range(4)]
BATCH = {"calls": [{"telefono": number, "nombre": "Ana", "id": f"fila {number}"} for number in NUMBERS]}
STAYS = CallerScript((Stay(60),), Answer(after_s=0.05))


def test_nobody_is_called_twice_and_nobody_is_left_out(tmp_path: Path) -> None:
    with World() as world, Daemon(tmp_path, {**world.env, "DIALS_PER_SECOND": "1", "DRAIN_SECONDS": "0"}) as daemon:
        for number in NUMBERS:
            world.expect(STAYS, number)
        url = f"http://127.0.0.1:{daemon.port}/api/call/batch"
        sender = threading.Thread(target=send_and_lose, args=(url,))
        sender.start()
        until(lambda: [call.state for call in world.telnyx.calls()][:2] == ["answered"] * 2, within_s=15.0)
        daemon.kill()
        sender.join(15)
        before = {call.to: call.call_control_id for call in world.telnyx.calls()}
        assert 2 <= len(before) < len(NUMBERS), "it was cut off in the middle"
        daemon.start()
        results: list[dict[str, Any]] = []

        def is_all_dialled() -> bool:
            """Sent until the journal has told what was dialled: that is what a sender is to do."""
            results[:] = requests.post(url, json=BATCH, timeout=20).json()["results"]
            return [row["status"] for row in results] == ["success"] * len(NUMBERS)

        until(is_all_dialled, within_s=15.0)
        assert sorted(call.to for call in world.telnyx.calls()) == NUMBERS
        assert before.items() <= {row["telefono"]: row["call_control_id"] for row in results}.items()
        calls = requests.get(f"http://127.0.0.1:{daemon.port}/api/calls", timeout=5).json()["calls"]
        assert {call["id"] for call in calls} == {row["id"] for row in BATCH["calls"]}


def send_and_lose(url: str) -> None:
    """Sent until the journal has told that nothing was dialled yet, and cut off as soon as something is."""
    is_refused = True
    with suppress(requests.RequestException):
        while is_refused:
            results = requests.post(url, json=BATCH, timeout=15).json()["results"]
            is_refused = all(row["status"] != "success" for row in results)

"""What the console shows of actors: found by short names, the stuck one named, no secret anywhere."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from support.console import SECRET, Bench, bench
from telnyx_actors.actors.messages import Dial
from telnyx_actors.console import views
from telnyx_actors.console.commands import COMMANDS
from telnyx_actors.console.desk import CommandError

REF = "9f3c1e0ab3f44b0c8a7d5e6f70819203"
OTHER = "9f3d00000000000000000000000000ff"


@pytest.fixture
def desk(tmp_path: Path) -> Bench:
    made = bench(tmp_path)
    made.actor("engine", "SupervisorActor")
    made.actor(f"engine/{REF}", "CallActor", handled=7, restarts=1)
    made.actor(f"engine/{REF}/carrier", "CarrierActor")
    made.actor(f"engine/{OTHER}", "CallActor")
    made.actor("engine/carrier", "CarrierActor")
    return made


def paths(answer: list[dict[str, str]]) -> list[str]:
    return [row["path"] for row in answer]


def test_the_tree_has_children_behind_their_parents(desk: Bench) -> None:
    answer = desk.do("tree")
    assert paths(answer["actors"]) == [
        "engine",
        f"engine/{REF}",
        f"engine/{REF}/carrier",
        f"engine/{OTHER}",
        "engine/carrier",
    ]
    assert (answer["actors"][1]["handled"], answer["actors"][1]["restarts"]) == (7, 1)
    assert (answer["stuck"], answer["front_lag_ms"]) == ([], 3.0)


def test_a_part_of_the_tree_is_shown_by_its_path(desk: Bench) -> None:
    assert paths(desk.do("tree", f"engine/{REF}")["actors"]) == [f"engine/{REF}", f"engine/{REF}/carrier"]


def test_an_actor_is_idle_busy_or_stuck(desk: Bench) -> None:
    carrier = desk.desk.runtime.stats.get(f"engine/{REF}/carrier")
    assert carrier is not None
    carrier.busy_since, carrier.last_message = desk.clock.now(), Dial
    desk.clock.advance(0.9)
    assert desk.do("tree", "9f3c/carrier")["actors"][0]["state"] == "busy"
    desk.clock.advance(4.0)
    answer = desk.do("tree")
    assert [(row["path"], row["busy_s"], row["message"]) for row in answer["stuck"]] == [
        (f"engine/{REF}/carrier", 4.9, "Dial")
    ]
    assert {row["state"] for row in answer["actors"]} == {"idle", "stuck"}


def test_the_stuck_actor_is_shown_with_its_place_in_the_code(desk: Bench) -> None:
    release = threading.Event()
    thread = threading.Thread(target=lambda: release.wait(5), name=f"engine/{REF}/carrier")
    thread.start()
    carrier = desk.desk.runtime.stats.get(f"engine/{REF}/carrier")
    assert carrier is not None
    carrier.busy_since = desk.clock.now() - 2
    (stuck,) = desk.do("tree")["stuck"]
    (shown,) = desk.do("stacks", "9f3c/carrier")["threads"]
    release.set()
    thread.join()
    assert "threading.py" in stuck["stack"][-1]
    assert (shown["name"], shown["busy_s"]) == (f"engine/{REF}/carrier", 2.0)
    assert any("test_console_views.py" in line for line in shown["stack"])


def test_every_thread_is_shown_but_the_one_that_looks(desk: Bench) -> None:
    here, release = threading.Event(), threading.Event()

    def stay() -> None:
        here.set()
        release.wait(5)

    thread = threading.Thread(target=stay, name="sonda")
    thread.start()
    here.wait(5)
    names = [each["name"] for each in desk.do("stacks")["threads"]]
    release.set()
    thread.join()
    assert "sonda" in names
    assert threading.current_thread().name not in names


def test_places_in_the_code_do_not_tell_where_on_this_machine_they_are(desk: Bench) -> None:
    answer = json.dumps(desk.do("stacks"))
    assert str(Path(__file__).parents[2]) not in answer
    assert "site-packages" not in answer


def test_an_environment_inside_the_project_is_no_part_of_it() -> None:
    library = Path(__file__).parents[2] / ".venv" / "lib" / "site-packages" / "pykka" / "_actor.py"
    assert views._place(str(library)) == "pykka/_actor.py"


def test_the_fullest_and_oldest_inbox_comes_first(desk: Bench) -> None:
    desk.actor("engine/slow", waiting=3)
    desk.clock.advance(2.0)
    desk.actor("engine/full", waiting=9)
    desk.clock.advance(1.0)
    rows = desk.do("mail")["actors"]
    assert [(row["path"], row["waiting"], row["oldest_s"]) for row in rows[:2]] == [
        ("engine/slow", 3, 3.0),
        ("engine/full", 9, 1.0),
    ]


@pytest.mark.parametrize("name", ["engine/9f3c/carrier", "9f3c/carrier", "9f3c/carr", "/9f3c/carrier/"])
def test_an_actor_is_found_by_short_steps(desk: Bench, name: str) -> None:
    assert paths(desk.do("tree", name)["actors"]) == [f"engine/{REF}/carrier"]


def test_a_short_name_that_fits_two_names_them(desk: Bench) -> None:
    with pytest.raises(CommandError, match=f"«9f3» puede ser engine/{REF}, engine/{OTHER}"):
        desk.do("tree", "9f3")


@pytest.mark.parametrize("name", ["nobody", "carrier/9f3c", "9f3c/carrier/x", "/", " "])
def test_a_name_that_fits_nobody_is_said_to(desk: Bench, name: str) -> None:
    with pytest.raises(CommandError, match="No hay ningún actor"):
        desk.do("tree", name)


def test_settings_are_shown_as_they_are_set_and_secrets_never(desk: Bench) -> None:
    rows = {row["name"]: row["value"] for row in desk.do("settings")["settings"]}
    assert (rows["TELNYX_API_KEY"], rows["AWS_SECRET_ACCESS_KEY"], rows["API_TOKEN"]) == ("•••", "•••", "•••")
    assert (rows["USE_MEDIA_STREAMS"], rows["PORT"], rows["TRANSFER_NUMBER"]) == ("true", "3000", None)


def test_no_answer_holds_a_secret(desk: Bench) -> None:
    desk.call(REF, "v3:abc")
    asked = {"call": (REF,), "why": (REF,), "latency": (REF,), "say": (REF, "hola"), "hangup": (REF,)}
    told = {**asked, "restart": ("9f3c/carrier",), "kill": ("9f3c/carrier",), "tree": (), "stacks": ()}
    for name in COMMANDS:
        assert SECRET not in json.dumps(desk.do(name, *told.get(name, ())))


def test_names_are_offered_for_completion(desk: Bench) -> None:
    desk.call(REF)
    answer = desk.do("names")
    assert answer["calls"] == [REF]
    assert "engine/carrier" in answer["paths"]

"""What the console can do: told and not asked, only when meant, and each noted in the log."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.console import Bench, FakeRef, GoneRef, bench
from telnyx_actors.actors.messages import Drain, EndCall
from telnyx_actors.actors.runtime import CrashOrder, RestartOrder
from telnyx_actors.console.commands import COMMANDS, SAY_MAX_CHARS, perform
from telnyx_actors.console.desk import CommandError
from telnyx_actors.console.protocol import Request
from telnyx_actors.core import events as ev


@pytest.fixture
def desk(tmp_path: Path) -> Bench:
    made = bench(tmp_path)
    made.actor("engine", "SupervisorActor")
    return made


def ask(desk: Bench, command: str, *arguments: str) -> dict[str, object]:
    return perform(desk.desk, Request(1, command, arguments))


@pytest.mark.parametrize(
    ("command", "arguments", "question"),
    [
        ("kill", ("carr",), "¿Hacer caer engine/carrier?"),
        ("hangup", ("ab",), "¿Colgar la llamada abc, con +57300•••4567?"),
        ("drain", (), "¿Dejar de admitir llamadas hasta que se reinicie el servicio? Hay 1 en curso."),
    ],
)
def test_what_cannot_be_undone_is_asked_first_by_its_full_name(
    desk: Bench, command: str, arguments: tuple[str, ...], question: str
) -> None:
    ref = FakeRef()
    desk.actor("engine/carrier", ref=ref)
    desk.call("abc")
    assert ask(desk, command, *arguments) == {"confirm": question}
    assert (ref.told, desk.supervisor.told) == ([], [])


@pytest.mark.parametrize(
    ("command", "order"), [("kill", CrashOrder("orden de la consola")), ("restart", RestartOrder())]
)
def test_an_actor_gets_the_order(desk: Bench, command: str, order: object) -> None:
    ref = FakeRef()
    desk.actor("engine/abc/carrier", ref=ref)
    assert desk.do(command, "abc/carrier") == {"path": "engine/abc/carrier", "busy_s": 0.0}
    assert ref.told == [order]


def test_an_order_to_a_stuck_actor_says_so(desk: Bench) -> None:
    desk.actor("engine/carrier", busy_since=desk.clock.now() - 12.5)
    assert desk.do("restart", "carrier")["busy_s"] == 12.5


@pytest.mark.parametrize("command", ["kill", "restart"])
def test_the_root_is_not_touched_since_nobody_would_start_it_again(desk: Bench, command: str) -> None:
    with pytest.raises(CommandError, match="es la raíz"):
        desk.do(command, "engine")


def test_an_actor_that_is_just_gone_is_said_to_be(desk: Bench) -> None:
    desk.actor("engine/carrier", ref=GoneRef())
    with pytest.raises(CommandError, match="acaba de terminar"):
        desk.do("restart", "carrier")


def test_a_call_is_told_what_to_say(desk: Bench) -> None:
    ref = FakeRef()
    desk.call("abc")
    desk.actor("engine/abc", ref=ref)
    desk.do("say", "ab", "  Un momento, por favor. ")
    assert ref.told == [ev.SayRequested("Un momento, por favor.")]


@pytest.mark.parametrize("text", ["", "   ", "x" * (SAY_MAX_CHARS + 1)])
def test_what_is_said_has_a_length(desk: Bench, text: str) -> None:
    desk.call("abc")
    with pytest.raises(CommandError, match="letras"):
        desk.do("say", "abc", text)


def test_a_call_whose_actor_is_away_for_a_moment_cannot_be_told(desk: Bench) -> None:
    desk.call("abc")
    with pytest.raises(CommandError, match="reiniciando"):
        desk.do("say", "abc", "hola")


@pytest.mark.parametrize(("command", "more"), [("say", ("hola",)), ("hangup", ())])
def test_a_call_that_has_ended_can_only_be_looked_at(desk: Bench, command: str, more: tuple[str, ...]) -> None:
    desk.call("abc")
    desk.desk.services.calls.remove("abc")
    with pytest.raises(CommandError, match="en curso que empiece por «abc»"):
        desk.do(command, "abc", *more)


def test_a_call_is_hung_up_by_the_supervisor(desk: Bench) -> None:
    desk.call("abc")
    assert desk.do("hangup", "abc") == {"ref": "abc"}
    assert desk.supervisor.told == [EndCall("abc", "operator")]


def test_draining_is_asked_for_once(desk: Bench) -> None:
    assert desk.do("drain") == {"calls": 0}
    (order,) = desk.supervisor.told
    assert isinstance(order, Drain)
    order.empty()
    desk.desk.services.calls.is_closed = True  # as the supervisor does, or a stop that is under way already
    desk.do("drain")
    assert len(desk.supervisor.told) == 1


def test_the_mode_of_new_calls_is_seen_and_changed(desk: Bench) -> None:
    assert desk.do("mode") == {"mode": "stream"}
    assert desk.do("mode", "webhook") == {"mode": "webhook"}
    assert not desk.desk.services.mode.uses_stream
    with pytest.raises(CommandError, match="stream o webhook"):
        desk.do("mode", "telepathy")


def test_how_much_is_logged_is_seen_and_changed(desk: Bench) -> None:
    assert desk.do("log-level") == {"level": "INFO"}
    assert desk.do("log-level", "debug") == {"level": "DEBUG"}
    with pytest.raises(CommandError, match="ruidoso"):
        desk.do("log-level", "ruidoso")
    assert desk.log.level == "DEBUG"


def test_what_is_done_is_logged_and_what_is_said_is_not(desk: Bench, logged: list[str]) -> None:
    desk.actor("engine/abc")
    desk.call("abc")
    desk.do("mode")
    desk.do("tree")
    assert logged == []
    desk.do("mode", "webhook")
    desk.do("say", "abc", "su clave es 1234")
    assert logged == ["WARNING 🛠️ Consola: mode webhook\n", "WARNING 🛠️ Consola: say abc\n"]


@pytest.mark.parametrize(
    ("command", "arguments"), [("call", ()), ("tree", ("a", "b")), ("say", ("a",)), ("drain", ("x",))]
)
def test_too_few_or_too_many_words_bring_the_form(desk: Bench, command: str, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="Se usa así: " + command):
        desk.do(command, *arguments)


def test_what_does_not_exist_is_said_not_to(desk: Bench) -> None:
    with pytest.raises(CommandError, match="No existe «rm»"):
        desk.do("rm", "-rf")


def test_help_tells_every_command(desk: Bench) -> None:
    forms = [row["form"].split()[0] for row in desk.do("help")["commands"]]
    assert forms == list(COMMANDS)

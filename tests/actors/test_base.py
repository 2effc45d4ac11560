"""The life of one actor: every way out passes teardown once and tells the parent once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pykka
import pytest
from loguru import logger

from support.puppet import WITHIN_S, Diary, Do, DoNow, Puppet, fail
from telnyx_actors.actors.base import Birth, EngineActor, stop, tell
from telnyx_actors.actors.runtime import Runtime
from telnyx_actors.actors.supervision import ActorCrashed, ChildSpec, Restart, Verdict
from telnyx_actors.actors.trace import Trace
from telnyx_actors.errors import ConfigError

Ref = pykka.ActorRef[Any]
Start = Callable[..., Ref]


def raising(error: BaseException) -> Callable[[Puppet], object]:
    return fail(error).action


def told(message: object) -> Callable[[Puppet], object]:
    """Something to do in setup: tell oneself a message."""
    return lambda puppet: tell(puppet.actor_ref, message)


def asked(message: object) -> Callable[[Puppet], object]:
    """The same, as an ask whose reply nobody awaits."""
    return lambda puppet: puppet.actor_ref.ask(message, block=False)


ENDINGS: dict[str, tuple[dict[str, Any], str | None]] = {
    "setup raises": ({"in_setup": raising(ValueError())}, "ValueError"),
    "setup exits": ({"in_setup": raising(SystemExit(1))}, "ActorCrashed"),
    "told, raises": ({"in_setup": told(fail(ValueError()))}, "ValueError"),
    "told, exits": ({"in_setup": told(fail(SystemExit(1)))}, "ActorCrashed"),
    "told, interrupted": ({"in_setup": told(fail(KeyboardInterrupt()))}, "ActorCrashed"),
    "asked, raises": ({"in_setup": asked(fail(ValueError()))}, "ValueError"),
    "asked, exits": ({"in_setup": asked(fail(SystemExit(1)))}, "ActorCrashed"),
    "stops itself in setup": ({"in_setup": lambda puppet: puppet.stop()}, None),
    "stopped by its ref": ({"in_setup": lambda puppet: puppet.actor_ref.stop(block=False)}, None),
    "stops itself again in teardown": (
        {"in_setup": lambda puppet: puppet.stop(), "in_teardown": lambda puppet: puppet.stop()},
        None,
    ),
    "stopped, teardown raises": (
        {"in_setup": lambda puppet: puppet.stop(), "in_teardown": raising(ValueError())},
        "ValueError",
    ),
    "stopped, teardown exits": (
        {"in_setup": lambda puppet: puppet.stop(), "in_teardown": raising(SystemExit())},
        "ActorCrashed",
    ),
    "fails, teardown fails too": (
        {"in_setup": raising(ValueError()), "in_teardown": raising(KeyError())},
        "ValueError",
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_ending_tears_down_once_and_tells_the_parent_once(
    ending: str, start: Start, diary: Diary, crashes: Any
) -> None:
    options, error = ENDINGS[ending]
    if error is not None:
        crashes.expect("root/child")

    def factory(birth: Birth) -> Ref:
        return Puppet.start(birth, diary, **options)

    root = start(ChildSpec("child", factory, Restart.TEMPORARY))
    diary.wait_for("root", "exited", "child", error, Verdict.FINISHED)
    assert stop(root, WITHIN_S)
    torn_down = [entry for entry in diary.about("root/child") if entry[0] == "teardown"]
    assert torn_down == [("teardown", None if "stop" in ending else error)]
    assert len([entry for entry in diary.about("root") if entry[0] == "exited"]) == 1


def test_a_failed_ask_raises_at_the_asker_and_ends_the_actor(start: Start, diary: Diary, crashes: Any) -> None:
    crashes.expect("root")
    root = start()
    with pytest.raises(ValueError, match="half-done"):
        root.ask(fail(ValueError("half-done")), timeout=WITHIN_S)
    diary.wait_for("root", "teardown", "ValueError")
    assert not tell(root, "more")


def test_an_exit_in_an_actor_reaches_neither_the_asker_nor_the_other_actors(
    runtime: Runtime, diary: Diary, start: Start, crashes: Any
) -> None:
    crashes.expect("root")
    bystander = Puppet.start(Birth("bystander", None, runtime), diary)
    with pytest.raises(ActorCrashed, match="SystemExit"):
        start().ask(fail(SystemExit(3)), timeout=WITHIN_S)
    assert bystander.ask("still there?", timeout=WITHIN_S) == "still there?"
    assert stop(bystander, WITHIN_S)


def test_a_stop_does_not_wait_behind_the_backlog(start: Start, diary: Diary) -> None:
    root, gate = start(), threading.Event()
    tell(root, Do(lambda _: gate.wait(WITHIN_S)))
    for number in range(100):
        tell(root, f"data {number}")
    stopped = root.stop(block=False)
    gate.set()
    assert stopped.get(timeout=WITHIN_S)
    assert not [entry for entry in diary.about("root") if entry[0] == "handled"]


def test_urgent_messages_and_asks_overtake_the_backlog(start: Start, diary: Diary) -> None:
    root, gate = start(), threading.Event()
    tell(root, DoNow(lambda _: gate.wait(WITHIN_S)))
    tell(root, "data")
    tell(root, DoNow(lambda puppet: puppet.diary.write("root", "handled", "urgent")))
    status = root.ask("status", block=False)
    gate.set()
    assert status.get(timeout=WITHIN_S) == "status"
    diary.wait_for("root", "handled", "data")
    assert [entry[1] for entry in diary.about("root") if entry[0] == "handled"] == ["urgent", "status", "data"]


def test_stop_waits_for_a_teardown_that_is_already_running(start: Start, diary: Diary) -> None:
    # pykka answers at once here, and the parent would go on while its child still works.
    tearing, gate = threading.Event(), threading.Event()

    def slowly(_: Puppet) -> None:
        tearing.set()
        gate.wait(WITHIN_S)

    root = start(in_teardown=slowly)
    root.stop(block=False)
    assert tearing.wait(WITHIN_S)
    assert not stop(root, within_s=0.0)
    gate.set()
    assert stop(root, WITHIN_S)
    assert diary.count("root", "teardown", None) == 1


def test_stop_of_an_actor_that_has_ended_is_true_at_once(start: Start) -> None:
    root = start()
    assert stop(root, WITHIN_S)
    assert stop(root, within_s=0.0)


def test_who_asks_while_the_actor_ends_is_told_that_it_is_gone(start: Start, crashes: Any) -> None:
    crashes.expect("root")
    root, gate = start(), threading.Event()
    tell(root, Do(lambda _: gate.wait(WITHIN_S)))
    tell(root, DoNow(raising(ValueError())))
    late = root.ask("too late", block=False)
    gate.set()
    with pytest.raises(pykka.ActorDeadError):
        late.get(timeout=WITHIN_S)


def test_mail_left_at_a_crash_is_counted_as_lost(start: Start, diary: Diary, runtime: Runtime, crashes: Any) -> None:
    crashes.expect("root")
    root, gate = start(), threading.Event()
    tell(root, Do(lambda _: gate.wait(WITHIN_S)))
    tell(root, fail(ValueError()))
    tell(root, "never read")
    tell(root, "nor this")
    gate.set()
    diary.wait_for("root", "teardown", "ValueError")
    assert stop(root, WITHIN_S)
    assert runtime.stats.totals().dropped == 2


def test_the_last_words_of_an_actor_to_itself_are_refused_and_not_an_error(start: Start, diary: Diary) -> None:
    root = start(in_teardown=lambda puppet: diary.write("told", tell(puppet.actor_ref, "me")))
    assert stop(root, WITHIN_S)
    assert diary.about("told") == [(False,)]


@pytest.mark.parametrize("hook", ["on_start", "on_stop", "on_failure", "on_receive"])
def test_the_hooks_of_pykka_are_closed(hook: str) -> None:
    with pytest.raises(TypeError, match=f"Sly defines {hook}"):
        type("Sly", (EngineActor,), {hook: lambda self: None})


def test_proxies_do_not_reach_into_an_actor(start: Start, runtime: Runtime) -> None:
    call = pykka.messages.ProxyCall(attr_path=("stop",), args=(), kwargs={})
    root = start()
    root.ask(call, timeout=WITHIN_S)
    stats = runtime.stats.get("root")
    assert stats is not None
    assert (stats.unexpected, root.is_alive()) == (1, True)


def test_an_unexpected_message_is_named_by_type_only(start: Start, logged: list[str]) -> None:
    class Secret:
        def __repr__(self) -> str:
            return "what the caller said"

    start().ask(Secret(), timeout=WITHIN_S)
    (line,) = [line for line in logged if "inesperado" in line]
    assert line.startswith("WARNING root: ")
    assert "Secret" in line
    assert "what the caller said" not in line


def test_drops_are_logged_at_most_once_a_second(
    start: Start, still: Any, diary: Diary, logged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Puppet, "inbox_max", 1)
    root = start(runtime=still)

    def three_where_one_fits(puppet: Puppet) -> None:
        for _ in range(3):
            tell(puppet.actor_ref, "flood")

    def drop_lines_after(floods: int) -> list[str]:
        root.ask(Do(three_where_one_fits), timeout=WITHIN_S)
        diary.wait_for("root", "handled", "flood", times=floods)
        return [line.strip() for line in logged if "perdidos" in line]

    first = "WARNING root: buzón lleno: 2 mensajes perdidos (2 en total)"
    assert drop_lines_after(floods=1) == [first]
    assert drop_lines_after(floods=2) == [first]
    still.manual.advance(1.0)
    assert drop_lines_after(floods=3) == [first, "WARNING root: buzón lleno: 2 mensajes perdidos (4 en total)"]


def test_a_crash_is_logged_once_with_its_traceback_under_the_actors_path(
    start: Start, diary: Diary, logged: list[str], crashes: Any
) -> None:
    crashes.expect("root")
    root = start()
    tell(root, fail(ValueError("reason")))
    diary.wait_for("root", "teardown", "ValueError")
    assert stop(root, WITHIN_S)
    (line,) = [line for line in logged if line.startswith("ERROR")]
    assert line.startswith("ERROR root: Puppet se cayó")
    assert "Traceback" in line


def test_settings_that_cannot_be_used_are_named_without_a_traceback(
    start: Start, diary: Diary, logged: list[str], crashes: Any
) -> None:
    crashes.expect("root")
    root = start()
    tell(root, fail(ConfigError(("PORT: el puerto 3000 ya está en uso",))))
    diary.wait_for("root", "teardown", "ConfigError")
    assert stop(root, WITHIN_S)
    (line,) = [line for line in logged if line.startswith("ERROR")]
    assert line == "ERROR root: Puppet no puede trabajar: PORT: el puerto 3000 ya está en uso\n"


def test_delayed_messages_come_at_their_time_unless_cancelled(start: Start, still: Any, diary: Diary) -> None:
    root = start(runtime=still)

    def schedule(puppet: Puppet) -> None:
        puppet.send_later(1.0, "soon")
        puppet.send_later(1.5, "cancelled").cancel()
        puppet.send_at(puppet.clock.now() + 2.0, "later")

    root.ask(Do(schedule), timeout=WITHIN_S)
    still.manual.advance(1.9)
    diary.wait_for("root", "handled", "soon")
    still.manual.advance(0.1)
    diary.wait_for("root", "handled", "later")
    assert diary.count("root", "handled", "cancelled") == 0


def test_an_actor_takes_its_deadlines_with_it(start: Start, still: Any) -> None:
    root = start(runtime=still)
    root.ask(Do(lambda puppet: puppet.send_later(3600.0, "too late")), timeout=WITHIN_S)
    assert still.manual.next_at == 3600.0
    assert stop(root, WITHIN_S)
    assert still.manual.next_at is None


def test_actor_threads_are_daemons_and_carry_the_path(start: Start) -> None:
    thread: Any = start().ask(Do(lambda _: threading.current_thread()), timeout=WITHIN_S)
    assert (thread.name, thread.daemon) == ("root", True)


def test_a_stuck_actor_shows_without_being_asked(start: Start, still: Any) -> None:
    root, stuck, gate = start(runtime=still), threading.Event(), threading.Event()

    def hang(_: Puppet) -> None:
        stuck.set()
        gate.wait(WITHIN_S)

    still.manual.advance(10.0)
    tell(root, Do(hang))
    tell(root, "waiting")
    assert stuck.wait(WITHIN_S)
    still.manual.advance(7.0)
    stats = still.stats.get("root")
    assert (stats.busy_s(still.clock.now()), stats.last_message, stats.data_depth) == (7.0, Do, 1)
    assert stats.oldest_s(still.clock.now()) == 7.0
    gate.set()


def test_stats_count_what_was_handled_and_leave_with_the_actor(start: Start, runtime: Runtime, diary: Diary) -> None:
    root = start()
    for number in range(5):
        tell(root, f"data {number}")
    diary.wait_for("root", "handled", "data 4")
    assert stop(root, WITHIN_S)
    assert runtime.stats.get("root") is None
    assert (runtime.stats.totals().actors, runtime.stats.totals().handled) == (1, 5)


def test_a_watcher_sees_messages_by_type_and_time_also_the_one_that_fails(
    start: Start, still: Any, diary: Diary, crashes: Any
) -> None:
    crashes.expect("root")
    root = start(runtime=still)
    diary.wait_for("root", "ready")
    trace = Trace("root")
    still.stats.watch(trace)

    def take_time(puppet: Puppet) -> None:
        tell(puppet.actor_ref, fail(ValueError("secret")))
        still.manual.advance(2.0)

    tell(root, Do(take_time))
    diary.wait_for("root", "teardown", "ValueError")
    first, second = trace.take()
    assert (first.path, first.message, first.took_s, first.failed) == ("root", "Do", 2.0, False)
    assert (second.waited_s, second.failed) == (2.0, True)
    assert "secret" not in repr((first, second))
    still.stats.unwatch(trace)
    assert still.stats.traces == ()


def test_an_actor_whose_thread_cannot_start_leaves_no_trace(
    runtime: Runtime, diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", exhausted)
        with pytest.raises(RuntimeError, match="can't start"):
            Puppet.start(Birth("root", None, runtime), diary)
    assert runtime.stats.get("root") is None
    assert pykka.ActorRegistry.get_all() == []


def test_a_part_of_a_call_names_the_call_as_the_carrier_does_by_now(
    runtime: Runtime, diary: Diary, crashes: Any
) -> None:
    crashes.expect("root/child")
    records: list[Any] = []
    sink = logger.add(lambda message: records.append(message.record), filter=lambda record: "actor" in record["extra"])
    names = ["ours"]
    birth = Birth("root", None, runtime).of_call(lambda: names[-1])
    root = Puppet.start(birth, diary, ChildSpec("child", lambda birth: Puppet.start(birth, diary), Restart.TEMPORARY))
    names.append("v3:abc")
    try:
        diary.wait_for("root/child", "ready")
        assert runtime.crash("root/child")
        diary.wait_for("root", "exited", "child", "ActorCrashed", Verdict.FINISHED)
        assert stop(root, WITHIN_S)
    finally:
        logger.remove(sink)
    assert {(record["extra"]["actor"], record["extra"]["call"]) for record in records} == {("root/child", "v3:abc")}

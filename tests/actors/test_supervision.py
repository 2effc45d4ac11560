"""Parents and children: who comes back, how often, and who goes with whom."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pykka
import pytest

from support.puppet import AT_ONCE, WITHIN_S, Diary, Do, Puppet, fail
from telnyx_actors.actors.base import Birth, stop, tell
from telnyx_actors.actors.runtime import Runtime
from telnyx_actors.actors.supervision import Child, ChildExited, ChildSpec, Restart, Verdict
from telnyx_actors.core.backoff import Backoff

Ref = pykka.ActorRef[Any]
Start = Callable[..., Ref]
BUG = ValueError("bug")


@pytest.fixture
def spec(diary: Diary) -> Callable[..., ChildSpec]:
    """The spec of a puppet, by its name, with the puppet's options and the spec's own."""

    def spec(name: str, *children: ChildSpec, options: dict[str, Any] | None = None, **fields: Any) -> ChildSpec:
        def factory(birth: Birth) -> Ref:
            return Puppet.start(birth, diary, *children, **(options or {}))

        return ChildSpec(name, factory, **{"backoff": AT_ONCE, **fields})

    return spec


def via(name: str, message: object) -> Do:
    """Make a parent tell its child."""
    return Do(lambda parent: parent.children[name].tell(message))


# --- who comes back ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("restart", "error", "verdict"),
    [
        (Restart.PERMANENT, None, Verdict.RESTARTING),
        (Restart.PERMANENT, BUG, Verdict.RESTARTING),
        (Restart.TRANSIENT, None, Verdict.FINISHED),
        (Restart.TRANSIENT, BUG, Verdict.RESTARTING),
        (Restart.TEMPORARY, None, Verdict.FINISHED),
        (Restart.TEMPORARY, BUG, Verdict.FINISHED),
    ],
)
def test_the_spec_says_who_comes_back(
    restart: Restart, error: Exception | None, verdict: Verdict, spec: Callable[..., ChildSpec]
) -> None:
    assert child_of(spec("child", restart=restart)).judge(error, now=0.0) is verdict


def child_of(spec: ChildSpec) -> Child:
    runtime: Any = None
    stats: Any = None
    return Child(spec, Birth("root/child", None, runtime), stats)


def test_a_child_that_fails_too_often_in_the_window_is_given_up(spec: Callable[..., ChildSpec]) -> None:
    child = child_of(spec("child", max_restarts=2, within_s=10.0))
    verdicts = [child.judge(BUG, now) for now in (0.0, 5.0, 9.9)]
    assert verdicts == [Verdict.RESTARTING, Verdict.RESTARTING, Verdict.GAVE_UP]


def test_failures_older_than_the_window_are_forgiven(spec: Callable[..., ChildSpec]) -> None:
    child = child_of(spec("child", max_restarts=2, within_s=10.0))
    verdicts = [child.judge(BUG, now) for now in (0.0, 5.0, 10.0, 15.0, 20.0)]
    assert set(verdicts) == {Verdict.RESTARTING}


def test_no_restarts_allowed_means_given_up_at_once(spec: Callable[..., ChildSpec]) -> None:
    assert child_of(spec("child", max_restarts=0)).judge(BUG, 0.0) is Verdict.GAVE_UP


def test_the_backoff_grows_with_the_failures_in_the_window(spec: Callable[..., ChildSpec]) -> None:
    child = child_of(spec("child", max_restarts=5, within_s=10.0, backoff=Backoff(first_s=1.0, limit_s=60.0)))
    delays = []
    for now in (0.0, 1.0, 2.0, 50.0):
        child.judge(BUG, now)
        delays.append(child.backoff_s(random=1.0))
    assert delays == [1.0, 2.0, 4.0, 1.0]


@pytest.mark.parametrize("name", ["", "a/b"])
def test_a_name_is_one_step_of_a_path(name: str, spec: Callable[..., ChildSpec]) -> None:
    with pytest.raises(ValueError, match="one step"):
        spec(name)


# --- restarts ---------------------------------------------------------------------


def test_a_crashed_child_comes_back_under_its_name_and_knows_how_often(
    start: Start, spec: Callable[..., ChildSpec], diary: Diary, runtime: Runtime, crashes: Any
) -> None:
    crashes.expect("root/child")
    root = start(spec("child"))
    tell(root, via("child", fail(BUG)))
    diary.wait_for("root", "exited", "child", "ValueError", Verdict.RESTARTING)
    diary.wait_for("root", "started", "child", 1)
    tell(root, via("child", "hello again"))
    diary.wait_for("root/child", "handled", "hello again")
    stats = runtime.stats.get("root/child")
    assert stats is not None
    assert stats.restarts == 1
    assert runtime.stats.totals().restarts == 1


def test_a_child_that_waits_for_its_restart_takes_no_messages_and_the_loss_is_counted(
    start: Start, spec: Callable[..., ChildSpec], diary: Diary, still: Any, crashes: Any
) -> None:
    crashes.expect("root/child")
    still.random = lambda: 0.5
    root = start(spec("child", backoff=Backoff(first_s=8.0, limit_s=8.0)), runtime=still)
    tell(root, via("child", fail(BUG)))
    diary.wait_for("root", "exited", "child", "ValueError", Verdict.RESTARTING)
    assert root.ask(via("child", "anyone?"), timeout=WITHIN_S) is False
    assert still.stats.get("root").undelivered == 1
    still.manual.advance(3.9)
    assert root.ask(Do(lambda parent: parent.children["child"].ref), timeout=WITHIN_S) is None
    still.manual.advance(0.1)
    diary.wait_for("root", "started", "child", 1)


def test_the_parent_of_a_hopeless_child_fails_and_its_own_parent_decides(
    start: Start, spec: Callable[..., ChildSpec], diary: Diary, crashes: Any
) -> None:
    crashes.expect("root/call", "root/call/speaker")
    speaker = spec("speaker", max_restarts=1, options={"in_setup": fail(BUG).action})
    start(spec("call", speaker, restart=Restart.TEMPORARY))
    diary.wait_for("root", "exited", "call", "ChildGaveUp", Verdict.FINISHED)
    assert diary.count("root/call", "exited", "speaker", "ValueError", Verdict.RESTARTING) == 1
    assert diary.count("root/call", "exited", "speaker", "ValueError", Verdict.GAVE_UP) == 1


def test_a_tolerant_parent_lives_on_without_the_hopeless_child(
    start: Start, spec: Callable[..., ChildSpec], diary: Diary, crashes: Any
) -> None:
    crashes.expect("root/child")
    root = start(spec("child", max_restarts=0), tolerant=True)
    tell(root, via("child", fail(BUG)))
    diary.wait_for("root", "exited", "child", "ValueError", Verdict.GAVE_UP)
    assert root.ask("degraded", timeout=WITHIN_S) == "degraded"


def test_a_late_notice_about_an_old_child_does_not_disturb_its_successor(
    start: Start, spec: Callable[..., ChildSpec], diary: Diary, crashes: Any
) -> None:
    crashes.expect("root/child")
    root = start(spec("child"))
    old: Any = root.ask(Do(lambda parent: parent.children["child"].ref), timeout=WITHIN_S)
    tell(root, via("child", fail(BUG)))
    diary.wait_for("root", "started", "child", 1)
    tell(root, ChildExited("child", old, BUG, 0.0))
    tell(root, via("child", "undisturbed"))
    diary.wait_for("root/child", "handled", "undisturbed")
    assert diary.count("root", "exited", "child", "ValueError", Verdict.RESTARTING) == 1
    assert diary.count("root/child", "setup") == 2


def test_a_name_is_taken_while_its_child_lives_and_free_afterwards(
    start: Start, spec: Callable[..., ChildSpec], diary: Diary, crashes: Any
) -> None:
    root = start(spec("child"))

    def start_another(parent: Puppet) -> None:
        with pytest.raises(ValueError, match="already has a child"):
            parent.start_child(spec("child"))
        parent.children["child"].stop()

    root.ask(Do(start_another), timeout=WITHIN_S)
    diary.wait_for("root", "exited", "child", None, Verdict.FINISHED)
    root.ask(Do(lambda parent: parent.start_child(spec("child"))), timeout=WITHIN_S)
    diary.wait_for("root/child", "setup", times=2)


def test_a_child_stopped_for_good_does_not_come_back_even_if_it_is_permanent(
    start: Start, spec: Callable[..., ChildSpec], diary: Diary
) -> None:
    root = start(spec("child"))
    tell(root, Do(lambda parent: parent.children["child"].stop()))
    diary.wait_for("root", "exited", "child", None, Verdict.FINISHED)
    assert diary.count("root/child", "setup") == 1


@pytest.mark.parametrize("replaced", ["before the restart is due", "after it was due"])
def test_a_child_stopped_for_good_while_it_waits_for_its_restart_can_be_replaced(
    *, replaced: str, start: Start, spec: Callable[..., ChildSpec], diary: Diary, still: Any, crashes: Any
) -> None:
    crashes.expect("root/child")
    root = start(spec("child"), runtime=still)
    tell(root, via("child", fail(BUG)))
    diary.wait_for("root", "exited", "child", "ValueError", Verdict.RESTARTING)
    root.ask(Do(lambda parent: parent.children["child"].stop()), timeout=WITHIN_S)
    if replaced == "after it was due":
        still.manual.advance(60.0)
    root.ask(Do(lambda parent: parent.start_child(spec("child"))), timeout=WITHIN_S)
    still.manual.advance(60.0)
    tell(root, via("child", "hello"))
    diary.wait_for("root/child", "handled", "hello")
    assert diary.count("root", "exited", "child", None, Verdict.FINISHED) == (replaced == "after it was due")
    assert (diary.count("root/child", "setup"), diary.count("root", "started", "child", 1)) == (2, 0)


def test_a_child_that_no_thread_can_be_had_for_has_failed_once_more(
    start: Start, diary: Diary, logged: list[str], crashes: Any
) -> None:
    crashes.expect("root/child")
    births = iter((True, False, True))  # the second cannot be

    def factory(birth: Birth) -> Ref:
        if next(births):
            return Puppet.start(birth, diary)
        raise RuntimeError("can't start new thread")

    root = start(ChildSpec("child", factory, backoff=AT_ONCE))
    tell(root, via("child", fail(BUG)))
    diary.wait_for("root", "exited", "child", "RuntimeError", Verdict.RESTARTING)
    diary.wait_for("root", "started", "child", 2)
    tell(root, via("child", "hello again"))
    diary.wait_for("root/child", "handled", "hello again")
    assert any("no se pudo iniciar: can't start new thread" in line for line in logged)


# --- ending together --------------------------------------------------------------


@pytest.mark.parametrize("ending", ["stop", "crash", "crash when asked", "setup fails"])
def test_children_end_before_their_parent_and_the_newest_first_whatever_ends_it(
    ending: str, start: Start, spec: Callable[..., ChildSpec], diary: Diary, crashes: Any
) -> None:
    grandchild = spec("c1")
    children = [spec("a"), spec("b"), spec("c", grandchild)]
    if ending == "setup fails":
        children.append(spec("a"))  # the name is taken
    if ending != "stop":
        crashes.expect("root")
    root = start(*children)
    if ending == "crash":
        tell(root, fail(BUG))
        diary.wait_for("root", "teardown", "ValueError")
    elif ending == "crash when asked":
        root.ask(fail(BUG), block=False)
    assert stop(root, WITHIN_S)
    torn_down = [entry[0] for entry in diary.entries if entry[1] == "teardown"]
    assert torn_down == ["root/c/c1", "root/c", "root/b", "root/a", "root"]


def test_a_wedged_child_is_named_and_left_and_the_others_still_end(
    start: Start, spec: Callable[..., ChildSpec], diary: Diary, logged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Puppet, "children_stop_within_s", 0.3)
    gate = threading.Event()
    wedged = spec("wedged", options={"in_teardown": lambda _: gate.wait(WITHIN_S)})
    root = start(spec("first"), wedged, spec("last"))
    diary.wait_for("root", "ready")
    assert stop(root, WITHIN_S)
    assert diary.count("root/first", "teardown", None) == 1
    assert diary.count("root/last", "teardown", None) == 1
    assert [line for line in logged if "no terminó" in line] == [
        "ERROR root: root/wedged no terminó en el plazo: se abandona su hilo\n"
    ]
    gate.set()


@pytest.mark.parametrize("restart", [Restart.TEMPORARY, Restart.TRANSIENT])
def test_siblings_that_come_and_go_stop_together_and_not_one_after_the_other(
    restart: Restart, start: Start, spec: Callable[..., ChildSpec], diary: Diary, logged: list[str]
) -> None:
    meeting = threading.Barrier(3)  # each waits for the others: one by one, none would ever end
    options = {"in_teardown": lambda _: meeting.wait(WITHIN_S)}
    calls = [spec(f"call{n}", restart=restart, options=options) for n in range(3)]
    root = start(spec("journal"), *calls)
    diary.wait_for("root", "ready")
    assert stop(root, WITHIN_S)
    assert [entry[0] for entry in diary.entries if entry[1] == "teardown"][-2:] == ["root/journal", "root"]
    assert [line for line in logged if "no terminó" in line] == []


def test_a_child_may_tell_its_ending_parent_without_either_waiting(
    start: Start, spec: Callable[..., ChildSpec], diary: Diary
) -> None:
    def last_words(child: Puppet) -> None:
        parent = child._birth.parent
        assert parent is not None
        diary.write("told", tell(parent, "goodbye"))

    root = start(spec("child", options={"in_teardown": last_words}))
    diary.wait_for("root", "ready")
    assert stop(root, WITHIN_S)
    assert diary.about("told") == [(False,)]


def test_a_restart_that_is_due_while_the_parent_ends_does_not_make_an_orphan(
    start: Start, spec: Callable[..., ChildSpec], diary: Diary, still: Any, crashes: Any
) -> None:
    crashes.expect("root/child")
    root = start(spec("child"), runtime=still)
    tell(root, via("child", fail(BUG)))
    diary.wait_for("root", "exited", "child", "ValueError", Verdict.RESTARTING)
    assert stop(root, WITHIN_S)
    still.manual.advance(60.0)
    assert diary.count("root/child", "setup") == 1


# --- the kill switch --------------------------------------------------------------


def test_any_actor_can_be_crashed_by_its_path_and_recovers_as_from_a_bug(
    start: Start, spec: Callable[..., ChildSpec], runtime: Runtime, diary: Diary, crashes: Any
) -> None:
    crashes.expect("root/child")
    start(spec("child"))
    diary.wait_for("root/child", "ready")
    assert runtime.crash("root/child", "chaos")
    diary.wait_for("root", "started", "child", 1)
    (crash,) = runtime.stats.crashes("root")
    assert (crash.path, crash.kind, crash.error) == ("root/child", "Puppet", "ActorCrashed: chaos")
    assert not runtime.crash("root/nobody")


@pytest.mark.parametrize("policy", [Restart.PERMANENT, Restart.TRANSIENT])
def test_any_actor_can_be_started_anew_by_its_path_and_that_is_no_crash(
    policy: Restart, start: Start, spec: Callable[..., ChildSpec], runtime: Runtime, diary: Diary
) -> None:
    start(spec("child", restart=policy))
    diary.wait_for("root/child", "ready")
    assert runtime.restart("root/child")
    diary.wait_for("root", "started", "child", 1)
    assert diary.count("root/child", "teardown", "RestartAsked") == 1
    assert (runtime.stats.crashes(), runtime.stats.totals().errors) == ([], 0)
    assert not runtime.restart("root/nobody")


def test_a_factory_may_be_a_partial_of_start(start: Start, diary: Diary, runtime: Runtime) -> None:
    start(ChildSpec("child", partial(Puppet.start, diary=diary)))
    diary.wait_for("root/child", "ready")

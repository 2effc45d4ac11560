"""Runtimes for tests: one with real time, one whose time stands still, and a call that is held in that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pykka
import pytest
from loguru import logger

from support.held import HeldCall
from support.plans import PLAN, FakeWorld
from support.puppet import WITHIN_S, Diary, Puppet
from support.stepping import StillRuntime, Unstarted
from telnyx_actors.actors.base import Birth, EngineActor, stop
from telnyx_actors.actors.runtime import Runtime
from telnyx_actors.actors.supervision import ChildSpec

Ref = pykka.ActorRef[Any]


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    runtime = Runtime(random=lambda: 0.0)
    runtime.start()
    yield runtime
    runtime.stop()


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """Every line that is logged, as ``LEVEL actor: text``."""
    lines: list[str] = []
    sink = logger.add(lines.append, format="{level} {extra[actor]}: {message}", filter=lambda r: "actor" in r["extra"])
    yield lines
    logger.remove(sink)


@pytest.fixture
def still() -> StillRuntime:
    return StillRuntime()


@pytest.fixture
def start(diary: Diary, runtime: Runtime) -> Iterator[Callable[..., Ref]]:
    """Start a puppet named ``root`` with these children; it is stopped when the test ends."""
    refs: list[Ref] = []

    def start(*children: ChildSpec, runtime: Runtime = runtime, **options: Any) -> Ref:
        refs.append(Puppet.start(Birth("root", None, runtime), diary, *children, **options))
        return refs[-1]

    yield start
    assert [ref for ref in refs if not stop(ref, WITHIN_S)] == []


@pytest.fixture
def unstarted() -> Iterator[Unstarted[Any]]:
    actors: list[EngineActor] = []

    def set_up(actor: EngineActor) -> EngineActor:
        actors.append(actor)
        actor.setup()
        return actor

    yield set_up
    for actor in actors:
        actor._end(None)


@pytest.fixture
def world(tmp_path: Path) -> FakeWorld:
    return FakeWorld(tmp_path)


@pytest.fixture
def call(still: StillRuntime, unstarted: Unstarted[Any], world: FakeWorld) -> Iterator[HeldCall]:
    call = HeldCall(still, unstarted, world, PLAN)
    yield call
    world.carrier.gate.set()
    world.archive.gate.set()

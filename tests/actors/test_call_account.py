"""What a call has used and how its line was, counted when it is over."""

from __future__ import annotations

from support.held import HeldCall, webhook
from support.plans import FakeWorld
from telnyx_actors.actors.calls import Line
from telnyx_actors.core import events as ev


def test_frames_that_nobody_took_in_time_are_counted_when_the_call_is_over(call: HeldCall, world: FakeWorld) -> None:
    call.go_live()
    call.memory.session.hearing.dropped = 3
    call.tell(webhook("call.hangup"))
    assert world.services.tally.read()["dropped", "hearing"] == 3
    assert world.services.tally.read()["dropped", "recording"] == 0


def test_how_the_callers_audio_came_is_shown_meanwhile_and_counted_when_the_call_is_over(
    call: HeldCall, world: FakeWorld
) -> None:
    call.go_live()
    memory = call.memory
    memory.session.frames, memory.session.reorderer.lost_frames, memory.session.reorderer.late_frames = 100, 3, 2
    memory.replay.lost_bytes = 12_000
    call.tell(ev.TimePassed())
    assert memory.view.line == Line(frames=100, lost=3, late=2, unheard_s=1.5)
    call.tell(webhook("call.hangup"))
    sums = world.services.tally.read()
    assert [sums["frames", fate] for fate in ("heard", "lost", "late")] == [100, 3, 2]
    assert sums["unheard",] == 1.5


def used(world: FakeWorld) -> tuple[float, float, float]:
    """Seconds answered, heard by our own transcriber, and transcribed by Telnyx."""
    sums = world.services.tally.read()
    answered, heard, transcribed = (sums["usage", name] for name in ("answered_s", "hearing_s", "transcribed_s"))
    return round(answered, 3), round(heard, 3), round(transcribed, 3)


def test_who_heard_the_call_is_known_because_each_is_paid(call: HeldCall, world: FakeWorld) -> None:
    call.go_live()
    call.tell(ev.HearingRestored(by_reserve=True))
    call.advance(5.0)
    call.tell(ev.HearingRestored())
    call.advance(5.0)
    call.tell(ev.HearingFailed("bad key", is_final=True))
    call.advance(2.0)
    call.tell(ev.HearingRestored())
    call.advance(5.0)
    call.tell(webhook("call.hangup"))
    answered_s, heard_s, transcribed_s = used(world)
    assert heard_s == answered_s - 7.0
    assert transcribed_s == 7.0, "by the reserve, and by the carrier"

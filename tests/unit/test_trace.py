"""What a watcher sees of messages: those of its part of the tree, in bounded numbers."""

from __future__ import annotations

from telnyx_actors.actors.trace import TRACED_MAX, Trace, Traced


def traced(path: str, at: float = 0.0) -> Traced:
    return Traced(path, "Ask", at, 0.0, 0.0, failed=False)


def test_only_a_part_of_the_tree_is_watched_by_whole_steps_of_its_path() -> None:
    trace = Trace("s/call-1")
    for path in ("s", "s/call-1", "s/call-1/speaker", "s/call-12", "s/call-2"):
        trace.note(traced(path))
    assert [each.path for each in trace.take()] == ["s/call-1", "s/call-1/speaker"]
    assert trace.take() == []


def test_what_nobody_takes_in_time_is_lost_and_counted() -> None:
    trace = Trace("s")
    for number in range(TRACED_MAX + 7):
        trace.note(traced("s", float(number)))
    assert trace.lost == 0  # nobody has looked yet
    assert [each.at for each in trace.take()] == [float(number) for number in range(7, TRACED_MAX + 7)]
    assert trace.lost == 7
    trace.note(traced("s"))
    assert len(trace.take()) == 1
    assert trace.lost == 7

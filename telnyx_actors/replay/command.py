"""``run.py --replay <call>``: hold a call again and say whether it is decided as it was."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from telnyx_actors.console.client.render import Paint
from telnyx_actors.core.chronicle import Replayed, Step
from telnyx_actors.log_output import Output
from telnyx_actors.replay import screen
from telnyx_actors.replay.as_test import write_test
from telnyx_actors.replay.shelf import NoChronicle, find
from telnyx_actors.replay.verdict import EXIT_NOT_FOUND, Verdict, judge

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """``test_path``: where a test is to be written, a folder or a file; None for no test."""

    call: str
    data_dir: Path
    in_json: bool = False
    test_path: Path | None = None
    is_masked: bool = False


def replay_call(options: ReplayOptions, out: Output, paint: Paint) -> int:
    """Returns the exit code: see ``verdict``."""
    try:
        verdict = judge(find(options.data_dir, options.call))
        for line in _said(verdict, options, paint):
            out.write(line + "\n")
    except NoChronicle as error:
        out.write((json.dumps({"error": str(error)}, ensure_ascii=False) if options.in_json else str(error)) + "\n")
        return EXIT_NOT_FOUND
    return verdict.exit_code


def _said(verdict: Verdict, options: ReplayOptions, paint: Paint) -> Iterable[str]:
    if options.test_path is not None:
        return write_test(verdict, options.test_path, is_masked=options.is_masked)
    if options.in_json:
        return [json.dumps(as_json(verdict), ensure_ascii=False)]
    return screen.lines(verdict, paint)


def as_json(verdict: Verdict) -> Json:
    """All of it, for scripts. Times are seconds from the beginning of the part."""
    chronicle = verdict.chronicle
    return {
        "call": chronicle.ref,
        "call_control_id": chronicle.call_control_id,
        "complaint": chronicle.complaint,
        "steps": verdict.steps,
        "differences": len(verdict.differences),
        "exit_code": verdict.exit_code,
        "parts": [
            {
                "core": part.beginning.core,
                "wall": part.beginning.wall,
                "end": part.end,
                "missing": part.missing,
                "steps": [_step(step, part.beginning.at) for step in steps],
            }
            for part, steps in verdict.parts
        ],
    }


def _step(replayed: Replayed, zero: float) -> Json:
    then, now = replayed
    step: Json = {"at": round(then.at - zero, 6), "event": _named(then.event), **_answer(then, zero)}
    return {**step, "now": _answer(now, zero)} if replayed.differs else step


def _answer(step: Step, zero: float) -> Json:
    deadline = None if step.deadline is None else round(step.deadline - zero, 6)
    answer: Json = {"actions": [_named(action) for action in step.actions], "deadline": deadline}
    return {**answer, "error": step.error} if step.error else answer


def _named(what: object) -> Json:
    return {"type": type(what).__name__, **msgspec.to_builtins(what)}

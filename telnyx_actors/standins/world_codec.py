"""Scripts and records as JSON, for a world in another process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

import msgspec

from telnyx_actors.standins.caller import (
    Answer,
    CallerScript,
    HangUp,
    InterruptAfter,
    Press,
    Say,
    Stay,
    Step,
    Wait,
    WaitForAgent,
)
from telnyx_actors.standins.carrier_call import CarrierCall

_STEPS: Final[Mapping[str, type[Step]]] = {
    step.__name__: step for step in (Say, Wait, WaitForAgent, InterruptAfter, Press, HangUp, Stay)
}


class BadScript(Exception):
    """What came is not a script; the message says where."""


def script_to_json(script: CallerScript) -> dict[str, Any]:
    """Steps as objects with their name in ``do``; sound as base64."""
    steps = [{"do": type(step).__name__, **msgspec.to_builtins(step)} for step in script.steps]
    return {"steps": steps, "answer": asdict(script.answer), "name": script.name, "voice": script.voice}


def script_from_json(data: Any) -> CallerScript:
    """Raises BadScript."""
    try:
        steps = tuple(_step(item) for item in data.get("steps", [{"do": "Stay"}]))
        answer = msgspec.convert(data.get("answer", {}), Answer)
        rest = {key: str(data[key]) for key in ("name", "voice") if key in data}
    except (AttributeError, TypeError, msgspec.ValidationError) as error:
        raise BadScript(str(error)) from error
    return CallerScript(steps, answer, **rest)


def _step(item: Mapping[str, Any]) -> Step:
    values = dict(item)
    kind = _STEPS.get(values.pop("do", ""))
    if kind is None:
        raise BadScript(f"'do' is one of {', '.join(_STEPS)}")
    return msgspec.convert(values, kind)


def record_to_json(record: CarrierCall) -> Any:
    """Everything, sound included; ``record_from_json`` makes the same record of it."""
    return msgspec.to_builtins(record)


def record_from_json(data: Any) -> CarrierCall:
    return msgspec.convert(data, CarrierCall)


def summary(record: CarrierCall) -> dict[str, Any]:
    """What a person wants to see of a call: intervals and events, no sound."""
    shown = ("call_control_id", "direction", "from_", "to", "script_name", "state", "script_error", "hangup_cause")
    return {
        **{name: getattr(record, name) for name in shown},
        "hangup_source": record.hangup_source,
        "transferred_to": record.transferred_to,
        "duration_s": record.duration_s,
        "max_tick_late_s": record.max_tick_late_s,
        "agent_speech": record.agent_speech(),
        "caller_speech": record.caller_speech(),
        "response_times": [{**asdict(item), "seconds": item.seconds} for item in record.response_times()],
        "barge_in_times": [{**asdict(item), "seconds": item.seconds} for item in record.barge_in_times()],
        "underruns": record.underruns(),
        "dead_air": record.dead_air(),
        "outcomes": [asdict(outcome) for outcome in record.outcomes],
        "events": [msgspec.to_builtins(event) for event in record.events],
    }

"""Calls of one mode, one after the other: how long callers waited, what was understood, what went wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import mean

from measure.accuracy import word_error_rate
from measure.daemon import Daemon
from measure.stage import GREETING, SENTENCES, caller
from telnyx_actors.standins.world_client import WorldClient

CALL_LIMIT_S = 120.0


@dataclass(slots=True)
class CallFigures:
    """One call. ``responses_s`` has an entry for each turn that was answered."""

    responses_s: list[float] = field(default_factory=list)
    said: str = ""
    heard: str = ""
    problem: str = ""

    @property
    def response_s(self) -> float:
        """The average over the call's turns; 0 for a call without an answer."""
        return mean(self.responses_s) if self.responses_s else 0.0


@dataclass(slots=True)
class ModeFigures:
    """All calls of one mode. ``name`` is "WebSocket" or "Webhook"."""

    name: str
    calls: list[CallFigures] = field(default_factory=list)

    @property
    def response_s(self) -> float:
        """The average of the calls' averages, as the checklist asks for."""
        answered = [call.response_s for call in self.calls if call.responses_s]
        return mean(answered) if answered else 0.0

    @property
    def success_rate(self) -> float:
        return sum(not call.problem for call in self.calls) / len(self.calls) if self.calls else 0.0

    @property
    def accuracy(self) -> float:
        """1 less the word error rate, and not less than 0."""
        return max(0.0, 1 - word_error_rate((call.said, call.heard) for call in self.calls))


def heard_by(daemon: Daemon, call_control_id: str) -> str:
    """What the transcriber's finals say, from the log."""
    lines = daemon.lines("📝", "Transcripción recibida: '", call=call_control_id)
    return " ".join(line.text.partition(": '")[2].removesuffix("'") for line in lines)


def scripted_call(daemon: Daemon, world: WorldClient) -> CallFigures:
    """A call with a stand-in's caller: measured by the caller's own ear."""
    world.expect(caller())
    call_control_id = daemon.dial(saludo=GREETING)
    record = world.wait_ended(call_control_id, CALL_LIMIT_S)
    daemon.wait_line("Llamada finalizada", call=call_control_id)
    answers = [response.seconds for response in record.response_times()]
    return CallFigures(
        responses_s=[seconds for seconds in answers if seconds is not None],
        said=" ".join(SENTENCES),
        heard=heard_by(daemon, call_control_id),
        problem=record.script_error or ("un turno sin respuesta" if None in answers else ""),
    )

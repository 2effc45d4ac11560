"""What the answers about calls look like to an operator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from telnyx_actors.console.client.render import Cell, Paint, milliseconds, named, safe, seconds, short_path, table
from telnyx_actors.console.client.screens import actors, stuck
from telnyx_actors.console.client.waterfall import PARTS, waterfall
from telnyx_actors.console.protocol import Json

DIRECTIONS: Final = {"outgoing": "saliente", "incoming": "entrante"}
PHASES: Final = {
    "dialling": "marcando",
    "ringing": "suena",
    "answered": "contestada",
    "live": "en curso",
    "closing": "despedida",
    "ended": "terminada",
}
RUNGS: Final = {
    "filler": "muletilla",
    "hedge": "segunda pregunta",
    "apology": "disculpa",
    "reassurance": "otra muletilla",
    "give_up": "abandono",
}
SLOW_MS: Final = 2500
"""The service level: 95 of 100 answers come sooner."""
_SIGNS: Final = {"event": "·", "action": "→", "incident": "○", "crash": "✗"}


def calls(answer: Json, paint: Paint) -> Iterator[str]:
    if not answer["calls"]:
        yield "Ninguna llamada, ni en curso ni reciente."
        return
    heads = ("id", "sentido", "número", "estado", "motivo", "turnos", "edad", "respuesta", "plazo", "tardíos", "fallos")
    rows = [
        [
            Cell(row["id"], "bold" if row["is_alive"] else "dim"),
            named(row["direction"], DIRECTIONS),
            row["number"],
            _phase(row),
            row["reason"],
            str(row["turns"]),
            seconds(row["age_s"]),
            milliseconds(row["last_response_ms"]),
            seconds(row["deadline_in_s"]) if row["is_alive"] else "–",
            str(row["stale"]),
            Cell(str(row["failures"]), "red" if row["failures"] else ""),
        ]
        for row in answer["calls"]
    ]
    yield table(heads, rows, paint, "     rrrrrr")


def call(answer: Json, paint: Paint) -> Iterator[str]:
    direction = named(answer["direction"], DIRECTIONS)
    usage = answer["usage"]
    yield paint(f"Llamada {answer['ref']}", "bold")
    yield f"  en Telnyx {safe(answer['call_control_id']) or '–'}"
    yield f"  {direction}, {answer['number']}, {_phase(answer).text} {safe(answer['reason'])}, desde {answer['started']}"
    yield (
        f"  {answer['turns']} turnos; modelo: {usage['requests']} preguntas ({usage['requests_wasted']} en vano), "
        f"{usage['input_tokens'] + usage['cached_tokens']} tokens leídos y {usage['output_tokens']} escritos "
        f"({usage['tokens_wasted']} en vano); voz: {usage['characters']} letras"
    )
    line = answer["line"]
    yield (
        f"  audio: {line['frames']} tramas, {line['lost']} perdidas, {line['late']} tardías; "
        f"voz que nadie pudo transcribir: {seconds(line['unheard_s'])}"
    )
    yield from (f"  registro: {safe(place)}" for place in answer["places"])
    if answer["actors"]:
        yield ""
        yield actors(answer["actors"], paint)
    yield ""
    yield from waterfall(answer["waterfall"], paint)
    yield ""
    yield from _steps(answer["steps"], paint)
    left = answer["steps_total"] - len(answer["steps"])
    if left > 0:
        yield paint(f"(hubo {left} pasos más; todos, con lo que se decidió: run.py --replay {answer['id']})", "dim")


def why(answer: Json, paint: Paint) -> Iterator[str]:
    if not answer["steps"] and not answer["stuck"]:
        yield "Ningún actor se ha caído ni está atascado." if answer["scope"] == "engine" else "No ha fallado nada."
    yield from _steps(answer["steps"], paint)
    yield from stuck(answer["stuck"], paint)


def _steps(steps: list[Json], paint: Paint) -> Iterator[str]:
    for step in steps:
        when = step["time"][11:23] if "time" in step else f"+{step['t_s']:9.3f}"
        line = f"{when}  {_SIGNS[step['kind']]} {short_path(step['name'])} {safe(step['text'])}".rstrip()
        yield paint(line, "red") if step["is_failure"] else line


def latency(answer: Json, paint: Paint) -> Iterator[str]:
    if answer["scope"] != "engine":
        yield from waterfall(answer["waterfall"], paint)
        return
    if not answer["answers"]:
        yield "Ninguna respuesta en la última hora."
    else:
        yield from _distributions(answer, paint)
    if answer["dead_air"]:
        yield ""
        rows = [
            [named(row["rung"], RUNGS), named(row["cause"], PARTS), str(row["times"])] for row in answer["dead_air"]
        ]
        yield table(("silencio que llenó", "por esperar a", "veces"), rows, paint, "  r")


def _distributions(answer: Json, paint: Paint) -> Iterator[str]:
    quantiles = ("p50", "p90", "p95", "p99", "max")
    parts = {**PARTS, "response": "respuesta"}
    yield f"{answer['answers']} respuestas en los últimos {seconds(answer['window_s'])}"
    rows: list[list[Cell | str]] = [
        [parts[part], *(_time(found[name]) for name in quantiles)] for part, found in answer["parts"].items()
    ]
    yield table(("parte", *quantiles), rows, paint, " rrrrr")
    yield ""
    slowest: list[list[Cell | str]] = [
        [row["call"][:6], str(row["turn"]), *(milliseconds(row[part]) for part in parts), seconds(row["seconds_ago"])]
        for row in answer["slowest"]
    ]
    yield table(("más lentas", "turno", *parts.values(), "hace"), slowest, paint, " rrrrrrr")


def _time(value_ms: float) -> Cell:
    return Cell(milliseconds(value_ms), "red" if value_ms >= SLOW_MS else "")


def _phase(row: Json) -> Cell:
    if not row["is_alive"]:
        return Cell("terminada", "dim")
    return Cell(named(row["state"], PHASES), "green" if row["state"] == "live" else "yellow")

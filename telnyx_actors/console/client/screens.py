"""What the answers about actors and the engine look like to an operator."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Final

from telnyx_actors.console.client.render import Cell, Paint, safe, seconds, short_path, table
from telnyx_actors.console.protocol import Json

STATES: Final = {"idle": ("en espera", "dim"), "busy": ("trabaja", "green"), "stuck": ("ATASCADO", "red")}
STUCK_S: Final = 1.0


def help_(answer: Json, paint: Paint) -> Iterator[str]:
    rows = [[Cell(row["form"], "bold"), row["means"]] for row in answer["commands"]]
    rows += [[Cell("trace <ruta> [segundos]", "bold"), "los mensajes según se atienden: su tipo y su tiempo"]]
    rows += [[Cell("exit", "bold"), "salir"]]
    yield table(("orden", "qué hace"), rows, paint)
    yield paint(
        "Rutas e identificadores se pueden acortar mientras no haya duda. Con --json, la respuesta en JSON.", "dim"
    )


def tree(answer: Json, paint: Paint) -> Iterator[str]:
    yield actors(answer["actors"], paint)
    lag = f"{answer['front_lag_ms']:.0f} ms"
    yield f"{len(answer['actors'])} actores; {answer['crashes']} caídas desde el arranque; el front va {lag} tarde"
    yield from stuck(answer["stuck"], paint)


def stuck(rows: list[Json], paint: Paint) -> Iterator[str]:
    """Who is deaf, since when, and where in the code."""
    for row in rows:
        yield _stuck(row, paint)
        yield from (f"    {safe(frame)}" for frame in row["stack"])


def _stuck(row: Json, paint: Paint) -> str:
    return paint(f"ATASCADO {short_path(row['path'])}: lleva {seconds(row['busy_s'])} con {row['message']}", "red")


def actors(rows: list[Json], paint: Paint) -> str:
    """A part of the tree, children under their parents."""
    heads = ("actor", "clase", "estado", "mensaje", "esperan", "hechos", "reinicios", "perdidos")
    top = rows[0]["path"].count("/")
    return table(heads, [_actor(row, top) for row in rows], paint, "    rrrr")


def _actor(row: Json, top: int) -> list[Cell | str]:
    state, style = STATES[row["state"]]
    if row["state"] == "stuck":
        state = f"{state} {seconds(row['busy_s'])}"
    waiting = f"{row['waiting']} ({seconds(row['oldest_s'])})" if row["waiting"] else "0"
    path = short_path(row["path"])
    return [
        "  " * (path.count("/") - top) + path.rpartition("/")[2],
        row["kind"],
        Cell(state, style),
        Cell(row["message"] or "–", "" if row["state"] == "stuck" else "dim"),
        Cell(waiting, "yellow" if row["waiting"] else ""),
        str(row["handled"]),
        Cell(str(row["restarts"]), "yellow" if row["restarts"] else ""),
        Cell(str(row["dropped"]), "red" if row["dropped"] else ""),
    ]


def mail(answer: Json, paint: Paint) -> Iterator[str]:
    heads = ("actor", "esperan", "desde hace", "máximo", "perdidos", "sin destino", "inesperados")
    rows: list[list[Cell | str]] = [
        [
            short_path(row["path"]),
            Cell(str(row["waiting"]), "yellow" if row["waiting"] else ""),
            Cell(seconds(row["oldest_s"]) if row["waiting"] else "–", "red" if row["oldest_s"] >= STUCK_S else ""),
            str(row["high_water"]),
            Cell(str(row["dropped"]), "red" if row["dropped"] else ""),
            str(row["undelivered"]),
            str(row["unexpected"]),
        ]
        for row in answer["actors"]
    ]
    yield table(heads, rows, paint, " rrrrrr")


def stacks(answer: Json, paint: Paint) -> Iterator[str]:
    if not answer["threads"]:
        yield "No tiene ningún hilo."
    for thread in answer["threads"]:
        busy = "" if thread["busy_s"] is None else f"  ocupado desde hace {seconds(thread['busy_s'])}"
        yield paint(f"{short_path(thread['name'])}{busy}", "bold")
        yield from (f"    {safe(frame)}" for frame in thread["stack"])


def settings(answer: Json, paint: Paint) -> Iterator[str]:
    rows = [
        [row["name"], Cell("–" if row["value"] is None else row["value"]), row["group"]] for row in answer["settings"]
    ]
    yield table(("variable", "valor", "grupo"), rows, paint)


def trace_part(part: Json, paint: Paint) -> Iterator[str]:
    """What went by since the last look."""
    if "path" in part:
        yield paint(f"Mensajes de {safe(part['path'])} y lo que cuelga de él; Ctrl-C para terminar", "dim")
        return
    for (path, message, failed), same in groupby(part["messages"], itemgetter("path", "message", "failed")):
        rows = list(same)
        times = f"×{len(rows)}" if len(rows) > 1 else ""
        waited_ms, took_ms = (max(row[name] for row in rows) for name in ("waited_ms", "took_ms"))
        line = f"{rows[0]['time']}  {short_path(path):<32} {message + times:<24} esperó {waited_ms:.2f}, tardó {took_ms:.2f} ms"
        yield paint(f"{line}  SE CAYÓ", "red") if failed else line
    yield from (_stuck(row, paint) for row in part["stuck"])
    if part["lost"]:
        yield paint(f"… {part['lost']} mensajes que no dio tiempo a mostrar", "yellow")


# --- what is said in one line ---------------------------------------------------------


def _when(busy_s: float) -> str:
    return f" Lleva {seconds(busy_s)} con un mensaje: la orden le llega cuando lo acabe." if busy_s >= STUCK_S else ""


REMARKS: Final[Mapping[str, Callable[[Json], str]]] = {
    "restart": lambda answer: f"Se reinicia {answer['path']}.{_when(answer['busy_s'])}",
    "kill": lambda answer: f"Se hace caer {answer['path']}.{_when(answer['busy_s'])}",
    "say": lambda answer: f"Se dirá en la llamada {answer['ref'][:6]} en cuanto nadie hable.",
    "hangup": lambda answer: f"Se cuelga la llamada {answer['ref'][:6]}.",
    "drain": lambda answer: f"No se admiten más llamadas; quedan {answer['calls']} en curso.",
    "log-level": lambda answer: f"Se registra desde {answer['level']}.",
    "mode": lambda answer: f"Las llamadas nuevas empiezan en modo {answer['mode']}.",
    "names": lambda answer: " ".join((*answer["paths"], *answer["calls"])),
}

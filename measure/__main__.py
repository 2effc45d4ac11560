"""``python -m measure``: fills in the blanks of docs/validation-checklist.md.

    measure   latency of each mode, accuracy of transcription, success, improvement
    memory    calls for ten minutes, and the memory that the engine takes (and a plot)
    three     three calls at once
    acks      webhooks acknowledged while twenty calls talk

Against stand-ins of the vendors, at their usual delays. ``measure`` also with a real account:
``--env-file staging.env --to +57…``. It asks before each call.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from measure import acks, memory
from measure.calls import ModeFigures, scripted_call
from measure.live import live_call, live_engine
from measure.plot import memory_svg
from measure.report import blanks
from measure.stage import GREETING, SENTENCES, caller, engine, stand_ins

MODES = (("WebSocket", "true"), ("Webhook", "false"))


def measure(options: argparse.Namespace) -> bool:
    """Three calls of each mode. True when all went well."""
    modes = _live_modes(options) if options.env_file else _scripted_modes(options)
    print("\n" + blanks(modes, is_real=bool(options.env_file)))
    return all(mode.success_rate == 1 for mode in modes)


def _scripted_modes(options: argparse.Namespace) -> list[ModeFigures]:
    modes = []
    with stand_ins() as world:
        for name, uses_stream in MODES:
            modes.append(mode := ModeFigures(name))
            with engine(world, USE_MEDIA_STREAMS=uses_stream) as daemon:
                for number in range(options.calls):
                    print(f"{name}: llamada {number + 1} de {options.calls}…", file=sys.stderr)
                    mode.calls.append(scripted_call(daemon, world))
    return modes


def _live_modes(options: argparse.Namespace) -> list[ModeFigures]:
    modes = []
    for name, uses_stream in MODES:
        modes.append(mode := ModeFigures(name))
        with live_engine(options.env_file, USE_MEDIA_STREAMS=uses_stream) as daemon:
            for number in range(options.calls):
                figures = live_call(daemon, options.to, number + 1)
                if figures is not None:
                    mode.calls.append(figures)
    return [mode for mode in modes if mode.calls]


def watch_memory(options: argparse.Namespace) -> bool:
    """Calls for some minutes; the curve goes to the screen and into an SVG. True when nothing failed."""
    with stand_ins() as world, engine(world) as daemon:
        curve = memory.watch(daemon, world, options.minutes, options.at_once)
    print(memory.summary(curve))
    title = f"Memoria residente: {options.at_once} llamadas a la vez, {curve.calls} en total"
    options.plot.parent.mkdir(parents=True, exist_ok=True)
    options.plot.write_text(memory_svg(curve.samples, title), encoding="utf-8")
    print(f"Curva: {options.plot}")
    return curve.failed == 0


def three(_options: argparse.Namespace) -> bool:
    """Three calls at once. True when each was answered in every turn."""
    with stand_ins() as world, engine(world) as daemon:
        numbers = [f"+573000123456{index}" for index in (1, 2, 3)]
        for number, sentence in zip(numbers, SENTENCES, strict=False):
            world.expect(caller((sentence,)), number)
        ids = [daemon.dial(number, f"Test{number[-1]}", saludo=GREETING) for number in numbers]
        records = [world.wait_ended(call_control_id, acks.CALL_LIMIT_S) for call_control_id in ids]
        for record in records:
            daemon.wait_line("Llamada finalizada", call=record.call_control_id)
            for line in daemon.lines(call=record.call_control_id):
                print(line.text)
            print()
    good = [record for record in records if not record.script_error]
    answers = [response.seconds for record in records for response in record.response_times()]
    times = ", ".join("sin respuesta" if seconds is None else f"{seconds:.2f} s" for seconds in answers)
    print(f"{len(good)} de 3 llamadas sin error; respuestas: {times}")
    return len(good) == 3 and None not in answers


def measure_acks(options: argparse.Namespace) -> bool:
    """True when the 99th percentile is below 20 ms."""
    with stand_ins() as world, engine(world, USE_MEDIA_STREAMS=options.streams) as daemon:
        figures = acks.measure_acks(daemon, world, options.calls)
    print(acks.summary(figures))
    return figures.percentile_ms(99) < 20 and not figures.failed


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m measure", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    tasks = parser.add_subparsers(required=True)
    task = tasks.add_parser("measure")
    task.set_defaults(run=measure)
    task.add_argument("--calls", type=int, default=3, help="calls of each mode (default: 3)")
    task.add_argument("--env-file", type=Path, help="real keys: real calls, that cost money")
    task.add_argument("--to", help="the phone that will ring, with --env-file")
    task = tasks.add_parser("memory")
    task.set_defaults(run=watch_memory)
    task.add_argument("--minutes", type=float, default=10.0)
    task.add_argument("--at-once", type=int, default=3, help="calls at once (default: 3)")
    task.add_argument("--plot", type=Path, default=Path("var", "memory.svg"), help="where the curve is drawn")
    task = tasks.add_parser("three")
    task.set_defaults(run=three)
    task = tasks.add_parser("acks")
    task.set_defaults(run=measure_acks)
    task.add_argument("--calls", type=int, default=20, help="calls at once (default: 20)")
    task.add_argument("--streams", choices=("true", "false"), default="false", help="as USE_MEDIA_STREAMS")
    return parser


def main() -> int:
    """Returns the exit code: 0 when the figures are good."""
    parser = _parser()
    options = parser.parse_args()
    if getattr(options, "env_file", None) and not options.to:
        parser.error("--env-file necesita --to: el teléfono que va a sonar")
    return 0 if options.run(options) else 1


if __name__ == "__main__":
    sys.exit(main())

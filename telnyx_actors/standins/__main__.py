"""``python -m telnyx_actors.standins``: every vendor on loopback, in a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path

from aiohttp import web

from telnyx_actors.standins import world_control
from telnyx_actors.standins.world import World, WorldSettings, as_env_file
from telnyx_actors.standins.world_control import Control


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m telnyx_actors.standins",
        description="Telnyx with callers, Deepgram, Claude, ElevenLabs and S3 on loopback.\n\n"
        + (world_control.__doc__ or ""),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--port-base", type=int, default=0, help="first of five ports for the vendors (default: free ones)"
    )
    parser.add_argument("--control-port", type=int, default=0, help="port of the control API (default: a free one)")
    parser.add_argument(
        "--env-file", type=Path, help="write the engine's settings there, WORLD_URL (the control API) included"
    )
    parser.add_argument("--no-s3", action="store_true", help="without moto: the engine's archive is a folder")
    return parser.parse_args()


async def serve(world: World, options: argparse.Namespace) -> None:
    runner = web.AppRunner(Control(world).app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", options.control_port).start()
    env = {"WORLD_URL": f"http://127.0.0.1:{runner.addresses[0][1]}", **world.env}
    if options.env_file is not None:
        options.env_file.write_text(as_env_file(env), encoding="utf-8")
    print(as_env_file(env), end="", flush=True)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stopping.set))
    await stopping.wait()
    await runner.cleanup()


def main() -> None:
    options = arguments()
    with World(WorldSettings(port_base=options.port_base, s3=not options.no_s3)) as world:
        asyncio.run(serve(world, options))


if __name__ == "__main__":
    main()

"""Start the engine: ``.venv/bin/python run.py --help``."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from telnyx_actors.heap import without_thread_caches


def missing(package: str) -> str:
    """What to do where a package is missing: nearly always it is the system's Python, not the environment's."""
    folder = Path(__file__).parent
    environment = Path(".venv", "Scripts" if sys.platform == "win32" else "bin", "python")
    make = ""
    if not (folder / environment.parent).is_dir() or Path(sys.prefix) == folder / ".venv":
        make = f"{Path(sys.executable).stem} -m venv .venv; {environment} -m pip install -e .; "
    return (
        f"Falta el paquete {package} en este Python ({sys.executable}).\n"
        f"En {folder}: {make}{' '.join([str(environment), 'run.py', *sys.argv[1:]])}\n"
    )


if __name__ == "__main__":
    if hasattr(signal, "SIGHUP"):  # a reload that comes too early to be understood is to end nothing
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    without_thread_caches()
    try:
        from telnyx_actors.main import main
    except ModuleNotFoundError as error:
        if not error.name or error.name.startswith("telnyx_actors"):
            raise
        sys.stderr.write(missing(error.name))
        sys.exit(2)
    sys.exit(main())

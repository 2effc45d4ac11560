"""The peer's own environment: its packages are none of ours."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
VENV: Final = HERE / ".venv"
REQUIREMENTS: Final = HERE / "requirements.txt"
NAMED: Final = ("pipecat-ai", "deepgram-sdk", "anthropic", "onnxruntime", "uvicorn", "uvloop", "websockets")
_VERSIONS: Final = (
    "import json, platform, sys; from importlib.metadata import version; "
    "print(json.dumps({'python': platform.python_version()} | {name: version(name) for name in sys.argv[1:]}))"
)


def python() -> Path:
    """Of the environment; it need not exist yet."""
    return VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def is_installed() -> bool:
    return python().exists()


def install() -> None:
    """Make the environment anew: a minute, and half a gigabyte. The models that it needs come inside the packages."""
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    subprocess.run([str(python()), "-m", "pip", "install", "--quiet", "-r", str(REQUIREMENTS)], check=True)


def versions() -> dict[str, str]:
    """What a figure has to be read with."""
    answer = subprocess.run([str(python()), "-c", _VERSIONS, *NAMED], check=True, capture_output=True, text=True)
    found: dict[str, str] = json.loads(answer.stdout)
    return found

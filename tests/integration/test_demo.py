from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[2]


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "telnyx_actors.demo", "--folder", str(folder), *options]
    environ = {**os.environ, "PYTHONUTF8": "1", "ANTHROPIC_BASE_URL": "http://127.0.0.1:9", "NO_COLOR": "1"}
    return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True, encoding="utf-8")


def is_listening(url: str) -> bool:
    try:
        requests.get(f"{url}/health", timeout=2)
    except requests.ConnectionError:
        return False
    return True


def addresses(env_file: Path) -> list[str]:
    """Of the engine and of the vendors, as they stand in the engine's settings."""
    return re.findall(r"https?://127\.0\.0\.1:\d+", env_file.read_text(encoding="utf-8"))


def test_a_short_call_is_held_shown_checked_and_kept(tmp_path: Path) -> None:
    process = start(tmp_path, "--short")
    output, _ = process.communicate(timeout=50)
    assert process.returncode == 0, output
    assert "\x1b" not in output
    said = [line.split("   ", 1)[1].strip() for line in output.splitlines() if re.match(r"  \d\d:\d\d  ", line)]
    assert [text for text in said if not text.startswith("Claro.")] == [
        "Hola, Ana. Te habla María.",
        "Cuéntame.",
        "No puedo, gracias.",
        "No hay problema. Hasta luego.",
    ]
    assert "[no se oyó:" in output
    assert "✗" not in output
    assert output.count("✓") == 7
    assert (tmp_path / "llamada.wav").read_bytes()[:4] == b"RIFF"
    transcript = json.loads((tmp_path / "transcripcion.json").read_text(encoding="utf-8"))
    assert [turn["end"] for turn in transcript["turns"]] == ["completed", "interrupted", "completed"]
    assert not any(map(is_listening, addresses(tmp_path / ".env")))


@pytest.mark.skipif(os.name == "nt", reason="a Ctrl-C cannot be sent to another process there")
def test_an_interrupted_demo_leaves_nothing_running(tmp_path: Path) -> None:
    process = start(tmp_path)
    assert process.stdout is not None
    heading = ""
    while "Cada respuesta" not in heading:
        heading += process.stdout.readline()
        assert process.poll() is None, heading
    assert all(map(is_listening, addresses(tmp_path / ".env")))
    process.send_signal(signal.SIGINT)
    begun = time.monotonic()
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Interrumpida" in output
    assert time.monotonic() - begun < 20
    assert not any(map(is_listening, addresses(tmp_path / ".env")))

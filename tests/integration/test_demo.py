from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
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


def end_of(process: subprocess.Popen[str], within_s: float) -> tuple[int, str]:
    """Exit code and output. One that does not end is asked to, so that it ends its own processes."""
    try:
        output, _ = process.communicate(timeout=within_s)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(20)
    return process.returncode, output


def hold(folder: Path) -> tuple[int, str]:
    """A short call. On a machine that was too busy to play its sounds in time, the demo says so: then once more."""
    for attempt in ("1", "2"):
        code, output = end_of(start(folder / attempt, "--short"), within_s=40)
        if "estaba ocupada" not in output:
            break
    return code, output


@pytest.mark.timeout(100)  # two attempts
def test_a_short_call_is_held_shown_checked_and_kept(tmp_path: Path) -> None:
    code, output = hold(tmp_path)
    assert code == 0, output
    assert "\x1b" not in output
    said = [line.split("   ", 1)[1].strip() for line in output.splitlines() if re.match(r"  \d\d:\d\d  ", line)]
    assert [text for text in said if "Claro." not in text] == [
        "Hola, Ana. Te habla María.",
        "Cuéntame.",
        "No puedo, gracias.",
        "No hay problema. Hasta luego.",
    ]
    assert "[no se oyó:" in output
    assert output.count("✓") == 7
    (*_, folder) = sorted(tmp_path.iterdir())
    assert (folder / "llamada.wav").read_bytes()[:4] == b"RIFF"
    transcript = json.loads((folder / "transcripcion.json").read_text(encoding="utf-8"))
    assert [turn["end"] for turn in transcript["turns"]] == ["completed", "interrupted", "completed"]
    assert not any(map(is_listening, addresses(folder / ".env")))


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
    code, output = end_of(process, within_s=20)
    assert code == 130
    assert "Interrumpida" in output
    assert not any(map(is_listening, addresses(tmp_path / ".env")))

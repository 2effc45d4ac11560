from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from support.demo_call import DemoCall
from telnyx_actors.demo import __main__ as demo
from telnyx_actors.demo.evidence import Evidence
from telnyx_actors.demo.processes import DemoError, Stage
from telnyx_actors.demo.script import Scenario
from telnyx_actors.demo.terminal import Terminal


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    archive = tmp_path / "archivo"
    archive.mkdir()
    (archive / "call.wav").write_bytes(b"RIFF")
    (archive / "transcript.json").write_text("{}", encoding="utf-8")
    whole = DemoCall().evidence()
    return replace(whole, transcript=replace(whole.transcript, folder=archive))


def conclude(evidence: Evidence, folder: Path) -> tuple[int, str]:
    stream = io.StringIO()
    code = demo.conclude(evidence, folder, Terminal(stream, has_color=False, is_live=False, width=100))
    return code, stream.getvalue()


def test_a_good_call_ends_with_zero_and_with_what_is_left_of_it(evidence: Evidence, tmp_path: Path) -> None:
    code, text = conclude(evidence, tmp_path)
    assert code == 0
    assert "✗" not in text
    assert "740 / 740 ms" in text
    assert str(tmp_path / "llamada.wav") in text
    assert (tmp_path / "llamada.wav").exists() and (tmp_path / "transcripcion.json").exists()


def test_a_bad_call_ends_with_one_and_says_what_failed_and_where_to_look(evidence: Evidence, tmp_path: Path) -> None:
    code, text = conclude(replace(evidence, engine_exit=3), tmp_path)
    assert code == 1
    assert "✗ El motor terminó sin errores" in text
    assert "salió con código 3" in text
    assert "fallan 1 de 9 comprobaciones" in text
    assert str(tmp_path / "motor.log") in text
    assert "ocupada" not in text
    evidence.record.max_tick_late_s = 0.1
    assert "ocupada: el audio llegó a ir 100 ms tarde" in conclude(replace(evidence, engine_exit=3), tmp_path)[1]
    assert "ocupada" not in conclude(evidence, tmp_path)[1]


def test_a_folder_with_an_earlier_demo_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "datos").mkdir()
    monkeypatch.setattr("signal.signal", lambda *_: None)
    assert demo.main(["--folder", str(tmp_path)]) == 1
    assert "ya hay una demostración" in capsys.readouterr().out


def test_a_demo_that_cannot_start_says_why_and_where_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def start(stage: Stage, scenario: Scenario) -> None:
        raise DemoError("El motor no arrancó")

    monkeypatch.setattr(Stage, "start", start)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    assert demo.main(["--folder", str(tmp_path)]) == 1
    output = capsys.readouterr().out
    assert "✗ El motor no arrancó" in output
    assert str(tmp_path) in output

"""A call written as a test: it passes, fails when a decision changes, and is nobody's words if so wished."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.shelf import Shelf, call_pages
from support.simulation import LINES, Simulation
from telnyx_actors.core import events as ev
from telnyx_actors.core import floor
from telnyx_actors.core.chronicle import Beginning, Part, Step, decide
from telnyx_actors.core.rules import Rules
from telnyx_actors.core.saved import SavedCall
from telnyx_actors.core.turn import TurnKind
from telnyx_actors.main import main
from telnyx_actors.replay.as_test import fit
from telnyx_actors.replay.masking import Masker
from telnyx_actors.replay.source import Source

PAGES = call_pages()
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Put the pages on a shelf, and have the command make a test of them."""
    shelf = Shelf(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def write(*words: str, pages: Any = PAGES, expected: int = 0) -> Path:
        shelf.put("c663fb21", pages)
        assert main(["--replay", "c663", "--as-test", *words]) == expected
        return tmp_path / "test_call_c663fb21.py"

    return write


def hold(path: Path) -> None:
    """Run the test in the file, for all parts of the call."""
    module = runpy.run_path(str(path))
    test = module["test_the_call_is_decided_as_it_was"]
    [mark] = test.pytestmark
    for parameters in mark.args[1]:
        test(*parameters)


def test_the_test_passes_and_has_the_words(write: Write) -> None:
    path = write()
    text = path.read_text(encoding="utf-8")
    hold(path)
    assert "Hola, me llamo Eustaquio" in text
    assert "\r" not in text


def test_the_masked_test_passes_and_has_no_names(write: Write) -> None:
    path = write("--mask")
    text = path.read_text(encoding="utf-8")
    hold(path)
    for name in ("Eustaquio", "Firulais", "hospedaje", "573001112233", "555", "v3:"):
        assert name not in text
    assert "Hola, me llamo" in text


def test_the_test_fails_when_a_decision_changes(write: Write) -> None:
    path = write()
    text = path.read_text(encoding="utf-8")
    changed = text.replace("FinalizeTranscript()]", "]", 1)
    assert changed != text
    path.write_text(changed, encoding="utf-8")
    with pytest.raises(AssertionError, match="VoiceStopped"):
        hold(path)


def test_times_begin_at_zero_and_have_an_end(write: Write) -> None:
    module = runpy.run_path(str(write()))
    assert module["BEGINNING_1"].at == 0.0
    assert all(round(at, 6) == pytest.approx(at, abs=1e-12) for at, _, _ in module["STEPS_1"])


def test_each_process_that_held_the_call_is_a_case(write: Write) -> None:
    path = write(pages=[*PAGES, *PAGES])
    assert "(BEGINNING_2, STEPS_2)" in path.read_text(encoding="utf-8")
    hold(path)


def test_a_file_of_that_name_is_left_alone(write: Write, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "test_mine.py"
    path.write_text("mine", encoding="utf-8")
    write(str(path), expected=2)
    assert path.read_text(encoding="utf-8") == "mine"
    assert str(path) in capsys.readouterr().out


def test_a_call_of_which_nothing_can_be_read_is_no_test(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write(pages=[b"?"], expected=2)
    assert "no se puede leer nada" in capsys.readouterr().out


def test_where_the_core_fell_over_the_test_ends_and_expects_it_not_to(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(floor, "voice_confirmed", None)
        path = write(expected=1)
        with pytest.raises(TypeError):
            hold(path)
    hold(path)
    *_, (_, event, decided) = runpy.run_path(str(path))["STEPS_1"]
    assert (type(event), decided) == (ev.VoiceConfirmed, None)


# --- made fit -----------------------------------------------------------------------


def later(part: Part, seconds: float) -> Part:
    """The same call on a machine that has been up for long."""
    beginning = Beginning("core", "", seconds, part.beginning.rules, LINES)
    conversation = beginning.conversation()
    due, steps = conversation.next_deadline(), list[Step]()
    for number, step in enumerate(part.steps):
        event = step.event
        if isinstance(event, ev.VoiceStarted | ev.VoiceConfirmed | ev.VoiceStopped):
            event = replace(event, at=event.at + seconds)
        at = step.at + seconds + number * 0.0000123457  # nothing comes at a full millisecond
        if isinstance(event, ev.TimePassed):
            at = max(at, due or 0.0)
        steps.append(decide(conversation, event, at))
        due = steps[-1].deadline
    return Part(beginning, steps)


@pytest.mark.parametrize("seed", range(10))
def test_the_times_of_another_machine_make_no_difference(seed: int) -> None:
    sim = Simulation()
    sim.connect(0.1)
    sim.says(4.0 + seed / 7, 0.3 * seed, "quiero", "una cita.", "no, dos")
    sim.run(15.0)
    [part] = sim.pages.parts()
    made = fit(later(part, 86_400.123456 * (seed + 1)), None)
    assert made.others == []
    assert made.part.beginning.at == 0.0


def test_what_masking_changes_is_told() -> None:
    class Silencer(Masker):
        def text(self, text: str) -> str:
            return ""

    sim = Simulation()
    sim.connect(0.1)
    sim.says(4.0, 1.0, "quiero una cita.")
    sim.run(15.0)
    [part] = sim.pages.parts()
    assert fit(part, Silencer()).others


def test_what_was_resumed_can_be_written_down() -> None:
    saved = SavedCall("ref", exchanges=[("user", "hola"), ("assistant", "buenas—")], is_greeted=True)
    beginning = Beginning("core", "", 0.0, Rules(), LINES, saved, 2.5)
    source = Source()
    code = source.code(beginning)
    names: dict[str, Any] = {}
    exec("\n".join(source.imports()), names)
    assert eval(code, names) == beginning


@pytest.mark.parametrize("value", [(), (1,), (1, "dos"), [TurnKind.REPLY], None, 1.5, True, "comillas ' \" \n"])
def test_values_are_written_as_what_they_are(value: Any) -> None:
    source = Source()
    code = source.code(value)
    names: dict[str, Any] = {}
    exec("\n".join(source.imports()), names)
    assert eval(code, names) == value


def test_what_has_no_source_is_refused() -> None:
    with pytest.raises(TypeError):
        Source().code({1})

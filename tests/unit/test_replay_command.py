"""``run.py --replay``: what it prints, its JSON, and its exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from support.shelf import Shelf, call_pages
from telnyx_actors.console.client.render import Paint
from telnyx_actors.core import reply as reply_rules
from telnyx_actors.core import state
from telnyx_actors.core.chronicle import End, Page, Step, Steps
from telnyx_actors.core.turn import TurnRecord
from telnyx_actors.core_version import core_version
from telnyx_actors.main import main
from telnyx_actors.replay.command import ReplayOptions, replay_call

PAGES = call_pages()
Run = Callable[..., tuple[int, str]]


class Lines:
    """What was written."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, line: str) -> None:
        self.text += line

    def close(self) -> None:
        pass


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


@pytest.fixture
def run(shelf: Shelf) -> Run:
    def run(call: str = "abc", *, in_json: bool = False, paint: Paint | None = None) -> tuple[int, str]:
        out = Lines()
        code = replay_call(ReplayOptions(call, shelf.data_dir, in_json), out, paint or Paint())
        return code, out.text

    return run


def altered(pages: list[Page]) -> list[Page]:
    """Then, the caller was answered something else."""
    found = [*pages]
    for number, page in enumerate(found):
        if isinstance(page, Steps):
            steps = [*page.steps]
            for index, step in enumerate(steps):
                if step.actions:
                    steps[index] = step._replace(actions=step.actions[1:])
                    found[number] = Steps(page.first, steps, page.end)
                    return found
    raise AssertionError("nothing was decided")


def test_a_call_that_is_decided_the_same_is_printed_whole(shelf: Shelf, run: Run) -> None:
    shelf.put("abc", PAGES, "v3:x")
    code, text = run()
    steps = [step for page in PAGES if isinstance(page, Steps) for step in page.steps]
    rows = [line for line in text.splitlines() if line[:10].strip().replace(".", "").isdigit()]
    assert (code, len(rows)) == (0, len(steps))
    assert "Llamada abc  v3:x" in text
    assert "Hola, me llamo Eustaquio" in text
    assert all(type(action).__name__ in text for step in steps for action in step.actions)
    assert f"{len(steps)} sucesos: todas las decisiones son las de entonces." in text
    assert "≠" not in text


def test_colours_are_for_terminals(shelf: Shelf, run: Run) -> None:
    shelf.put("abc", altered(PAGES))
    assert "\x1b" not in run()[1]
    assert "\x1b[31m" in run(paint=Paint(is_on=True))[1]


def test_another_decision_is_shown_beside_that_of_then(shelf: Shelf, run: Run) -> None:
    shelf.put("abc", altered(PAGES))
    code, text = run()
    lines = text.splitlines()
    [then] = [number for number, line in enumerate(lines) if line.startswith("≠")]
    assert code == 1
    assert "entonces" in lines[then]
    assert any("ahora" in line for line in lines[then + 1 : then + 4])
    assert "1 decisiones son otras, la primera a los" in lines[-1]


def test_a_difference_that_words_leave_out_is_shown_too(
    shelf: Shelf, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put("abc", PAGES)
    monkeypatch.setattr(state, "TurnRecord", lambda *values: replace(TurnRecord(*values), attempts=99))
    assert "attempts=99" in run()[1]


def test_a_core_that_falls_over_now_is_a_difference(shelf: Shelf, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.put("abc", PAGES)
    monkeypatch.setattr(reply_rules, "clause", None)
    code, text = run()
    assert code == 1
    assert "CAYÓ: TypeError" in text


def test_what_another_version_decided_otherwise_is_not_judged(shelf: Shelf, run: Run) -> None:
    shelf.put("same", call_pages("0123456789ab"))
    shelf.put("other", altered(call_pages("0123456789ab")))
    assert run("same")[0] == 0
    code, text = run("other")
    assert code == 3
    assert f"núcleo 0123456789ab, distinto del de ahora ({core_version()})" in text
    assert "otra versión del núcleo" in text


def test_a_call_of_which_pages_are_missing_is_not_judged(shelf: Shelf, run: Run) -> None:
    shelf.put("abc", [*PAGES[:2], *PAGES[3:]])
    code, text = run()
    assert code == 3
    assert "faltan páginas" in text


def test_a_damaged_call_says_so(shelf: Shelf, run: Run) -> None:
    shelf.put("abc", [*PAGES[:2], b"?"])
    code, text = run()
    assert code == 3
    assert "dañada" in text


def test_a_call_that_is_too_long_is_judged_by_what_there_is(shelf: Shelf, run: Run) -> None:
    *pages, last = PAGES
    assert isinstance(last, Steps)
    shelf.put("abc", [*pages, Steps(last.first, last.steps, End.FULL)])
    code, text = run()
    assert code == 0
    assert "más larga" in text


def test_a_call_that_is_not_there_is_said_not_to_be(run: Run) -> None:
    assert run()[0] == 2
    code, text = run(in_json=True)
    assert (code, "abc" in json.loads(text)["error"]) == (2, True)


def test_json_has_all_of_it(shelf: Shelf, run: Run) -> None:
    shelf.put("abc", altered(PAGES), "v3:x")
    code, text = run(in_json=True)
    found = json.loads(text)
    [part] = found["parts"]
    assert (code, found["exit_code"], found["differences"], found["call"]) == (1, 1, 1, "abc")
    assert len(part["steps"]) == found["steps"]
    [differing] = [step for step in part["steps"] if "now" in step]
    assert len(differing["now"]["actions"]) == len(differing["actions"]) + 1
    assert part["steps"][0] == {
        "at": 0.2,
        "event": {"type": "CallAnswered"},
        "actions": [],
        "deadline": pytest.approx(part["steps"][0]["deadline"]),
    }


def test_control_characters_of_callers_do_not_reach_the_terminal(shelf: Shelf, run: Run) -> None:
    from telnyx_actors.core.events import TranscriptInterim

    cover = PAGES[0]
    shelf.put("abc", [cover, Steps(0, [Step(0.0, TranscriptInterim("\x1b[2J"), (), None)])])
    assert "\x1b" not in run()[1]


# --- the command line ---------------------------------------------------------------


def test_it_needs_a_folder_and_no_key(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shelf.put("abc", PAGES)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert main(["--replay", "abc"]) == 0
    assert "todas las decisiones" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--as-test"], ["--mask"], ["--json"], ["--replay", "abc", "--mask"]])
def test_options_that_make_no_sense_together_are_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2

"""docs/supervision.md says what the code does."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from telnyx_actors.actors import journal, mute
from telnyx_actors.actors.archiver import FLUSH_S
from telnyx_actors.actors.call import CallActor
from telnyx_actors.actors.replay_buffer import REPLAY_MAX_MS
from telnyx_actors.actors.supervision import ChildSpec
from telnyx_actors.actors.supervisor import CALL_RESTARTS_MAX, RECALL_WITHIN_S
from telnyx_actors.core import cadence, succession
from telnyx_actors.core.rules import Rules
from telnyx_actors.front.settings import FrontLimits

ROOT: Final = Path(__file__).parents[2]
TEXT: Final = (ROOT / "docs" / "supervision.md").read_text(encoding="utf-8")
WORDS: Final = " ".join(TEXT.split())
USUAL: Final = ChildSpec("x", lambda birth: birth.parent)  # type: ignore[arg-type,return-value]  # never started


def rows(heading: str) -> Iterator[list[str]]:
    """The cells of the table below the heading."""
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    for line in section.splitlines():
        if line.startswith("| ") and not line.startswith(("| what |", "| part |")):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def numbers(cell: str) -> list[float]:
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?", cell)]


def calls_of(name: str) -> Iterator[ast.Call]:
    for file in (ROOT / "telnyx_actors" / "actors").glob("*.py"):
        yield from _calls_in(file, name)
    yield from _calls_in(ROOT / "telnyx_actors" / "app.py", name)


def _calls_in(file: Path, name: str) -> Iterator[ast.Call]:
    text = file.read_text(encoding="utf-8")
    if f"{name}(" not in text:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == name:
            yield node


def test_the_limits_are_those_of_the_code() -> None:
    limits = {row[0]: [*numbers(row[2]), *numbers(row[3]), *numbers(row[4])] for row in rows("The limits")}
    waits = [USUAL.backoff.ceiling_s(attempt) for attempt in range(USUAL.max_restarts)]
    assert limits["everything else"] == [USUAL.max_restarts, USUAL.within_s, *waits]
    assert limits["a call"] == [CALL_RESTARTS_MAX, USUAL.within_s, *waits]
    assert f"never more than {USUAL.backoff.limit_s:g} s" in WORDS


def test_nobody_has_other_limits_than_these() -> None:
    given = [keyword.arg for call in calls_of("ChildSpec") for keyword in call.keywords if keyword.arg != "restart"]
    assert given == ["max_restarts"], "only a call names its limit"


def test_every_part_is_in_the_table() -> None:
    specs = [call.args[0] for call in calls_of("ChildSpec")]
    parts = [call.args[0] for call in calls_of("_start") if len(call.args) == 2]
    named = {arg.value for arg in (*specs, *parts) if isinstance(arg, ast.Constant)}
    told = {
        match
        for row in rows("Past the limit, and what is lost with each part")
        for match in re.findall("`(.+?)`", row[0])
    }
    assert told == named


@pytest.mark.parametrize(
    ("what", "values"),
    [
        ("the transcriber's connection, as a voice begins", mute.NEW_VOICE_S),
        (
            "the transcriber's connection, within a voice",
            (cadence.MARGIN_S, cadence.MINUTES, cadence.LEAST_S, cadence.UNKNOWN_S),
        ),
        ("the transcriber's connection, with nobody at the other end", mute.PROBE_AFTER_S + mute.PROBE_S),
        ("the media socket", FrontLimits().stream_mute_s),
        ("a carrier that does not read", FrontLimits().send_stall_s),
        ("the model", Rules().hedge_after_s),
        ("the model, in the middle of a reply", Rules().stall_s),
        ("the voice", Rules().stall_s),
    ],
)
def test_what_is_mute_is_found_as_soon_as_promised(what: str, values: float | tuple[float, ...]) -> None:
    found = {row[0]: row for row in rows("What is found out by other means than a crash")}
    assert numbers(found[what][2]) == list(values if isinstance(values, tuple) else (values,))


@pytest.mark.parametrize(
    "promise",
    [
        f"entries of the last {journal.COMMIT_EVERY_S:g} s",
        f"waits, for {RECALL_WITHIN_S:g} s at most",
        f"{REPLAY_MAX_MS // 1000} s of the caller's voice",
        f"at most {FLUSH_S:g} s of the recording",
        f"unanswered | {mute.ANSWER_S:g} s",
        f"files after {Rules().media_wait_s:g} s without one",
        f"wait up to {succession.AGAIN.first_s:g} s, {succession.AGAIN.ceiling_s(1):g} s…",
        f"… {succession.AGAIN.limit_s:g} s, and",
        f"{succession.REFUSED.first_s:g} s to {succession.REFUSED.limit_s:g} s after a refusal",
        f"again after {succession.BACK.first_s:g} s to {succession.BACK.limit_s:g} s",
        f"a probe (WebSocket ping) after {mute.PROBE_AFTER_S:g} s of a voice",
        "{:g} s, {:g} s and {:g} s, then the caller".format(*Rules().retries_s),
    ],
)
def test_the_text_keeps_to_the_numbers(promise: str) -> None:
    assert promise in WORDS


def test_words_for_small_numbers_are_right() -> None:
    small: dict[str, Any] = {"five times in a row": 5, "three such turns in a row": 3, "eight times as much": 8}
    assert all(words in WORDS for words in small)
    assert list(small.values()) == [succession.FAILURES_MAX, Rules().failed_turns_max, mute.PATIENCE_MAX]
    assert CallActor.children_stop_within_s <= USUAL.within_s

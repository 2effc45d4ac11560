from __future__ import annotations

from datetime import date

import pytest
from anthropic.resources.messages.messages import DEPRECATED_MODELS

from telnyx_actors.providers.models import DEFAULT_MODEL, RETIRED, choose_model, thinking_options

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize("wanted", ["", "  ", DEFAULT_MODEL])
def test_the_newest_haiku_is_the_default(wanted: str) -> None:
    choice = choose_model(wanted, TODAY)

    assert (choice.model, choice.warning) == ("claude-haiku-5-5", None)


@pytest.mark.parametrize(
    "wanted", ["claude-3-haiku-20240307", "claude-3-5-haiku-20241022", "claude-2.1", "claude-instant-1.2"]
)
def test_a_retired_model_gets_a_warning_and_the_default(wanted: str) -> None:
    choice = choose_model(wanted, TODAY)

    assert choice.model == DEFAULT_MODEL
    assert choice.warning is not None
    assert wanted in choice.warning
    assert "retiró" in choice.warning


def test_a_model_about_to_retire_is_still_used_and_announced() -> None:
    choice = choose_model("claude-sonnet-4-5", TODAY)

    assert choice.model == "claude-sonnet-4-5"
    assert choice.warning is not None
    assert "2026-11-30" in choice.warning
    assert choose_model("claude-sonnet-4-5", date(2026, 11, 30)).model == DEFAULT_MODEL


def test_a_model_of_tomorrow_is_used_as_named() -> None:
    assert choose_model("claude-haiku-6", TODAY).model == "claude-haiku-6"


def test_every_model_that_the_sdk_calls_deprecated_is_known_here() -> None:
    forgotten = [name for name in DEPRECATED_MODELS if choose_model(name, date(2027, 1, 1)).model != DEFAULT_MODEL]

    assert forgotten == []
    assert DEFAULT_MODEL not in RETIRED


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("claude-haiku-5-5", {"thinking": {"type": "disabled"}}),
        ("claude-haiku-4-5-20251001", {"thinking": {"type": "disabled"}}),
        ("claude-sonnet-5", {"thinking": {"type": "disabled"}}),
        ("claude-sonnet-5-5", {"thinking": {"type": "between_tools"}}),
        ("claude-opus-5", {"thinking": {"type": "disabled"}}),
        ("claude-opus-5-5", {"output_config": {"effort": "low"}}),
        ("claude-fable-5-2", {"output_config": {"effort": "low"}}),
        ("somebody-elses-model", {}),
    ],
)
def test_each_model_is_asked_to_think_as_little_as_it_can(model: str, options: dict[str, object]) -> None:
    assert thinking_options(model) == options

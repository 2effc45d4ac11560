"""The Claude models we know: which to use, and how to have each answer without thinking first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

DEFAULT_MODEL: Final = "claude-haiku-5-5"

# End of life by model. Families without dates in their names retired as a whole before this engine was written.
RETIRED: Final[Mapping[str, date]] = {
    "claude-3-sonnet-20240229": date(2025, 7, 21),
    "claude-3-opus-20240229": date(2026, 1, 5),
    "claude-3-opus-latest": date(2026, 1, 5),
    "claude-3-7-sonnet-latest": date(2026, 2, 19),
    "claude-3-7-sonnet-20250219": date(2026, 2, 19),
    "claude-3-5-haiku-latest": date(2026, 2, 19),
    "claude-3-5-haiku-20241022": date(2026, 2, 19),
    "claude-opus-4-0": date(2026, 6, 15),
    "claude-opus-4-20250514": date(2026, 6, 15),
    "claude-sonnet-4-0": date(2026, 6, 15),
    "claude-sonnet-4-20250514": date(2026, 6, 15),
    "claude-mythos-preview": date(2026, 6, 30),
    "claude-sonnet-4-5": date(2026, 11, 30),
    "claude-sonnet-4-5-20250929": date(2026, 11, 30),
}
_RETIRED_FAMILIES: Final = ("claude-1", "claude-2", "claude-3", "claude-instant")
_NOTICE_DAYS: Final = 60

# The least thinking each family accepts, most specific prefix first: a caller waits for every thought.
_NO_THINKING: Final[Mapping[str, object]] = {"thinking": {"type": "disabled"}}
_LEAST_THINKING: Final[tuple[tuple[str, Mapping[str, object]], ...]] = (
    ("claude-sonnet-5-5", {"thinking": {"type": "between_tools"}}),
    ("claude-opus-5-5", {"output_config": {"effort": "low"}}),
    ("claude-fable", {"output_config": {"effort": "low"}}),
    ("claude-mythos", {"output_config": {"effort": "low"}}),
    ("claude-haiku", _NO_THINKING),
    ("claude-sonnet", _NO_THINKING),
    ("claude-opus", _NO_THINKING),
)


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The model to ask, and what to tell the operator about the one they named."""

    model: str
    warning: str | None = None


def choose_model(wanted: str, today: date, variable: str = "CLAUDE_MODEL") -> ModelChoice:
    """``wanted`` as set in ``variable``, unless it is empty or can no longer answer."""
    name = wanted.strip()
    if not name:
        return ModelChoice(DEFAULT_MODEL)
    ends = RETIRED.get(name)
    if (ends is not None and ends <= today) or (ends is None and name.startswith(_RETIRED_FAMILIES)):
        since = f" desde el {ends:%Y-%m-%d}" if ends else ""
        return ModelChoice(
            DEFAULT_MODEL,
            f"{variable}={name}: Anthropic retiró ese modelo{since}; se usa {DEFAULT_MODEL}. "
            f"Ponga {variable}={DEFAULT_MODEL} en el .env",
        )
    if ends is not None and (ends - today).days <= _NOTICE_DAYS:
        return ModelChoice(
            name,
            f"{variable}={name}: Anthropic retira ese modelo el {ends:%Y-%m-%d}; "
            f"cámbielo antes, por ejemplo a {DEFAULT_MODEL}",
        )
    return ModelChoice(name)


def thinking_options(model: str) -> Mapping[str, object]:
    """Request fields that make ``model`` answer soonest; none for a model that we do not know."""
    for prefix, options in _LEAST_THINKING:
        if model.startswith(prefix):
            return options
    return {}

"""The quick reply: instead of a filler, and in every turn where replies come as files."""

from __future__ import annotations

import pytest

from support.simulation import LINES, NEVER, Nature, Simulation
from telnyx_actors.core import actions as ac
from telnyx_actors.core.rules import Rules

CITA = "Quiero una cita."
WEBHOOK = Rules(uses_stream=False, quick_reply=True)
STREAM = Rules(quick_reply=True)


def call(rules: Rules, first_token_s: float = 0.35) -> Simulation:
    sim = Simulation(rules, Nature(first_token_s=lambda: first_token_s))
    sim.connect()
    sim.says(6.0, 1.0, CITA)
    sim.run(until=20.0)
    return sim


def spoken(sim: Simulation) -> list[str]:
    """What the caller heard behind the greeting."""
    return [text for _, _, text in sim.spoken()][1:]


def test_in_webhook_mode_it_is_said_at_once_and_the_reply_follows() -> None:
    sim = call(WEBHOOK)
    first, *rest = spoken(sim)
    assert first == LINES.quick_reply
    assert len(rest) == 2
    asked_at = sim.actions(ac.AskModel)[0][0]
    begins = sim.spoken()[1][0]
    assert begins < asked_at + 0.35 + 0.1, "before the model had said a word"


def test_it_is_no_part_of_the_reply() -> None:
    (record,) = call(WEBHOOK).replies()
    assert LINES.quick_reply not in record.generated
    assert LINES.quick_reply not in record.heard


def test_in_webhook_mode_it_is_not_said_unless_it_is_wanted() -> None:
    assert LINES.quick_reply not in spoken(call(Rules(uses_stream=False)))


@pytest.mark.parametrize(("first_token_s", "expected"), [(0.35, False), (2.0, True)])
def test_with_live_audio_it_is_the_filler_of_a_reply_that_is_late(first_token_s: float, expected: bool) -> None:
    heard = spoken(call(STREAM, first_token_s))
    assert (LINES.quick_reply in heard) is expected
    assert not set(heard) & set(LINES.fillers)


def test_a_reply_that_never_comes_goes_on_to_the_apology() -> None:
    heard = spoken(call(WEBHOOK, first_token_s=NEVER))
    assert heard[:2] == [LINES.quick_reply, LINES.apology]

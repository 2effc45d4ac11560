"""The actor that owns the front's thread."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.front_page import FakeAudience
from support.plans import FakeWorld
from support.stepping import StillRuntime
from telnyx_actors.actors.base import Birth
from telnyx_actors.errors import ConfigError
from telnyx_actors.front.actor import FrontActor
from telnyx_actors.front.ports import PagePort
from telnyx_actors.front.seen import FrontSeen
from telnyx_actors.front.settings import FrontSettings
from telnyx_actors.providers.softphone import Softphone


def test_who_waits_for_the_front_hears_why_it_cannot_be(still: StillRuntime, tmp_path: Path) -> None:
    seen = FrontSeen()
    settings = FrontSettings(host="127.0.0.1", port=0, telnyx_public_key="no key")
    page = PagePort(FakeAudience(), Softphone(lambda _event: None))
    actor = FrontActor(Birth("engine/front", None, still), FakeWorld(tmp_path).services, settings, seen, page)
    with pytest.raises(ConfigError):
        actor.setup()
    actor._end(None)
    assert seen.settled.is_set()
    assert seen.refusal is not None and "TELNYX_PUBLIC_KEY" in str(seen.refusal)
    assert actor.stats.errors == 0

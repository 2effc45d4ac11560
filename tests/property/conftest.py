"""Every run but a deep one tries the same examples, and none fails because the machine was busy."""

from __future__ import annotations

from hypothesis import settings

from support.depth import EXAMPLES, IS_REPEATABLE

settings.register_profile("ours", deadline=None, derandomize=IS_REPEATABLE, max_examples=EXAMPLES)
settings.load_profile("ours")

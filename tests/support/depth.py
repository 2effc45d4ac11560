"""How deep tests with random inputs dig: 1 in every run, tenfold and with new inputs each time in ``make deep``."""

from __future__ import annotations

import os
from typing import Final

DEPTH: Final = int(os.environ.get("DEPTH", "1"))
IS_REPEATABLE: Final = DEPTH == 1
EXAMPLES: Final = 100 * DEPTH

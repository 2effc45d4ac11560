"""Start the engine: ``python run.py --help``."""

from __future__ import annotations

import sys

from telnyx_actors.main import main

if __name__ == "__main__":
    sys.exit(main())

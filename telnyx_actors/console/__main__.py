"""``python -m telnyx_actors.console``: attach to the engine that runs on this machine."""

from __future__ import annotations

import sys

from telnyx_actors.console.client.shell import main

if __name__ == "__main__":
    sys.exit(main())

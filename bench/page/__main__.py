"""``python -m bench.page``: make the recorded caller's phrases anew."""

from __future__ import annotations

import sys

from bench.page.phrases import write_phrases

if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in write_phrases())

"""Before the first call: whether everything that a call will need answers, each tried by a real request.

report = preflight(settings, SystemClock())
print(table(report, width=100))
report.is_passed
"""

from __future__ import annotations

from telnyx_actors.preflight.report import Report, as_json, table
from telnyx_actors.preflight.run import preflight, watch_address

__all__ = ["Report", "as_json", "preflight", "table", "watch_address"]

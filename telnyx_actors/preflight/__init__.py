"""Before the first call: whether everything that a call will need answers, each tried by a real request.

report = preflight(settings, SystemClock())
print(table(report, width=100))
report.is_passed
"""

from __future__ import annotations

from telnyx_actors.preflight.report import Report, as_json, table
from telnyx_actors.preflight.run import preflight, self_check

__all__ = ["Report", "as_json", "preflight", "self_check", "table"]

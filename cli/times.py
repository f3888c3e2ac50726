"""Times as a person at a terminal reads them: in that terminal's time zone, which is named beside each. Pure.

Documents (`--json`), and what workers write for logs, faults and the Web UI, have them in UTC, and say so.
"""

from datetime import datetime


def moment(at: datetime) -> str:
    """Return a date and time, to the minute."""
    return f"{at.astimezone():%Y-%m-%d %H:%M %Z}"


def clock(at: datetime) -> str:
    """Return a time of the day, to the second."""
    return f"{at.astimezone():%H:%M:%S %Z}"

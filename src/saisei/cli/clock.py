"""The clock, read in one place: the time that a report was made."""

from __future__ import annotations

__all__ = ["now"]


def now() -> str:
    """Date and time in UTC; SOURCE_DATE_EPOCH makes a report that can be compared byte by byte."""
    import os
    from datetime import UTC, datetime

    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    moment = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    return moment.strftime("%Y-%m-%d %H:%M UTC")

"""The seam to another core: start a call now, fetch its result later.

The report itself knows no processes; the command line may hand in something that does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["Later", "at_once"]

# later(call, *arguments) starts the call and gives a function that fetches its result.
Later = Callable[..., Callable[[], Any]]


def at_once(call: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    """Make the call here and now.

    >>> at_once(max, 1, 2)()
    2
    """
    result = call(*arguments)
    return lambda: result

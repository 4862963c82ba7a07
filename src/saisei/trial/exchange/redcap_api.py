"""Exams from a REDCap server through PyCap, in batches of records: bytes of CSV, read as any export.

The address and the token come from whoever calls, never from data. PyCap does not batch: record ids are asked
for first, then a bounded number of records at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from saisei.errors import InputError
from saisei.exam.formats import ExamTable, read_exams
from saisei.params import value

__all__ = ["RedcapProject", "connect", "fetch_exams"]


class RedcapProject(Protocol):
    """What is used of a PyCap project."""

    @property
    def def_field(self) -> str:
        """Name of the field of record ids."""
        ...

    def export_records(self, **options: Any) -> Any:
        """Records in the form asked for."""
        ...


def connect(url: str, token: str) -> RedcapProject:
    """A project of a REDCap server.

    Args:
        url: of the API, `https://.../api/`; plain http only to this machine.
        token: of the project.

    Raises:
        InputError: an address that is not https, or a server that does not answer as REDCap.
    """
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    local = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise InputError(f"{url}: a token is sent there, so the address must begin with https://")
    import requests
    from redcap.project import Project
    from redcap.request import RedcapError

    try:
        made: Any = Project(url, token)
    except (requests.RequestException, RedcapError, AssertionError, ValueError) as error:
        raise InputError(f"{parts.hostname} does not answer as a REDCap server: {error}") from None
    project: RedcapProject = made
    return project


def fetch_exams(
    project: RedcapProject,
    labels: bool = False,
    report: Callable[[int, int], None] = lambda done, of: None,
) -> list[ExamTable]:
    """The exams of all records, one table a batch.

    Args:
        project: of `connect`, or anything that exports records like it.
        labels: whether the export has labels instead of raw values.
        report: called with batches done and in all.

    Raises:
        InputError: the server fails on a batch; which one is said.
    """
    import requests
    from redcap.request import RedcapError

    field, size = project.def_field, int(value("trial.exchange_redcap_batch"))
    kind = "label" if labels else "raw"
    try:
        listed = project.export_records(fields=[field], format_type="json")
        ids = list(dict.fromkeys(str(one[field]) for one in listed))
        batches: Sequence[list[str]] = [ids[k : k + size] for k in range(0, len(ids), size)]
        found = []
        for number, batch in enumerate(batches, 1):
            text = project.export_records(records=batch, format_type="csv", raw_or_label=kind)
            layout = "redcap" if not labels else "auto"
            found.append(
                read_exams(str(text).encode("utf-8"), layout, name=f"REDCap, batch {number}")
            )
            report(number, len(batches))
    except (requests.RequestException, RedcapError, KeyError, ValueError, TypeError) as error:
        raise InputError(f"REDCap export failed: {error}; nothing was entered") from None
    return found

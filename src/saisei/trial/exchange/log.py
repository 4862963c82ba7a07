"""Each export is a record of the trial: what left, up to when, and the digest of it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping

from saisei.trial import access
from saisei.trial.kinds_conduct import Export
from saisei.trial.record import Record
from saisei.trial.session import Session
from saisei.trial.store import Draft

__all__ = ["log_export"]


def log_export(
    session: Session, what: str, cutoff: str, files: Mapping[str, bytes]
) -> Record[Export]:
    """Enter that these files left the store, in the name of whoever asked for them.

    Raises:
        AccessError: this person may not export.
    """
    access.require(session.account.roles, "use", "view:export")
    sha = hashlib.sha256()
    for name in sorted(files):
        sha.update(name.encode() + b"\0" + hashlib.sha256(files[name]).digest())
    body = Export(what=what, cutoff=cutoff, digest=sha.hexdigest())
    with session.store.write(session.account.user) as writer:
        return writer.append(Draft(body, f"export:{secrets.token_hex(8)}"))

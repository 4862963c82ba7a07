"""Making the store of a trial: its settings, its design, its first account."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from argon2 import PasswordHasher

from saisei.errors import InputError
from saisei.trial.accounts import credential, require_password
from saisei.trial.engine import place_url, sync_folder
from saisei.trial.kinds_conduct import Account, DesignRecord, Role, Settings
from saisei.trial.store import Clock, Draft, Store

if TYPE_CHECKING:
    from saisei.design.document.schema import DesignDocument

__all__ = ["create"]


def create(
    place: str | Path,
    *,
    id: str,
    design: DesignDocument,
    settings: Settings,
    admin: tuple[str, str, str],
    clock: Clock,
    hasher: PasswordHasher | None = None,
) -> Store:
    """Make the store of a trial; the file appears whole or not at all.

    Args:
        place: path of an SQLite file, or URL of an empty PostgreSQL database.
        id: of the trial; part of every row of the trail.
        design: the design document, kept whole with its digest.
        settings: what the protocol adds to it.
        admin: user name, full name and password of the first account (administrator).
        clock: gives the present moment.
        hasher: of passwords; argon2 with its own defaults when left out.

    Raises:
        InputError: the password is too short, the id has blanks, the place is taken.
        StoreError: the place cannot be written.
    """
    if not id or any(sign.isspace() for sign in id):
        raise InputError("the id of a trial is one word, without blanks")
    user, name, password = admin
    require_password(password)
    account = Account(user=user, name=name, roles=(Role.ADMIN,))
    url = place_url(place)
    target = Path(str(url.database)) if url.get_backend_name() == "sqlite" else None
    if target is None:
        return _filled(Store.make(place, id, clock), design, settings, account, password, hasher)
    if target.exists():
        raise InputError(f"{target} exists already: name another file, or move it away")
    partial = target.with_name(f".{target.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        store = _filled(Store.make(partial, id, clock), design, settings, account, password, hasher)
        store.close()
        partial.replace(target)
        sync_folder(target.parent)
    finally:
        partial.unlink(missing_ok=True)
    made = Store.open(target, clock)
    made.hasher = store.hasher
    return made


def _filled(
    store: Store,
    design: DesignDocument,
    settings: Settings,
    account: Account,
    password: str,
    hasher: PasswordHasher | None,
) -> Store:
    if hasher is not None:
        store.hasher = hasher
    document = DesignRecord(digest=design.digest, document=design.content())
    with store.write("system") as writer:
        writer.append(Draft(settings, settings.own_entity))
        writer.append(Draft(document, document.own_entity))
        kept = account.model_copy(update={"credential": credential(writer, store.hasher, password)})
        writer.append(Draft(kept, account.own_entity))
    return store

"""Accounts and passwords: argon2 hashes kept outside the hashed trail, guessing slowed."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import func, insert, select

from saisei.errors import AccessError, InputError
from saisei.params import value
from saisei.trial.engine import reading, writing
from saisei.trial.kinds_conduct import Account
from saisei.trial.record import Record, moment
from saisei.trial.tables import tries, vault

if TYPE_CHECKING:
    from saisei.trial.store import Store, Writer

__all__ = ["check_password", "credential", "require_password"]

_WRONG = "the name or the password is wrong"


def require_password(password: str) -> None:
    """Refuse a password that is too short; nothing else is asked of it.

    Raises:
        InputError: too short.
    """
    fewest = int(value("trial.password_length"))
    if len(password) < fewest:
        raise InputError(f"the password has {len(password)} characters: take {fewest} or more")


def credential(writer: Writer, hasher: PasswordHasher, password: str) -> str:
    """Keep the hash of a password in the vault; returns the commitment for the account's record."""
    require_password(password)
    return writer.seal(hasher.hash(password), "credential")


@cache
def _nobody(hasher: PasswordHasher) -> str:
    return hasher.hash("no account has this password")


def check_password(store: Store, user: str, password: str) -> Record[Account]:
    """The account of a user whose password is right.

    Raises:
        AccessError: wrong, inactive, or tried too often; the words never tell which names exist.
    """
    now = store.clock()
    since = moment(now - timedelta(minutes=value("trial.sign_in_window_minutes")))
    with reading(store.engine) as connection:
        count = select(func.count()).where(tries.c.name == user, tries.c.at > since)
        if connection.execute(count).scalar_one() >= value("trial.sign_in_tries"):
            minutes = value("trial.sign_in_window_minutes")
            raise AccessError(f"too many wrong passwords: wait {minutes:g} minutes")
    account = store.picture().named("account", user)
    kept = _kept_hash(store, account)
    right = _matches(store.hasher, kept or _nobody(store.hasher), password)
    if account is None or not right or kept is None or not account.body.active:
        with writing(store.engine) as connection:
            connection.execute(insert(tries).values(name=user[:64], at=moment(now)))
        raise AccessError(_WRONG)
    return account


def _kept_hash(store: Store, account: Record[Account] | None) -> str | None:
    if account is None or not account.body.credential:
        return None
    with reading(store.engine) as connection:
        query = select(vault.c.content).where(vault.c.commitment == account.body.credential)
        return connection.execute(query).scalar_one_or_none()


def _matches(hasher: PasswordHasher, kept: str, password: str) -> bool:
    try:
        return hasher.verify(kept, password)
    except (Argon2Error, InvalidHashError):
        return False

"""Rights of the role under which the application works on a PostgreSQL store: it adds, and never changes.

The owner of the tables made them; whoever enters data should not be the owner. Then even somebody who holds
the application's password cannot change a row of the trail, triggers or not.
"""

from __future__ import annotations

from sqlalchemy import text

from saisei.errors import InputError
from saisei.trial.engine import writing
from saisei.trial.store import Store

__all__ = ["RIGHTS", "grant"]

RIGHTS = {
    "trail": "SELECT, INSERT",
    "records": "SELECT, INSERT",
    "study": "SELECT, UPDATE (head_seq, head_hash, head_at)",
    "vault": "SELECT, INSERT, UPDATE (salt, content)",
    "tries": "SELECT, INSERT",
    "alembic_version": "SELECT",
}
"""Table -> what the application's role may do with it."""


def grant(store: Store, role: str) -> None:
    """Give a role of the database exactly what the application needs, and take everything else.

    Args:
        store: opened as the owner of its tables.
        role: name of an existing role.

    Raises:
        InputError: an SQLite store, which has no roles. StoreError: no such role, or not the owner.
    """
    if store.engine.dialect.name != "postgresql":
        raise InputError("an SQLite file has no roles: the rights of the file are all there is")
    name = store.engine.dialect.identifier_preparer.quote_identifier(role)
    with writing(store.engine) as connection:
        for table, rights in RIGHTS.items():
            connection.execute(text(f"REVOKE ALL ON {table} FROM {name}"))
            connection.execute(text(f"GRANT {rights} ON {table} TO {name}"))
        connection.execute(text(f"GRANT USAGE ON SEQUENCE tries_id_seq TO {name}"))

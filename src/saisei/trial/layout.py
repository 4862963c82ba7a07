"""The layout of a store: made, checked and brought up to date by Alembic."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from saisei.errors import StoreError

__all__ = ["current_layout", "newest_layout", "require_layout", "upgrade"]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


@cache
def newest_layout() -> str:
    """The layout that this version of Saisei writes."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def current_layout(connection: Connection) -> str | None:
    """The layout of an open store; None when it has none."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(connection: Connection) -> None:
    """Bring a store to the newest layout, inside the caller's transaction."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def require_layout(connection: Connection) -> None:
    """Refuse a store of another layout.

    Raises:
        StoreError: it is older (and how to mend that), newer, or no store at all.
    """
    found, newest = current_layout(connection), newest_layout()
    if found is None:
        raise StoreError("this is no store of a trial; `saisei trial init` makes one")
    if found > newest:
        raise StoreError(
            f"the store has layout {found}, newer than this Saisei ({newest}): update it"
        )
    if found < newest:
        raise StoreError(
            f"the store has layout {found}, this Saisei writes {newest}:"
            " make a backup, then `saisei trial upgrade`"
        )

"""The first layout: five tables, and triggers that refuse any change of what is written.

The tables are written out here, not taken from `tables`, because a step must stay as it was.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_KEPT = ("trail", "records")


def upgrade() -> None:
    """Make the tables and triggers."""
    strict = {"sqlite_strict": True}
    op.create_table(
        "study",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("layout", sa.Integer, nullable=False),
        sa.Column("made_at", sa.Text, nullable=False),
        sa.Column("head_seq", sa.Integer, nullable=False),
        sa.Column("head_hash", sa.Text, nullable=False),
        sa.Column("head_at", sa.Text, nullable=False),
        **strict,
    )
    op.create_table(
        "trail",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False, unique=True),
        **strict,
    )
    names = (
        "kind", "entity", "version", "action", "subject", "site", "happened", "at", "by", "reason",
    )  # fmt: skip
    op.create_table(
        "records",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        *[
            sa.Column(name, sa.Integer if name == "version" else sa.Text, nullable=False)
            for name in names
        ],
        sa.Column("unique_key", sa.Text, unique=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.UniqueConstraint("entity", "version", name="one_version"),
        **strict,
    )
    op.create_index("by_kind", "records", ["kind", "subject"])
    op.create_index("by_subject", "records", ["subject", "kind"])
    op.create_index("by_time", "records", ["at"])
    op.create_table(
        "vault",
        sa.Column("commitment", sa.Text, primary_key=True),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("salt", sa.LargeBinary),
        sa.Column("content", sa.Text),
        **strict,
    )
    op.create_table(
        "tries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        **strict,
    )
    for statement in _sqlite() if op.get_bind().dialect.name == "sqlite" else _postgresql():
        op.execute(statement)


def _sqlite() -> list[str]:
    found = []
    for table in _KEPT:
        for verb in ("UPDATE", "DELETE"):
            found.append(
                f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} BEGIN "
                f"SELECT RAISE(ABORT, 'rows of {table} are added, never changed'); END"
            )
    found.append(
        "CREATE TRIGGER vault_delete BEFORE DELETE ON vault BEGIN "
        "SELECT RAISE(ABORT, 'rows of vault are emptied, never deleted'); END"
    )
    found.append(
        "CREATE TRIGGER vault_update BEFORE UPDATE ON vault "
        "WHEN NEW.salt IS NOT NULL OR NEW.content IS NOT NULL OR NEW.commitment <> OLD.commitment "
        "OR NEW.purpose <> OLD.purpose BEGIN "
        "SELECT RAISE(ABORT, 'rows of vault are emptied, never changed'); END"
    )
    return found


def _postgresql() -> list[str]:
    found = [
        "CREATE FUNCTION saisei_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'rows of % are added, never changed', TG_TABLE_NAME; END $$",
        "CREATE FUNCTION saisei_redact() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.salt IS NOT NULL OR NEW.content IS NOT NULL OR NEW.commitment <> OLD.commitment "
        "OR NEW.purpose <> OLD.purpose THEN "
        "RAISE EXCEPTION 'rows of vault are emptied, never changed'; END IF; RETURN NEW; END $$",
    ]
    for table in _KEPT:
        found.append(
            f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION saisei_refuse()"
        )
    for table in (*_KEPT, "vault"):
        found.append(
            f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION saisei_refuse()"
        )
    found.append(
        "CREATE TRIGGER vault_delete BEFORE DELETE ON vault "
        "FOR EACH ROW EXECUTE FUNCTION saisei_refuse()"
    )
    found.append(
        "CREATE TRIGGER vault_update BEFORE UPDATE ON vault "
        "FOR EACH ROW EXECUTE FUNCTION saisei_redact()"
    )
    return found


def downgrade() -> None:
    """There is no way back: a trail is never dropped."""
    raise RuntimeError("the first layout of a store is never taken down")

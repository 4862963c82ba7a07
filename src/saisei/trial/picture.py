"""What the store says at one moment: the standing version of everything, read once and kept.

A picture is fixed by a row of the trail. Rows are only ever added, so whatever is read later for the same
picture belongs to the same state, however many people write meanwhile.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Row, func, select

from saisei.errors import InputError
from saisei.trial.canonical import canonical
from saisei.trial.kinds import KINDS
from saisei.trial.kinds_conduct import Settings
from saisei.trial.record import Record
from saisei.trial.tables import records, vault

if TYPE_CHECKING:
    from saisei.design.document.schema import DesignDocument

__all__ = ["COMMITMENT", "Picture", "last_row"]

COMMITMENT = re.compile(r'"commitment":"([0-9a-f]{64})"')
_FEW = 400
_Reader = Callable[[], AbstractContextManager[Connection]]


def last_row(connection: Connection, until: str | None) -> int:
    """The number of the last row of the trail entered by a moment; 0 before the first."""
    query = select(func.coalesce(func.max(records.c.seq), 0))
    if until is not None:
        query = query.where(records.c.at <= until)
    return int(connection.execute(query).scalar_one())


class Picture:
    """The records up to one row of the trail, for one reader.

    Args:
        reader: opens a connection to read on.
        upto: the last row that counts.
        sees: whether the reader may read a kind at all.
        sites: sites whose people he may read; None is all.
        blinded: hides numbers of rows, which would tell how much was entered that he may not see.
    """

    def __init__(
        self,
        reader: _Reader,
        upto: int,
        sees: Callable[[str], bool] = lambda kind: True,
        sites: frozenset[str] | None = None,
        blinded: bool = False,
    ) -> None:
        self.upto = upto
        self._reader, self._sees, self._sites, self._blinded = reader, sees, sites, blinded
        self._versions: dict[str, list[Record[Any]]] = {}
        self._standing: dict[str, dict[str, Record[Any]]] = {}
        self._people: dict[str, dict[str, list[Record[Any]]]] = defaultdict(dict)
        self._single: dict[str, Record[Any] | None] = {}
        self._keys: dict[str, list[str]] = defaultdict(list)
        self._design: DesignDocument | None = None

    def load(self, kinds: Iterable[str]) -> None:
        """Read several kinds whole, at once; later questions about them need no database."""
        wanted = [kind for kind in kinds if kind not in self._versions]
        found = self._read(wanted) if wanted else []
        for kind in wanted:
            self._versions[kind] = []
        for record, key in found:
            self._versions[record.kind].append(record)
            if key:
                self._keys[key.rpartition("#")[0]].append(record.entity)

    def _read(
        self, kinds: Iterable[str], *conditions: ColumnElement[bool]
    ) -> list[tuple[Record[Any], str | None]]:
        """Records of some kinds that this reader may see, with their once-only keys, in order of entry."""
        visible = [kind for kind in kinds if self._sees(kind)]
        if not visible:
            return []
        query = (
            select(records)
            .where(records.c.kind.in_(visible), records.c.seq <= self.upto, *conditions)
            .order_by(records.c.seq)
        )
        with self._reader() as connection:
            rows = connection.execute(query).all()
            texts = _texts(connection, rows)
        if self._sites is not None:
            rows = [row for row in rows if not row.site or row.site in self._sites]
        return [(self._record(row, texts), row.unique_key) for row in rows]

    def _record(self, row: Row[Any], texts: dict[str, str | None]) -> Record[Any]:
        reason = row.reason and (texts.get(row.reason) or "(redacted)")
        return Record(
            0 if self._blinded else row.seq, row.kind, row.entity, row.version, row.action,
            row.subject, row.site, row.happened, row.at, row.by, reason, row.body, texts,
        )  # fmt: skip

    def versions(self, kind: str) -> list[Record[Any]]:
        """Every version of every thing of a kind, in the order of entry."""
        if kind not in self._versions:
            self.load([kind])
        return self._versions[kind]

    def latest(self, kind: str) -> dict[str, Record[Any]]:
        """Entity -> its last version, voided ones among them."""
        if kind not in self._standing:
            self._standing[kind] = {one.entity: one for one in self.versions(kind)}
        return self._standing[kind]

    def of(self, kind: str, participant: str | None = None) -> list[Record[Any]]:
        """The standing records of a kind, without voided ones.

        Args:
            kind: of record.
            participant: only those of this person.
        """
        if participant is None:
            return [one for one in self.latest(kind).values() if not one.void]
        return [one for one in self._of_person(kind, participant) if not one.void]

    def _of_person(self, kind: str, participant: str) -> list[Record[Any]]:
        people = self._people[kind]
        if kind in self._versions and not people:
            for one in self.latest(kind).values():
                people.setdefault(one.subject, []).append(one)
        elif kind not in self._versions and participant not in people:
            rows = self._read([kind], records.c.subject == participant)
            people[participant] = list({one.entity: one for one, _ in rows}.values())
        return people.get(participant, [])

    def one(self, kind: str, entity: str) -> Record[Any] | None:
        """The standing record of a thing; None when there is none or it is void."""
        if kind in self._versions:
            found = self.latest(kind).get(entity)
        else:
            if entity not in self._single:
                rows = self._read([kind], records.c.entity == entity)
                self._single[entity] = rows[-1][0] if rows else None
            found = self._single[entity]
        return None if found is None or found.void else found

    def named(self, kind: str, id: str) -> Record[Any] | None:
        """The standing record of a thing with a name of its own (`named("lot", "L7")`)."""
        return self.one(kind, f"{kind}:{id}")

    def find(self, entity: str) -> list[Record[Any]]:
        """Every version of one thing, whatever its kind; empty when there is none to be seen."""
        return [one for one, _ in self._read(KINDS, records.c.entity == entity)]

    def holder(self, kind: str, key: str) -> tuple[Record[Any] | None, int]:
        """The standing record that holds a once-only key, and how many ever held it."""
        if kind in self._versions:
            held = self._keys.get(key, [])
        else:
            start = records.c.unique_key.startswith(f"{key}#", autoescape=True)
            held = [one.entity for one, _ in self._read([kind], start)]
        standing = [self.one(kind, entity) for entity in held]
        return next((one for one in standing if one is not None), None), len(held)

    def absorb(self, record: Record[Any], unique_key: str | None) -> None:
        """Take in a record just written, so that the next check sees it."""
        kind = record.kind
        self.upto = max(self.upto, record.seq)
        self._single.pop(record.entity, None)
        if kind == "design":
            self._design = None
        if kind not in self._versions:
            self._people.pop(kind, None)
            return
        self._versions[kind].append(record)
        if kind in self._standing:
            self._standing[kind][record.entity] = record
        if record.version == 1 and self._people.get(kind):
            self._people[kind].setdefault(record.subject, []).append(record)
        else:
            self._people.pop(kind, None)
        if unique_key:
            self._keys[unique_key.rpartition("#")[0]].append(record.entity)

    @property
    def design(self) -> DesignDocument:
        """The design in force."""
        if self._design is None:
            self._design = _design_of(canonical(self._in_force("design").document))
        return self._design

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        found: Settings = self._in_force("settings")
        return found

    def _in_force(self, kind: str) -> Any:
        standing = self.of(kind)
        if not standing:
            raise InputError(
                f"no {kind} was in force then: the store was made later; what was known on a day is what "
                "had been entered by its end, so give a later one"
            )
        return standing[0].body


@lru_cache(maxsize=8)
def _design_of(content: bytes) -> DesignDocument:
    from saisei.design.document import parse_design  # its checks load scipy: only where needed

    return parse_design(content, "the design of the trial")


def _texts(connection: Connection, rows: Sequence[Row[Any]]) -> dict[str, str | None]:
    """Commitment -> text for all commitments in these rows."""
    wanted = {row.reason for row in rows if row.reason}
    for row in rows:
        if KINDS[row.kind].free and '"commitment":"' in row.body:
            wanted.update(COMMITMENT.findall(row.body))
    if not wanted:
        return {}
    query = select(vault.c.commitment, vault.c.content)
    query = query.where(
        vault.c.commitment.in_(wanted) if len(wanted) <= _FEW else vault.c.purpose == "text"
    )
    return {row.commitment: row.content for row in connection.execute(query)}

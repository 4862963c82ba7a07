"""Whether the store is what the trail says: chain, rows, signatures, texts, checkpoints, the file itself.

Names the first broken row. A chain finds every change by somebody who cannot write all of it anew; a
checkpoint kept elsewhere finds the rest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from sqlalchemy import Connection, Row, Table, select
from sqlalchemy.exc import DBAPIError

from saisei.trial.canonical import canonical
from saisei.trial.chain import Break, Link, first_break, genesis, opens
from saisei.trial.checkpoint import Checkpoint, check_signature
from saisei.trial.engine import reading
from saisei.trial.kinds import KINDS
from saisei.trial.picture import COMMITMENT
from saisei.trial.store import Store, payload_text
from saisei.trial.tables import records, study, trail, vault

__all__ = ["Verdict", "fields_of_payload", "rebuilt_rows", "verify"]

_PAGE = 5_000
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found.

    Attributes:
        rows: of the trail.
        head: hash of the last row.
        first: the first broken row; None when all hold.
        faults: everything found, in words, the first broken row first.
        redacted: texts that were lawfully deleted.
        checkpoints: how many were checked.
    """

    rows: int
    head: str
    first: Break | None
    faults: tuple[str, ...]
    redacted: int = 0
    checkpoints: int = 0

    @property
    def sound(self) -> bool:
        """Whether nothing is broken."""
        return not self.faults


def verify(
    store: Store,
    checkpoints: Sequence[Checkpoint] = (),
    public_key: str | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Check everything that can be checked; reads one state of the store, whoever writes meanwhile.

    Args:
        store: of the trial.
        checkpoints: kept outside the store.
        public_key: that they must be signed by, in hex; any, when left out.
        progress: called with the number of rows just done.
    """
    faults: list[str] = []
    breaks: list[Break] = []
    with reading(store.engine) as connection:
        faults += _file(connection)
        head = connection.execute(select(study)).one()
        hashes: dict[int, str] = {one.seq: "" for one in checkpoints}
        links = _links(connection, head.id, breaks, hashes, progress)
        chain = first_break(links, genesis(head.id), (head.head_seq, head.head_hash))
        if chain is not None:
            breaks.append(chain)
        texts, redacted = _vault(connection)
        faults += texts
    faults += _checkpoints(checkpoints, head, hashes, public_key)
    first = min(breaks, key=lambda one: one.seq) if breaks else None
    others = [str(one) for one in sorted(breaks, key=lambda one: one.seq)]
    return Verdict(
        head.head_seq, head.head_hash, first, (*others, *faults), redacted, len(checkpoints)
    )


def _links(
    connection: Connection,
    id: str,
    breaks: list[Break],
    hashes: dict[int, str],
    progress: Progress | None,
) -> Iterator[Link]:
    """The rows of the trail for the chain; on the way each is compared with its row of data."""
    data = _rows(connection, records)
    row = next(data, None)
    known: dict[tuple[str, int], str] = {}
    count = 0
    for link in _rows(connection, trail):
        while row is not None and row.seq < link.seq:
            breaks.append(Break(row.seq, "stands in the data, but not in the trail"))
            row = next(data, None)
        if row is None or row.seq != link.seq:
            breaks.append(Break(link.seq, "stands in the trail, but not in the data"))
        else:
            why = _compare(link, row, id)
            if why:
                breaks.append(Break(link.seq, why))
            known[row.entity, row.version] = link.hash
            row = next(data, None)
        if link.seq in hashes:
            hashes[link.seq] = link.hash
        if '"kind":"signature"' in link.payload:
            _signature(link, known, breaks)
        count += 1
        if progress is not None and count % _PAGE == 0:
            progress(_PAGE)
        yield Link(link.seq, link.payload, link.hash)
    while row is not None:
        breaks.append(Break(row.seq, "stands in the data, but not in the trail"))
        row = next(data, None)
    if progress is not None:
        progress(count % _PAGE)


def _rows(connection: Connection, table: Table) -> Iterator[Row[Any]]:
    """All rows of a table in order, a page at a time."""
    last = -(2**31)
    while True:
        query = select(table).where(table.c.seq > last).order_by(table.c.seq).limit(_PAGE)
        page = connection.execute(query).all()
        yield from page
        if len(page) < _PAGE:
            return
        last = page[-1].seq


_FIELDS = (
    "kind", "entity", "version", "action", "subject", "site", "happened", "at", "by", "reason",
    "unique_key",
)  # fmt: skip


def _compare(link: Row[Any], row: Row[Any], id: str) -> str:
    """Why a row of data is not what the trail says; empty when it is."""
    fields: dict[str, Any] = dict(zip(_FIELDS, row[1:-1], strict=True))
    # Writing the payload anew from the data is cheaper than reading it, and stricter.
    if payload_text({**fields, "seq": link.seq, "study": id}, row.body) == link.payload:
        return ""
    try:
        said = fields_of_payload(link.payload)
    except (ValueError, KeyError):
        return "the trail holds no record that can be read"
    if said.get("seq") != link.seq or said.get("study") != id:
        return "the row belongs elsewhere (its number or trial is another)"
    different = [name for name in (*_FIELDS, "body") if said.get(name) != getattr(row, name)]
    return f"the data differ from the trail in {', '.join(different) or 'their form'}"


def fields_of_payload(payload: str) -> dict[str, Any]:
    """The columns of `records` that a row of the trail stands for, `study` among them."""
    found: dict[str, Any] = json.loads(payload)
    found["body"] = canonical(found["body"]).decode("utf-8")
    return found


def rebuilt_rows(payloads: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of `records` made anew from the trail alone."""
    found = []
    for payload in payloads:
        fields = fields_of_payload(payload)
        fields.pop("study")
        found.append(fields)
    return found


def _signature(link: Row[Any], known: dict[tuple[str, int], str], breaks: list[Break]) -> None:
    try:
        body = json.loads(link.payload)["body"]
        if body["record_hash"] == known.get((body["target"], body["version"])):
            return
    except (ValueError, KeyError, TypeError):
        pass
    breaks.append(Break(link.seq, "a signature under a record that the trail does not have"))


def _vault(connection: Connection) -> tuple[list[str], int]:
    """Texts that are not those committed to, or are gone without a redaction."""
    faults: list[str] = []
    kept: set[str] = set()
    empty: set[str] = set()
    for row in connection.execute(select(vault)):
        kept.add(row.commitment)
        if row.content is None or row.salt is None:
            empty.add(row.commitment)
        elif not opens(row.commitment, bytes(row.salt), row.content):
            faults.append(f"a {row.purpose} behind the trail was changed ({row.commitment[:12]})")
    named, redacted = _named(connection)
    if named - kept:
        faults.append(f"{len(named - kept)} texts behind the trail are gone")
    if empty - redacted:
        faults.append(
            f"{len(empty - redacted)} texts were deleted without a redaction in the trail"
        )
    return faults, len(empty & redacted)


def _named(connection: Connection) -> tuple[set[str], set[str]]:
    """Commitments that the records name, and those that a redaction names."""
    named: set[str] = set()
    redacted: set[str] = set()
    with_texts = [kind for kind, model in KINDS.items() if model.free]
    query = select(records.c.reason).where(records.c.reason != "")
    named.update(connection.execute(query).scalars())
    query = select(records.c.body).where(
        records.c.kind.in_(with_texts), records.c.body.contains('"commitment":"', autoescape=True)
    )
    for body in connection.execute(query).scalars():
        named.update(COMMITMENT.findall(body))
    query = select(records.c.body).where(records.c.kind == "account")
    for body in connection.execute(query).scalars():
        named.add(json.loads(body).get("credential", ""))
    query = select(records.c.body).where(records.c.kind == "redaction")
    for body in connection.execute(query).scalars():
        redacted.update(json.loads(body)["commitments"])
    return named - {""}, redacted


def _checkpoints(
    checkpoints: Sequence[Checkpoint], head: Row[Any], hashes: dict[int, str], key: str | None
) -> list[str]:
    faults = []
    for one in checkpoints:
        name = f"the checkpoint of {one.at} (row {one.seq})"
        if not check_signature(one) or (key is not None and key != one.public_key):
            faults.append(f"{name} is not signed by the key of the trial")
        elif one.study != head.id:
            faults.append(f"{name} is of another trial ({one.study})")
        elif one.seq > head.head_seq:
            faults.append(f"{name} lies beyond the last row ({head.head_seq}): rows were removed")
        elif hashes.get(one.seq) != one.hash:
            faults.append(f"{name} has another hash: the trail was written anew")
    return faults


def _file(connection: Connection) -> list[str]:
    """What SQLite itself finds wrong in its file."""
    if connection.engine.dialect.name != "sqlite":
        return []
    try:
        found = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
    except DBAPIError as error:
        return [f"the file is damaged: {error.orig}"]
    return [] if found == ["ok"] else [f"the file is damaged: {line}" for line in found[:5]]


def differing(left: Sequence[dict[str, Any]], right: Sequence[dict[str, Any]]) -> int | None:
    """The number of the first row in which two lists of rows differ; None when they are equal."""
    for number, (one, two) in enumerate(zip_longest(left, right), 1):
        if one != two:
            return number
    return None

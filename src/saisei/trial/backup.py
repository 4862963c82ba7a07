"""Backup and restore: one file of the trail and the texts behind it; the data are rebuilt from the trail.

The same for SQLite and PostgreSQL, so a restore may also move a trial from one to the other. A backup is
verified while it is made and again after it was restored: a backup that nobody has restored is none.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from sqlalchemy import insert, select, update

from saisei.errors import InputError, StoreError
from saisei.trial.canonical import canonical
from saisei.trial.chain import Link, first_break, genesis
from saisei.trial.engine import place_url, reading, sync_folder, writing
from saisei.trial.record import moment
from saisei.trial.store import Clock, Store
from saisei.trial.tables import records, study, trail, vault
from saisei.trial.verify import Verdict, rebuilt_rows, verify

__all__ = ["Manifest", "backup", "read_backup", "restore"]

_MAGIC = b"saisei-backup-1\n"
_LOCKED = b"saisei-locked-1\n"
_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds: trial, rows, last hash, texts, moment, and SHA-256 of the file."""

    study: str
    made_at: str
    rows: int
    head: str
    head_at: str
    texts: int
    backed_up_at: str
    sha256: str = ""


def backup(store: Store, path: Path, passphrase: str | None = None) -> Manifest:
    """Write a backup, whole or not at all, and read it back.

    Args:
        store: of the trial.
        path: of the file; beside it a manifest is written (`.manifest.json`).
        passphrase: that the file is locked with (scrypt, ChaCha20-Poly1305).

    Raises:
        StoreError: the store does not verify: a broken store is not backed up over a good one.
        InputError: there is such a file.
    """
    if path.exists():
        raise InputError(f"{path} exists already: a backup is never written over")
    verdict = verify(store)
    if not verdict.sound:
        raise StoreError(
            f"the store does not verify ({verdict.faults[0]}): copy the file by hand and keep it;"
            " no backup was made"
        )
    lines = b"".join(_lines(store))
    packed = gzip.compress(lines, mtime=0)
    content = _MAGIC + hashlib.sha256(packed).digest() + packed
    if passphrase:
        content = _lock(content, passphrase)
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        manifest, _, _ = read_backup(partial.read_bytes(), passphrase)
        if (manifest.rows, manifest.head) < (verdict.rows, ""):
            raise StoreError("the backup holds fewer rows than the store: it was not kept")
        manifest_path = path.with_name(f"{path.name}.manifest.json")
        manifest_path.write_bytes(canonical(asdict(manifest)) + b"\n")
        partial.replace(path)
        sync_folder(path.resolve().parent)
    finally:
        partial.unlink(missing_ok=True)
    return manifest


def _lines(store: Store) -> Iterator[bytes]:
    with reading(store.engine) as connection:
        head = connection.execute(select(study)).one()
        texts = connection.execute(select(vault).order_by(vault.c.commitment)).all()
        manifest = Manifest(
            head.id, head.made_at, head.head_seq, head.head_hash, head.head_at, len(texts),
            moment(store.clock()),
        )  # fmt: skip
        yield _line({"manifest": asdict(manifest)})
        for row in connection.execute(select(trail).order_by(trail.c.seq)):
            yield _line({"seq": row.seq, "payload": row.payload, "hash": row.hash})
        for row in texts:
            salt = None if row.salt is None else base64.b64encode(bytes(row.salt)).decode("ascii")
            kept = {"commitment": row.commitment, "purpose": row.purpose}
            yield _line({**kept, "salt": salt, "content": row.content})


def _line(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8") + b"\n"


def _lock(content: bytes, passphrase: str) -> bytes:
    salt, nonce = os.urandom(16), os.urandom(12)
    return (
        _LOCKED
        + salt
        + nonce
        + ChaCha20Poly1305(_key(passphrase, salt)).encrypt(nonce, content, _LOCKED)
    )


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(passphrase.encode("utf-8"))


def _unlock(content: bytes, passphrase: str | None) -> bytes:
    if not passphrase:
        raise InputError("the backup is locked: give its passphrase")
    rest = content[len(_LOCKED) :]
    salt, nonce, sealed = rest[:16], rest[16:28], rest[28:]
    try:
        return ChaCha20Poly1305(_key(passphrase, salt)).decrypt(nonce, sealed, _LOCKED)
    except InvalidTag:
        raise InputError("the passphrase is wrong, or the backup was changed") from None


def read_backup(
    content: bytes, passphrase: str | None = None
) -> tuple[Manifest, list[dict[str, Any]], list[dict[str, Any]]]:
    """Manifest, rows of the trail and rows of the vault of a backup, with the chain checked.

    Raises:
        InputError: not a backup, locked, cut short, or its chain does not hold.
    """
    digest = hashlib.sha256(content).hexdigest()
    if content.startswith(_LOCKED):
        content = _unlock(content, passphrase)
    if not content.startswith(_MAGIC):
        raise InputError("this is no backup of a trial")
    kept, packed = content[len(_MAGIC) : len(_MAGIC) + 32], content[len(_MAGIC) + 32 :]
    if hashlib.sha256(packed).digest() != kept:
        raise InputError("the backup is damaged or cut short: its digest does not fit")
    try:
        lines = gzip.decompress(packed).decode("utf-8").split("\n")
        first, *rest = [json.loads(line) for line in lines if line]
        manifest = Manifest(**{**first["manifest"], "sha256": digest})
        links = rest[: manifest.rows]
        texts = rest[manifest.rows :]
        chain = first_break(
            [Link(**one) for one in links], genesis(manifest.study), (manifest.rows, manifest.head)
        )
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"the backup is damaged or cut short ({error})") from None
    if chain is not None:
        raise InputError(f"the backup does not hold: {chain}")
    if len(texts) != manifest.texts:
        raise InputError(f"the backup has {len(texts)} texts of {manifest.texts}: it is cut short")
    return manifest, links, texts


def restore(
    content: bytes, place: str | Path, clock: Clock, passphrase: str | None = None
) -> tuple[Store, Verdict]:
    """A store made anew from a backup and verified; an existing one is never touched.

    Args:
        content: bytes of the backup.
        place: path of a new SQLite file, or URL of an empty PostgreSQL database.
        clock: gives the present moment.
        passphrase: of a locked backup.

    Raises:
        InputError: not a sound backup, or the place is taken. StoreError: the result does not verify.
    """
    manifest, links, texts = read_backup(content, passphrase)
    url = place_url(place)
    target = Path(str(url.database)) if url.get_backend_name() == "sqlite" else None
    if target is None:
        return _filled(place, manifest, links, texts, clock)
    if target.exists():
        raise InputError(f"{target} exists already: restore beside it, then compare")
    partial = target.with_name(f".{target.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        store, verdict = _filled(partial, manifest, links, texts, clock)
        store.close()
        partial.replace(target)
        sync_folder(target.resolve().parent)
    finally:
        partial.unlink(missing_ok=True)
    return Store.open(target, clock), verdict


def _filled(
    place: str | Path,
    manifest: Manifest,
    links: list[dict[str, Any]],
    texts: list[dict[str, Any]],
    clock: Clock,
) -> tuple[Store, Verdict]:
    store = Store.make(place, manifest.study, clock)
    for one in texts:
        one["salt"] = None if one["salt"] is None else base64.b64decode(one["salt"])
    with writing(store.engine) as connection:
        for table, rows in (
            (vault, texts),
            (trail, links),
            (records, rebuilt_rows([one["payload"] for one in links])),
        ):
            for start in range(0, len(rows), _BATCH):
                connection.execute(insert(table), rows[start : start + _BATCH])
        connection.execute(
            update(study).values(
                made_at=manifest.made_at,
                head_seq=manifest.rows,
                head_hash=manifest.head,
                head_at=manifest.head_at,
            )
        )
    verdict = verify(store)
    if not verdict.sound:
        raise StoreError(f"the restored store does not verify: {verdict.faults[0]}")
    return store, verdict

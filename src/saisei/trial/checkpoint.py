"""Signed checkpoints: number and hash of the last row, under an Ed25519 signature, kept outside the store.

Whoever can rewrite the whole database can rewrite a chain; he cannot sign what he wrote. So a checkpoint
leaves the server: by mail to the sponsor, on the board's PDF, on paper.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from saisei.errors import InputError
from saisei.trial.canonical import canonical
from saisei.trial.record import moment
from saisei.trial.store import Store

__all__ = [
    "Checkpoint",
    "append_checkpoint",
    "check_signature",
    "make_checkpoint",
    "new_key",
    "public_key_of",
    "read_checkpoints",
    "read_key",
]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What was the last row at a moment, signed; `public_key` and `signature` in hex."""

    study: str
    seq: int
    hash: str
    at: str
    public_key: str
    signature: str = ""

    def message(self) -> bytes:
        """The bytes that are signed."""
        fields = asdict(self)
        fields.pop("signature")
        return b"saisei-checkpoint-1 " + canonical(fields)


def new_key(path: Path, passphrase: str | None = None) -> str:
    """Make a signing key, readable by its owner only, and return its public half in hex.

    Args:
        path: of the file; it must not be there yet. Its folder is made, for its owner only, if there is none.
        passphrase: that the file is locked with.

    Raises:
        InputError: there is such a file, or it cannot be written.
    """
    key = Ed25519PrivateKey.generate()
    lock: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        lock = serialization.BestAvailableEncryption(passphrase.encode("utf-8"))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise InputError(f"{path} exists already: a key is never written over") from None
    except OSError as error:
        raise InputError(
            f"{path}: no key can be written there ({error.strerror}); name a folder that you may write"
        ) from None
    with os.fdopen(handle, "wb") as stream:
        stream.write(pem)
        stream.flush()
        os.fsync(stream.fileno())
    return public_key_of(key)


def read_key(path: Path, passphrase: str | None = None) -> Ed25519PrivateKey:
    """The signing key of a file.

    Raises:
        InputError: no such file, no Ed25519 key, or the passphrase is wrong.
    """
    if not path.exists():
        raise InputError(f"{path}: there is no such key; `saisei trial init --key` makes one")
    secret = passphrase.encode("utf-8") if passphrase else None
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), secret)
    except (ValueError, TypeError) as error:
        raise InputError(f"{path} cannot be read as a key: {error}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(f"{path} holds another kind of key: an Ed25519 key is needed")
    return key


def public_key_of(key: Ed25519PrivateKey) -> str:
    """The public half in hex: give it to whoever shall check."""
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return raw.hex()


def make_checkpoint(store: Store, key: Ed25519PrivateKey) -> Checkpoint:
    """Sign the last row of the trail as it is now."""
    seq, tip, _ = store.head()
    bare = Checkpoint(store.id, seq, tip, moment(store.clock()), public_key_of(key))
    return Checkpoint(**{**asdict(bare), "signature": key.sign(bare.message()).hex()})


def check_signature(checkpoint: Checkpoint) -> bool:
    """Whether a checkpoint is signed by the key that it names."""
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(checkpoint.public_key))
        public.verify(bytes.fromhex(checkpoint.signature), checkpoint.message())
    except (InvalidSignature, ValueError):
        return False
    return True


def append_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Add a checkpoint to a file, one JSON line each."""
    with path.open("ab") as stream:
        stream.write(canonical(asdict(checkpoint)) + b"\n")
        stream.flush()
        os.fsync(stream.fileno())


def read_checkpoints(path: Path) -> Sequence[Checkpoint]:
    """The checkpoints of a file.

    Raises:
        InputError: no such file, or a line that is no checkpoint.
    """
    if not path.exists():
        raise InputError(f"{path}: there is no such file of checkpoints")
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not line:
            continue
        try:
            found.append(Checkpoint(**json.loads(line)))
        except (ValueError, TypeError) as error:
            raise InputError(f"{path}, line {number} is no checkpoint: {error}") from None
    return found

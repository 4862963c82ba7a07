"""The audit chain: each row's hash covers the hash before it and the canonical bytes of what was done.

    hash(0)  = SHA-256("saisei-trail-1 " + id of the trial)
    hash(n)  = SHA-256(hash(n - 1) + payload(n))

A chain shows any change by someone who cannot rewrite all of it; against those who can, signed checkpoints
are kept outside the database. Personal free text is not in the payload but a salted commitment of it:
deleting text and salt leaves the chain whole.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Break", "Link", "commitment", "first_break", "genesis", "link_hash", "opens"]

_ALGORITHM = "saisei-trail-1"


@dataclass(frozen=True, slots=True)
class Link:
    """One row of the trail: its number from 1, the payload's text and its hash in hex."""

    seq: int
    payload: str
    hash: str


@dataclass(frozen=True, slots=True)
class Break:
    """The first row that does not hold, and why."""

    seq: int
    why: str

    def __str__(self) -> str:
        return f"row {self.seq} of the trail: {self.why}"


def genesis(study: str) -> str:
    """The hash before the first row, in hex."""
    return hashlib.sha256(f"{_ALGORITHM} {study}".encode()).hexdigest()


def link_hash(before: str, payload: str) -> str:
    """The hash of a row, in hex, from the one before and its payload."""
    return hashlib.sha256(bytes.fromhex(before) + payload.encode("utf-8")).hexdigest()


def first_break(links: Iterable[Link], start: str, head: tuple[int, str] | None) -> Break | None:
    """Walk the chain; None when it holds.

    Args:
        links: in order of their numbers.
        start: the hash before the first row.
        head: number and hash of the last row as noted elsewhere; None when it is not known.
    """
    before, expected = start, 1
    sha, unhex = hashlib.sha256, bytes.fromhex
    held = unhex(start)
    for link in links:
        if link.seq != expected:
            return Break(expected, f"missing (the next row there is {link.seq})")
        held = sha(held + link.payload.encode("utf-8")).digest()
        before = held.hex()
        if before != link.hash:
            return Break(link.seq, "its hash does not follow from its content and the row before")
        expected += 1
    if head is not None and head != (expected - 1, before):
        seq = min(head[0], expected - 1) + (head[0] != expected - 1)
        return Break(seq, f"the store notes {head[0]} rows as written, {expected - 1} are there")
    return None


def commitment(salt: bytes, text: str) -> str:
    """What stands in the trail for a text: HMAC-SHA-256 keyed by 32 random bytes, in hex."""
    return hmac.new(salt, text.encode("utf-8"), hashlib.sha256).hexdigest()


def opens(commit: str, salt: bytes, text: str) -> bool:
    """Whether a text and salt are the ones committed to."""
    return hmac.compare_digest(commit, commitment(salt, text))

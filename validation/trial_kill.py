"""Kill test: a child writes exams and events, its parent sends SIGKILL at a random moment, again and again.

After each kill the store is opened anew: every write that the child had acknowledged must be there, none may
be half there (each transaction holds an exam and an event), the chain must hold, the file must be sound.

    python validation/trial_kill.py --sqlite 500 --postgresql 100

Leaves with 0 when all kills held and writes docs/validation/trial-kill.md; with 1 otherwise.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from argon2 import PasswordHasher
from postgresql_server import WHY_NONE, new_database, server

from saisei.design.document import load_design
from saisei.trial import (
    Account,
    AdverseEvent,
    Consent,
    Exam,
    Participant,
    Role,
    Session,
    Settings,
    Site,
    Store,
    create,
    verify,
)

PAGE = Path(__file__).parents[1] / "docs" / "validation" / "trial-kill.md"
INVESTIGATOR = Account(user="kato", name="Kato", roles=(Role.INVESTIGATOR,))
DAY = date(2026, 5, 18)
CODES = (*([2] * 8 + [0] * 20) * 2, *[5] * 5, *[0] * 5) * 2 + (0, 0, -1, -1)
OPENED = b"\xff" * 4
EARLY = 0.1  # share of kills that may come while the child still opens the store
FRESH = 50  # kills after which a new store begins, so that checking stays quick


def now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


@dataclass
class Tally:
    """What happened over all kills; `faults` must stay empty."""

    kills: int = 0
    before_first: int = 0
    acknowledged: int = 0
    written: int = 0
    in_flight_kept: int = 0
    faults: list[str] = field(default_factory=list)


def make(place: str | Path) -> None:
    """A store with one person who has consented."""
    store = create(
        place,
        id="KILL",
        design=load_design("single-arm-shift"),
        settings=Settings(title="Kill test"),
        admin=("root1", "Root", "correct horse battery"),
        clock=now,
        hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1),
    )
    Session(store, Account(user="root1", name="Root", roles=(Role.ADMIN,))).add(
        Site(site="tokyo", name="Tokyo")
    )
    session = Session(store, INVESTIGATOR)
    session.add(Participant(participant="P01", site="tokyo", injured_on=date(2026, 5, 1)))
    session.add(Consent(participant="P01", on=date(2026, 5, 4), form="1"))
    store.close()


def child(place: str, ready: int, first: int) -> None:
    """Write pairs of exam and event until killed; acknowledge each pair when it is written."""
    store = Store.open(place, now)
    session = Session(store, INVESTIGATOR)
    number = first
    os.write(ready, OPENED)
    while True:
        exam = Exam(
            participant="P01", visit=f"unscheduled-{number}", on=DAY, examiner="Kato", codes=CODES
        )
        event = AdverseEvent(
            participant="P01", on=DAY, term=f"event {number}", grade=1, serious=False, expected=True,
            narrative="x" * (number % 7) * 500,
        )  # fmt: skip
        session.add_many([exam, event])
        os.write(ready, number.to_bytes(4, "big"))
        number += 1


def one_kill(place: str, first: int, wait_s: float, early: bool) -> int:
    """Fork a child, let it live for a while, kill it; returns how many pairs it acknowledged.

    Args:
        place: of the store.
        first: number of the first pair.
        wait_s: until the kill, from the opening of the store.
        early: count from the birth of the child instead.
    """
    ours, theirs = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(ours)
        try:
            child(place, theirs, first)
        finally:
            os._exit(3)
    os.close(theirs)
    said = b"" if early else os.read(ours, 4)
    time.sleep(wait_s)
    os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    while chunk := os.read(ours, 65536):
        said += chunk
    os.close(ours)
    if not os.WIFSIGNALED(status):
        raise RuntimeError("the child ended by itself: see its error above")
    return max(len(said) // 4 - 1, 0)


def check(place: str, first: int, acknowledged: int, kill: int, tally: Tally) -> int:
    """Look at the store after a kill; returns the number of the next pair."""
    store = Store.open(place, now)
    verdict = verify(store)
    picture = store.picture()
    exams = {int(one.body.visit.rpartition("-")[2]) for one in picture.of("exam")}
    events = {int(one.body.term.rpartition(" ")[2]) for one in picture.of("adverse_event")}
    store.close()
    if not verdict.sound:
        tally.faults.append(f"kill {kill}: {verdict.faults[0]}")
    if exams != events:
        tally.faults.append(f"kill {kill}: half a record: {sorted(exams ^ events)}")
    lost = set(range(first, first + acknowledged)) - exams
    if lost:
        tally.faults.append(f"kill {kill}: acknowledged and lost: {sorted(lost)}")
    kept = len([number for number in exams if number >= first])
    tally.kills += 1
    tally.before_first += acknowledged == 0
    tally.acknowledged += acknowledged
    tally.written += kept
    tally.in_flight_kept += kept - acknowledged
    return max(exams, default=-1) + 1


def run(fresh: Callable[[], str], kills: int, seed: int, longest_s: float = 0.5) -> Tally:
    """Many kills on one kind of store.

    Args:
        fresh: makes the place of an empty store.
        kills: how many.
        seed: of the moments.
        longest_s: longest life of a child, in seconds.
    """
    moments = random.Random(seed)
    tally = Tally()
    place, first = "", 0
    for kill in range(kills):
        if kill % FRESH == 0:
            place, first = fresh(), 0
            make(place)
        early = moments.random() < EARLY
        acknowledged = one_kill(place, first, moments.uniform(0.0, longest_s), early)
        first = check(place, first, acknowledged, kill, tally)
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{kill + 1} of {kills} kills")
    return tally


def words(engine: str, tally: Tally) -> str:
    """A line of the page."""
    verdict = "held" if not tally.faults else f"FAILED: {tally.faults[0]}"
    return (
        f"| {engine} | {tally.kills} | {tally.acknowledged} | {tally.written} | {tally.in_flight_kept} |"
        f" {tally.before_first} | {verdict} |"
    )


def main() -> int:
    """Run what was asked for and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sqlite", type=int, default=500)
    parser.add_argument("--postgresql", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, default=0.5, help="longest life of a child, s")
    parser.add_argument("--page", action="store_true", help="write docs/validation/trial-kill.md")
    given = parser.parse_args()
    rows: list[str] = []
    failed = False
    with tempfile.TemporaryDirectory(prefix="saisei-kill-") as folder:
        count = iter(range(10**6))
        place = lambda: str(Path(folder) / f"kill-{next(count)}.db")  # noqa: E731
        tally = run(place, given.sqlite, given.seed, given.longest)
        rows.append(words("SQLite", tally))
        failed |= bool(tally.faults)
    if given.postgresql:
        with server(durable=True) as url:
            if url is None:
                print(WHY_NONE)
                failed = True
            else:
                tally = run(lambda: new_database(url), given.postgresql, given.seed, given.longest)
                rows.append(words("PostgreSQL", tally))
                failed |= bool(tally.faults)
    table = [
        "| store | kills | pairs acknowledged | found | of them not acknowledged | none yet | verdict |",
        "|---|---|---|---|---|---|---|",
        *rows,
    ]
    print("\n".join(table))
    if given.page:
        PAGE.write_text(_page(table, given), encoding="utf-8")
    return int(failed)


def _page(table: list[str], given: argparse.Namespace) -> str:
    return "\n".join(
        [
            "# Killed while writing",
            "",
            "A child writes pairs of an exam and an adverse event, each pair one transaction, and says so",
            f"after each. SIGKILL comes 0 to {given.longest:g} s after it has opened the store, uniformly;",
            f"in one of ten kills it may still be opening it (seed {given.seed}). Then the store is opened",
            "anew: every acknowledged pair must be there, no pair half, chain and file sound.",
            "",
            *table,
            "",
            "A pair may be found that was not acknowledged: the kill came between the commit and the word.",
            "SIGKILL ends a process, not the machine: loss of power is left to `synchronous` and the disk.",
            "",
            "Made by `python validation/trial_kill.py --page`.",
            "",
        ]
    )


if __name__ == "__main__":
    raise SystemExit(main())

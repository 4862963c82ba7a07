"""How fast a store is: monitoring and verifying 1,000 participants with 10 visits, importing 10,000 exams.

    python benchmarks/trial/bench_trial.py                 # SQLite
    python benchmarks/trial/bench_trial.py --writers       # and 8 writers at once on PostgreSQL
    python benchmarks/trial/bench_trial.py --writers --page docs/benchmarks-trial.md

Goals (on two quiet cores, SQLite): monitor under 2 s, verify of 100,000 rows under 5 s, import of 10,000
exams under 20 s. Each figure is the best of three, with a ratio to a plain peer beside it: reading all rows
of the trail for verify, parsing the payloads' JSON for monitor, grading without any store for the import.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from argon2 import PasswordHasher
from sqlalchemy import select

sys.path.insert(0, str(Path(__file__).parents[2] / "validation"))

from postgresql_server import WHY_NONE, new_database, server

from saisei.design.document import load_design, parse_design
from saisei.exam.formats.results import grade_sets
from saisei.trial import (
    Account,
    AdverseEvent,
    Allocation,
    Body,
    Consent,
    Donor,
    Dosing,
    Exam,
    Line,
    Lot,
    LotDecision,
    LotTest,
    Participant,
    Role,
    Session,
    Settings,
    Site,
    Store,
    Vial,
    VialRelease,
    Visit,
    create,
    verify,
)
from saisei.trial.canonical import canonical
from saisei.trial.engine import reading
from saisei.trial.monitor import watch
from saisei.trial.session import system_account
from saisei.trial.store import Draft
from saisei.trial.tables import trail

START = date(2026, 1, 5)
LINES: list[str] = []
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


def big_design() -> Any:
    """A bundled design with ten visits and no gate."""
    content = load_design("single-arm-shift").content()
    content["visits"] = [
        {
            "key": f"visit-{k}",
            "name": f"Visit {k}",
            "day": 30 * k,
            "counted_from": "treatment",
            "window_days": 7,
        }
        for k in range(1, 11)
    ]
    content["endpoint"]["visit"] = "visit-10"
    content["staggering"] = {"gate": "none"}
    content["arms"][0]["n"] = 200
    return parse_design(canonical(content), "the design of the benchmark")


def empty(place: str) -> Session:
    """A store with one site, and a session that may do everything."""
    store = create(
        place, id="BENCH", design=big_design(), settings=Settings(title="Benchmark"),
        admin=("root1", "Root", "correct horse battery"), clock=now, hasher=CHEAP,
    )  # fmt: skip
    session = Session(store, system_account())
    session.add(Site(site="tokyo", name="Tokyo"))
    return session


def code_rows(n: int, seed: int = 1) -> list[tuple[int, ...]]:
    """Exams of people with incomplete injuries, at random."""
    draw = np.random.default_rng(seed)
    codes = np.empty((n, 136), dtype=np.int64)
    codes[:, :132] = draw.integers(0, 3, (n, 132))
    motor = [*range(56, 66), *range(122, 132)]
    codes[:, motor] = draw.integers(0, 6, (n, 20))
    codes[:, 132:134] = draw.integers(0, 2, (n, 2))
    codes[:, 134:] = -1
    return [tuple(row) for row in codes.tolist()]


def courses(people: int, exams: int, seed: int = 2) -> list[tuple[int, ...]]:
    """Exams of people one after the other: few cells change from visit to visit, by one grade."""
    draw = np.random.default_rng(seed)
    found: list[tuple[int, ...]] = []
    for row in code_rows(people, seed):
        now_codes = np.array(row)
        for _ in range(exams):
            cells = draw.choice(132, 6, replace=False)
            top = np.where(np.isin(cells % 66, range(56, 66)), 5, 2)
            now_codes[cells] = np.minimum(now_codes[cells] + 1, top)
            found.append(tuple(now_codes.tolist()))
    return found


def fill(session: Session, people: int, visits: int) -> None:
    """People with consent, dosing, visits, exams and events; written past the rules to save time."""
    exams = iter(courses(people, visits + 1))
    graded: list[Exam] = []
    bodies: list[Body] = [
        Donor(donor="D1"), Line(line="C1", donor="D1"),
        Lot(lot="L1", line="C1", made_on=START, expires_on=date(2030, 1, 1)),
        LotTest(lot="L1", on=START, test="t", result="r", limit="l", passed=True),
        LotDecision(lot="L1", on=START, decision="released", by_whom="QA"),
    ]  # fmt: skip
    for number in range(people):
        who = f"P{number:04d}"
        injured = START - timedelta(days=20)
        bodies += [
            Participant(participant=who, site="tokyo", birth_year=1990, injured_on=injured),
            Consent(participant=who, on=START, form="1"),
            Allocation(participant=who, on=START, arm="cells"),
            Vial(vial=f"V{number:04d}", lot="L1", cells=10),
            VialRelease(vial=f"V{number:04d}", participant=who, coi_id=f"C{who}", on=START, by_whom="Q"),
            Dosing(participant=who, on=START, vials=(f"V{number:04d}",), cells_given=9, cells_planned=9),
        ]  # fmt: skip
        if number % 7 == 0:
            bodies.append(
                AdverseEvent(
                    participant=who, on=START, term="fever", grade=1, serious=False, expected=True
                )
            )
        for visit in range(visits + 1):
            key = "baseline" if visit == 0 else f"visit-{visit}"
            on = START + timedelta(days=30 * visit)
            bodies.append(Visit(participant=who, visit=key, on=on))
            graded.append(Exam(participant=who, visit=key, on=on, examiner="K", codes=next(exams)))
    from saisei.trial.grading import grade_many

    with session.store.write("bench") as writer:
        for place, body in enumerate([*bodies, *grade_many(graded, "default")]):
            entity = body.own_entity or f"{body.kind}:{place}"
            writer.append(Draft(body, entity, subject=body.belongs_to, site="tokyo"))


def best(call: Callable[[], Any], times: int = 3) -> float:
    """Seconds of the fastest of several calls."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return min(found)


def monitoring(folder: Path, people: int) -> None:
    """Monitor against parsing the exams' JSON."""
    session = empty(str(folder / "monitor.db"))
    fill(session, people, 10)
    store = session.store
    day = START + timedelta(days=305)
    seconds = best(lambda: watch(store.picture(), day))
    with reading(store.engine) as connection:
        payloads = connection.execute(select(trail.c.payload)).scalars().all()
    peer = best(lambda: [json.loads(one) for one in payloads])
    rows = store.head()[0]
    say(
        "monitor",
        f"{people} participants, 10 visits, {rows} rows",
        seconds,
        2.0,
        peer,
        "JSON parsing",
    )


def verifying(folder: Path, rows: int) -> None:
    """Verify against reading the rows of the trail."""
    session = empty(str(folder / "verify.db"))
    people = max(1, rows // 29)
    fill(session, people, 10)
    written = session.store.head()[0]
    with session.store.write("bench") as writer:
        for number in range(rows - written):
            body = Consent(participant=f"P{number % people:04d}", on=START, form=f"{number}")
            writer.append(Draft(body, f"consent:x{number}", subject=body.participant, site="tokyo"))
    store = session.store
    verdict = verify(store)
    if not verdict.sound:
        raise SystemExit(f"the store of the benchmark is broken: {verdict.faults[0]}")
    seconds = best(lambda: verify(store))

    def read() -> None:
        with reading(store.engine) as connection:
            connection.execute(select(trail)).all()

    say("verify", f"{verdict.rows} rows", seconds, 5.0, best(read), "reading the trail")


def importing(folder: Path, exams: int) -> None:
    """Import of exams against grading them without a store."""
    session = empty(str(folder / "import.db"))
    people = exams // 10
    with session.store.write("bench") as writer:
        for number in range(people):
            who = f"P{number:04d}"
            for body in (
                Participant(participant=who, site="tokyo", injured_on=START),
                Consent(participant=who, on=START, form="1"),
            ):
                entity = body.own_entity or f"{body.kind}:{number}"
                writer.append(Draft(body, entity, subject=who, site="tokyo"))
    rows = code_rows(exams)
    bodies = [
        Exam(
            participant=f"P{i // 10:04d}", visit=f"visit-{i % 10 + 1}", on=START, examiner="K",
            codes=row, entry="imported",
        )
        for i, row in enumerate(rows)
    ]  # fmt: skip
    table = np.array(rows, dtype=np.int8)
    grade_sets(table[:400], "default")  # compiled code is loaded once for both
    start = time.perf_counter()
    session.add_many(bodies)
    seconds = time.perf_counter() - start
    peer = best(lambda: grade_sets(table, "default"))
    say("import", f"{exams} exams", seconds, 20.0, peer, "grading alone")


def put(line: str) -> None:
    """A line, printed and kept for the page."""
    print(line, flush=True)
    LINES.append(line)


def say(what: str, size: str, seconds: float, goal: float, peer: float, name: str) -> None:
    """One line of the table."""
    verdict = "met" if seconds < goal else "missed"
    put(
        f"| {what} | {size} | {seconds:.2f} s | under {goal:g} s: {verdict} | {seconds / peer:.1f} x {name} |"
    )


def _write(task: tuple[str, int, int]) -> int:
    place, writer, exams = task
    store = Store.open(place, now)
    session = Session(store, Account(user=f"w{writer}", name="W", roles=(Role.INVESTIGATOR,)))
    row = code_rows(1, writer)[0]
    for number in range(exams):
        visit = f"unscheduled-{1000 * writer + number}"
        session.add(Exam(participant="P0001", visit=visit, on=START, examiner="K", codes=row))
    store.close()
    return exams


def writers(count: int, exams: int) -> None:
    """Many processes write exams of one person at once: none lost, and how many a second."""
    with server(durable=True) as url:
        if url is None:
            print(WHY_NONE)
            return
        place = new_database(url)
        session = empty(place)
        session.add_many(
            [
                Participant(participant="P0001", site="tokyo", injured_on=START),
                Consent(participant="P0001", on=START, form="1"),
            ]
        )
        with ProcessPoolExecutor(count) as pool:
            list(pool.map(_write, [(place, w, 1) for w in range(90, 90 + count)]))
            start = time.perf_counter()
            done = sum(pool.map(_write, [(place, w, exams) for w in range(count)]))
            seconds = time.perf_counter() - start
        found = len(session.store.picture().of("exam")) - count
        verdict = verify(session.store)
        lost = "none lost" if found == done and verdict.sound else f"LOST {done - found}"
        rate = f"{done / seconds:.0f} a second"
        put(f"| {count} writers, PostgreSQL | {done} exams | {seconds:.2f} s | {lost} | {rate} |")
        session.store.close()


def page() -> str:
    """The page of the table, with machine and load."""
    head = [
        "# Speed of the store of a trial",
        "",
        f"Made by `python {' '.join(sys.argv)}` on {now().date()}; do not edit.",
        "",
    ]
    tail = [
        "",
        f"Machine: {os.cpu_count()} cores, load average at the end {os.getloadavg()[0]:.1f}, Python",
        f"{platform.python_version()}, SQLite {sqlite3.sqlite_version} set up as in the house.",
        "",
        "*Monitor* reads every record, builds all people, visits and rules, and grades all exams again.",
        "*Import* is `Session.add_many` with every rule checked and every exam graded, in one transaction.",
        "*Verify* is the whole of `saisei trial verify`, `integrity_check` among it. The writers are",
        "processes of their own, each transaction flushed to disk; lost updates are looked for afterwards.",
        "Ratios are to the plain peer named.",
        "",
    ]
    return "\n".join([*head, *LINES, *tail])


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--people", type=int, default=1_000)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--exams", type=int, default=10_000)
    parser.add_argument("--writers", action="store_true", help="also 8 writers on PostgreSQL")
    parser.add_argument("--page", type=Path, help="write the table to this page")
    given = parser.parse_args()
    put("| what | size | time | goal | ratio |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="saisei-bench-") as folder:
        monitoring(Path(folder), given.people)
        importing(Path(folder), given.exams)
        verifying(Path(folder), given.rows)
    if given.writers:
        writers(8, 50)
    if given.page is not None:
        given.page.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()

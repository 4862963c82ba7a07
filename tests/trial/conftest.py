"""Stores for the tests of the running trial: made once for each engine, copied for each test."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from saisei.design.document import load_design
from saisei.trial import (
    Account,
    Allocation,
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
    create,
)

PASSWORD = "correct horse battery"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
START = datetime(2026, 5, 1, 9, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


def _server_module() -> Any:
    path = ROOT / "validation" / "postgresql_server.py"
    spec = importlib.util.spec_from_file_location("postgresql_server", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


SERVER = _server_module()


@dataclass
class Hand:
    """A clock that is moved by hand; each reading is a second later."""

    now: datetime = START

    def __call__(self) -> datetime:
        """The moment, a second after the one before."""
        self.now += timedelta(seconds=1)
        return self.now

    def at(self, day: date, hour: int = 12) -> None:
        """Move to a day."""
        self.now = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


INJURED = date(2026, 5, 1)
CONSENTED = date(2026, 5, 4)
EXAMINED = date(2026, 5, 18)


@dataclass
class Desk:
    """A store with one account of each role, sessions for them, and people and lots at a word."""

    store: Store
    clock: Hand
    password: str = PASSWORD

    def as_(self, role: Role, sites: tuple[str, ...] = ("*",)) -> Session:
        """A session of the account of a role, signed in already."""
        account = self.store.picture().named("account", role.value)
        assert account is not None
        return Session(self.store, account.body.model_copy(update={"sites": sites}))

    @property
    def investigator(self) -> Session:
        """The investigator."""
        return self.as_(Role.INVESTIGATOR)

    @staticmethod
    def codes(motor: int = 0, sensory: int = 0, vac: int = 0) -> tuple[int, ...]:
        """An exam that is normal down to T1 and has these scores below."""
        found: list[int] = []
        for _ in "rl":
            for _ in "lp":
                found += [2] * 8 + [sensory] * 20
            found += [5] * 5 + [motor] * 5
        return (*found, vac, vac, -1, -1)

    def exam(
        self, participant: str, visit: str = "baseline", on: date = EXAMINED, **rest: Any
    ) -> Exam:
        """An exam of a person with a complete injury below T1."""
        fields = {"examiner": "Kato", "codes": self.codes(), **rest}
        return Exam(participant=participant, visit=visit, on=on, **fields)

    def enter(self, participant: str, site: str = "tokyo") -> None:
        """A participant with consent; moves the clock to the baseline exam."""
        if self.clock.now.date() < EXAMINED:
            self.clock.at(EXAMINED)
        self.investigator.add_many(
            [
                Participant(
                    participant=participant, site=site, birth_year=1990, injured_on=INJURED
                ),
                Consent(participant=participant, on=CONSENTED, form="2.1"),
            ]
        )

    def screening(self, participant: str, **rest: Any) -> dict[str, Any]:
        """The fields of a screening that finds somebody eligible."""
        answers = [{"criterion": "No other cord disease", "met": True}]
        return {
            "participant": participant,
            "on": EXAMINED.isoformat(),
            "ais": "A",
            "nli": "T1",
            "exam_on": EXAMINED.isoformat(),
            "answers": answers,
            "eligible": True,
            **rest,
        }

    def enrol(self, participant: str, site: str = "tokyo", arm: str = "cells") -> None:
        """A participant with consent, baseline exam, eligible and in an arm."""
        self.enter(participant, site)
        session = self.investigator
        session.add(self.exam(participant))
        session.add_json("screening", self.screening(participant))
        self.as_(Role.MANAGER).add(Allocation(participant=participant, on=EXAMINED, arm=arm))

    def stock(self, lot: str = "L1", vials: int = 2, release: bool = True) -> None:
        """A donor, a line and a lot with its vials `L1-V1` ...; tested and released."""
        maker = self.as_(Role.MANUFACTURER)
        picture = self.store.picture()
        if picture.named("donor", "D1") is None:
            maker.add_many([Donor(donor="D1"), Line(line="C1", donor="D1")])
        made = date(2026, 4, 1)
        maker.add(Lot(lot=lot, line="C1", made_on=made, expires_on=date(2028, 4, 1)))
        for number in range(1, vials + 1):
            maker.add(Vial(vial=f"{lot}-V{number}", lot=lot, cells=2_000_000))
        if release:
            test = {"test": "sterility", "result": "no growth", "limit": "no growth"}
            maker.add(LotTest(lot=lot, on=made, passed=True, **test))
            by = "QA"
            maker.add(LotDecision(lot=lot, on=date(2026, 4, 20), decision="released", by_whom=by))

    def treat(self, participant: str, vial: str, on: date) -> None:
        """Release a vial to a person and give it."""
        if self.clock.now.date() < on:
            self.clock.at(on)
        pharmacist = self.as_(Role.PHARMACIST)
        pharmacist.add(
            VialRelease(
                vial=vial,
                participant=participant,
                coi_id=f"COI-{participant}",
                on=on,
                by_whom="Ito",
            )
        )
        self.investigator.add(
            Dosing(
                participant=participant,
                on=on,
                vials=(vial,),
                cells_given=2_000_000,
                cells_planned=2_000_000,
                viability=0.9,
                hours_from_thaw=3.0,
            )
        )


def fill(store: Store, clock: Hand) -> None:
    """One site, one account of each role."""
    admin = Session(store, Account(user="root1", name="Root", roles=(Role.ADMIN,)))
    for site in ("tokyo", "osaka"):
        admin.add(Site(site=site, name=site.title()))
    for role in Role:
        made = Account(user=role.value, name=f"The {role.value}", roles=(role,))
        admin.add_account(made, PASSWORD)


def make(place: str | Path, clock: Hand, design: str = "single-arm-shift") -> Store:
    """A store with sites and accounts."""
    store = create(
        place,
        id="TEST-1",
        design=load_design(design),
        settings=Settings(title="A trial for tests", criteria=("No other cord disease",)),
        admin=("root1", "Root", PASSWORD),
        clock=clock,
        hasher=CHEAP,
    )
    fill(store, clock)
    return store


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A PostgreSQL server; skipped, saying why, where there is none."""
    with SERVER.server() as url:
        if url is None:
            pytest.skip(SERVER.WHY_NONE)
        yield url


@pytest.fixture(scope="session")
def quick_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in memory where there is one: the store flushes to disk at each record."""
    memory = SERVER.roomy_memory()
    if memory is None:
        yield tmp_path_factory.mktemp("stores")
        return
    with tempfile.TemporaryDirectory(prefix="saisei-tests-", dir=memory) as folder:
        yield Path(folder)


@pytest.fixture
def folder(quick_folder: Path) -> Path:
    """A new folder for the stores of one test."""
    return Path(tempfile.mkdtemp(dir=quick_folder))


@pytest.fixture(scope="session")
def sqlite_pattern(quick_folder: Path) -> Path:
    """A filled SQLite store to be copied."""
    path = quick_folder / "pattern.db"
    make(path, Hand()).close()
    return path


@pytest.fixture(scope="session")
def postgresql_pattern(postgresql: str) -> str:
    """A filled PostgreSQL store to be copied."""
    url = str(SERVER.new_database(postgresql))
    make(url, Hand()).close()
    return url


def _desk(place: str | Path) -> Desk:
    clock = Hand(START + timedelta(hours=1))
    store = Store.open(place, clock)
    store.hasher = CHEAP
    return Desk(store, clock)


@pytest.fixture
def desk(sqlite_pattern: Path, folder: Path) -> Iterator[Desk]:
    """A desk on SQLite."""
    path = folder / "trial.db"
    shutil.copy(sqlite_pattern, path)
    made = _desk(path)
    yield made
    made.store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_desk(request: pytest.FixtureRequest, sqlite_pattern: Path, folder: Path) -> Iterator[Desk]:
    """A desk on SQLite, then the same on PostgreSQL."""
    if request.param == "sqlite":
        path = folder / "trial.db"
        shutil.copy(sqlite_pattern, path)
        made = _desk(path)
    else:
        server = request.getfixturevalue("postgresql")
        pattern = request.getfixturevalue("postgresql_pattern")
        made = _desk(SERVER.new_database(server, pattern.rsplit("/", 1)[1]))
    yield made
    made.store.close()


@pytest.fixture
def make_store() -> Callable[..., Store]:
    """Makes a store with sites and accounts: `make_store(place, clock, design)`."""
    return make


@pytest.fixture
def hand() -> Hand:
    """A clock that is moved by hand."""
    return Hand()


@pytest.fixture
def new_database(postgresql: str) -> Callable[[], str]:
    """Makes empty PostgreSQL databases."""
    return lambda: str(SERVER.new_database(postgresql))


@pytest.fixture
def copied_desk(sqlite_pattern: Path, folder: Path) -> Callable[..., Callable[[], Desk]]:
    """Makes desks that begin where a function has left a first one."""

    def prepared(fill_in: Callable[[Desk], None]) -> Callable[[], Desk]:
        first = folder / "first.db"
        shutil.copy(sqlite_pattern, first)
        desk = _desk(first)
        fill_in(desk)
        desk.store.close()
        count = iter(range(10**6))

        def again() -> Desk:
            path = folder / f"copy-{next(count)}.db"
            shutil.copy(first, path)
            made = _desk(path)
            made.clock.now = desk.clock.now
            return made

        return again

    return prepared

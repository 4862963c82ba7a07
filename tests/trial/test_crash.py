"""Killed, full, crowded: nothing acknowledged is lost and nothing is half there."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from saisei.errors import InputError
from saisei.trial import Exam, Role, Session, Store, VialRelease, verify
from saisei.trial.store import Draft

ROOT = Path(__file__).parents[2]
DAY = date(2026, 5, 22)


@pytest.fixture(scope="module")
def kill() -> ModuleType:
    """The long kill test of `validation/`."""
    spec = importlib.util.spec_from_file_location(
        "trial_kill", ROOT / "validation" / "trial_kill.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_killed_while_writing_on_sqlite(kill: Any, tmp_path: Path) -> None:
    """A few of the five hundred kills of validation/trial_kill.py, on the disk and not in memory."""
    count = iter(range(99))
    tally = kill.run(lambda: str(tmp_path / f"{next(count)}.db"), 5, seed=7, longest_s=0.5)
    assert tally.faults == []
    assert tally.kills == 5
    assert tally.written >= tally.acknowledged > 0


def test_killed_while_writing_on_postgresql(kill: Any, new_database: Callable[[], str]) -> None:
    """The same on PostgreSQL."""
    tally = kill.run(new_database, 3, seed=7, longest_s=0.5)
    assert tally.faults == []
    assert tally.written >= tally.acknowledged > 0


def test_the_kill_test_can_fail(kill: Any, folder: Path) -> None:
    """It tells a lost and a halved pair."""
    place = str(folder / "k.db")
    kill.make(place)
    store = Store.open(place, kill.now)
    only = Exam(
        participant="P01", visit="unscheduled-0", on=kill.DAY, examiner="K", codes=kill.CODES
    )
    Session(store, kill.INVESTIGATOR).add(only)
    store.close()
    tally = kill.Tally()
    kill.check(place, 0, 2, 0, tally)
    assert [fault.partition(": ")[2].partition(":")[0] for fault in tally.faults] == [
        "half a record",
        "acknowledged and lost",
    ]


FULL = """
import resource, signal, sys
from datetime import date
from pathlib import Path
from saisei.errors import StoreError
from saisei.trial import Exam, Session, Store
sys.path.insert(0, sys.argv[2])
import trial_kill as kill
place = sys.argv[1]
store = Store.open(place, kill.now)
session = Session(store, kill.INVESTIGATOR)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limit = Path(place).stat().st_size + 60_000
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
for number in range(1000):
    exam = Exam(participant="P01", visit=f"unscheduled-{number}", on=kill.DAY, examiner="K",
                codes=kill.CODES, comments="y" * 2000)
    try:
        session.add(exam)
    except StoreError as error:
        print(number)
        print(error)
        break
"""


def test_a_full_disk_is_said_and_loses_nothing(kill: Any, folder: Path) -> None:
    """The file may not grow: one sentence, every acknowledged exam there, and it goes on afterwards."""
    place = str(folder / "full.db")
    kill.make(place)
    done = subprocess.run(
        [sys.executable, "-c", FULL, place, str(ROOT / "validation")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    number, sentence = done.stdout.splitlines()
    assert int(number) > 0
    assert "full" in sentence
    assert "nothing of this was written" in sentence
    store = Store.open(place, kill.now)
    assert len(store.picture().of("exam")) == int(number)
    assert verify(store).sound
    late = Exam(participant="P01", visit="baseline", on=kill.DAY, examiner="K", codes=kill.CODES)
    Session(store, kill.INVESTIGATOR).add(late)
    assert verify(store).sound
    store.close()


def test_eight_writers_at_once_lose_nothing(any_desk: Any) -> None:
    """Eight writers, each with its own connection; every exam is there, the chain has no gap."""
    any_desk.enter("P01")
    place = any_desk.store.url.render_as_string(hide_password=False)

    def write(writer: int) -> int:
        store = Store.open(place, any_desk.clock)
        desk = type(any_desk)(store, any_desk.clock)
        for number in range(5):
            desk.investigator.add(desk.exam("P01", f"unscheduled-{10 * writer + number}"))
        store.close()
        return writer

    before = any_desk.store.head()[0]
    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(write, range(8))) == list(range(8))
    assert any_desk.store.head()[0] == before + 40
    assert len(any_desk.investigator.records("exam")) == 40
    assert verify(any_desk.store).sound


@pytest.mark.parametrize("what", ["one vial", "one exam", "one correction"])
def test_of_two_at_once_one_is_refused(any_desk: Any, what: str) -> None:
    """Two releases of one vial, two exams at one visit, two corrections of one version: one wins."""
    any_desk.stock()
    for who in ("P01", "P02"):
        any_desk.enrol(who)
    any_desk.clock.at(DAY)
    place = any_desk.store.url.render_as_string(hide_password=False)
    exam = any_desk.investigator.records("exam", "P01")[0]

    def attempt(writer: int) -> str:
        store = Store.open(place, any_desk.clock)
        desk = type(any_desk)(store, any_desk.clock)
        who = f"P0{writer}"
        try:
            if what == "one vial":
                vial = {"vial": "L1-V1", "participant": who, "coi_id": f"C{who}"}
                desk.as_(Role.PHARMACIST).add(VialRelease(on=DAY, by_whom="Ito", **vial))
            elif what == "one exam":
                desk.investigator.add(desk.exam("P01", "unscheduled-1", examiner=who))
            else:
                desk.investigator.correct(
                    exam.entity, {"examiner": who}, "wrong name", exam.version
                )
        except InputError as error:
            return type(error).__name__
        finally:
            store.close()
        return "written"

    with ThreadPoolExecutor(2) as pool:
        ends = sorted(pool.map(attempt, (1, 2)))
    refused = "RuleError" if what == "one vial" else "ConflictError"
    assert ends == sorted([refused, "written"])
    assert verify(any_desk.store).sound


def test_a_reader_sees_one_state_while_others_write(any_desk: Any) -> None:
    """A picture keeps its moment: what is written afterwards is not in it."""
    any_desk.enter("P01")
    picture = any_desk.store.picture()
    any_desk.investigator.add(any_desk.exam("P01"))
    assert picture.of("exam") == []
    assert len(any_desk.store.picture().of("exam")) == 1


def test_a_write_that_fails_in_the_middle_leaves_nothing(any_desk: Any) -> None:
    """An error of any kind inside the transaction, after rows were put down."""
    any_desk.enter("P01")
    before = any_desk.store.head()
    record = any_desk.investigator.add(any_desk.exam("P01"))
    after = any_desk.store.head()
    draft = Draft(record.body, record.entity, 2, "correct", "P01", "tokyo", "why")
    with pytest.raises(ZeroDivisionError):
        _fail_after_writing(any_desk.store, draft)
    assert any_desk.store.head() == after != before
    assert verify(any_desk.store).sound


def _fail_after_writing(store: Store, draft: Draft) -> None:
    with store.write("x") as writer:
        writer.append(draft)
        assert len(writer.picture.find(draft.entity)) == 2
        raise ZeroDivisionError

"""A virtual trial written into a store as a real one would be: day by day, by the rules, with its trail.

Takes a design, a seed and dates; gives a store. Each record is entered on its own day by a clock that the
rehearsal sets, so that as-of views, gates, overdue visits and monitoring behave as in the real trial.
Everything in it is invented: people from `patient` with their therapy twins, a lot, events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from argon2 import PasswordHasher

from saisei.design.document.plan import Gate
from saisei.design.document.schema import DesignDocument
from saisei.design.schedule import shuts_after
from saisei.errors import InputError
from saisei.params import parameter, value
from saisei.trial.kinds_base import Body
from saisei.trial.kinds_cells import (
    Donor,
    Dosing,
    Line,
    Lot,
    LotDecision,
    LotTest,
    Vial,
    VialRelease,
)
from saisei.trial.kinds_conduct import Account, Decision, DrugRange, Required, Role, Settings, Site
from saisei.trial.kinds_people import Allocation, Answer, Consent, Participant, Screening
from saisei.trial.rehearsal_follow import Course, follow
from saisei.trial.rehearsal_people import Comer, LotFacts, comers, treated_arms
from saisei.trial.session import Session, system_account
from saisei.trial.setup import create
from saisei.trial.store import Store

__all__ = ["Rehearsal", "rehearse"]

GATE = "can be treated within the window, the gate being open"
CRITERIA = ("gave consent in person", GATE)
TEAM = (
    ("manager", Role.MANAGER), ("investigator", Role.INVESTIGATOR), ("assessor", Role.ASSESSOR),
    ("maker", Role.MANUFACTURER), ("pharmacist", Role.PHARMACIST), ("monitor", Role.MONITOR),
    ("statistician", Role.STATISTICIAN), ("board", Role.BOARD), ("auditor", Role.AUDITOR),
)  # fmt: skip
_SHELF_YEARS = 5
_STREAM = 0x52454845  # key of the stream beside the seed of the people
_MORNING = time(9, tzinfo=UTC)


@dataclass
class _Clock:
    """The clock of the rehearsal: a second later at each reading."""

    now: datetime

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def to(self, day: date) -> None:
        """Move to the morning of a day, never back."""
        self.now = max(self.now, datetime.combine(day, _MORNING))


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a rehearsal is to be.

    Attributes:
        design: of the trial; start: first day of recruiting; until: last day that is written.
        seed: of everything drawn.
        event_rate: chance of each event of a safety rule in a treated person, in place of the rate that
            the rule calls acceptable: to rehearse an alarm.
        sites: keys of the sites.
        password: of every account (administrator `root1`, and one account a role).
    """

    design: DesignDocument
    start: date
    until: date
    seed: int
    event_rate: float | None = None
    sites: tuple[str, ...] = ("tokyo", "osaka")
    password: str = "a rehearsal, not a secret"  # every account of an invented trial has it

    def __post_init__(self) -> None:
        if self.until < self.start:
            raise InputError(
                f"the rehearsal ends on {self.until}, before it starts on {self.start}"
            )
        if self.event_rate is not None and not 0 <= self.event_rate <= 1:
            raise InputError(f"an event rate of {self.event_rate:g}: give a chance from 0 to 1")


@dataclass
class _Diary:
    """What will be entered, by day; within a day in the order of writing."""

    days: dict[date, list[tuple[str, Body]]] = field(default_factory=dict)

    def put(self, day: date, body: Body, by: str) -> None:
        self.days.setdefault(day, []).append((by, body))


def rehearse(
    place: str | Path,
    plan: Rehearsal,
    report: Callable[[int, int], None] = lambda done, of: None,
    hasher: PasswordHasher | None = None,
) -> Store:
    """Fill a new store with a virtual trial.

    Args:
        place: path of a new SQLite file, or URL of an empty PostgreSQL database.
        plan: what is rehearsed.
        report: called with days done and days in all.
        hasher: of passwords; argon2 with its defaults when left out.

    Raises:
        InputError, StoreError: as for `create`. UnsupportedError: a design that cannot be rehearsed.
    """
    generator = np.random.Generator(np.random.Philox(key=[plan.seed, _STREAM]))
    people, lot = comers(plan.design, plan.start, plan.seed, generator)
    clock = _Clock(datetime.combine(plan.start - timedelta(days=60), _MORNING))
    store = create(
        place,
        id="REHEARSAL-1",
        design=plan.design,
        settings=_settings(plan.design),
        admin=("root1", "Rehearsal administrator", plan.password),
        clock=clock,
        hasher=hasher,
    )
    diary = _Diary()
    _set_up(diary, plan, lot, clock.now.date())
    _recruit(diary, plan, people, generator)
    _write(store, clock, diary, plan, report)
    return store


def _settings(design: DesignDocument) -> Settings:
    return Settings(
        title=f"Rehearsal of: {design.title} (every person and event is invented)",
        criteria=CRITERIA,
        drugs=(DrugRange(drug="tacrolimus", low=5.0, high=10.0, unit="ng/ml", until_day=180),),
        required=(Required(visit="*", kinds=("imaging",)),),
        growth_percent=25.0,
        growth_action="Repeat the MRI within a week and tell the board",
    )


def _set_up(diary: _Diary, plan: Rehearsal, lot: LotFacts, day: date) -> None:
    """Sites, the chain donor to vials, the release of the lot."""
    for site in plan.sites:
        diary.put(day, Site(site=site, name=site.title()), "system")
    made = day + timedelta(days=1)
    diary.put(made, Donor(donor=_code(lot.donor), hla=lot.hla), "maker")
    diary.put(made, Line(line=_code(lot.line), donor=_code(lot.donor)), "maker")
    expires = made.replace(year=made.year + _SHELF_YEARS)
    diary.put(
        made,
        Lot(lot=_code(lot.lot), line=_code(lot.line), made_on=made, expires_on=expires),
        "maker",
    )
    for name, result, limit, passed in (
        ("viability after thaw", f"{lot.viability:.2f}", "as the maker's file says", True),
        ("residual undifferentiated cells", f"{lot.residual:.1e}", "0.01% by flow", True),
        ("sterility", "no growth", "no growth", True),
    ):
        test = LotTest(
            lot=_code(lot.lot), on=made, test=name, result=result, limit=limit, passed=passed
        )
        diary.put(made, test, "maker")
    released = LotDecision(
        lot=_code(lot.lot),
        on=made + timedelta(days=7),
        decision="released",
        by_whom="maker, rehearsal",
    )
    diary.put(made + timedelta(days=7), released, "maker")
    dose = next((arm.dose_cells for arm in plan.design.arms if arm.dose_cells), 1) or 1
    count = sum(arm.n for arm in plan.design.arms if arm.key in treated_arms(plan.design))
    for k in range(count):
        vial = Vial(vial=f"V{k + 1:03d}", lot=_code(lot.lot), cells=int(1.2 * dose))
        diary.put(made + timedelta(days=8), vial, "maker")


def _code(text: str) -> str:
    """An id of the simulator as an opaque code of the store."""
    return "".join(sign if sign.isalnum() or sign in "._-" else "-" for sign in text).strip("-._")


def _allocations(plan: Rehearsal, generator: np.random.Generator) -> Iterator[str]:
    """Arms in the order of allocation: blocks of the ratio, drawn anew; one arm needs no draw."""
    room = {arm.key: arm.n for arm in plan.design.arms}
    shares = {key: n for key, n in room.items() if n}
    least = min(shares.values())
    block = [key for key, n in shares.items() for _ in range(max(1, round(n / least)))]
    while any(room.values()):
        for key in generator.permutation(block).tolist():
            if room[key]:
                room[key] -= 1
                yield key


def _recruit(
    diary: _Diary, plan: Rehearsal, people: Iterable[Comer], generator: np.random.Generator
) -> None:
    """Screen everybody who comes until all arms are full; treat when the gate allows."""
    order = _allocations(plan, generator)
    arm = next(order, None)
    treated: list[date] = []
    for comer in people:
        if arm is None or comer.injured + timedelta(days=comer.exam_day) > plan.until:
            return
        with_cells = arm in treated_arms(plan.design)
        day = comer.injured + timedelta(days=comer.graft_day)
        opens, review = _gate(plan.design, treated)
        if with_cells:
            day = max(day, opens)
        latest = comer.injured + timedelta(days=int(plan.design.population.treatment_day[1]))
        fits = day <= latest
        site = plan.sites[comer.number % len(plan.sites)]
        _screen(diary, comer, site, fits)
        if not fits:
            continue
        if with_cells and review and opens > date.min:
            decision = Decision(on=opens, by_whom="board, rehearsal", what="open the gate")
            diary.put(opens, decision, "board")
        _enter(diary, plan, comer, arm, day, len(treated) if with_cells else None)
        if with_cells:
            treated.append(day)
        _follow(diary, plan, Course(comer, arm, day, with_cells), generator)
        arm = next(order, None)


def _gate(design: DesignDocument, treated: list[date]) -> tuple[date, bool]:
    """From which day the next person may be treated, and whether the board must say so."""
    rule = design.staggering
    if not treated or rule.gate is Gate.NONE:
        return date.min, False
    if not shuts_after(rule.gate, len(treated), rule.cohort):
        return max(treated), False
    opens = max(treated) + timedelta(days=int(np.ceil(rule.interval_days or 0.0)))
    return opens, rule.review is not None


def _screen(diary: _Diary, comer: Comer, site: str, fits: bool) -> None:
    name, day = _name(comer), comer.injured + timedelta(days=comer.exam_day)
    born = comer.injured.year - comer.age
    diary.put(
        day,
        Participant(
            participant=name, site=site, birth_year=born, injured_on=comer.injured, sex=comer.sex
        ),
        "investigator",
    )
    diary.put(day, Consent(participant=name, on=day, form="rehearsal 1.0"), "investigator")
    answers = (Answer(criterion=CRITERIA[0], met=True), Answer(criterion=GATE, met=fits))
    diary.put(
        day,
        Screening(
            participant=name, on=day, ais=_letter(comer.ais), nli=comer.nli, exam_on=day,
            answers=answers, eligible=fits,
        ),
        "investigator",
    )  # fmt: skip


def _letter(text: str) -> Any:
    return text[:1]


def _name(comer: Comer) -> str:
    return f"P{comer.number + 1:03d}"


def _enter(
    diary: _Diary, plan: Rehearsal, comer: Comer, arm: str, day: date, vial: int | None
) -> None:
    """Allocation, and for the treated the vial and the operation."""
    name, seen = _name(comer), comer.injured + timedelta(days=comer.exam_day)
    method = plan.design.allocation.kind
    allocated = Allocation(participant=name, on=seen, arm=arm, day_zero=day, method=method)
    diary.put(seen, allocated, "manager")
    if vial is None:
        return
    key, dose = (
        f"V{vial + 1:03d}",
        next(a.dose_cells for a in plan.design.arms if a.key == arm) or 1,
    )
    release = VialRelease(
        vial=key, participant=name, coi_id=f"COI-{comer.number + 1:03d}", on=day,
        by_whom="pharmacist, rehearsal",
    )  # fmt: skip
    diary.put(day, release, "pharmacist")
    given = Dosing(
        participant=name, on=day, vials=(key,), cells_given=dose, cells_planned=dose, viability=0.9,
        hours_from_thaw=2.0, level=comer.nli,
    )  # fmt: skip
    diary.put(day, given, "pharmacist")


def _follow(diary: _Diary, plan: Rehearsal, course: Course, generator: np.random.Generator) -> None:
    level = parameter("trial.rehearsal_drug_level").value
    assert isinstance(level, tuple)
    shares = (
        value("trial.rehearsal_missed_share"),
        value("trial.rehearsal_leaving_share"),
        value("trial.rehearsal_mild_events"),
    )
    for day, body, by in follow(
        course, plan.design, _name(course.comer), plan.event_rate, shares, level, generator
    ):
        diary.put(day, body, by)


def _write(
    store: Store,
    clock: _Clock,
    diary: _Diary,
    plan: Rehearsal,
    report: Callable[[int, int], None],
) -> None:
    """Enter the diary day by day; the accounts come after the sites that they work at."""
    system = Session(store, system_account())
    hands = {"system": system}
    for user, role in TEAM:
        name = f"Rehearsal {user}"
        account = Account(user=user, name=name, roles=(role,))
        system.add_account(account, plan.password)
        hands[user] = Session(store, system_account(user))
    days = sorted(day for day in diary.days if day <= plan.until)
    for done, day in enumerate(days, 1):
        clock.to(day)
        for user, bodies in _runs(diary.days[day]):
            hands[user].add_many(bodies)
        report(done, len(days))


def _runs(entries: list[tuple[str, Body]]) -> Iterator[tuple[str, list[Body]]]:
    """Neighbouring records of one hand, to be entered in one transaction."""
    run: list[Body] = []
    hand = ""
    for user, body in entries:
        if user != hand and run:
            yield hand, run
            run = []
        hand = user
        run.append(body)
    if run:
        yield hand, run

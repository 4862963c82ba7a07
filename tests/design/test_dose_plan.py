"""Dose finding as part of a design: exact by recursion, and an eliminated dose never comes back."""

from __future__ import annotations

import itertools
import math

import pytest

from saisei.design.document import load_design
from saisei.design.document.dosing import must_eliminate
from saisei.design.dose_boin import boin_next_dose, boin_select_mtd
from saisei.design.dose_history import Cohort
from saisei.design.dose_plan import DosePlan, dose_operating, dose_plan, dose_scenarios
from saisei.errors import InputError


def plan_of(people: int, doses: int = 2) -> DosePlan:
    """The plan of the bundled example with fewer people and doses."""
    whole = dose_plan(load_design("three-doses"))
    assert whole is not None
    rows = tuple(row for row in whole.rows if row.n <= people)
    return DosePlan(
        whole.doses[:doses], 0, whole.cohort, people, whole.target, whole.eliminate_above, rows
    )


@pytest.mark.parametrize(("people", "doses"), [(9, 2), (12, 3)])
def test_recursion_equals_following_every_course(people: int, doses: int) -> None:
    """Selection, people and events are those of all courses of cohorts, each led by `boin_next_dose`."""
    plan, rates = plan_of(people, doses), (0.1, 0.3, 0.5)[:doses]
    selected, none = [0.0] * doses, 0.0
    treated = [0.0] * doses
    for course in itertools.product(range(4), repeat=people // 3):
        cohorts: list[Cohort] = []
        weight, going = 1.0, True
        for events in course:
            following = boin_next_dose(plan.target, doses, cohorts)
            if following.dose is None:
                # The rest of the course cannot happen: count it once only.
                going = False
                break
            rate = rates[following.dose - 1]
            weight *= math.comb(3, events) * rate**events * (1.0 - rate) ** (3 - events)
            cohorts.append(Cohort(following.dose, tuple([1] * events + [0] * (3 - events))))
        if not going and any(course[len(cohorts) :]):
            continue
        counts = [sum(len(c.dlts) for c in cohorts if c.dose == d + 1) for d in range(doses)]
        dlts = [sum(sum(c.dlts) for c in cohorts if c.dose == d + 1) for d in range(doses)]
        for dose, count in enumerate(counts):
            treated[dose] += weight * count
        last = boin_next_dose(plan.target, doses, cohorts)
        chosen = boin_select_mtd(plan.target, counts, dlts).dose if last.go_on else None
        if chosen is None:
            none += weight
        else:
            selected[chosen - 1] += weight
    found = dose_operating(plan, rates)
    assert found.selected == pytest.approx(selected, abs=1e-12)
    assert found.none == pytest.approx(none, abs=1e-12)
    assert found.people == pytest.approx(treated, abs=1e-12)


def test_an_eliminated_dose_is_never_selected_nor_given() -> None:
    """If the two upper doses always harm, nobody is ever told to take them at the end."""
    found = dose_operating(plan_of(24, 3), (0.05, 1.0, 1.0))
    assert found.selected[1] == found.selected[2] == 0.0
    assert found.people[1] <= 3.0 + 1e-12
    assert sum(found.selected) + found.none == pytest.approx(1.0)


def test_the_bundled_table_is_that_of_boin() -> None:
    """Target 0.2: escalate at 0 of 3, de-escalate at 1 of 3, eliminate at 2 of 3 (BOIN, 0.1572 / 0.2385)."""
    whole = dose_plan(load_design("three-doses"))
    assert whole is not None
    actions = whole.actions()
    assert [actions[3, y] for y in range(4)] == [
        "escalate",
        "de-escalate",
        "eliminate",
        "eliminate",
    ]
    assert [actions[6, y] for y in range(4)] == ["escalate", "stay", "de-escalate", "eliminate"]
    document = load_design("three-doses")
    assert document.dose_finding is not None
    assert all(
        must_eliminate(document.dose_finding, n, y) == (action == "eliminate")
        for (n, y), action in actions.items()
    )


def test_scenarios_put_each_dose_at_the_target() -> None:
    """One truth for each dose at the target, one above and one below; odds double between doses."""
    plan = plan_of(24, 3)
    rows = dose_scenarios(plan)
    assert len(rows) == 5
    assert [rates[place] for place, (_, rates) in enumerate(rows[1:4])] == pytest.approx([0.2] * 3)
    assert min(rows[0][1]) > 0.2 > max(rows[4][1])
    with pytest.raises(InputError, match="2 rates for 3 doses"):
        dose_operating(plan, (0.1, 0.2))

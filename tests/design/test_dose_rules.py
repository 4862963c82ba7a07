"""Dose-finding rules inside documents: exact sums beside plain walks, kernels beside plain rules."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from saisei.design.document import load_design
from saisei.design.document.dosing import must_eliminate
from saisei.design.dose_boin import boin_select_mtd
from saisei.design.dose_crm import CrmModel, crm_fit
from saisei.design.dose_kernels import boin_trials, crm_posterior_rates, select_mtd, tite_trials
from saisei.design.dose_plan import (
    DoseNode,
    DosePlan,
    _bounds,
    dose_operating,
    dose_plan,
    dose_scenarios,
    dose_tree,
    waiting_rows,
)
from saisei.design.dose_steps import crm_choice, crm_grid
from saisei.design.dose_three_plus_three import three_plus_three_oc

RULES = ("three-doses", "three-plus-three", "crm", "tite-boin", "tite-crm")
RATES = (0.1, 0.25, 0.4)


def planned(name: str, **changes: object) -> DosePlan:
    plan = dose_plan(load_design(name))
    assert plan is not None
    return replace(plan, **changes)  # type: ignore[arg-type]


def test_three_plus_three_in_a_document_is_storer_exact() -> None:
    """Selection, people and events of the closed form (design_reference, tpt-oc-a)."""
    found, closed = dose_operating(planned("three-plus-three"), RATES), three_plus_three_oc(RATES)
    assert (found.none, *found.selected) == pytest.approx(closed.select, abs=1e-12)
    assert sum(found.people) == pytest.approx(closed.expected_people, abs=1e-12)
    assert found.events == pytest.approx(closed.expected_dlts, abs=1e-12)


def test_the_fast_crm_is_the_plain_fit() -> None:
    """Rates by quadrature on a fixed grid against `crm_fit` of the people one by one."""
    skeleton, sd = (0.1, 0.2, 0.35), 1.158
    for seen, events in (((3, 3, 0), (0, 1, 0)), ((3, 6, 6), (0, 1, 3)), ((12, 0, 0), (0, 0, 0))):
        levels = [d + 1 for d, n in enumerate(seen) for _ in range(n)]
        dlts = [int(k < events[d]) for d, n in enumerate(seen) for k in range(n)]
        plain = crm_fit(CrmModel(skeleton), 0.2, levels, dlts, scale=sd).plug_in
        assert crm_choice(skeleton, sd, 0.2, seen, events) == pytest.approx(plain, abs=2e-6)
        weights = np.linspace(0.2, 1.0, len(levels))
        known = np.array(dlts, dtype=np.float64)
        prior, log_p, rest, logs, beta = crm_grid(skeleton, sd)
        level = np.array(levels) - 1
        late = crm_posterior_rates(prior, log_p, rest, logs, beta, weights, known, level)
        plain = crm_fit(
            CrmModel(skeleton), 0.2, levels, dlts, weights=weights.tolist(), scale=sd
        ).plug_in
        assert tuple(late) == pytest.approx(plain, abs=2e-6)


def test_the_compiled_selection_is_the_plain_one() -> None:
    """Isotonic selection: kernel against `boin_select_mtd` on random counts."""
    rng = np.random.default_rng(2)
    for _ in range(300):
        people = rng.integers(0, 5, 5) * 3
        people[0] = max(people[0], 3)
        events = rng.binomial(people, (0.05, 0.15, 0.3, 0.4, 0.6))
        plain = boin_select_mtd(0.3, people.tolist(), events.tolist())
        removed = next(
            (
                k
                for k in range(5)
                if people[k] >= 3 and plain_overdose(int(events[k]), int(people[k])) > 0.95
            ),
            5,
        )
        found = (
            select_mtd(people.astype(float), events.astype(float), removed, 0.3) if removed else -1
        )
        assert found == (-1 if plain.dose is None else plain.dose - 1)


def plain_overdose(events: int, people: int) -> float:
    """P(rate > 0.3) under a uniform prior, as a binomial tail."""
    n = people + 1
    return sum(math.comb(n, k) * 0.3**k * 0.7 ** (n - k) for k in range(events + 1))


def test_simulated_boin_agrees_with_the_exact_sum() -> None:
    """The compiled trials of BOIN lie within four standard errors of the recursion."""
    plan = planned("three-doses")
    exact = dose_operating(plan, RATES)
    bounds = _bounds(plan)
    uniforms = np.random.default_rng(5).random((20_000, plan.people))
    chosen, seen, _ = boin_trials(
        uniforms,
        np.array(RATES),
        plan.cohort,
        plan.start,
        plan.target,
        bounds[0],
        bounds[1],
        bounds[2],
    )
    for dose, share in enumerate(exact.selected):
        error = math.sqrt(share * (1 - share) / len(chosen))
        assert abs((chosen == dose).mean() - share) < 4 * error
    assert seen.mean(axis=0) == pytest.approx(exact.people, abs=0.15)


def test_with_slow_arrival_late_events_do_not_matter() -> None:
    """When everybody's window has closed before the next arrives, TITE-BOIN is BOIN and TITE-CRM is CRM."""
    for late, plain in (("tite-boin", "three-doses"), ("tite-crm", "crm")):
        slow = dose_operating(planned(late, per_month=0.0005), RATES)
        exact = dose_operating(planned(plain), RATES)
        assert slow.error is not None
        assert slow.error <= 0.005
        assert slow.selected == pytest.approx(exact.selected, abs=4 * 0.005)
        assert slow.none == pytest.approx(exact.none, abs=4 * 0.005)


def test_fast_arrival_is_shorter_and_exposes_more() -> None:
    """TITE-CRM never pauses: faster arrival shortens the trial; TITE-BOIN pauses and is longer."""
    quick = dose_operating(planned("tite-crm", per_month=6.0), RATES)
    slow = dose_operating(planned("tite-crm", per_month=0.5), RATES)
    assert quick.months is not None
    assert slow.months is not None
    assert quick.months < slow.months / 4
    paused = dose_operating(planned("tite-boin", per_month=6.0), RATES)
    assert paused.months is not None
    assert paused.months > quick.months


@pytest.mark.parametrize("name", RULES)
def test_probabilities_are_complete_and_repeat(name: str) -> None:
    """Every trial selects one dose or none, and the same call gives the same bits."""
    plan = planned(name)
    for _, rates in dose_scenarios(plan)[:2]:
        found = dose_operating(plan, rates)
        assert sum(found.selected) + found.none == pytest.approx(1.0, abs=1e-9)
        assert found == dose_operating(plan, rates)
        assert found.events == pytest.approx(
            sum(n * p for n, p in zip(found.people, rates, strict=True)), abs=0.1
        )


def walk(node: DoseNode, seen: list[int], events: list[int], cohort: int) -> Iterator[tuple]:  # type: ignore[type-arg]
    """Every branch of a tree with the counts that lead to it."""
    for more, chance, word, following, chosen in node.branches:
        n, y = seen.copy(), events.copy()
        n[node.dose] += cohort
        y[node.dose] += more
        yield n, y, node, chance, word, following, chosen
        if following is not None:
            yield from walk(following, n, y, cohort)


@pytest.mark.parametrize("name", ["three-doses", "three-plus-three", "crm"])
def test_no_branch_gives_or_selects_an_eliminated_dose(name: str) -> None:
    """In the tree of a twelve-person trial no cohort and no selection is of a dose that had to go."""
    document = load_design(name)
    assert document.dose_finding is not None
    plan = planned(name, people=12)
    tree = dose_tree(plan, RATES)
    total = 0.0
    for n, y, node, chance, _, following, chosen in walk(tree, [0] * 3, [0] * 3, plan.cohort):
        gone = [d for d in range(3) if must_eliminate(document.dose_finding, n[d], y[d])]
        lowest = min(gone, default=3)
        if following is not None:
            assert following.dose < lowest
            assert following.dose <= node.dose + 1
        else:
            total += node.chance * chance
            assert chosen is None or chosen < lowest
    assert total == pytest.approx(1.0, abs=1e-12)


def test_the_waiting_table_of_tite_boin_is_the_published_one() -> None:
    """Target 0.20, nine treated, one event: three pending must add up to 0.77 windows (PMC9260438)."""
    rows = waiting_rows(planned("tite-boin"))
    (row,) = [r for r in rows if (r["n"], r["events"], r["pending"]) == (9, 1, 3)]
    assert row["escalate_from"] == pytest.approx(0.773122, abs=1e-6)
    assert {r["action"] for r in rows} >= {"suspend", "escalate", "depends", "de-escalate"}


def test_a_longer_wait_never_makes_the_kernel_hang() -> None:
    """Many people at once and long windows: every trial ends."""
    plan = planned("tite-boin", per_month=60.0, window_days=700.0)
    bounds = _bounds(plan)
    uniforms = np.random.default_rng(1).random((200, 3 * plan.people))
    chosen, seen, _, days = tite_trials(
        uniforms, np.array(RATES), 3, 0, plan.target, 0.5, 700.0, bounds,
        np.array([0.157, 0.238]), False, crm_grid((0.1, 0.2), 1.0),
    )  # fmt: skip
    assert np.isfinite(days).all()
    assert (seen.sum(axis=1) <= plan.people).all()
    assert ((chosen >= -1) & (chosen < 3)).all()

"""Conditional approval in two stages: exact against full enumeration, and what may not be planned."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest
from scipy import stats

from saisei.design.confirmation import (
    RegistryStage,
    believe,
    courses,
    readings,
    registry_stage,
)
from saisei.design.decision_table import registry_table
from saisei.design.document import load_design, parse_design
from saisei.design.document.schema import DesignDocument
from saisei.design.fixed import Design, fix
from saisei.design.truth import Truth
from saisei.errors import DocumentError

NAME = "keio-successor-conditional"


@pytest.fixture(scope="module")
def design() -> Design:
    """The bundled example, fixed."""
    return fix(load_design(NAME))


def changed(part: str = "confirmation", **changes: Any) -> DesignDocument:
    """The bundled example with changes in one part."""
    content = load_design(NAME).content()
    for key, one in changes.items():
        if one is None:
            content[part].pop(key, None)
        else:
            content[part][key] = one
    return parse_design(json.dumps(content).encode(), "changed")


def enumerated(stage: RegistryStage, p: float, q: float) -> tuple[float, float]:
    """Every sequence of outcomes of a tiny registry, one by one: chance to confirm and to go on."""
    plan, look = stage.plan, stage.plan.look
    assert look is not None
    confirm = going = 0.0
    for treated in itertools.product((0, 1), repeat=plan.treated):
        for control in itertools.product((0, 1), repeat=plan.control):
            chance = float(
                np.prod([p if one else 1 - p for one in treated])
                * np.prod([q if one else 1 - q for one in control])
            )
            first = sum(treated[: look.treated]) / look.treated
            first -= sum(control[: look.control]) / look.control
            if first < look.withdraw_below:
                continue
            going += chance
            confirm += chance * bool(stage.confirms[sum(treated), sum(control)])
    return confirm, going


def test_a_tiny_registry_equals_the_sum_over_every_sequence() -> None:
    """4 treated and 5 controls with a look at 2 and 3: 512 sequences, each by hand."""
    look = {"treated": 2, "control": 3, "withdraw_below": 0.0}
    document = changed(treated=4, control=5, level=0.2, look=look, expected_missing=0.1)
    stage = registry_stage(fix(document))
    for p, q in ((0.2, 0.2), (0.7, 0.3), (0.05, 0.6)):
        confirm, going = stage.chances(np.array([p]), np.array([q]))
        plain = enumerated(stage, 0.9 * p, 0.9 * q)
        assert (confirm[0], going[0]) == pytest.approx(plain, abs=1e-14)


def test_without_a_look_it_is_the_test_of_two_binomials(design: Design) -> None:
    """Fisher's test by scipy over every pair of counts; a look can only lose confirmations."""
    stage = registry_stage(fix(changed(look=None, method="Fisher", treated=9, control=12)))
    p, q, seen = 0.5, 0.2, 0.9
    total = 0.0
    for x, y in itertools.product(range(10), range(13)):
        pvalue = stats.fisher_exact([[x, 9 - x], [y, 12 - y]], "greater").pvalue
        if pvalue <= 0.05:
            total += stats.binom.pmf(x, 9, p * seen) * stats.binom.pmf(y, 12, q * seen)
    assert stage.chances(np.array([p]), np.array([q]))[0][0] == pytest.approx(total, abs=1e-12)
    rates = np.array([0.1, 0.3]), np.array([0.1, 0.2])
    plain = registry_stage(fix(changed(look=None))).chances(*rates)[0]
    assert (registry_stage(design).chances(*rates)[0] <= plain + 1e-15).all()


def test_a_course_is_the_product_of_its_stages(design: Design) -> None:
    """Approval is the trial's success; the registry's chances multiply; bias in favour raises them."""
    truths = [Truth(0.2), Truth(0.2, 3.0), Truth(0.4)]
    plain = courses(design, truths)
    for truth, one in zip(truths, plain, strict=True):
        approve = float(design.success([truth.natural_rate], truth.odds_ratio)[0])
        assert one.approve == pytest.approx(approve, abs=1e-14)
        assert one.approved_and_confirmed + one.approved_not_confirmed == pytest.approx(approve)
        trial = design.operating([truth])[0].expected_n
        assert trial <= one.treated <= trial + approve * 35
    for less, more in zip(plain, courses(design, truths, 2.0), strict=True):
        assert less.approve == more.approve
        assert less.confirm < more.confirm


def test_without_effect_and_bias_the_registry_keeps_its_level_roughly(design: Design) -> None:
    """The pooled z test is not exact: its size stays below 7% where the level is 5%."""
    rows = courses(design, [Truth(rate) for rate in np.linspace(0.05, 0.65, 25)])
    assert max(row.confirm for row in rows) < 0.07


def test_beliefs_and_readings_agree_with_assurance(design: Design) -> None:
    """Averages over the same truths: approval is assurance; results add up to the whole."""
    assured, found = design.assurance(), believe(design)
    assert found.approve == pytest.approx(assured.success, abs=1e-12)
    assert found.real_if_approved == pytest.approx(assured.true_among_successes, abs=1e-12)
    assert found.real_if_not < found.real_if_approved < found.real_if_confirmed
    rows = readings(design)
    assert sum(row.chance for row in rows) == pytest.approx(1.0, abs=1e-9)
    approved = [row for row in rows if row.approved]
    chance = sum(row.chance for row in approved)
    assert chance == pytest.approx(found.approve, abs=1e-9)
    assert sum(row.chance * row.confirm for row in approved) / chance == pytest.approx(
        found.confirm_if_approved, abs=1e-9
    )
    assert sum(row.chance * row.real for row in approved) / chance == pytest.approx(
        found.real_if_approved, abs=1e-9
    )


def test_the_registry_table_says_what_the_test_does(design: Design) -> None:
    """Each row's bound is where the decision turns."""
    stage, table = registry_stage(design), registry_table(design)
    bounds: dict[int, str] = {}
    for span, word in table.rows:
        first, _, last = span.partition(" to ")
        bounds |= dict.fromkeys(range(int(first), int(last or first) + 1), word)
    assert sorted(bounds) == list(range(71))
    for control, word in bounds.items():
        flags = stage.confirms[:, control]
        least = int(flags.argmax()) if flags.any() else None
        assert word == ("no count" if least is None else f"{least} or more")


@pytest.mark.parametrize(
    ("changes", "where", "rule"),
    [
        ({"limit_months": 40.0}, "confirmation.limit_months", "it needs 59 months"),
        ({"look": {"treated": 35, "control": 5, "withdraw_below": 0.0}}, "confirmation.look.treated",
         "does not come before the end at 35"),
        ({"look": {"treated": 5, "control": 5, "withdraw_below": 2.0}},
         "confirmation.look.withdraw_below", "is not a difference of shares"),
        ({"treated": 0}, "confirmation.treated", "is not a number of people"),
        ({"level": 1.2}, "confirmation.level", "strictly between 0 and 1"),
        ({"method": "guess"}, "confirmation.method", "is not in the closed list"),
    ],
)  # fmt: skip
def test_a_registry_that_cannot_be_is_refused(
    changes: dict[str, Any], where: str, rule: str
) -> None:
    """One fault with its path."""
    with pytest.raises(DocumentError) as found:
        changed(**changes)
    (fault,) = found.value.faults
    assert fault.where == where
    assert rule in fault.rule


def test_a_controlled_trial_has_nothing_to_confirm() -> None:
    """[confirmation] after a trial with its own control is refused."""
    content = load_design("keio-successor-controlled").content()
    content["confirmation"] = load_design(NAME).content()["confirmation"]
    with pytest.raises(DocumentError, match="follows a trial that has its own control"):
        parse_design(json.dumps(content).encode(), "both")

"""Dose-finding rules against enumeration of all paths, published tables and their own traps."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import integrate

from saisei.design import dose_boin, dose_crm, dose_three_plus_three
from saisei.design.dose_history import parse_history
from saisei.errors import InputError, UnsupportedError


def test_landmark_boundaries_of_boin() -> None:
    """Targets 0.10 to 0.35 give the boundaries printed by BOIN 2.7.2."""
    printed = {0.1: (0.0784, 0.1190), 0.2: (0.1572, 0.2385), 0.3: (0.2365, 0.3585)}
    for target, (up, down) in printed.items():
        found = dose_boin.boin_boundaries(target)
        assert (found.escalate, found.deescalate) == pytest.approx((up, down), abs=5e-5)


def test_trap_1_the_table_rounds_up_and_caps_at_elimination() -> None:
    """De-escalation is "at least ceil(n lambda_d)" and never later than elimination."""
    for row in dose_boin.boin_table(0.15, range(1, 31)):
        assert row.escalate_if_at_most < row.deescalate_if_at_least
        if row.eliminate_if_at_least is not None:
            assert row.deescalate_if_at_least <= row.eliminate_if_at_least
    three = dose_boin.boin_table(0.15, [3])[0]
    assert (three.deescalate_if_at_least, three.eliminate_if_at_least) == (1, 2)


def test_an_eliminated_dose_is_never_given_again() -> None:
    """Over all paths of four cohorts of three, no next dose is at or above an eliminated one."""
    outcomes = ["NNN", "NNT", "NTT", "TTT"]
    for path in itertools.product(outcomes, repeat=4):
        history, dose = "", 1
        for letters in path:
            history += f" {dose}{letters}"
            step = dose_boin.boin_next_dose(0.25, 3, parse_history(history))
            if not step.go_on:
                assert step.dose is None
                break
            assert step.dose is not None
            assert step.admissible[step.dose - 1]
            dose = step.dose


def test_selection_never_names_an_eliminated_or_untried_dose() -> None:
    """With all DLTs at dose 2 it and dose 3 are out; with all at dose 1 nothing is selected."""
    assert dose_boin.boin_select_mtd(0.3, [3, 6, 0], [0, 6, 0]).dose == 1
    assert dose_boin.boin_select_mtd(0.3, [3, 0, 0], [3, 0, 0]).dose is None
    printed = dose_boin.boin_select_mtd(0.3, [3, 3, 15, 9, 0], [0, 0, 4, 4, 0])
    assert printed.dose == 3
    assert printed.estimates[4] is None


def test_tite_boin_reduces_to_boin_without_pending_people() -> None:
    """With nobody pending the thresholds decide exactly as the table does."""
    for n, y in itertools.product(range(3, 13), range(4)):
        row = dose_boin.boin_table(0.2, [n])[0]
        action = dose_boin.tite_boin_action(0.2, n, y, 0, stft=0.0)
        if y <= row.escalate_if_at_most:
            assert action == "escalate"
        elif y >= row.deescalate_if_at_least:
            assert action in ("de-escalate", "eliminate")
        else:
            assert action == "stay"


def test_three_plus_three_equals_enumeration_of_paths() -> None:
    """Selection, people and DLTs equal a walk over every outcome of every cohort."""
    rates = (0.1, 0.25, 0.4)
    select, people, dlts = [0.0] * 4, 0.0, 0.0
    stack = [("", 1.0)]
    while stack:
        history, p = stack.pop()
        step = dose_three_plus_three.three_plus_three_next_dose(3, parse_history(history))
        if not step.go_on:
            select[step.dose or 0] += p
            people += p * sum(len(c.dlts) for c in parse_history(history))
            dlts += p * history.count("T")
            continue
        assert step.dose is not None
        rate = rates[step.dose - 1]
        for k in range(4):
            weight = math.comb(3, k) * rate**k * (1 - rate) ** (3 - k)
            stack.append((f"{history} {step.dose}{'T' * k}{'N' * (3 - k)}", p * weight))
    found = dose_three_plus_three.three_plus_three_oc(rates)
    assert found.select == pytest.approx(select, abs=1e-12)
    assert found.expected_people == pytest.approx(people, abs=1e-12)
    assert found.expected_dlts == pytest.approx(dlts, abs=1e-12)


def test_trap_2_plug_in_and_posterior_mean_differ_and_are_named() -> None:
    """The CRM offers both readings; each equals its own plain integral."""
    model = dose_crm.CrmModel((0.05, 0.1, 0.2, 0.35, 0.5, 0.7))
    level, tox = [3, 4, 4, 3, 3, 4, 3, 2, 2, 2], [0, 0, 1, 0, 0, 1, 1, 0, 0, 0]
    fit = dose_crm.crm_fit(model, 0.2, level, tox)

    def weight(b: float) -> float:
        rates = np.array(model.skeleton) ** math.exp(b)
        value = math.exp(-b * b / (2 * 1.34))
        for k, y in zip(level, tox, strict=True):
            value *= rates[k - 1] if y else 1 - rates[k - 1]
        return value

    whole = integrate.quad(weight, -6, 4, limit=200)[0]
    mean = integrate.quad(lambda b: b * weight(b), -6, 4, limit=200)[0] / whole
    rate = integrate.quad(lambda b: 0.2 ** math.exp(b) * weight(b), -6, 4, limit=200)[0] / whole
    assert fit.beta == pytest.approx(mean, abs=1e-6)
    assert fit.plug_in[2] == pytest.approx(0.2 ** math.exp(mean), abs=1e-6)
    assert fit.posterior_mean is not None
    assert fit.posterior_mean[2] == pytest.approx(rate, abs=1e-6)
    assert abs(fit.posterior_mean[2] - fit.plug_in[2]) > 1e-3


def test_more_follow_up_without_a_dlt_lowers_the_rates() -> None:
    """Weighting a person by more of the window seen never raises an estimated rate."""
    model = dose_crm.CrmModel((0.05, 0.1, 0.2, 0.35))
    rates = [
        dose_crm.crm_fit(model, 0.2, [1, 2, 2], [0, 0, 1], weights=[1, w, 1]).plug_in
        for w in (0.0, 0.4, 1.0)
    ]
    assert all(
        a >= b for one, two in itertools.pairwise(rates) for a, b in zip(one, two, strict=True)
    )


def test_skeleton_gives_its_own_indifference_interval() -> None:
    """The interval recovered from a skeleton is target plus and minus its half width."""
    skeleton = dose_crm.crm_skeleton(0.05, 0.25, 3, 5)
    _, intervals = dose_crm.crm_indifference(dose_crm.CrmModel(tuple(skeleton)), 0.25)
    for low, high in intervals[1:-1]:
        assert (low, high) == pytest.approx((0.2, 0.3), abs=5e-3)


def test_coherence_example_of_the_book() -> None:
    """The design of Cheung 2011 is coherent for target 0.2 and not for 0.3."""
    model = dose_crm.CrmModel((0.05, 0.1, 0.2, 0.35, 0.5, 0.7))
    initial = [1] * 3 + [2] * 3 + [3] * 3 + [4] * 3 + [5] * 3 + [6] * 9
    assert dose_crm.crm_is_coherent(model, 0.2, initial)
    assert not dose_crm.crm_is_coherent(model, 0.3, initial)


def test_adaptive_weights_rise_with_follow_up_and_end_at_one() -> None:
    """Adaptive weights are piecewise linear through the DLT times and 1 after a DLT."""
    out = dose_crm.tite_weights([10, 30, 60, 90, 20], 100, [0, 1, 0, 0, 1], "adaptive")
    assert out[1] == out[4] == 1.0
    assert out[0] == pytest.approx(10 / 20 / 3)
    assert out[2] == pytest.approx((2 + (60 - 30) / 70) / 3)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: parse_history("1XYZ"), "N or T"),
        (lambda: dose_boin.boin_boundaries(0.9), "increase strictly"),
        (lambda: dose_boin.boin_next_dose(0.3, 2, parse_history("3NNN")), "does not exist"),
        (lambda: dose_crm.CrmModel((0.3, 0.2)), "increase"),
    ],
)
def test_wrong_dose_input_is_named(call: object, words: str) -> None:
    """Impossible doses, targets and histories are InputErrors in words."""
    with pytest.raises(InputError, match=words):
        call()  # type: ignore[operator]


def test_the_rule_refuses_cohorts_it_never_makes() -> None:
    """Two people at a dose is not a 3+3 state."""
    with pytest.raises(UnsupportedError, match="3 or 6"):
        dose_three_plus_three.three_plus_three_next_dose(3, parse_history("1NN"))

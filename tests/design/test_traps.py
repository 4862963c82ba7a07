"""The traps of trial-design code, one test each: where packages and papers disagree with each other.

Numbers named here were printed by the programs or papers in question; see docs/stages/design-methods.md for
the convention that Saisei takes.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import special, stats

from saisei.design.bayes_monitoring import bop2_boundaries
from saisei.design.document import load_design, parse_design
from saisei.design.document.catalog import example_text
from saisei.design.dose_boin import boin_boundaries, boin_table
from saisei.design.dose_crm import CrmModel, crm_fit
from saisei.design.one_arm import binary_decisions
from saisei.design.ordinal_power import ordinal_sample_size
from saisei.design.power import single_arm_n, single_arm_power
from saisei.design.rules import parse_rule
from saisei.design.safety_rules import crossing_oc, repeated_testing_boundaries
from saisei.design.sequential_design import classical_design, spending_design
from saisei.design.two_stage import TwoStage, two_stage_inference, two_stage_oc
from saisei.errors import DocumentError, UnsupportedError
from saisei.evidence.ess import elir, moment_ess
from saisei.evidence.map_prior import map_prior_binomial
from saisei.evidence.mixtures import BetaMixture

LEVELS = [3, 4, 4, 3, 3, 4, 3, 2, 2, 2]
TOX = [0, 0, 1, 0, 0, 1, 1, 0, 0, 0]
SKELETON = (0.05, 0.1, 0.2, 0.35, 0.5, 0.7)


def test_trap_1_boin_deescalates_at_not_above_the_bound() -> None:
    """BOIN prints ">" but its table means ">=": ceil(n lambda_d), capped where elimination comes first."""
    bound = boin_boundaries(0.3).deescalate
    for row in boin_table(0.3, range(1, 31)):
        plain = math.ceil(row.n * bound)
        assert row.deescalate_if_at_least == (
            plain if row.eliminate_if_at_least is None else min(plain, row.eliminate_if_at_least)
        )
    # Target 0.15, three people: the rule alone says 1, so does the table; two already eliminate.
    (three,) = boin_table(0.15, [3])
    assert (three.deescalate_if_at_least, three.eliminate_if_at_least) == (1, 2)
    # Where elimination comes first the cap is what the table prints.
    (capped,) = boin_table(0.3, [3], cutoff=0.6)
    assert capped.eliminate_if_at_least == capped.deescalate_if_at_least


def test_trap_2_plug_in_and_posterior_mean_of_the_crm_differ() -> None:
    """dfcrm prints the rate at the mean of beta; the mean of the rate is another number. Both are named."""
    fit = crm_fit(CrmModel(SKELETON), 0.2, LEVELS, TOX, scale=math.sqrt(1.34))
    assert fit.posterior_mean is not None
    assert fit.plug_in[1] == pytest.approx(0.155300927, abs=1e-4)  # dfcrm 0.2-2.1
    assert abs(fit.posterior_mean[1] - fit.plug_in[1]) > 0.005


def test_trap_3_classical_obrien_fleming_is_not_lan_demets() -> None:
    """Three looks at one-sided 0.025: 3.471, 2.454, 2.004 against 3.710, 2.511, 1.993 (gsDesign, rpact)."""
    classical = classical_design("OF", 3, 0.025).upper
    spending = spending_design("LD-OF", 3, 0.025).upper
    assert classical == pytest.approx((3.471, 2.454, 2.004), abs=5e-4)
    assert spending == pytest.approx((3.710, 2.511, 1.993), abs=5e-4)
    # gsDesign's alpha is one-sided: two sides at 0.05 have the same bounds to the sixth digit.
    both = classical_design("OF", 3, 0.05, sides=2).upper
    assert both == pytest.approx(classical, abs=2e-6)


def test_trap_4_no_responder_always_stops_bop2() -> None:
    """The formula may say that no count is futile; BOP2FE floors the bound at 0, and so do we."""
    futile, _ = bop2_boundaries([2, 20], 0.2, 0.3, 1.0)
    chance = float(stats.beta.sf(0.2, 0.2, 0.8 + 2))
    assert chance > 0.3 * 2 / 20  # the formula alone would go on
    assert futile[0] == 0


def test_trap_5_at_least_and_at_most_are_one_apart() -> None:
    """clinfun prints the most that is acceptable, we print the least that stops: the same probability."""
    looks = [20, 40, 60, 75]
    low, _ = repeated_testing_boundaries(
        0.2, 0.35, looks, cross_acceptable=0.1, cross_unacceptable=0.9, priority="null"
    )
    assert low == (7, 12, 17, 20)  # clinfun 1.1.5 toxbdry, acceptable counts
    ours = crossing_oc(looks, [most + 1 for most in low], 0.2)
    assert ours.p_cross == pytest.approx(0.101300907717992, abs=1e-9)
    assert crossing_oc(looks, list(low), 0.2).p_cross > 1.5 * ours.p_cross
    # RBesT's boundary of one arm is the largest count that fails.
    met = binary_decisions(BetaMixture((1.0,), (1.0,), (1.0,)), 20, parse_rule("P(p > 0.2) > 0.9"))
    largest_failing = int(np.flatnonzero(~met).max())
    assert met[largest_failing + 1]
    assert not met[largest_failing]


def test_trap_6_limits_after_two_stages_have_joint_confidence() -> None:
    """clinfun's two limits are one-sided each, jointly 1 - 2 alpha, and printed on a grid of 1e-4."""
    design = TwoStage(1, 15, 5, 25)
    exact = two_stage_inference(design, 6, 0.1, 0.05)
    coarse = two_stage_inference(design, 6, 0.1, 0.05, grid=1e-4)
    assert (coarse.lower, coarse.upper) == pytest.approx((0.1106, 0.3777), abs=1e-4)
    assert abs(exact.lower - coarse.lower) < 1e-4

    def at_least(p: float) -> float:
        return two_stage_oc(TwoStage(1, 15, 5, 25), p, 0.5).alpha

    assert at_least(exact.lower) == pytest.approx(0.05, abs=1e-9)
    assert at_least(exact.upper) == pytest.approx(0.95, abs=1e-9)


def test_trap_7_the_local_information_ess_needs_parameters_of_one() -> None:
    """Below a beta parameter of 1 the elir integral diverges: it is refused, the moment ESS is not."""
    narrow = BetaMixture((1.0,), (0.5,), (1.0,))
    with pytest.raises(UnsupportedError, match="at 1 or above"):
        elir(narrow)
    assert moment_ess(narrow) == pytest.approx(1.5, abs=1e-9)


def test_trap_8_rows_are_counted_not_believed() -> None:
    """A help page said four rows where its data set had eleven: stated sizes must be those of the rows."""
    path = Path(__file__).parents[2] / "validation" / "conformance_data.json"
    tables = json.loads(path.read_text(encoding="utf-8"))
    sizes = {table["name"]: len(table["rows"]) for table in tables["longitudinal"]}
    assert sizes["lme4 sleepstudy"] == 180
    assert sizes["nlme Orthodont"] == 108
    people = {row[2] for row in tables["longitudinal"][0]["rows"]}
    assert len(people) in (18, 27)
    with pytest.raises(DocumentError, match="is more than the"):
        parse_design(
            example_text("controlled-borrowing").replace("events = 15", "events = 650", 1).encode(),
            "x",
        )


def test_trap_9_whiteheads_variance_is_not_that_of_a_calculator() -> None:
    """His own example gives 187 people; a calculator's sum of P(1 - P) over cumulative shares does not."""
    shares = (
        0.288853255,
        0.486127414,
        0.153137988,
        0.071881343,
    )  # both arms together, his section 5
    odds = math.exp(0.887)
    found = ordinal_sample_size(shares, odds, 0.9, 0.05)
    assert found.n_rounded == 187
    cumulative = np.cumsum(shares)[:-1]
    wrong = float((cumulative * (1 - cumulative)).sum())
    right = (1 - sum(p**3 for p in shares)) / 3
    assert abs(wrong - right) > 0.1
    z = -special.ndtri(0.025) + special.ndtri(0.9)
    assert 4 * z**2 / (right * 0.887**2) == pytest.approx(found.n_total, rel=1e-3)


def test_trap_10_one_registry_counts_once() -> None:
    """Spiess 2009 and van Middendorp 2009 are both EMSCI: pooling them as two studies is refused."""
    text = example_text("controlled-borrowing")
    keys = [line for line in text.splitlines() if line.startswith("registry = ")]
    assert len(keys) >= 2
    with pytest.raises(DocumentError, match="would count twice"):
        parse_design(text.replace(keys[1], keys[0], 1).encode(), "x")


def test_trap_11_nodes_that_do_not_adapt_misplace_the_spread() -> None:
    """Few fixed nodes miss sharp studies: with AS times ten, 31 move tau by 0.03. Ours sit on the modes."""
    once = ([23, 12, 19, 9, 39, 6, 9, 10], [107, 44, 51, 39, 139, 20, 78, 35])
    ours = map_prior_binomial(*once, tau_scale=1.0, mean_prior=(0.0, 2.0)).tau.mean
    assert ours == pytest.approx(0.3794, abs=0.001)  # the deterministic value of design_reference
    events, people = ([10 * count for count in counts] for counts in once)
    ours = map_prior_binomial(events, people, tau_scale=1.0, mean_prior=(0.0, 2.0)).tau.mean

    def fixed(nodes: int) -> float:
        x, w = np.polynomial.hermite_e.hermegauss(nodes)
        w = w / w.sum()
        mus, taus = np.linspace(-2.2, 0.0, 45), np.linspace(0.02, 1.8, 60)
        total = np.zeros((len(mus), len(taus)))
        theta = mus[:, None, None] + taus[None, :, None] * x
        for y, n in zip(events, people, strict=True):
            log_p = y * special.log_expit(theta) + (n - y) * special.log_expit(-theta)
            total += special.logsumexp(log_p, axis=-1, b=w)
        total += stats.norm.logpdf(mus, 0, 2)[:, None] + stats.halfnorm.logpdf(taus)
        mass = np.exp(total - total.max()).sum(axis=0)
        return float(mass @ taus / mass.sum())

    assert abs(fixed(31) - ours) > 0.02
    assert abs(fixed(240) - ours) < 0.008


def test_trap_12_mixture_weights_jump_after_conflict() -> None:
    """Half Beta(5, 20), half Beta(1, 1): after 0 of 4 the first keeps 0.684, after 4 of 4 only 0.017."""
    prior = BetaMixture((0.5, 0.5), (5.0, 1.0), (20.0, 1.0))
    assert prior.posterior(0, 4).weights[0] == pytest.approx(0.6837837837837835, abs=1e-12)
    assert prior.posterior(4, 4).weights[0] == pytest.approx(0.01680672268907566, abs=1e-12)


def test_trap_13_exact_power_is_saw_toothed() -> None:
    """0.05 against 0.20 at one-sided 0.025: more power with 30 people than with 35 (East 6.5)."""
    thirty, more = single_arm_power(30, 0.05, 0.2, 0.025), single_arm_power(35, 0.05, 0.2, 0.025)
    assert (thirty.power, more.power) == pytest.approx((0.74476675, 0.72790831), abs=1e-7)
    size = single_arm_n(0.05, 0.2, 0.025, 0.8)
    assert size.n < size.n_stays
    later = [single_arm_power(n, 0.05, 0.2, 0.025).power for n in range(size.n_stays, 90)]
    assert min(later) >= 0.8
    assert load_design("single-stage").analysis.method == "single stage"

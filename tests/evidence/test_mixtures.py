"""Mixture algebra against numerical integration, RBesT's printed figures and its own invariants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from saisei.errors import DocumentError, InputError, UnsupportedError
from saisei.evidence import ess
from saisei.evidence.borrowing import power_prior
from saisei.evidence.conflict import prior_data_conflict
from saisei.evidence.confounding import e_value
from saisei.evidence.mixtures import BetaMixture, GammaMixture, NormalMixture
from saisei.evidence.mixtures_difference import difference_cdf, difference_quantile
from saisei.evidence.mixtures_json import mixture_from_json, mixture_to_json
from saisei.evidence.mixtures_summary import difference_quantile_coarse, summarise

AS = BetaMixture.of(
    [
        [0.4612914, 33.9513487, 103.0146367],
        [0.1917812, 19.4400089, 41.5205219],
        [0.1893896, 12.269231, 55.9202833],
        [0.1575378, 2.2521243, 5.4812202],
    ]
)
NORMAL = NormalMixture.of([[0.6, -1.0, 0.5], [0.4, 0.5, 2.0]], sigma=3.0)
GAMMA = GammaMixture.of([[0.3, 20, 4], [0.7, 50, 10]])

weights = st.lists(st.floats(0.05, 1.0), min_size=1, max_size=3)
shapes = st.floats(0.6, 40.0)


@given(weights, st.data())
def test_beta_posterior_equals_numerical_bayes(w: list[float], data: st.DataObject) -> None:
    """The updated mixture has the density prior times likelihood, normalised by integration."""
    total = sum(w)
    rows = [[v / total, data.draw(shapes), data.draw(shapes)] for v in w]
    prior = BetaMixture.of(rows)
    n = data.draw(st.integers(1, 40))
    y = data.draw(st.integers(0, n))
    post = prior.posterior(y, n)
    x = np.linspace(0.02, 0.98, 25)
    ratio = post.pdf(x) / (prior.pdf(x) * x**y * (1 - x) ** (n - y))
    assert np.allclose(ratio, ratio[0], rtol=1e-8)
    assert float(post.cdf(1.0)) == pytest.approx(1.0, abs=1e-12)
    assert prior.predictive_pmf(n).sum() == pytest.approx(1.0, abs=1e-10)


def test_trap_12_weights_jump_after_a_conflict() -> None:
    """Half Beta(5, 20), half Beta(1, 1): the informative part keeps 0.684 after 0/4, 0.017 after 4/4."""
    prior = BetaMixture.of([[0.5, 5, 20], [0.5, 1, 1]])
    assert prior.posterior(0, 4).weights[0] == pytest.approx(0.6837837837837835, abs=1e-12)
    conflict = prior_data_conflict(prior, 4, 4)
    assert conflict.weights_after[0] == pytest.approx(0.01680672268907566, abs=1e-12)
    assert conflict.p_at_least == pytest.approx(prior.predictive_pmf(4)[4], abs=1e-14)


def test_normal_and_gamma_posteriors_equal_numerical_bayes() -> None:
    """Both families update to prior times likelihood at every point looked at."""
    post = NORMAL.posterior(0.7, 0.9)
    x = np.linspace(-3, 3, 13)
    ratio = post.pdf(x) / (NORMAL.pdf(x) * stats.norm.pdf(0.7, x, 0.9))
    assert np.allclose(ratio, ratio[0], rtol=1e-10)
    rate = GAMMA.posterior(7, 2.5)
    x = np.linspace(1.0, 9.0, 9)
    ratio = rate.pdf(x) / (GAMMA.pdf(x) * stats.poisson.pmf(7, 2.5 * x))
    assert np.allclose(ratio, ratio[0], rtol=1e-10)
    assert GAMMA.predictive_pmf(2.5, 200).sum() == pytest.approx(1.0, abs=1e-10)


@pytest.mark.parametrize("mixture", [AS, NORMAL, GAMMA])
def test_moments_and_quantiles_agree_with_integration(mixture: BetaMixture) -> None:
    """Mean and sd equal integrals of the density; a quantile is where the cdf takes its value."""
    low, high = mixture.quantile(1e-13), mixture.quantile(1 - 1e-13)
    middle = mixture.quantile(0.5)

    def integral(function: object) -> float:
        return sum(
            integrate.quad(function, a, b, limit=200)[0]  # type: ignore[arg-type]
            for a, b in ((low, middle), (middle, high))
        )

    mean = integral(lambda x: x * float(mixture.pdf(x)))
    assert mixture.mean == pytest.approx(mean, abs=1e-6)
    variance = integral(lambda x: (x - mean) ** 2 * float(mixture.pdf(x)))
    assert mixture.sd == pytest.approx(variance**0.5, abs=1e-6)
    for p in (0.025, 0.5, 0.975):
        assert float(mixture.cdf(mixture.quantile(p))) == pytest.approx(p, abs=1e-12)


def test_coarse_quantiles_print_the_digits_of_rbest() -> None:
    """At R's tolerance the AS quantiles are RBesT's printed ones; at full precision they are not."""
    printed = (0.107304, 0.24758768, 0.46276759)  # RBesT 1.9-0, article introduction
    assert summarise(AS, coarse=True).quantiles == pytest.approx(printed, abs=1e-8)
    assert summarise(AS).quantiles[2] == pytest.approx(0.4627977, abs=1e-7)


def test_effective_sizes_print_the_digits_of_rbest() -> None:
    """AS: elir 38, moment 24, Morita 95; logit and conjugate examples of RBesT's help."""
    size = ess.effective_size(AS)
    assert size.elir == pytest.approx(37.6136071812481, abs=1e-5)
    assert size.moment == pytest.approx(24.3494661941053, abs=1e-6)
    assert size.morita == pytest.approx(94.5748368758143, abs=1e-3)
    logit = NormalMixture.of([[0.2, 0, 2], [0.8, np.log(5.0), 0.6**0.5]])
    assert ess.elir(logit, "binomial logit") == pytest.approx(10.12276, abs=1e-5)


@pytest.mark.parametrize(
    ("mixture", "likelihood", "size"),
    [
        (BetaMixture.of([[1, 5, 15]]), None, 20.0),
        (NormalMixture.of([[1, 2.0, 0.5]], sigma=2.0), None, 16.0),
        (GammaMixture.of([[1, 6, 3]]), "poisson", 3.0),
        (GammaMixture.of([[1, 6, 3]]), "exponential", 5.0),
    ],
)
def test_one_conjugate_law_is_worth_its_own_size(
    mixture: BetaMixture, likelihood: str | None, size: float
) -> None:
    """For one component elir is the conjugate size (shape less one for exponential times)."""
    assert ess.elir(mixture, likelihood) == pytest.approx(size, rel=1e-8)


def test_elir_is_predictively_consistent() -> None:
    """Averaged over predicted data of 5 people, the posterior elir is the prior elir plus 5."""
    prior = BetaMixture.of([[0.2, 1.0, 1.0], [0.8, 10.0, 2.0]])
    after = [ess.elir(prior.posterior(y, 5)) for y in range(6)]
    assert float(prior.predictive_pmf(5) @ after) == pytest.approx(ess.elir(prior) + 5, abs=1e-6)


def test_trap_7_elir_refuses_parameters_below_one() -> None:
    """A Beta(0.5, 1) prior has no elir: refused in words, None in the triple, moment still given."""
    flat = BetaMixture.of([[1, 0.5, 1]])
    with pytest.raises(UnsupportedError, match="at 1 or above"):
        ess.elir(flat)
    assert ess.effective_size(flat).elir is None
    assert ess.effective_size(flat).moment == pytest.approx(1.5)


@pytest.mark.parametrize("scale", ["identity", "logit"])
def test_difference_equals_two_dimensional_integration(scale: str) -> None:
    """P(g(x) - g(y) <= d) equals a plain integral of one density times the other's cdf."""
    left, right = AS, BetaMixture.of([[0.7, 3, 9], [0.3, 1, 1]])

    def shifted(y: float) -> float:
        if scale == "identity":
            return y + 0.1
        return 1.0 / (1.0 + np.exp(-(np.log(y / (1 - y)) + 0.1)))

    plain, _ = integrate.quad(
        lambda y: float(right.pdf(y)) * float(left.cdf(shifted(y))), 0, 1, limit=400, epsabs=1e-11
    )
    assert difference_cdf(left, right, 0.1, scale) == pytest.approx(plain, abs=1e-8)
    middle = difference_quantile(left, right, 0.5, scale)
    assert difference_cdf(left, right, middle, scale) == pytest.approx(0.5, abs=1e-9)
    coarse = difference_quantile_coarse(left, right, [0.5])[0]
    assert scale == "logit" or coarse == pytest.approx(middle, abs=1e-3)


@pytest.mark.parametrize("mixture", [AS, NORMAL, GAMMA])
def test_json_round_trip_loses_nothing(mixture: BetaMixture) -> None:
    """Reading what was written gives an equal mixture, to the last bit."""
    assert mixture_from_json(mixture_to_json(mixture)) == mixture


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "must be JSON"),
        ("{}", "schema"),
        ('{"schema": "saisei-mixture/1", "family": "cauchy"}', "must be one of"),
        ('{"schema": "saisei-mixture/1", "family": "beta", "components": []}', "one or more"),
        (
            '{"schema": "saisei-mixture/1", "family": "beta", "extra": 1,'
            ' "components": [{"weight": 1, "a": 1, "b": 1}]}',
            "extra",
        ),
        (
            '{"schema": "saisei-mixture/1", "family": "beta",'
            ' "components": [{"weight": 0.5, "a": 1, "b": 1}]}',
            "add up to 1",
        ),
    ],
)
def test_bad_json_names_the_fault(text: str, words: str) -> None:
    """A document that is no mixture is refused with the place and the rule."""
    with pytest.raises(DocumentError, match=words):
        mixture_from_json(text)


def test_robustifying_adds_the_vague_component_it_says() -> None:
    """Defaults add Beta(1, 1); weights of the rest shrink by one minus the new one's weight."""
    robust = AS.robustified(0.2)
    assert (robust.a[-1], robust.b[-1], robust.weights[-1]) == (1.0, 1.0, 0.2)
    assert robust.weights[0] == pytest.approx(0.8 * AS.weights[0])
    assert NORMAL.robustified(0.5, 0.0, n=4.0).sds[-1] == pytest.approx(1.5)
    assert GAMMA.robustified(0.5, 2.0).rates[-1] == 1.0
    with pytest.raises(InputError, match="sigma is missing"):
        NormalMixture.of([[1, 0, 1]]).robustified(0.5, 0.0)


def test_borrowing_and_confounding_follow_their_closed_forms() -> None:
    """Power prior and E-value equal the formulas of Ibrahim-Chen and VanderWeele-Ding."""
    post = power_prior(3, 6, 23, 107, 0.2)
    assert (post.a[0], post.b[0]) == pytest.approx((8.6, 20.8))
    assert e_value(0.5) == pytest.approx(e_value(2.0))
    assert e_value(1.0) == 1.0

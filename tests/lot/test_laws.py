"""Each law against its slow plain version, and against the readings it draws."""

import math

import numpy as np
import pytest
from scipy.stats import binom, norm, poisson

from saisei.lot.laws import Absence, Counted, Events, Judged, Law, Measured, Presence, count_bounds
from saisei.lot.specifications import specifications

CELLS = 400_000
EVEN = (np.arange(CELLS) + 0.5) / CELLS


def test_counted_cells_are_a_binomial_sum() -> None:
    """Sum of binomial probabilities, one by one."""
    law = Counted(40, 0.9, 0.02, 3, 7)
    for p in (0.0, 0.05, 0.3, 1.0):
        q = p * 0.9 + (1 - p) * 0.02
        plain = sum(math.comb(40, k) * q**k * (1 - q) ** (40 - k) for k in range(3, 8))
        assert law.passing([p])[0] == pytest.approx(plain, rel=1e-12)


def test_events_are_a_double_sum() -> None:
    """All pairs of seen and wrong events up to the limit."""
    law = Events(0.8, 0.5, 5)
    for n in (0, 3, 7, 12):
        plain = sum(
            binom.pmf(seen, n, 0.8) * poisson.pmf(wrong, 0.5)
            for seen in range(6)
            for wrong in range(6)
            if seen + wrong <= 5
        )
        assert law.passing([n])[0] == pytest.approx(plain, rel=1e-12)


def test_measured_errors_are_normal() -> None:
    """Cycles as they are, concentrations on the log scale."""
    assert Measured(0.3, 10, True).passing([9.5])[0] == pytest.approx(norm.cdf(0.5 / 0.3))
    assert Measured(0.3, 7.643, False).passing([8.0])[0] == pytest.approx(norm.cdf(0.357 / 0.3))
    assert Measured(0.25, 25, True, log=True).passing([30.0])[0] == pytest.approx(
        norm.cdf(math.log(25 / 30) / 0.25)
    )
    assert Measured(0.25, 25, True, log=True).passing([0.0])[0] == 1.0


def test_absence_and_presence_at_their_ends() -> None:
    """Nothing there: only a false positive fails; nothing wanted there: never seen."""
    assert Absence(3 / 10, 0.002).passing([0.0, 10.0]).tolist() == pytest.approx(
        [0.998, 0.998 * math.exp(-3)]
    )
    assert Presence(500, 0.95).passing([0.0])[0] == 0.0
    assert Presence(3, 1.0).passing([0.5])[0] == pytest.approx(1 - 0.5**3)
    assert Judged(0.9, 0.98).passing([0.0, 1.0]).tolist() == pytest.approx([0.98, 0.1])


LAWS: list[tuple[Law, float]] = [
    (Counted(200, 0.9, 0.01, 0, 9), 0.04),
    (Counted(50, 0.98, 0.1, 45, 50), 0.95),
    (Counted(20, 0.95, 0.002, 0, 1, as_count=True), 0.06),
    (Presence(500, 0.95), 0.002),
    (Absence(9.0, 0.002), 0.1),
    (Events(0.8, 0.5, 5), 6.0),
    (Measured(0.3, 10.0, True), 9.9),
    (Measured(0.25, 25.0, True, log=True, floor=0.05), 27.0),
    (Judged(0.9, 0.98), 1.0),
]


@pytest.mark.parametrize(("law", "truth"), LAWS, ids=lambda x: type(x).__name__)
def test_readings_pass_as_often_as_the_law_says(law: Law, truth: float) -> None:
    """Readings at 400,000 even uniforms: the share that passes is the probability to one part in n."""
    read = law.reading(np.full(CELLS, truth), EVEN)
    exact = float(law.passing([truth])[0])
    assert law.passes(read).mean() == pytest.approx(exact, abs=2 / CELLS)


def test_bounds_of_counts_follow_the_rule_strictly() -> None:
    """Against the plain search over all counts, with exact fractions."""
    for limit, n in ((0.9, 50), (0.04, 100), (0.01, 100_000), (0.5, 7), (0.0001, 30_000)):
        for rule, keeps in (
            ("<=", lambda x, y: x <= y), ("<", lambda x, y: x < y),
            (">=", lambda x, y: x >= y), (">", lambda x, y: x > y),
        ):  # fmt: skip
            least, most = count_bounds(rule, limit, n)
            good = [k for k in range(n + 1) if keeps(round(k - limit * n, 6), 0)]
            assert (least, most) == (good[0], good[-1])


# truth -> whether more of it is worse
WORSE = {
    "residual": True, "abnormal_share": True, "tetraploid": True, "bacteria": True, "endotoxin": True,
    "mycoplasma": True, "virus": True, "cnvs": True, "morphology": True, "cycles_sox1": True,
    "cycles_pax6": True, "sox1": False, "psa_ncam": False, "gd2": False, "neuronal": False,
    "glial": False, "cycles_residual": False, "normal_karyotype": False,
}  # fmt: skip


@pytest.mark.parametrize("one", specifications("nspc").values(), ids=lambda one: one.id)
def test_each_test_passes_less_often_the_worse_the_truth(one: object) -> None:
    """Monotone in the truth for every specification of the product, and not flat."""
    from saisei.lot.release import truth_grid

    grid = truth_grid(one)  # type: ignore[arg-type]
    passing = one.law().passing(grid)  # type: ignore[attr-defined]
    sign = -1 if WORSE[one.truth] else 1  # type: ignore[attr-defined]
    assert (sign * np.diff(passing) >= -1e-12).all()
    assert abs(passing[-1] - passing[0]) > 0.5

"""Shares of variance and expected information against functions whose answers are known."""

import numpy as np
import pytest
from scipy.special import ndtri

from saisei.errors import InputError
from saisei.patient.sensitivity import (
    Factor,
    Measurement,
    Question,
    information,
    rows_of_design,
    shares,
    stable_shares,
)

FOUR = tuple(Factor(name, name) for name in "abcd")


def ishigami(u: np.ndarray) -> dict[str, np.ndarray]:
    """Ishigami and Homma 1990, a = 7, b = 0.1, on uniforms; a fourth factor does nothing."""
    x = np.pi * (2 * u - 1)
    y = np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    return {"y": y, "constant": np.ones(len(u))}


def test_ishigami_has_its_published_shares() -> None:
    """First 0.314, 0.442, 0; total 0.558, 0.442, 0.244 (closed forms of the function)."""
    (found, flat) = shares(Question(FOUR, {"y": "y", "constant": "1"}, ishigami), 1024, 1)
    by_name = {one.group: one for one in found.by_group}
    for name, first, total in (
        ("a", 0.3139, 0.5576),
        ("b", 0.4424, 0.4424),
        ("c", 0, 0.2437),
        ("d", 0, 0),
    ):
        one = by_name[name]
        assert abs(one.first - first) < max(2 * one.first_half, 0.01)
        assert abs(one.total - total) < max(2 * one.total_half, 0.01)
    assert [one.group for one in found.by_group] == ["a", "b", "c", "d"]
    assert found.stable
    assert flat.sd == 0
    assert flat.by_group == ()


def test_factors_of_a_group_move_together() -> None:
    """a + b against c: a group of two equal factors makes two thirds, and needs no point more."""
    factors = (Factor("a", "both"), Factor("b", "both"), Factor("c", "alone"))

    def total(u: np.ndarray) -> dict[str, np.ndarray]:
        assert ((u > 0) & (u < 1)).all()
        return {"y": u.sum(axis=1)}

    question = Question(factors, {"y": "sum"}, total)
    (found,) = shares(question, 256, 3)
    by_name = {one.group: one for one in found.by_group}
    assert by_name["both"].total == pytest.approx(2 / 3, abs=0.03)
    assert by_name["alone"].first == pytest.approx(1 / 3, abs=0.03)
    assert rows_of_design(question, 256) == 4 * 256


def test_the_same_seed_gives_the_same_shares() -> None:
    """And steps add up to the rows of the design."""
    question = Question(FOUR, {"y": "y"}, ishigami)
    done: list[int] = []
    first = shares(question, 64, 5, done.append)
    assert first == shares(question, 64, 5)
    assert sum(done) == rows_of_design(question, 64)
    assert first != shares(question, 64, 6)


def test_points_double_until_ranks_hold() -> None:
    """A smooth sum holds at once; a rare event that no few points meet goes on to the most."""
    smooth = Question(FOUR, {"y": "y"}, lambda u: {"y": u @ np.array([4.0, 2.0, 1.0, 0.0])})
    assert [found[0].points for found in stable_shares(smooth, 512, 2048, 1)] == [512]

    def rare(u: np.ndarray) -> dict[str, np.ndarray]:
        return {"y": ((u[:, 0] > 0.98) & (u[:, 1] > 0.5)).astype(float)}

    rough = Question(FOUR, {"y": "y"}, rare)
    tried = [found[0].points for found in stable_shares(rough, 16, 64, 2)]
    assert tried[0] == 16
    assert tried[-1] <= 64


def gaussian(u: np.ndarray) -> dict[str, np.ndarray]:
    """y = 3a + 2b + c in normal scores; a, b and c can be measured."""
    z = ndtri(u)
    return {"y": z[:, :3] @ np.array([3.0, 2.0, 1.0]), "a": z[:, 0], "b": z[:, 1], "c": z[:, 2]}


@pytest.mark.parametrize(
    ("reads", "errors", "exact"),
    [
        (("a",), (0.0,), 9 / 14),
        (("a",), (1.0,), 9 / 14 / 2),  # the error halves what a says
        (("b",), (0.5,), 4 / 14 / 1.25),
        (("c",), (3.0,), 1 / 14 / 10),
        (("a", "b"), (1.0, 1.0), 13 / 14 / 2),
        (("y",), (14**0.5,), 0.5),
    ],
)
def test_information_has_its_closed_form_for_normal_numbers(
    reads: tuple[str, ...], errors: tuple[float, ...], exact: float
) -> None:
    """Variance of y given what is read, over its variance; the estimate is from below, by little."""
    question = Question(FOUR, {"y": "y"}, gaussian)
    one = Measurement("m", "measured", reads, errors)
    (found,) = information(question, [one], 4096, 1)
    assert found.reduction == pytest.approx(exact, abs=0.03)
    assert abs(found.reduction - exact) < 2 * found.half + 0.01


def test_a_larger_error_never_tells_more() -> None:
    """The same reading with errors 0.1, 1 and 10."""
    question = Question(FOUR, {"y": "y"}, gaussian)
    asked = [Measurement(f"{e}", "", ("a",), (e,)) for e in (0.1, 1.0, 10.0)]
    found = {one.measurement: one.reduction for one in information(question, asked, 2048, 4)}
    assert found["0.1"] > found["1.0"] > found["10.0"]


def test_what_does_nothing_tells_nothing() -> None:
    """An unrelated reading stays at zero within its interval, also for a skewed output."""
    question = Question(FOUR, {"y": "y"}, lambda u: {"y": ndtri(u[:, 0]) ** 4, "d": u[:, 3]})
    (found,) = information(question, [Measurement("d", "", ("d",), (0.1,))], 2048, 1)
    assert found.reduction < 0.02


def test_events_among_animals_are_read_as_counts() -> None:
    """y = p even on 0 to 1, n of 10: Var(E[p | x])/Var(p) = n/(n + 2) for a uniform prior (beta-binomial)."""
    question = Question(FOUR, {"y": "y"}, lambda u: {"y": u[:, 0], "p": u[:, 0]})
    (found,) = information(question, [Measurement("n", "", ("p",), (0.0,), 10)], 4096, 1)
    assert found.reduction == pytest.approx(10 / 12, abs=0.03)


@pytest.mark.parametrize("points", [0, 8, 100, 257])
def test_points_that_are_no_power_of_two_are_refused(points: int) -> None:
    """The design loses its balance otherwise."""
    with pytest.raises(InputError, match="power of 2"):
        shares(Question(FOUR, {"y": "y"}, ishigami), points, 1)
    with pytest.raises(InputError, match="power of 2"):
        information(Question(FOUR, {"y": "y"}, ishigami), [], points, 1)

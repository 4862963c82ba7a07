"""Methods that look at the data on the way: one arm by counts, two arms by Z, and other tests of two arms."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from saisei.design.document.values import Level01, Number, Part, People, Positive, Rate, Share

__all__ = [
    "MONITORED",
    "SPENDING",
    "BinomialSprt",
    "Bop2",
    "GroupSequential",
    "NonInferiority",
    "OwnTable",
    "PredictiveMonitoring",
    "ProportionalOdds",
    "ThallSimon",
]

Looks = Annotated[tuple[People, ...], Field(min_length=1)]
Whole = Annotated[int, Field(strict=True, ge=-1)]
Beta = tuple[Positive, Positive]


class ThallSimon(Part):
    """Single arm against a standard whose rate is uncertain (Thall and Simon 1994).

    At each look, and at the end, with p_E and p_S the rates: stop when P(p_E > p_S + delta) is below
    `futility`, succeed when it is at least `superiority`.
    """

    method: Literal["Thall-Simon"]
    prior: Beta
    standard: Beta
    delta: Share = 0.0
    looks: Looks
    futility: Level01
    superiority: Level01


class PredictiveMonitoring(Part):
    """Single arm monitored by predictive probability (Lee and Liu 2008).

    Success at the end is P(p > null_rate) > `final`. At a look the trial ends without success when the chance
    of that is below `futility`, and with success when it exceeds `superiority`, if that is given.
    """

    method: Literal["predictive probability"]
    prior: Beta
    null_rate: Rate
    final: Level01
    looks: Looks
    futility: Level01
    superiority: Level01 | None = None


class Bop2(Part):
    """Single arm by BOP2, with its efficacy stop where `eta` is given.

    Stop when P(p > null_rate) < lam (n/N)^gamma; succeed early when it exceeds 1 - (1 - lam) (n/N)^eta. Prior
    Beta(null_rate, 1 - null_rate).
    """

    method: Literal["BOP2"]
    null_rate: Rate
    looks: Looks
    lam: Level01
    gamma: Positive
    eta: Positive | None = None


class BinomialSprt(Part):
    """Single arm by Wald's sequential probability ratio test, read after every person, cut off at the end."""

    method: Literal["sequential probability ratio test"]
    null_rate: Rate
    target_rate: Rate
    level: Level01
    miss: Level01
    first_look: People = 1


class OwnTable(Part):
    """Single arm by the designers' own table.

    At look i the trial ends without success when converters are at most `stop_at_most[i]` (-1 for never) and
    with success when they are at least `succeed_at_least[i]` (more than the people seen for never). The
    last look is the end.
    """

    method: Literal["own table"]
    looks: Looks
    stop_at_most: Annotated[tuple[Whole, ...], Field(min_length=1)]
    succeed_at_least: Annotated[tuple[Whole, ...], Field(min_length=1)]


SPENDING = {
    "Lan-DeMets O'Brien-Fleming": "LD-OF",
    "Lan-DeMets Pocock": "LD-P",
    "Hwang-Shih-DeCani": "Hwang-Shih-DeCani",
    "Kim-DeMets": "Kim-DeMets power",
}


class GroupSequential(Part):
    """Two arms with interim looks: pooled z against bounds, one-sided for benefit.

    `looks` are treated people whose outcome is known at each look before the end, controls in proportion.
    `parameter` belongs to Wang-Tsiatis (delta), Haybittle-Peto (interim bound), Hwang-Shih-DeCani (gamma) and
    Kim-DeMets (rho). Futility bounds spend `miss` by their own function.
    """

    method: Literal["group sequential"]
    level: Level01
    looks: Looks
    bounds: Literal[
        "Pocock",
        "O'Brien-Fleming",
        "Wang-Tsiatis",
        "Haybittle-Peto",
        "Lan-DeMets O'Brien-Fleming",
        "Lan-DeMets Pocock",
        "Hwang-Shih-DeCani",
        "Kim-DeMets",
    ]
    parameter: Number | None = None
    futility: Literal["Hwang-Shih-DeCani", "Kim-DeMets"] | None = None
    futility_parameter: Number | None = None
    miss: Level01 | None = None
    binding: Annotated[bool, Field(strict=True)] = False


class NonInferiority(Part):
    """Two arms: the treated are not worse than the controls by the margin (score test, one-sided).

    It succeeds exactly when the lower limit of the score interval at 1 - 2 level lies above the margin:
    `-margin` for a difference, the margin itself for a ratio of risks (RR) or of odds (OR), below 1.
    """

    method: Literal["non-inferiority"]
    scale: Literal["difference", "RR", "OR"]
    margin: Level01
    level: Level01
    corrected: Annotated[bool, Field(strict=True)] = True


class ProportionalOdds(Part):
    """Two arms on all grades: the score test of proportional odds (rank sum with ties), one-sided.

    Its characteristics are simulated; each carries its Monte Carlo standard error.
    """

    method: Literal["proportional odds"]
    level: Level01


MONITORED = (ThallSimon, PredictiveMonitoring, Bop2, BinomialSprt, OwnTable)

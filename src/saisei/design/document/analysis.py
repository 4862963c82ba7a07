"""How a trial is analysed and decided: one method of a closed list, borrowing, decision rule."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from saisei.design.document.analysis_monitored import (
    BinomialSprt,
    Bop2,
    GroupSequential,
    NonInferiority,
    OwnTable,
    PredictiveMonitoring,
    ProportionalOdds,
    ThallSimon,
)
from saisei.design.document.values import (
    Count,
    Key,
    Level01,
    Part,
    People,
    Positive,
    Prior,
    Rate,
    Share,
    Text,
)

__all__ = [
    "BAYESIAN",
    "ORDINAL",
    "TWO_ARM",
    "Analysis",
    "BayesOneArm",
    "BayesTwoArms",
    "Borrowing",
    "Decision",
    "FisherTest",
    "History",
    "OrdinalShift",
    "SimonTwoStage",
    "SingleStage",
    "ZTest",
]


class OrdinalShift(Part):
    """Single arm against natural history: the exact shift test on all five grades.

    The claim rests on rates averaged over their uncertainty; with `also_highest` it must hold in the
    registry with the highest natural recovery too.
    """

    method: Literal["ordinal shift"]
    level: Level01
    also_highest: Annotated[bool, Field(strict=True)] = False


class SingleStage(Part):
    """Single arm: exact binomial test of a fixed natural rate."""

    method: Literal["single stage"]
    null_rate: Rate
    level: Level01


class SimonTwoStage(Part):
    """Simon's two-stage design; the bounds are computed unless all of `r1`, `n1` and `r` are stated.

    It stops after stage one when responders are at most `r1`, and succeeds when more than `r` respond.
    """

    method: Literal["Simon two-stage"]
    null_rate: Rate
    target_rate: Rate
    level: Level01
    miss: Level01
    choice: Literal["optimal", "minimax"] = "optimal"
    r1: Count | None = None
    n1: People | None = None
    r: Count | None = None


class BayesOneArm(Part):
    """Single arm: posterior of the rate `p` under a beta mixture; the decision rule has the criteria.

    At each of `looks` the trial ends early when the stop criteria are met, or when the chance of success in
    the end, given what is seen, is below `predictive_stop`.
    """

    method: Literal["Bayesian single arm"]
    prior: Prior
    looks: tuple[People, ...] = ()
    predictive_stop: Level01 | None = None


class FisherTest(Part):
    """Two arms: Fisher's exact test, one-sided for benefit."""

    method: Literal["Fisher"]
    level: Level01


class ZTest(Part):
    """Two arms: z test of two proportions with pooled variance, one-sided for benefit."""

    method: Literal["z test"]
    level: Level01


class BayesTwoArms(Part):
    """Two arms: posterior of `p_t - p_c`; the control prior is this one, or what `borrowing` makes."""

    method: Literal["Bayesian two arms"]
    prior_treated: Prior = ((1.0, 1.0, 1.0),)
    prior_control: Prior | None = None


Analysis = Annotated[
    OrdinalShift
    | SingleStage
    | SimonTwoStage
    | BayesOneArm
    | FisherTest
    | ZTest
    | BayesTwoArms
    | ThallSimon
    | PredictiveMonitoring
    | Bop2
    | BinomialSprt
    | OwnTable
    | GroupSequential
    | NonInferiority
    | ProportionalOdds,
    Field(discriminator="method"),
]
TWO_ARM = frozenset(
    {
        "Fisher", "z test", "Bayesian two arms", "group sequential", "non-inferiority",
        "proportional odds",
    }
)  # fmt: skip
ORDINAL = frozenset({"ordinal shift", "proportional odds"})
BAYESIAN = frozenset({"Bayesian single arm", "Bayesian two arms"})


class History(Part):
    """One earlier group of untreated people; `registry` tells groups that share people apart."""

    name: Text
    registry: Key
    events: Count
    n: People
    source: Text


class Borrowing(Part):
    """A robust meta-analytic predictive (MAP) prior of the control rate."""

    studies: Annotated[tuple[History, ...], Field(min_length=1)]
    tau_scale: Positive | None = None
    vague_weight: Share
    reason: Text


class Decision(Part):
    """What counts as success, and what follows. `go` and `stop` are criteria of Bayesian methods."""

    go: Text | None = None
    stop: Text | None = None
    success: Text
    failure: Text

"""The decisions of a fixed design as tables that a clinician can read: what result leads to what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from saisei.design.confirmation import registry_stage
from saisei.design.counting import TwoArmCounts
from saisei.design.document.analysis_monitored import GroupSequential
from saisei.design.engines import OneArmEngine, ShiftEngine, TwoArmEngine
from saisei.design.engines_two_arms import PathsEngine, RankEngine, pooled_z, rank_sum_z
from saisei.design.fixed import Design
from saisei.design.fixed_monitored import sequential_looks, sequential_plan
from saisei.evidence.shift import lattice_per_unit
from saisei.exam.isncsci.grades import AIS

__all__ = ["DecisionTable", "decision_table", "registry_table"]

Flags = NDArray[np.bool_]
_SUCCESS, _STOP, _BETWEEN = "success", "stop", "neither"


@dataclass(frozen=True, slots=True)
class DecisionTable:
    """A table: what it shows, its columns, its rows, and how to read it."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str


def decision_table(design: Design) -> DecisionTable:
    """The decision table of a fixed design."""
    engine = design.engine
    if isinstance(engine, OneArmEngine):
        return _one_arm(design, engine)
    if isinstance(engine, TwoArmEngine):
        return _two_arms(engine.counts)
    if isinstance(engine, PathsEngine):
        return _looks(design)
    if isinstance(engine, RankEngine):
        return _ranks(engine)
    assert isinstance(engine, ShiftEngine)
    return _shift(design, engine)


def _looks(design: Design) -> DecisionTable:
    """Treated converters needed at each look, by converters among the controls; equal rows joined."""
    document = design.document
    assert isinstance(document.analysis, GroupSequential)
    n, m = document.n_treated, document.n_control
    plan = sequential_plan(document.analysis, n, m)
    looks = sequential_looks(document.analysis, n, m)
    inner = (*(plan.futility or (-np.inf,) * (len(looks) - 1)), plan.upper[-1])
    rows: list[tuple[str, ...]] = []
    for (a, b), upper, lower in zip(looks, plan.upper, inner, strict=True):
        z = pooled_z(a, b)
        words = []
        for y in range(b + 1):
            won, lost = z[:, y] >= upper, z[:, y] < lower
            least = f"{int(won.argmax())} or more" if won.any() else "no count"
            most = f"{int(np.flatnonzero(lost).max())} or fewer" if lost.any() else "no count"
            words.append(f"{least}|{most}")
        rows += [
            (f"{a} and {b}", _span(first, last), *word.split("|"))
            for first, last, word in _runs(words)
        ]
    return DecisionTable(
        "Treated converters that end the trial, by converters among the controls",
        ("people: treated and controls", "controls converted", "success: treated", "stop: treated"),
        tuple(rows),
        "Counts between the two columns go on to the next look; at the last one every count decides.",
    )


def _ranks(engine: RankEngine) -> DecisionTable:
    """Treated people who must be one grade better than everybody else for the rank test to succeed."""
    n, m = engine.n_treated, engine.n_control
    limit = -float(special.ndtri(engine.level))
    rows = []
    for improved in range(m + 1):
        needed = None
        for treated in range(n + 1):
            grades = np.array([[n - treated, treated]]), np.array([[m - improved, improved]])
            if rank_sum_z(*grades)[0] >= limit:
                needed = treated
                break
        rows.append("no count" if needed is None else f"{needed} or more")
    shown = tuple((_span(first, last), word) for first, last, word in _runs(rows))
    return DecisionTable(
        "When all improve by the same step: treated people who must improve",
        (f"controls of {m} who improve", f"success: treated of {n}"),
        shown,
        f"Mixed results are ranked: success when the rank-sum z is {limit:.3f} or more.",
    )


def registry_table(design: Design) -> DecisionTable:
    """The decision table of a registry stage; control counts that ask for the same stand in one row."""
    stage = registry_stage(design)
    plan = stage.plan
    needed = [
        f"{int(column.argmax())} or more" if column.any() else "no count"
        for column in stage.confirms.T
    ]
    rows = tuple((_span(first, last), word) for first, last, word in _runs(needed))
    look = "" if plan.look is None else (
        f" At {plan.look.treated} treated and {plan.look.control} controls the approval ends when the share"
        f" of treated converters minus that of controls is below {plan.look.withdraw_below:g}."
    )  # fmt: skip
    return DecisionTable(
        "Treated converters needed in the registry, by converters among its controls",
        (f"controls of {plan.control}", f"confirmed: treated of {plan.treated}"),
        rows,
        f"Any other count ends the approval.{look}",
    )


def _runs(words: list[str]) -> list[tuple[int, int, str]]:
    """Runs of equal words as (first, last, word)."""
    found: list[tuple[int, int, str]] = []
    for place, word in enumerate(words):
        if found and found[-1][2] == word:
            found[-1] = (found[-1][0], place, word)
        else:
            found.append((place, place, word))
    return found


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first} to {last}"


def _one_arm(design: Design, engine: OneArmEngine) -> DecisionTable:
    counts = engine.counts
    rows: list[tuple[str, ...]] = []
    last = int(counts.people.max())
    for look in sorted(set(counts.people.tolist())):
        here = counts.people == look
        words = dict.fromkeys(range(look + 1), "go on" if look < last else _STOP)
        flags = zip(counts.converters[here], counts.go[here], counts.stop[here], strict=True)
        for count, go, stop in flags:
            words[int(count)] = _SUCCESS if go else _STOP if stop else _BETWEEN
        if (
            counts.go & here
        ).any():  # counts that an earlier look forestalls read like their neighbours
            least = int(counts.converters[counts.go & here].min())
            words |= dict.fromkeys(range(least, look + 1), _SUCCESS)
        if look < last and (counts.stop & here).any():
            most = int(counts.converters[counts.stop & here].max())
            words |= dict.fromkeys(range(most + 1), _STOP)
        rows += [
            (str(look), _span(first, end), word)
            for first, end, word in _runs([words[count] for count in range(look + 1)])
        ]
    note = f"Converters are people with {design.nature.endpoint.name}."
    return DecisionTable(
        "What the count of converters leads to", ("people seen", "converters", "decision"),
        tuple(rows), note,
    )  # fmt: skip


def _two_arms(counts: TwoArmCounts) -> DecisionTable:
    rows = []
    for control in range(counts.n_control + 1):
        go, stop = counts.go[:, control], counts.stop[:, control]
        least = f"{int(go.argmax())} or more" if go.any() else "no count"
        most = f"{int(np.flatnonzero(stop).max())} or fewer" if stop.any() else "no count"
        rows.append((str(control), least, most))
    return DecisionTable(
        "Treated converters needed, by converters among the controls",
        (
            f"controls of {counts.n_control}",
            f"success: treated of {counts.n_treated}",
            f"stop: treated of {counts.n_treated}",
        ),
        tuple(rows),
        "Counts between the two columns meet neither rule."
        if (~(counts.go | counts.stop)).any()
        else "Every count is a success or a stop.",
    )


def _shift(design: Design, engine: ShiftEngine) -> DecisionTable:
    """How many people, all ending at one grade while the others stay, make the test succeed."""
    n = int(engine.people.sum())
    rows = []
    for grade in tuple(AIS)[1:]:
        few, many = (_needed(engine, grade.rank, best) for best in (True, False))
        if few is None and many is None:
            shown = "not reached by any number"
        elif many is None:
            shown = f"{few} or more, if of the right grades"
        elif few == many:
            shown = f"{few} or more of {n}"
        else:
            shown = f"{few} to {many} or more of {n}, by their grade at baseline"
        rows.append((f"AIS {grade}", shown))
    score = "no score" if engine.critical is None else f"{_mean_score(engine):.3f}"
    return DecisionTable(
        "People who must improve for success, when the others stay as they were",
        ("grade they all reach", "people needed"),
        tuple(rows),
        f"Mixed results are scored: success when the mean ridit score is {score} or more"
        " (0.5 is what nature gives on average).",
    )


def _mean_score(engine: ShiftEngine) -> float:
    assert engine.critical is not None
    return engine.critical / (lattice_per_unit() * int(engine.people.sum()))


def _needed(engine: ShiftEngine, rank: int, best: bool) -> int | None:
    """Fewest people who must reach a grade, the most (or least) helpful first; None when never."""
    if engine.critical is None:
        return None
    baselines = engine.nature.baselines
    strata = np.arange(len(baselines))
    stay = int((engine.scores[strata, baselines] * engine.people).sum())
    gains: list[int] = []
    for stratum, start in enumerate(baselines.tolist()):
        gain = int(engine.scores[stratum, rank] - engine.scores[stratum, start])
        gains += [gain if rank > start else 0] * int(engine.people[stratum])
    gains.sort(reverse=best)
    totals = stay + np.cumsum([0, *gains])
    reached = np.flatnonzero(totals >= engine.critical)
    return int(reached[0]) if len(reached) else None

"""Findings of other conditions in words. Numbers come from the findings; nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from saisei.report.sentences import percent

__all__ = ["finding_lines", "points", "small_chance"]

Finding = Mapping[str, Any]
_FLOOR = 0.001


def small_chance(chance: float | None) -> str:
    """A chance from a normal approximation: its far tail is not to be believed.

    >>> small_chance(0.0163), small_chance(1e-8), small_chance(None)
    ('1.6%', 'less than 0.1%', 'not known')
    """
    if chance is not None and chance < _FLOOR:
        return "less than 0.1%"
    return percent(chance)


def points(number: float | None) -> str:
    """A change in points with its sign.

    >>> points(-9.5), points(0.68), points(None)
    ('-9.5', '+0.7', 'not known')
    """
    return "not known" if number is None else f"{number:+.1f}"


def finding_lines(answer: Finding) -> Iterator[str]:
    """One paragraph a finding, then what cannot be said."""
    for one in answer["binary"]:
        yield from _binary(one)
    for one in answer["ordinal"]:
        yield from _ordinal(one)
    for one in answer["changes"]:
        yield from _change(one)
    for one in answer["own_side"]:
        yield _own_side(one)
    for one in answer["times"]:
        yield _time(one)
    yield from answer["cannot_say"]


def _binary(one: Finding) -> Iterator[str]:
    low, high = one["interval"]
    after = " (an endpoint chosen after the result)" if one["chosen"] == "after the result" else ""
    yield (
        f"{one['endpoint']}{after}: {one['count']} of {one['n']} ({one['arm']}, {one['visit']}; exact "
        f"95% interval {percent(low)} to {percent(high)})."
    )
    if one["control"] is not None:
        yield (
            f"  Own control: {one['control'][0]} of {one['control'][1]}; a difference at least as large "
            f"comes about without any effect with probability {percent(one['p_two_sided'])} (Fisher's "
            "exact test). This comparison comes first."
        )
    if one["threshold"] is not None:
        yield (
            f"  The authors compare with {percent(one['threshold'])}: chance of a result at least as good "
            f"at that rate {small_chance(one['p_threshold'])}. A threshold is not a control group."
        )
    for row in one["history"]:
        yield f"  At {percent(row['share'])} ({row['population']}): {percent(row['chance'])}."
    if one["averaged"] is not None:
        yield (
            f"  Averaged over the share of a study not seen yet ({one['averaged_studies']} published "
            f"{'table' if one['averaged_studies'] == 1 else 'tables'}): {percent(one['averaged'])}."
        )


def _ordinal(one: Finding) -> Iterator[str]:
    yield f"{one['scale']} at {one['visit']}, {one['arm']}: {'/'.join(map(str, one['counts']))}."
    for row in one["beside"]:
        kind = "own control" if row["concurrent"] else "published people, not its controls"
        odds = ""
        if row["odds_ratio"] is not None:
            low, high = row["interval"]
            odds = f"; odds ratio for a better category {row['odds_ratio']:.2f} ({low:.2f} to {high:.2f})"
        yield (
            f"  {row['name']} ({kind}): {'/'.join(map(str, row['counts']))}; exact rank test "
            f"{percent(row['p_two_sided'])}{odds}."
        )


def _change(one: Finding) -> Iterator[str]:
    people = f", {one['n']} people" if one["n"] else ""
    yield f"{one['scale']}, {one['kind']} at {one['visit']}: {points(one['mean'])} ({one['arm']}{people})."
    own = one["control"]
    if own is not None:
        test = "" if own["p_two_sided"] is None else f", p {percent(own['p_two_sided'])} (Welch)"
        yield f"  Own control: {points(own['control_mean'])}; difference {points(own['difference'])}{test}."
    expected = one["expected"]
    if expected is None:
        yield "  No published course of this scale is on record: nothing to set it against."
        return
    parts = "; ".join(
        f"{piece['name']} {points(piece['change'])} ({points(piece['low'])} to {points(piece['high'])})"
        for piece in expected["pieces"]
    )
    yield f"  Expected without cells: {points(expected['mean'])} ({parts})."
    if one["chance"] is not None:
        mark = ", resting on an assumed spread of people" if expected["assumed"] else ""
        chance = small_chance(one["chance"])
        yield f"  Chance of a mean change at least as good without cells: {chance}{mark}."
    if one["needed"] is not None:
        yield (
            f"  The response to being in a trial would have to be {points(one['needed'])} points to explain "
            "all of it."
        )
    if one["spread_limit"] is not None:
        yield (
            "  The study's own spread is not on record: the change stands out from the expected mean "
            f"only if people differ by less than {one['spread_limit']:.1f} points (SD)."
        )


def _own_side(one: Finding) -> str:
    test = "spread not on record"
    if one["interval"] is not None:
        low, high = one["interval"]
        test = f"95% {points(low)} to {points(high)}, p {percent(one['p_two_sided'])}"
    return (
        f"{one['scale']} at {one['visit']}, treated minus own untreated side: {points(one['mean'])} "
        f"({test}; {one['n']} people)."
    )


def _time(one: Finding) -> str:
    seen = f"{one['count']} of {one['n']}" if one["count"] is not None else f"{one['n']} people"
    median = f", median {one['median_months']:g} months" if one["median_months"] is not None else ""
    own = ""
    if one["control"] is not None:
        count, n = one["control"]
        own = f"; {one['control_arm']} {count} of {n} (Fisher {percent(one['p_two_sided'])})"
    return f"{one['event']} by {one['visit']}: {seen}{median}{own}."

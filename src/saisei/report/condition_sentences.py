"""The answer of a study of another condition in three sentences; nothing is computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from saisei.report.outcome_words import points, small_chance
from saisei.report.sentences import CAUTION, QUESTION, harm_sentence, percent

__all__ = ["condition_sentences"]

Document = Mapping[str, Any]


def condition_sentences(document: Document) -> dict[str, Any]:
    """Question, three sentences and the caution."""
    sentences = [_nature(document["outcomes"]), harm_sentence(document), _settle(document)]
    return {"question": QUESTION, "sentences": sentences, "caution": CAUTION}


def _nature(found: Document) -> str:
    controlled = next((one for one in found["binary"] if one["control"] is not None), None)
    if controlled is not None:
        return _against_control(controlled, found)
    change = next((one for one in found["changes"] if one["expected"] is not None), None)
    if change is not None:
        return _change(change)
    if found["binary"]:
        return _counts(found["binary"])
    if found["changes"]:
        one = found["changes"][0]
        return (
            f"{one['scale']} moved by {points(one['mean'])} in {one['n']} people; no published course of "
            "this scale is on record, so this report cannot say what would have happened without cells."
        )
    return (
        f"{found['cannot_say'][0] if found['cannot_say'] else 'No outcome is on record.'} So this report "
        "cannot say what would have happened without cells; it shows what the record holds."
    )


def _against_control(one: Document, found: Document) -> str:
    sentence = (
        f"{one['count']} of {one['n']} treated and {one['control'][0]} of {one['control'][1]} control people "
        f"reached “{one['endpoint']}”; a difference at least as large, in either direction, comes about "
        f"without any effect with probability {percent(one['p_two_sided'])} (Fisher's exact test)"
    )
    if one["threshold"] is not None:
        averaged = ""
        if one["averaged"] is not None:
            averaged = (
                f", and {percent(one['averaged'])} averaged over published people without cells"
            )
        return (
            f"{sentence}; the authors judged the treated arm against a fixed {percent(one['threshold'])} "
            f"instead, where the chance of such a result is {small_chance(one['p_threshold'])}{averaged}: "
            "the choice of the comparator decides the answer."
        )
    ordinal = next((each for each in found["ordinal"] if each["beside"]), None)
    if ordinal is not None and ordinal["beside"][0]["concurrent"]:
        row = ordinal["beside"][0]
        return f"{sentence}; over all categories of the {ordinal['scale']} {percent(row['p_two_sided'])}."
    return f"{sentence}."


def _change(one: Document) -> str:
    expected = one["expected"]
    mark = " on an assumed spread of people" if expected["assumed"] else ""
    chance = ""
    if one["chance"] is not None:
        chance = (
            f"; by chance alone groups of {one['n']} would do at least as well with probability "
            f"{small_chance(one['chance'])}{mark}"
        )
    return (
        f"{one['scale']} moved by {points(one['mean'])} points in {one['n']} people without a control group, "
        f"where {points(expected['mean'])} would be expected from the course of the disease and the known "
        f"response to being in a trial{chance}; a response of {points(one['needed'])} instead of the "
        "published one would explain all of it without cells."
    )


def _counts(rows: list[Document]) -> str:
    first = rows[0]
    low, high = first["interval"]
    later = next((one for one in rows if one["chosen"] == "after the result"), None)
    extra = ""
    if later is not None:
        extra = (
            f"; “{later['endpoint']}”, chosen after the result, gives {later['count']} of {later['n']} from "
            "the same people"
        )
    return (
        f"{first['count']} of {first['n']} treated people reached “{first['endpoint']}” (95% interval "
        f"{percent(low)} to {percent(high)}){extra}; no published rate without cells is on record for it, so "
        "what nature alone would do is not known."
    )


def _settle(document: Document) -> str:
    change = document["settle_change"]
    if change and change["rows"]:
        rows = change["rows"]
        return (
            f"A sham-controlled trial with blinded raters needs {rows[0]['per_arm']} people per arm to show "
            f"{rows[0]['difference']:g} points of {change['scale']} with 80% power, and "
            f"{rows[-1]['per_arm']} per arm if the whole difference seen is real"
            f"{', on an assumed spread of people' if change['assumed'] else ''}; a single arm cannot tell "
            "cells from expectation."
        )
    settle = document["settle"]
    if settle:
        gain = min(row["gain"] for row in settle["rows"])
        sizes = sorted(row["per_arm_fisher"] for row in settle["rows"] if row["gain"] == gain)
        span = f"{sizes[0]}" if sizes[0] == sizes[-1] else f"{sizes[0]} to {sizes[-1]}"
        return (
            f"To show a gain of {100 * gain:.0f} points in “{settle['endpoint']}” with 80% power a "
            f"randomised, blinded trial needs {span} people per arm."
        )
    return (
        "A randomised comparison with blinded raters would settle it; without a share or a spread on record "
        "no size is quoted here."
    )

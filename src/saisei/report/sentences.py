"""The question and the answer in three sentences, put into words from the numbers of the document.

One sentence each on: what was seen and what nature alone would do; what the safety record excludes;
what would settle it. Nothing is computed; a sentence is left honest rather than full when a number is
missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["CAUTION", "QUESTION", "answer_sentences", "harm_sentence", "percent"]

QUESTION = (
    "Given these treated people, what would have happened without cells, how sure are we, is it safe, "
    "and what would settle it?"
)
CAUTION = (
    "Research use only. These are statements about groups, not a prognosis for a person, and no basis for "
    "the choice of a dose or the release of a lot."
)


def percent(share: float | None, digits: int = 2) -> str:
    """A probability in percent with two significant digits, never rounded to 0% or 100%.

    >>> percent(0.0523), percent(0.3154), percent(0.00041), percent(0.9996), percent(None)
    ('5.2%', '32%', '0.041%', 'more than 99.9%', 'not known')
    """
    if share is None:
        return "not known"
    shown = 100.0 * share
    if shown > 99.9:
        return "100%" if share >= 1.0 else "more than 99.9%"
    if shown >= 9.95:
        return f"{shown:.0f}%" if digits <= 2 else f"{shown:.1f}%"
    if shown >= 0.995:
        return f"{shown:.1f}%"
    if shown <= 0.0:
        return "0%"
    return "less than 0.001%" if shown < 0.001 else f"{shown:.2g}%"


def answer_sentences(document: Mapping[str, Any]) -> dict[str, Any]:
    """Question, three sentences and the caution."""
    sentences = [_nature(document), harm_sentence(document), _settle(document)]
    return {"question": QUESTION, "sentences": sentences, "caution": CAUTION}


def _nature(document: Mapping[str, Any]) -> str:
    control = document["control"]
    if control["rows"]:
        return _against_control(document, control)
    observed = document["comparators"]["observed"]
    if observed is None:
        motor = document["motor"]["sentence"]
        if motor:
            return (
                f"{document['endpoints']['why_not']} So this report cannot say what would have happened to "
                f"grades without cells. {motor}."
            )
        return (
            f"{document['endpoints']['why_not']} So this report cannot say what would have happened without "
            "cells; it shows what the record holds and what a comparison would need."
        )
    return _against_tables(document, observed)


def _against_control(document: Mapping[str, Any], control: Mapping[str, Any]) -> str:
    one = control["rows"][0]
    kind = "randomised" if control["randomised"] else "concurrent but not randomised"
    better = one["treated"] / one["treated_n"] - one["control"] / one["control_n"]
    favours = "the treated" if better > 0 else "the controls" if better < 0 else "neither"
    return (
        f"{one['treated']} of {one['treated_n']} treated and {one['control']} of {one['control_n']} controls "
        f"({kind}) gained one AIS grade or more: the difference favours {favours}, and one at least as "
        f"large, in either direction, comes about without any effect with probability "
        f"{percent(one['p_two_sided'])} (Fisher's exact test)."
    )


def _against_tables(document: Mapping[str, Any], observed: Mapping[str, Any]) -> str:
    low, high = observed["clopper_pearson"]
    seen = (
        f"{observed['count']} of {observed['n']} treated people gained two AIS grades or more (95% interval "
        f"{percent(low)} to {percent(high, 3)})"
    )
    rows = [
        row
        for row in document["comparators"]["rows"]
        if row["enters_range"] and row["chance"] is not None
    ]
    spread = _spread(rows)
    arm = document["assessment"]["treated"]
    if arm is None:
        return f"{seen}; {spread or 'no published table of natural recovery is comparable'}."
    claim = arm["claim"]
    least = claim["p_least_favourable"]
    where = f", and {percent(least)} where natural recovery is highest" if least is not None else ""
    tables = f" ({spread})" if spread else ""
    return (
        f"{seen}; without cells, groups of such people would do at least as well with probability "
        f"{percent(claim['p_averaged']['p'])}, averaged over what is not known of natural recovery"
        f"{where}{tables}: {claim['verdict']}."
    )


def _spread(rows: list[Mapping[str, Any]]) -> str:
    """What the comparable published tables say, taken one by one; empty when there are none."""
    if not rows:
        return ""
    chances = sorted(row["chance"] for row in rows)
    return (
        f"taken one by one, {len(rows)} published tables say anything from {percent(chances[0])} to "
        f"{percent(chances[-1])}"
    )


def harm_sentence(document: Mapping[str, Any]) -> str:
    """What the safety record excludes."""
    rows = [row for row in document["safety"]["rows"] if row["role"] == "treated"]
    counted = [row for row in rows if row["risk_upper"] is not None]
    listed = [row for row in rows if row["risk_upper"] is None and row["events"]]
    listed.sort(key=lambda row: not row["kind"].startswith("serious"))
    first = "".join(
        f"{row['events']} {_small(row['what'])} were counted in {row['n']} people; "
        for row in listed[:1]
    )
    if not counted:
        return (
            first
            + "The record gives no count of people harmed, so no risk can be excluded from it."
        )
    one = next((row for row in counted if row["kind"].startswith("serious")), counted[0])
    what = f"{one['people']} of {one['n']} people had {_small(one['what'])}"
    if one["people"]:
        low, high = one["risk_interval"]
        return f"{first}{what} (95% interval of the risk {percent(low)} to {percent(high, 3)})."
    nobody = "none" if first else "None"
    return (
        f"{first}{what.replace('0 of', f'{nobody} of', 1)}, which excludes, with 95% confidence, only risks "
        f"above {percent(one['risk_upper'], 3)}: too few people to call it safe."
    )


def _small(text: str) -> str:
    """A phrase for the middle of a sentence: its first letter small unless it is a word of capitals."""
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


def _settle(document: Mapping[str, Any]) -> str:
    settle = document["settle"]
    if not settle:
        return (
            "A randomised comparison with blinded graders would settle it; without a natural rate for this "
            "outcome no size is quoted here."
        )
    rows = [
        row for row in settle["rows"] if row["gain"] == min(one["gain"] for one in settle["rows"])
    ]
    sizes = sorted(row["per_arm_fisher"] for row in rows)
    single = next((row for row in rows if row["label"] == "middle"), rows[0])
    gain = f"{100 * single['gain']:.0f} points"
    highest = percent(max(settle["natural_rates"].values()))
    return (
        f"To show a gain of {gain} with 80% power, a trial with concurrent controls needs {sizes[0]} to "
        f"{sizes[-1]} people per arm, depending on the natural rate; a single arm of "
        f"{single['single_arm']} looks cheaper, but if the natural rate is {highest} instead of "
        f"{percent(single['natural_rate'])} it declares success without any effect with probability "
        f"{percent(single['single_arm_size_at_highest'])}."
    )

"""Options that the verbs of `saisei patient` share, and the plan they ask for."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saisei.cli.exam_files import say

if TYPE_CHECKING:
    from saisei.patient.cohort import Generator
    from saisei.patient.plan import Plan

__all__ = [
    "AgeOption",
    "AisOption",
    "CareEffect",
    "CareKind",
    "CareStart",
    "CareWeeks",
    "DrawOption",
    "ExamDayOption",
    "ExtraHours",
    "GapsOption",
    "LevelOption",
    "SeedOption",
    "StudyOption",
    "TierOption",
    "UncertainFlag",
    "WeeksOption",
    "YearOption",
    "care_of",
    "generator_of",
    "plan_of",
]

_DEFAULT = {"ais": "A", "level": "C4-T10", "exam_day": "14-28", "age": "18-75"}


class GapsChoice(StrEnum):
    """Whether exams have items not testable or flagged."""

    NONE = "none"
    ASSUMED = "assumed"


StudyOption = Annotated[
    str | None,
    typer.Option(
        "--study",
        help="Take eligibility from a bundled study or a study file; other options override it.",
    ),
]
AisOption = Annotated[
    str | None, typer.Option("--ais", help="AIS at enrolment: A, or A,B [default: A].")
]
LevelOption = Annotated[
    str | None,
    typer.Option(
        "--level", help="Neurological level at enrolment: C4-T10, or C5 [default: C4-T10]."
    ),
]
ExamDayOption = Annotated[
    str | None,
    typer.Option("--exam-day", help="Day of the enrolment exam after injury [default: 14-28]."),
]
AgeOption = Annotated[str | None, typer.Option("--age", help="Age in years [default: 18-75].")]
WeeksOption = Annotated[str, typer.Option("--weeks", help="Weeks of the visits after injury.")]
SeedOption = Annotated[int, typer.Option("--seed", help="0 to 4294967295.")]
TierOption = Annotated[
    int,
    typer.Option(
        "--tier", help="1: the mechanistic model; 0: the statistical benchmark beside it."
    ),
]
UncertainFlag = Annotated[
    bool,
    typer.Option("--uncertain", help="Each person under a posterior draw of their own."),
]
DrawOption = Annotated[
    int | None,
    typer.Option("--draw", help="Everybody under this posterior draw; the mode if left out."),
]
YearOption = Annotated[float | None, typer.Option("--year", help="Year of injury [default: 2008].")]
GapsOption = Annotated[
    GapsChoice,
    typer.Option("--gaps", help="Items not testable or flagged: none, or at assumed rates."),
]
CareKind = Annotated[str, typer.Option("--care", help="Care: usual, or motor-training.")]
ExtraHours = Annotated[
    float, typer.Option("--extra-hours", help="Hours a week of training above usual care.")
]
CareStart = Annotated[
    float, typer.Option("--care-start", help="Week after the injury in which they begin.")
]
CareWeeks = Annotated[float, typer.Option("--care-weeks", help="For how many weeks.")]
CareEffect = Annotated[
    str,
    typer.Option(
        "--care-effect",
        help="null (the SCI-MT result), prior (drawn around it), or points of motor score per hour.",
    ),
]


def care_of(kind: str, hours: float, start: float, weeks: float, effect: str) -> Any:
    """The plan of care; InputError for words that are none."""
    from saisei.errors import InputError
    from saisei.patient.care import Care, Effect, Kind

    if kind not in set(Kind):
        raise InputError(f"care {kind!r}: give {' or '.join(Kind)}")
    if effect in set(Effect):
        return Care(Kind(kind), hours, start, weeks, Effect(effect))
    try:
        points = float(effect)
    except ValueError:
        raise InputError(
            f"care effect {effect!r}: give null, prior or a number of points an hour"
        ) from None
    return Care(Kind(kind), hours, start, weeks, points)


def plan_of(given: dict[str, str | None], study: str | None, weeks: str, **rest: Any) -> Plan:
    """The plan of a cohort from what was typed.

    Args:
        given: `ais`, `level`, `exam_day`, `age` as typed, None where not.
        study: a study that fills the open ones; remarks on it go to standard error.
        weeks: weeks of the visits as typed.
        rest: further fields of the plan.
    """
    from saisei.patient import plan as asked

    read: dict[str, Any] = {
        "ais": asked.grades,
        "level": asked.levels,
        "exam_day": asked.days,
        "age": asked.ages,
    }
    typed = {name: read[name](text) for name, text in given.items() if text is not None}
    if study is None:
        default = {name: read[name](text) for name, text in _DEFAULT.items()}
        who = asked.Eligibility(**(default | typed))
    else:
        from saisei.patient.eligibility import eligibility_of
        from saisei.study import load

        who, notes = eligibility_of(load(study), typed)
        high, low = (level.label for level in who.level)
        say(
            f"eligibility of {study}: AIS {','.join(who.ais)}, level {high} to {low}, exam on day "
            f"{who.exam_day[0]} to {who.exam_day[1]}, age {who.age[0]} to {who.age[1]}"
        )
        for note in notes:
            say(f"  note: {note}")
    return asked.Plan(who, asked.visits(weeks), **rest)


def generator_of(
    tier: int,
    uncertain: bool = False,
    draw: int | None = None,
    year: float | None = None,
    mep: bool = False,
) -> Generator:
    """What makes the exams: the packaged values, one posterior draw, or a draw for each person."""
    from saisei.errors import InputError
    from saisei.params import value
    from saisei.patient.cohort import Model
    from saisei.patient.uncertain import Mixed

    if tier not in (0, 1):
        raise InputError(
            f"tier {tier}: there are 1, the mechanistic model, and 0, the statistical benchmark"
        )
    if mep and (tier == 0 or uncertain):
        raise InputError(
            "--mep: only the mechanistic model (--tier 1) at one set of values has drive and block"
        )
    if tier == 0:
        from saisei.patient.transitional import Transitional

        if uncertain or draw is not None or year is not None:
            raise InputError(
                "--tier 0: the statistical benchmark has one set of values; leave out --uncertain, "
                "--draw and --year"
            )
        return Transitional.packaged()
    if uncertain and draw is not None:
        raise InputError(
            "--uncertain takes a draw for each person and --draw one for all: give one"
        )
    first, last = value("patient.first_year"), value("patient.last_year")
    if year is not None and not first <= year <= last:
        raise InputError(
            f"year of injury {year:g}: must lie from {first:g} to {last:g}, near the published tables"
        )
    if uncertain:
        return Mixed.of(year=year)
    model = Model.packaged() if draw is None else Model.draw(draw)
    return model if year is None else model.in_year(year)

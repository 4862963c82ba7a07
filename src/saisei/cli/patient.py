"""`saisei patient`: virtual patients. Natural recovery only; research use only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saisei.cli.exam_files import progress_bar, say
from saisei.cli.output import JsonFlag, noun, print_json, print_table
from saisei.cli.patient_fit import fit
from saisei.cli.patient_options import (
    AgeOption,
    AisOption,
    CareEffect,
    CareKind,
    CareStart,
    CareWeeks,
    DrawOption,
    ExamDayOption,
    ExtraHours,
    GapsChoice,
    GapsOption,
    LevelOption,
    SeedOption,
    StudyOption,
    TierOption,
    UncertainFlag,
    WeeksOption,
    YearOption,
    care_of,
    generator_of,
    plan_of,
)
from saisei.cli.patient_scale import scale_command

if TYPE_CHECKING:
    from saisei.patient.cohort import Chunk, Generator
    from saisei.patient.plan import Plan

__all__ = ["app"]

app = noun(
    "Virtual patients without cells: simulate a cohort, draw one person. Never the prognosis of a person."
)

app.command()(fit)

_LARGE = 2000
_WEEKS = "2,4,8,12,26,52"
_NOTE = (
    "provisional: misfits are listed in docs/stages/patient-calibration.md. "
    "Natural recovery, no cells. Research use only"
)


app.command("scale")(scale_command)


@app.callback()
def verbs() -> None:
    """Virtual patients and their natural recovery, at the level of the exam."""


@app.command()
def simulate(
    out: Annotated[Path, typer.Option("--out", help="The cohort, as a .parquet file.")],
    study: StudyOption = None,
    ais: AisOption = None,
    level: LevelOption = None,
    exam_day: ExamDayOption = None,
    age: AgeOption = None,
    weeks: WeeksOption = _WEEKS,
    n: Annotated[int, typer.Option("--n", help="Number of people.")] = 1000,
    seed: SeedOption = 1,
    tier: TierOption = 1,
    year: YearOption = None,
    draw: DrawOption = None,
    uncertain: UncertainFlag = False,
    visit_jitter: Annotated[
        int, typer.Option("--visit-jitter", help="Days by which a visit may shift either way.")
    ] = 0,
    missed: Annotated[
        float, typer.Option("--missed", help="Chance that a visit after enrolment is missed.")
    ] = 0.0,
    drop_out: Annotated[
        float, typer.Option("--drop-out", help="Share of people lost within a year.")
    ] = 0.0,
    gaps: GapsOption = GapsChoice.NONE,
    care: CareKind = "usual",
    extra_hours: ExtraHours = 0.0,
    care_start: CareStart = 0.0,
    care_weeks: CareWeeks = 0.0,
    care_effect: CareEffect = "null",
    walking: Annotated[
        str, typer.Option("--walking", help="Published rule for walking at a year, or none.")
    ] = "van_middendorp_2011",
    mep: Annotated[
        bool, typer.Option("--mep", help="Add motor evoked potentials (no fitted number).")
    ] = False,
    workers: Annotated[
        int, typer.Option("--workers", help="Threads; they never change the result.")
    ] = 2,
    as_json: JsonFlag = False,
) -> None:
    """Simulate people with a spinal cord injury who get no cells, one exam a person and visit.

    People are drawn until the exam at enrolment shows the AIS and level asked for; the share that
    fits is printed. A run that was stopped goes on with the same command. Read the file back with
    `saisei exam grade`. Research use only: groups for planning trials, never the prognosis of a person.
    """
    from saisei.patient.gaps import Gaps
    from saisei.patient.visits import Attendance

    rule = _checked(out, walking)
    plan = plan_of(
        {"ais": ais, "level": level, "exam_day": exam_day, "age": age},
        study,
        weeks,
        n=n,
        seed=seed,
        attendance=Attendance(visit_jitter, missed, drop_out),
        gaps=Gaps.assumed() if gaps is GapsChoice.ASSUMED else Gaps(),
        care=care_of(care, extra_hours, care_start, care_weeks, care_effect),
    )
    model = generator_of(tier, uncertain, draw, year, mep)
    made = _made(plan, tier, rule, mep, study)
    made |= {"year": year, "draw": "one for each person" if uncertain else draw}
    tally = _write(out, plan, model, made, rule, mep, workers)
    if as_json:
        print_json(tally)
    else:
        _print(tally)
        say(_NOTE)


@app.command()
def course(
    out: Annotated[
        Path, typer.Option("--out", help="The picture: .svg or .png (or .csv: its numbers).")
    ],
    person: Annotated[int, typer.Option("--person", help="Number of the person, from 0.")] = 0,
    study: StudyOption = None,
    ais: AisOption = None,
    level: LevelOption = None,
    exam_day: ExamDayOption = None,
    age: AgeOption = None,
    weeks: WeeksOption = _WEEKS,
    seed: SeedOption = 1,
    care: CareKind = "usual",
    extra_hours: ExtraHours = 0.0,
    care_start: CareStart = 0.0,
    care_weeks: CareWeeks = 0.0,
    care_effect: CareEffect = "null",
    title: Annotated[str, typer.Option("--title", help="Title. Never a real name.")] = "",
) -> None:
    """Draw one virtual person: the cord at the injury, drive, grades and levels over time.

    With the options of a cohort, person K is the person_id K of its file. Research use only: a made-up
    person, never the prognosis of a real one.
    """
    from saisei.chance.streams import SEED_LIMIT
    from saisei.cli.files import write_bytes, write_text
    from saisei.errors import InputError
    from saisei.patient.course import course_of
    from saisei.report.course_figure import course_figure

    if out.suffix not in (".svg", ".png", ".csv"):
        raise InputError(f"{out}: the picture is a .svg or .png file (or .csv: its numbers)")
    plan = plan_of(
        {"ais": ais, "level": level, "exam_day": exam_day, "age": age},
        study,
        weeks,
        n=SEED_LIMIT,  # people are numbered, and none depends on how many there are
        seed=seed,
        care=care_of(care, extra_hours, care_start, care_weeks, care_effect),
    )
    figure = course_figure(
        course_of(plan, person), title or f"Virtual person {person}, seed {seed}"
    )
    if out.suffix == ".csv":
        write_text(out, figure.csv)
    else:
        write_bytes(out, figure.svg if out.suffix == ".svg" else figure.png)
    typer.echo(f"{out}: {figure.caption}")
    say(_NOTE)


def _checked(out: Path, walking: str) -> str | None:
    """The walking rule, if any, once the name of the file can be one."""
    from saisei.errors import InputError
    from saisei.exam.walking import rule_named

    if out.suffix != ".parquet":
        raise InputError(f"{out}: a cohort is written as .parquet; give such a name")
    if out.is_dir():
        raise InputError(f"{out} is a folder: give the name of a file to write")
    if walking == "none":
        return None
    rule_named(walking)
    return walking


def _write(
    out: Path,
    plan: Plan,
    model: Generator,
    made: dict[str, Any],
    rule: str | None,
    mep: bool,
    workers: int,
) -> dict[str, Any]:
    """Make the cohort and write it; gives the tally."""
    from saisei.cli.patient_write import write_cohort
    from saisei.patient.cohort import CHUNK, acceptance_of, simulate

    share = acceptance_of(plan, model)  # an impossible cohort ends here, before there is any file
    with progress_bar("people", plan.n, _LARGE) as step:
        tally = write_cohort(
            out,
            made,
            lambda start: simulate(
                plan, model, workers=workers, chunk=CHUNK, start=start, acceptance=share
            ),
            lambda chunk: _columns(plan, chunk, model, rule, mep),
            CHUNK,
            step,
        )
    order = ["enrolment", *(f"week {week:g}" for week in plan.weeks)]
    return {"out": str(out), "seed": plan.seed, **tally.result(order), "note": _NOTE}


def _columns(
    plan: Plan, chunk: Chunk, model: Generator, rule: str | None, mep: bool
) -> dict[str, Any]:
    from saisei.patient.cohort import Model, effects_of
    from saisei.patient.table import columns

    if not mep or not isinstance(model, Model):
        return columns(plan, chunk, walking=rule)
    from saisei.patient.potentials import POTENTIALS, evoked_potentials

    effects = effects_of(plan, model, chunk.days)
    found = evoked_potentials(model, plan.seed, chunk.persons, chunk.attempts, chunk.days, effects)
    further = {name: found[:, :, k] for k, name in enumerate(POTENTIALS)}
    return columns(plan, chunk, walking=rule, further=further)


def _made(plan: Plan, tier: int, rule: str | None, mep: bool, study: str | None) -> dict[str, Any]:
    """How the cohort was made, for the file and for going on after a stop."""
    from dataclasses import asdict

    import saisei
    from saisei.params import digest

    who = plan.eligibility
    return {
        "saisei": saisei.__version__,
        "parameters": digest(),
        "seed": plan.seed,
        "n": plan.n,
        "study": study,
        "ais": who.ais,
        "level": [one.label for one in who.level],
        "exam_day": list(who.exam_day),
        "age": list(who.age),
        "weeks": list(plan.weeks),
        "tier": tier,
        "attendance": asdict(plan.attendance),
        "gaps": asdict(plan.gaps),
        "care": asdict(plan.care) | {"points_per_hour": plan.care.points_per_hour(plan.seed)},
        "walking": rule,
        "mep": mep,
        "use": _NOTE,
    }


def _print(tally: dict[str, Any]) -> None:
    say(
        f"{tally['people']} people, {tally['rows']} exams in {tally['out']}; {tally['drawn']} people were "
        f"drawn, {100 * tally['acceptance']:.2f}% were eligible by their exam at enrolment"
    )
    keys = dict.fromkeys(key for row in tally["visits"] for key in row)
    short = {"AIS not determinable": "ND", "mean UEMS": "UEMS (mean)", "mean LEMS": "LEMS (mean)"}
    heads = {key: short.get(key, key.removeprefix("AIS ")) for key in keys}
    print_table(tally["visits"], heads, as_json=False, title="AIS and motor scores by visit")

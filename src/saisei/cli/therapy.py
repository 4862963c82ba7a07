"""`saisei therapy`: cell line, lot, graft and repair in silico. Hypothesis; research use only."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saisei.cli.exam_files import progress_bar, say
from saisei.cli.output import JsonFlag, noun, print_json, print_table
from saisei.cli.patient_options import (
    AgeOption,
    AisOption,
    CareEffect,
    CareKind,
    CareStart,
    CareWeeks,
    ExamDayOption,
    ExtraHours,
    LevelOption,
    SeedOption,
    StudyOption,
    WeeksOption,
    care_of,
)
from saisei.cli.therapy_animals import animals
from saisei.cli.therapy_explain import explain
from saisei.cli.therapy_options import (
    DoseOption,
    DrugOption,
    ExtrapolateFlag,
    FateOption,
    GraftDayOption,
    IdentityOption,
    InhibitorOption,
    KillOption,
    LineOption,
    MatchOption,
    MethodOption,
    PriorsOption,
    ReleaseOption,
    SessionDaysOption,
    SessionsOption,
    SetOption,
    SpeciesOption,
    WorldOption,
    changed_priors,
    described,
    therapy_of,
)

if TYPE_CHECKING:
    from saisei.patient.therapy import Therapy

__all__ = ["app"]

app = noun(
    "The therapy in silico: simulate, explain, priors. A hypothesis with its assumptions visible, "
    "never a promise."
)

_LARGE = 500
_WEEKS = "4,8,12,26,39,52"
_SHOWN = ("mean UEMS", "mean LEMS", "UEMS over natural", "mean over natural", "mean added by cells")


app.command()(animals)


@app.callback()
def verbs() -> None:
    """From a donor's cells to the exam of a treated person, with the twin who got none."""


@app.command()
def simulate(
    out: Annotated[Path, typer.Option("--out", help="Folder for the tables; made if needed.")],
    study: StudyOption = None,
    ais: AisOption = None,
    level: LevelOption = None,
    exam_day: ExamDayOption = None,
    age: AgeOption = None,
    weeks: WeeksOption = _WEEKS,
    n: Annotated[int, typer.Option("--n", help="Number of people.")] = 1000,
    seed: SeedOption = 1,
    dose: DoseOption = None,
    graft_day: GraftDayOption = None,
    drug_days: DrugOption = None,
    hla_match: MatchOption = "drawn",
    fate: FateOption = None,
    identity: IdentityOption = "spinal",
    line: LineOption = "episomal",
    inhibitor: InhibitorOption = True,
    release: ReleaseOption = True,
    kill_day: KillOption = None,
    care: CareKind = "usual",
    extra_hours: ExtraHours = 0.0,
    care_start: CareStart = 0.0,
    care_weeks: CareWeeks = 0.0,
    care_effect: CareEffect = "null",
    stimulation: SessionsOption = 0.0,
    stimulation_days: SessionDaysOption = "60-180",
    per_world: WorldOption = 1,
    priors: PriorsOption = None,
    set_prior: SetOption = None,
    method: MethodOption = "hybrid",
    species: SpeciesOption = "human",
    extrapolate: ExtrapolateFlag = False,
    workers: Annotated[
        int, typer.Option("--workers", help="Threads; they never change the result.")
    ] = 2,
    as_json: JsonFlag = False,
) -> None:
    """Simulate people with and without a graft: the same person, the same random streams.

    Writes visits.parquet (a row for each person, arm and visit), people.parquet, images.parquet and run.json.
    A run that was stopped goes on with the same command. Hypothesis: nearly all of the graft is prior, not
    data. Research use only: never a prognosis, a choice of dose or the release of a lot.
    """
    therapy = therapy_of(
        {"ais": ais, "level": level, "exam_day": exam_day, "age": age},
        study, weeks, n, seed,
        operation={
            "dose": dose, "graft_day": graft_day, "drug_days": drug_days, "match": hla_match,
            "fate": fate, "identity": identity, "kill_day": kill_day,
        },
        line=line,
        inhibitor=inhibitor,
        release=release,
        care=care_of(care, extra_hours, care_start, care_weeks, care_effect),
        stimulation=(stimulation, stimulation_days),
        people_per_world=per_world,
        priors=changed_priors(priors, set_prior or []),
        method=method,
        species=species,
        extrapolate=extrapolate,
    )  # fmt: skip
    _show(therapy, _run(therapy, out, study, workers), out, as_json)


def _show(therapy: Therapy, summary: dict[str, Any], out: Path, as_json: bool) -> None:
    from saisei.patient.therapy import HYPOTHESIS

    if as_json:
        print_json(summary)
        return
    _print(summary, out)
    if therapy.extrapolated:
        say(f"EXTRAPOLATED, no data support this: {'; '.join(therapy.extrapolated)}")
    say(HYPOTHESIS)


@app.command()
def report(
    out: Annotated[Path, typer.Option("--out", help="Folder for page, data and pictures.")],
    study: StudyOption = None,
    ais: AisOption = None,
    level: LevelOption = None,
    exam_day: ExamDayOption = None,
    age: AgeOption = None,
    weeks: WeeksOption = _WEEKS,
    n: Annotated[int, typer.Option("--n", help="Number of people.")] = 2000,
    seed: SeedOption = 1,
    person: Annotated[
        int | None,
        typer.Option(
            "--person", help="Who is drawn [default: the first whose graft can help and is kept]."
        ),
    ] = None,
    dose: DoseOption = None,
    graft_day: GraftDayOption = None,
    drug_days: DrugOption = None,
    hla_match: MatchOption = "drawn",
    line: LineOption = "episomal",
    stimulation: SessionsOption = 0.0,
    stimulation_days: SessionDaysOption = "60-180",
    priors: PriorsOption = None,
    set_prior: SetOption = None,
    extrapolate: ExtrapolateFlag = False,
) -> None:
    """Draw the therapy in silico: many people with the null apart, one person's year, the cord over time.

    Writes report.html (opens offline), report.json and figures/. Every page carries the mark of a hypothesis.
    Research use only: never a prognosis, a choice of dose or the release of a lot.
    """
    from saisei.cli.therapy_report import write_report

    therapy = therapy_of(
        {"ais": ais, "level": level, "exam_day": exam_day, "age": age},
        study, weeks, n, seed,
        operation={
            "dose": dose, "graft_day": graft_day, "drug_days": drug_days, "match": hla_match,
            "fate": None, "identity": "spinal", "kill_day": None,
        },
        line=line,
        inhibitor=True,
        stimulation=(stimulation, stimulation_days),
        priors=changed_priors(priors, set_prior or []),
        method="hybrid",
        species="human",
        extrapolate=extrapolate,
    )  # fmt: skip
    write_report(therapy, study, person, out, _LARGE)


@app.command()
def priors(
    file: PriorsOption = None,
    set_prior: SetOption = None,
    as_json: JsonFlag = False,
) -> None:
    """List the priors of graft and repair: law, numbers, what they mean and where they come from.

    Copy ids into a TOML file for --priors. `saisei params show ID` tells more of one.
    """
    from saisei.params import parameter
    from saisei.patient.therapy import therapy_priors

    found = therapy_priors(changed_priors(file, set_prior or []))
    rows = [
        {
            "prior": one.id,
            "law": one.law.value,
            "numbers": ", ".join(f"{x:g}" for x in one.numbers),
            "unit": parameter(one.id).unit,
            "set by you": "yes" if one.id in found.changed else "",
            "basis": parameter(one.id).mark or parameter(one.id).basis.value,
            "meaning": parameter(one.id).meaning,
        }
        for one in found.all
    ]
    print_table(rows, {key: key for key in rows[0]}, as_json=as_json)


def _run(therapy: Therapy, out: Path, study: str | None, workers: int) -> dict[str, Any]:
    from saisei.cli.therapy_write import Store, run_chunks
    from saisei.errors import InputError
    from saisei.patient.cohort import CHUNK, Model, acceptance_of
    from saisei.patient.therapy_table import image_columns, people_columns, visit_columns
    from saisei.patient.treated import Treated, check_therapy, treat_chunk

    if workers < 1:
        raise InputError(f"{workers} workers: give at least 1")
    model, n = Model.packaged(), therapy.people.n
    acceptance = acceptance_of(therapy.people, model)
    check = asdict(check_therapy(therapy, model, acceptance))
    store = Store(out, described(therapy, study) | {"step_check": check})
    if store.finished:
        raise InputError(f"{out} holds this run, finished: read it, or name another folder")
    spans = [(at, min(at + CHUNK, n)) for at in range(0, n, CHUNK)]

    def tables(found: Treated) -> dict[str, Any]:
        return {
            "visits": visit_columns(therapy, found),
            "people": people_columns(therapy, found),
            "images": image_columns(therapy, found),
        }

    def make(first: int, last: int) -> Treated:
        return treat_chunk(therapy, model, first, last, acceptance)

    with progress_bar("people", n, _LARGE) as step:
        gains = run_chunks(store, spans, make, tables, workers, step)
    summary = {"people": n, "step_check": check, **gains.result()}
    summary |= {"use": described(therapy, study)["use"], "extrapolated": list(therapy.extrapolated)}
    store.finish(len(spans), summary)
    return {"out": str(out), **summary}


def _print(summary: dict[str, Any], out: Path) -> None:
    say(
        f"{summary['people']} people in {out}: visits.parquet, people.parquet, images.parquet, run.json"
    )
    rows = []
    for row in summary["arms"]:
        grades = "/".join(str(row[f"AIS {g}"]) for g in "ABCDE")
        kept = {key: row.get(key) for key in _SHOWN}
        rows.append({"arm": row["arm"], "AIS A/B/C/D/E": grades, **kept})
    print_table(rows, {key: key for key in rows[0]}, as_json=False)
    if len(summary["arms"]) == 2:
        say(
            "usual care is part of the published natural courses: natural and natural with care are one arm"
        )
    for name, number in summary["grafts"].items():
        say(f"  {name}: {number}")
    check = summary["step_check"]
    say(
        f"  step error on the first {check['grafts']} grafts: {check['against_half']:.1e} of a pool "
        f"against h/2, {check['against_solver']:.1e} against an adaptive solver "
        f"(allowed {check['tolerance']:g})"
    )


app.command()(explain)

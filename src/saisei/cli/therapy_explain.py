"""`saisei therapy explain`: which prior makes the spread, and which measurement would narrow it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saisei.cli.exam_files import progress_bar, say
from saisei.cli.files import write_bytes, write_text
from saisei.cli.output import JsonFlag, print_json, print_table
from saisei.cli.patient_options import (
    AgeOption,
    AisOption,
    ExamDayOption,
    LevelOption,
    SeedOption,
    StudyOption,
)
from saisei.cli.therapy_options import (
    DoseOption,
    DrugOption,
    ExtrapolateFlag,
    FateOption,
    GraftDayOption,
    IdentityOption,
    InhibitorOption,
    LineOption,
    MatchOption,
    PriorsOption,
    SetOption,
    changed_priors,
    described,
    therapy_of,
)

if TYPE_CHECKING:
    from saisei.patient.explain import Programme

__all__ = ["explain"]

_SPECIES = ("people", "rodents", "both")
_SHOWN = 6
_INFORMATION_POINTS = 4096


def explain(
    species: Annotated[str, typer.Option("--species", help="people, rodents or both.")] = "both",
    study: StudyOption = None,
    ais: AisOption = None,
    level: LevelOption = None,
    exam_day: ExamDayOption = None,
    age: AgeOption = None,
    week: Annotated[str, typer.Option("--week", help="Week after injury of the outputs.")] = "52",
    people: Annotated[
        int, typer.Option("--people", help="People of the fixed panel whose mean is explained.")
    ] = 12,
    points: Annotated[
        int, typer.Option("--points", help="Base points to begin with, a power of 2.")
    ] = 256,
    most: Annotated[
        int, typer.Option("--most", help="They double until ranks hold, up to so many.")
    ] = 1024,
    draws: Annotated[
        int, typer.Option("--draws", help="Draws for what measurements tell, a power of 2.")
    ] = _INFORMATION_POINTS,
    seed: SeedOption = 1,
    dose: DoseOption = None,
    graft_day: GraftDayOption = None,
    drug_days: DrugOption = None,
    hla_match: MatchOption = "drawn",
    fate: FateOption = None,
    identity: IdentityOption = "spinal",
    line: LineOption = "episomal",
    inhibitor: InhibitorOption = True,
    priors: PriorsOption = None,
    set_prior: SetOption = None,
    extrapolate: ExtrapolateFlag = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for explain.json and the pictures.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Prior or data? For each output the share of its variance by source, and what would narrow it.

    Shares are Sobol's, with intervals, over every prior, the spike and what is hidden in the lot; the people
    of the panel and their luck are held. Then measurements, ranked by the variance they are expected to take
    away. Hypothesis: nearly all of the graft is prior, not data. Research use only.
    """
    from saisei.patient.explain import Programme

    _require(species, out, people)
    therapy = therapy_of(
        {"ais": ais, "level": level, "exam_day": exam_day, "age": age},
        study, week, people, seed,
        operation={
            "dose": dose, "graft_day": graft_day, "drug_days": drug_days, "match": hla_match,
            "fate": fate, "identity": identity, "kill_day": None,
        },
        line=line, inhibitor=inhibitor, stimulation=(0.0, "60-180"),
        priors=changed_priors(priors, set_prior or []), method="deterministic", species="human",
        extrapolate=extrapolate,
    )  # fmt: skip
    programme = Programme(therapy)
    document: dict[str, Any] = described(therapy, study) | {"panel": people, "species": {}}
    for one in ("people", "rodents") if species == "both" else (species,):
        document["species"][one] = _one(programme, one, points, most, draws, seed)
    if out is not None:
        _write(document, out)
    _show(document, therapy.extrapolated, as_json)


def _require(species: str, out: Path | None, people: int) -> None:
    from saisei.errors import InputError

    if species not in _SPECIES:
        raise InputError(f"species {species!r}: give one of {', '.join(_SPECIES)}")
    if out is not None and out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file: name a folder")
    if not 1 <= people <= 200:
        raise InputError(f"--people is {people}: give 1 to 200")


def _show(document: dict[str, Any], extrapolated: tuple[str, ...], as_json: bool) -> None:
    if as_json:
        print_json(document)
        return
    for name, one in document["species"].items():
        _print(one, name)
    if extrapolated:
        say(f"EXTRAPOLATED, no data support this: {'; '.join(extrapolated)}")
    say(document["use"])


def _one(
    programme: Programme, species: str, points: int, most: int, draws: int, seed: int
) -> dict[str, Any]:
    from saisei.patient.explained import explained, rows_at_most

    rows = rows_at_most(programme, species, points, most, draws)
    with progress_bar(f"worlds, {species}", rows, 1) as step:
        return explained(programme, species, points, most, draws, seed, step)


def _print(document: dict[str, Any], species: str) -> None:
    for name, one in document["outputs"].items():
        rows = [
            {
                "source": f"{group['group']}" if "." in group["group"] else group["words"],
                "basis": group["basis"],
                "alone": f"{100 * group['first']:.0f}% ±{100 * group['first_half']:.0f}",
                "with others": f"{100 * group['total']:.0f}% ±{100 * group['total_half']:.0f}",
            }
            for group in one["groups"][:_SHOWN]
        ]
        if not rows:
            typer.echo(f"{species}, {name}: {one['words']}: does not vary")
            continue
        title = f"{species}, {name}: {one['words']}; mean {one['mean']:.3g}, sd {one['sd']:.3g}"
        print_table(rows, {key: key for key in rows[0]}, as_json=False, title=title)
        held = "held" if one["stable"] else "did NOT hold (read the order with care)"
        say(f"  {one['points']} base points; the leading ranks {held} when points doubled")
        behind = ", ".join(
            f"{row['basis']} {100 * row['total']:.0f}% ±{100 * row['total_half']:.0f}"
            for row in one["by_basis"]
        )
        say(f"  with others, by what stands behind: {behind}")
        typer.echo("  would narrow it most:")
        for row in one["information"][:_SHOWN]:
            typer.echo(
                f"    {100 * row['reduction']:3.0f}% ±{100 * row['half']:.0f}  {row['words']}"
            )
    if "one_person" in document:
        share = document["one_person"]["share_within"]
        say(
            f"of the variance of one person's gain {100 * share:.0f}% lies between people and their luck, "
            f"{100 * (1 - share):.0f}% between worlds, that is in priors"
        )


def _write(document: dict[str, Any], out: Path) -> None:
    from saisei.report.explain_figures import information_figure, shares_figure

    count = 0
    for species, part in document["species"].items():
        for name, one in part["outputs"].items():
            if not one["groups"]:
                continue
            stem = f"{species}-{name}".replace("_", "-")
            for figure in (
                shares_figure(f"shares-{stem}", one, species),
                information_figure(
                    f"information-{stem}", one["information"], one["words"], species
                ),
            ):
                write_bytes(out / f"{figure.name}.svg", figure.svg)
                write_bytes(out / f"{figure.name}.png", figure.png)
                write_text(out / f"{figure.name}.csv", figure.csv)
                count += 1
    write_text(
        out / "explain.json",
        json.dumps(document, indent=2, ensure_ascii=False, default=float) + "\n",
    )
    say(f"{out}: explain.json and {count} pictures, each as .svg, .png and .csv")

"""`saisei evidence`: published natural recovery, the model fitted to it, and what it says of people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saisei.cli.evidence_models import compare_models
from saisei.cli.evidence_motor import motor
from saisei.cli.evidence_outcomes import compare_command, outcomes_command
from saisei.cli.output import JsonFlag, noun, print_table

if TYPE_CHECKING:
    from saisei.evidence.landmark import GradeDraws, Person, Posterior
    from saisei.exam.isncsci.grades import AIS
    from saisei.exam.isncsci.levels import Level
    from saisei.study import Study
    from saisei.study.registries import CountRange, Row, Target

app = noun("Natural recovery: published tables, the model fitted to them, and what it says.")
app.command("outcomes")(outcomes_command)
app.command("compare")(compare_command)
app.command("motor")(motor)
app.command("compare-models")(compare_models)


@app.command()
def studies(
    match: Annotated[
        str, typer.Option(help="Rank the rows for a study: an id of `saisei study list` or a file.")
    ] = "",
    arm: Annotated[
        str, typer.Option(help="Arm of that study; its first treated arm if left out.")
    ] = "",
    injured: Annotated[
        str, typer.Option(help="Their years of injury, for example 2021-2023.")
    ] = "",
    add: Annotated[str, typer.Option(help="Also list a registry file of your own.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """List every published row of natural recovery, or rank them for a study's participants."""
    from saisei.study import load as load_study
    from saisei.study.registries import load, load_file, weights

    rows = (*load(), *(load_file(add) if add else ()))
    found = weights(rows)
    shown = [_row(row, found[row.id].weight if row.id in found else None) for row in rows]
    if match:
        shown = _ranked(rows, shown, _target(load_study(match), arm, years_of(injured)))
    columns = {
        "id": "row", "people": "n", "levels": "levels", "baseline": "baseline", "follow_up": "follow-up",
        "any": "any conversion", "to_CD": "to C or better", "weight": "weight", "use": "use",
    }  # fmt: skip
    if match:
        columns = {"score": "fit", **columns, "why": "why"}
        del columns["use"], columns["weight"]
    print_table(shown, columns, as_json=as_json)
    if not as_json:
        typer.echo(
            "A range stands where rounding or an unknown n leaves room; the smallest n that fits is"
            " shown. Weights keep the same people from counting twice."
        )


def _row(row: Row, weight: float | None) -> dict[str, Any]:
    n = str(row.n) if row.n is not None else f">={row.smallest_n} ({row.n_label or 'unknown'})"
    return {
        "id": row.id, "study": row.study, "source": row.source, "registry": row.registry,
        "kind": row.kind.value, "initial": row.initial.value, "people": n,
        "smallest_n": row.smallest_n, "levels": row.level_label, "baseline": row.baseline_label,
        "follow_up": row.follow_label, "years": f"{row.era[0]}-{row.era[1]}",
        "years_printed": row.era_known, "any": _share(row.conversion_any),
        "to_CD": _share(row.conversion_to_CD), "weight": None if weight is None else round(weight, 2),
        "use": "fitted" if row.fitted else row.why_not, "source_errors": list(row.source_errors),
        "notes": list(row.notes),
    }  # fmt: skip


def _share(found: CountRange | None) -> str | None:
    if found is None:
        return None
    text = f"{found.low}/{found.n_low} ({100 * found.rate:.1f}%)"
    return text if found.n_low == found.n_high else f"{text}..{found.high}/{found.n_high}"


def _ranked(
    rows: tuple[Row, ...], shown: list[dict[str, Any]], target: Target
) -> list[dict[str, Any]]:
    from saisei.study.registries import match

    ranked = []
    for row, line in zip(rows, shown, strict=True):
        found = match(row, target)
        score = f"{found.score:.2f}" if found.suitable else "no"
        ranked.append((-found.score, line | {"score": score, "why": "; ".join(found.reasons)}))
    return [line for _, line in sorted(ranked, key=lambda pair: pair[0])]


def _target(study: Study, arm: str, years: tuple[int, int] | None) -> Target:
    """What the study says of its participants: the widest range over the arm and its people."""
    from saisei.errors import InputError
    from saisei.exam.isncsci.grades import AIS
    from saisei.params import value
    from saisei.study.registries import Target

    if not (arm or study.treated):
        raise InputError(f"{study.id} has no treated arm: name one with --arm")
    chosen = study.arm(arm) if arm else study.treated[0]
    grades = sorted(chosen.baseline_grades.options) or [AIS.A]
    days = chosen.treatment_day if chosen.exam_day.low is None else chosen.exam_day
    levels = chosen.levels
    span = (levels.low, levels.high) if levels.low is not None and levels.high is not None else None
    window = (days.low, days.high) if days.low is not None and days.high is not None else None
    return Target(grades[0], span, window, value("evidence.landmark_follow_up_days"), years)


def years_of(text: str) -> tuple[int, int] | None:
    """The years written as 2021 or 2021-2023; None for an empty text."""
    from saisei.errors import InputError

    if not text:
        return None
    first, _, last = text.partition("-")
    if not (first.isdigit() and (last or first).isdigit()) or int(first) > int(last or first):
        raise InputError(f"--injured is {text!r}: write years of injury as 2021 or 2021-2023")
    return int(first), int(last or first)


@app.command()
def fit(
    out: Annotated[Path, typer.Option(help="Folder for the posterior: npz and JSON.")],
    shape: Annotated[
        list[str] | None, typer.Option(help="Decay shape, may be repeated; all three if left out.")
    ] = None,
    add: Annotated[
        list[str] | None,
        typer.Option(help="Registry file of your own (TOML tables or CSV people)."),
    ] = None,
    leave_out: Annotated[
        list[str] | None, typer.Option(help="Registry to leave out, may be repeated.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of all randomness.")] = 20261120,
    steps: Annotated[int, typer.Option(help="Steps per chain after warm-up.", min=1000)] = 60_000,
    draws: Annotated[int, typer.Option(help="Draws kept per shape.", min=100)] = 800,
    spread: Annotated[
        float, typer.Option(help="Factor on the prior scales of spread between registries.")
    ] = 1.0,
    as_json: JsonFlag = False,
) -> None:
    """Fit the landmark model of natural recovery and store its posterior."""
    from saisei.cli.files import write_bytes
    from saisei.errors import InputError
    from saisei.evidence.landmark import Settings
    from saisei.evidence.landmark import fit as fit_landmark
    from saisei.evidence.landmark_kernel import SHAPES
    from saisei.study.registries import load, load_file

    if not 0.01 <= spread <= 100:
        raise InputError(f"--spread is {spread:g}: it must lie between 0.01 and 100")
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file: --out names a folder")
    rows = [*load(), *(row for path in add or [] for row in load_file(path))]
    shapes = tuple(dict.fromkeys(shape)) if shape else SHAPES
    with _progress(len(shapes)) as report:
        found = fit_landmark(
            rows,
            seed=seed,
            shapes=shapes,
            leave_out=tuple(leave_out or ()),
            settings=Settings(draws=draws, steps=steps, warm_steps=min(2_000, steps // 5)),
            spread_factor=spread,
            report=report,
        )
    npz, about = found.to_bytes()
    write_bytes(out / "landmark-0.1.npz", npz)
    write_bytes(out / "landmark-0.1.json", about)
    _print_fit(found.about, str(out), as_json)


@contextmanager
def _progress(shapes: int) -> Iterator[Callable[[str, float], None]]:
    """A bar on stderr; gives the function that moves it."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("fitting", total=shapes)
        done: dict[str, float] = {}

        def report(name: str, share: float) -> None:
            done[name] = share
            bar.update(task, completed=sum(done.values()), description=f"fitting {name}")

        yield report


def _print_fit(about: Mapping[str, Any], out: str, as_json: bool) -> None:
    rows = [
        {"shape": shape, "parameter": name, **told}
        for shape, one in about["shapes"].items()
        for name, told in one["parameters"].items()
    ]
    columns = {
        "shape": "decay", "parameter": "parameter", "median": "median", "low": "2.5%",
        "high": "97.5%", "contraction": "contraction", "rhat": "R-hat", "ess": "ESS",
    }  # fmt: skip
    print_table(rows, columns, as_json=as_json)
    if as_json:
        return
    for shape, one in about["shapes"].items():
        typer.echo(
            f"{shape}: largest R-hat {one['largest_rhat']:.3f}, smallest ESS {one['smallest_ess']},"
            f" log evidence (Laplace) {one['log_evidence_laplace']:.1f}"
        )
    typer.echo(
        f"Contraction is 1 minus the ratio of posterior to prior variance: near 0 the data say little."
        f" Written to {out}."
    )


@app.command()
def natural(
    ais: Annotated[str, typer.Option(help="AIS grade at the baseline exam, A to E.")],
    level: Annotated[
        str, typer.Option(help="Level, C5, or a range, C4-T10; all levels to T12 if left out.")
    ] = "",
    exam_day: Annotated[
        str, typer.Option(help="Day of the baseline exam after injury, 21 or 14-28.")
    ] = "",
    age: Annotated[
        float | None, typer.Option(help="Age in years (without effect, see note).")
    ] = None,
    injured: Annotated[str, typer.Option(help="Year of injury.")] = "",
    months: Annotated[
        float | None, typer.Option(help="Months from injury to follow-up; 6 and 12 if left out.")
    ] = None,
    posterior: Annotated[
        str,
        typer.Option(help="A posterior of `saisei evidence fit`; the packaged one if left out."),
    ] = "",
    as_json: JsonFlag = False,
) -> None:
    """Natural recovery of groups of such people without cells; never a personal prognosis."""
    from saisei.evidence.landmark import load_posterior

    person = _person(ais, level, exam_day, injured, age)
    used = load_posterior(posterior or None)
    rows: list[dict[str, Any]] = []
    notes: tuple[str, ...] = ()
    for one in (months,) if months is not None else (6.0, 12.0):
        found, notes = _natural_rows(person, one, used)
        rows += found
    notes += ("age shows no effect on conversion on present evidence: it changes nothing here",)
    _print_natural(rows, notes, as_json)


def _person(ais: str, level: str, exam_day: str, injured: str, age: float | None) -> Person:
    from saisei.errors import InputError
    from saisei.evidence.landmark import Person
    from saisei.exam.isncsci.grades import AIS

    if ais.upper() not in list(AIS):
        raise InputError(f"--ais is {ais!r}: it must be A, B, C, D or E")
    if age is not None and not 0 <= age <= 120:
        raise InputError(f"--age is {age:g}: it must lie between 0 and 120 years")
    years = years_of(injured)
    year = sum(years) / 2 if years else None
    return Person(AIS(ais.upper()), _levels(level), _days(exam_day), year)


def _levels(text: str) -> tuple[Level, Level] | None:
    from saisei.errors import InputError
    from saisei.exam.isncsci.levels import Level

    if not text:
        return None
    try:
        one = Level.parse(text)
        return one, one
    except ValueError:
        first, _, last = text.partition("-")
    try:
        return Level.parse(first), Level.parse(last)
    except ValueError:
        raise InputError(
            f"--level is {text!r}: write a level from C1 to T12, C5, or a range, C4-T10"
        ) from None


def _days(text: str) -> tuple[float, float] | None:
    from saisei.errors import InputError

    if not text:
        return None
    first, dash, last = text.partition("-") if not text.startswith("-") else (text, "", "")
    try:
        return float(first), float(last if dash else first)
    except ValueError:
        rule = "write a day after injury, 21, or a range, 14-28"
        raise InputError(f"--exam-day is {text!r}: {rule}") from None


def _natural_rows(
    person: Person, months: float, used: Posterior
) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """One line per grade; where the level is open also for all-tetraplegia and all-T1-T9."""
    from dataclasses import replace

    from saisei.errors import InputError
    from saisei.evidence.landmark import predict
    from saisei.exam.isncsci.grades import AIS
    from saisei.study.registries import LEVEL_GROUPS

    if not 0 < months <= 60:
        raise InputError(
            f"--months is {months:g}: the model covers 1 day to 60 months after injury"
        )
    days = months * 365.0 / 12.0
    cases = {"as given": person}
    if person.grade is AIS.A and (person.levels is None or person.levels[0] != person.levels[1]):
        for name in ("tetraplegia", "T1-T9"):
            cases[f"all {name}"] = replace(person, levels=LEVEL_GROUPS[name])
    rows: list[dict[str, Any]] = []
    notes: tuple[str, ...] = ()
    for case, one in cases.items():
        draws = predict([one], days, used)
        notes = notes or draws.notes
        rows += [_outcome_row(case, months, draws, grade) for grade in AIS]
        if person.grade is not AIS.E:
            rows.append(_change_row(case, months, draws))
    return rows, notes


def _outcome_row(case: str, months: float, draws: GradeDraws, grade: AIS) -> dict[str, Any]:
    chance = draws.probabilities[:, 0, grade.rank]
    low, high = draws.interval(chance)
    return _natural_row(case, months, f"AIS {grade}", float(chance.mean()), float(low), float(high))


def _change_row(case: str, months: float, draws: GradeDraws) -> dict[str, Any]:
    chance = draws.any_conversion[:, 0]
    low, high = draws.interval(chance)
    row = _natural_row(case, months, "any better", float(chance.mean()), float(low), float(high))
    split = draws.uncertainty(0)
    return row | {
        "sampling": round(split.sampling, 3), "registry": round(split.registry, 3),
        "shape": round(split.shape, 3),
    }  # fmt: skip


def _natural_row(
    case: str, months: float, outcome: str, mean: float, low: float, high: float
) -> dict[str, Any]:
    return {
        "levels": case, "months": months, "outcome": outcome, "mean": round(mean, 4),
        "low": round(low, 4), "high": round(high, 4),
        "shown": f"{100 * mean:.1f}%", "interval": f"{100 * low:.1f} to {100 * high:.1f}%",
    }  # fmt: skip


def _print_natural(rows: list[dict[str, Any]], notes: tuple[str, ...], as_json: bool) -> None:
    from saisei.cli.output import print_json

    warning = "For groups of such people in research; not a personal prognosis."
    if as_json:
        print_json({"rows": rows, "notes": list(notes), "warning": warning})
        return
    columns = {
        "levels": "levels", "months": "months", "outcome": "grade without cells", "shown": "mean",
        "interval": "95% interval",
    }  # fmt: skip
    print_table(rows, columns, as_json=False)
    for row in rows:
        if "sampling" in row:
            typer.echo(
                f"Uncertainty of any better grade at {row['months']:g} months ({row['levels']}):"
                f" {100 * row['registry']:.0f}% between registries, {100 * row['sampling']:.0f}%"
                f" sampling, {100 * row['shape']:.0f}% decay shape."
            )
    for note in notes:
        typer.echo(f"Note: {note}.")
    typer.echo(warning)

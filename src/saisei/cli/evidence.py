"""`saisei evidence`: published natural recovery, the model fitted to it, and what it says of people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from saisei.cli.output import JsonFlag, noun, print_table

if TYPE_CHECKING:
    from saisei.study import Study
    from saisei.study.registries import CountRange, Row, Target

app = noun("Natural recovery: published tables, the model fitted to them, and what it says.")


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
        shown = _ranked(rows, shown, _target(load_study(match), arm, _years(injured)))
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


def _years(text: str) -> tuple[int, int] | None:
    from saisei.errors import InputError

    if not text:
        return None
    first, _, last = text.partition("-")
    if not (first.isdigit() and (last or first).isdigit()) or int(first) > int(last or first):
        raise InputError(f"--injured is {text!r}: write years of injury as 2021 or 2021-2023")
    return int(first), int(last or first)

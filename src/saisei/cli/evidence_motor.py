"""`saisei evidence motor`: motor outcomes against natural recovery, of a study or of a kind of person."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saisei.cli.output import JsonFlag, print_json, print_table

if TYPE_CHECKING:
    from saisei.evidence.motor import MotorTest
    from saisei.evidence.motor_kinds import Kind
    from saisei.evidence.motor_people import Measure, Wanted

__all__ = ["motor"]

_WARNING = (
    "Groups of such people in research, by a generator whose misfits are listed in "
    "docs/stages/patient-calibration.md; not a personal prognosis."
)
_MEASURES = {"uems": "UEMS", "lems": "LEMS", "ams": "AMS"}
_SIDES = {"better": "motor level, better side", "worse": "motor level, worse side"}
_MONTH_DAYS = 365.0 / 12.0


def motor(
    study: Annotated[
        str, typer.Argument(help="A bundled study or a study file; or describe people by options.")
    ] = "",
    ais: Annotated[str, typer.Option(help="AIS grade at the baseline exam, A to D.")] = "",
    level: Annotated[str, typer.Option(help="Level, C5, or a range, C4-T10.")] = "",
    exam_day: Annotated[
        str, typer.Option(help="Day of the baseline exam after injury, 21 or 14-28.")
    ] = "",
    months: Annotated[float, typer.Option(help="Months from injury to follow-up.")] = 12.0,
    uems: Annotated[int | None, typer.Option(help="UEMS at baseline, if known.")] = None,
    lems: Annotated[int | None, typer.Option(help="LEMS at baseline, if known.")] = None,
    measure: Annotated[
        str, typer.Option(help="What was gained: uems, lems, ams, better (side) or worse (side).")
    ] = "uems",
    gain: Annotated[
        int | None, typer.Option(help="Points or motor levels gained; only the band if left out.")
    ] = None,
    people: Annotated[
        int, typer.Option(help="Number of such people; --gain is then their sum.", min=1, max=200)
    ] = 1,
    injured: Annotated[str, typer.Option(help="Year of injury.")] = "",
    file: Annotated[
        Path | None,
        typer.Option("--people-file", help="CSV of people, one a line, tested together."),
    ] = None,
    corners: Annotated[
        bool, typer.Option(help="Bounds over what a study leaves open (slower).")
    ] = True,
    as_json: JsonFlag = False,
) -> None:
    """How often natural recovery gives a motor outcome at least as good: UEMS, LEMS, motor levels.

    Three ways to ask: a study; a kind of person by options; or a CSV with the columns id, ais, level,
    exam_day, follow_day, before, after (scores of --measure). Motor levels count on the side that gained
    more (better) or less (worse), whichever it is.
    """
    from saisei.errors import InputError

    ways = [bool(study), bool(ais or level or exam_day), file is not None]
    if sum(ways) != 1:
        raise InputError(
            "name a study, or describe people with --ais, --level and --exam-day, or give --people-file: "
            "one of the three"
        )
    if study:
        _study(study, corners, as_json)
    elif file is not None:
        _file(file, measure, as_json)
    else:
        before = {"UEMS": uems, "LEMS": lems}
        wanted = _wanted(ais, level, exam_day, months)
        _persons(wanted, before, measure, gain, people, injured, as_json)


def _measure(text: str) -> Measure:
    from saisei.errors import InputError
    from saisei.evidence.motor_people import Measure

    named = _MEASURES | _SIDES
    if text.lower() not in named:
        raise InputError(f"--measure is {text!r}: it must be one of {', '.join(named)}")
    return Measure(named[text.lower()])


def _wanted(ais: str, level: str, exam_day: str, months: float) -> Wanted:
    from saisei.errors import InputError
    from saisei.evidence.motor_people import Wanted
    from saisei.patient import plan

    for name, text in (("--ais", ais), ("--level", level), ("--exam-day", exam_day)):
        if not text:
            raise InputError(
                f"{name} is missing: motor recovery depends on grade, level and exam day"
            )
    follow = round(months * _MONTH_DAYS)
    return Wanted(plan.grades(ais), plan.levels(level), plan.days(exam_day), follow)


def _persons(
    wanted: Wanted,
    before: dict[str, int | None],
    measure_text: str,
    gain: int | None,
    people: int,
    injured: str,
    as_json: bool,
) -> None:
    from saisei.cli.evidence import years_of
    from saisei.evidence.motor_kinds import kind_of
    from saisei.evidence.motor_people import Measure

    measure = _measure(measure_text)
    years = years_of(injured)
    known = {Measure(name): points for name, points in before.items() if points is not None}
    kind = kind_of(wanted, known, sum(years) / 2 if years else None)
    found = _kind_table(kind, measure)
    if gain is not None:
        from saisei.evidence.motor import motor_test
        from saisei.evidence.motor_statistics import SumStatistic

        what = f"{measure} gain" + (f", sum of {people} people" if people > 1 else "")
        statistic = SumStatistic(measure, (0,) * people)
        found["test"] = _test(motor_test(what, measure.unit, statistic, [kind], gain, gain))
    _show(found, as_json)


def _kind_table(kind: Kind, measure: Measure) -> dict[str, Any]:
    """The natural gains of one such person, averaged over registries and by the generator alone."""
    from saisei.evidence.motor import MOTOR_MAIN, points_of

    averaged, alone = kind.laws(measure, MOTOR_MAIN), kind.laws(measure)
    law = averaged.mean
    low, high = points_of(law)
    pool = kind.pools[0]
    return {
        "measure": str(measure),
        "unit": measure.unit,
        "expected_gain": round(law.mean, 3),
        "expected_gain_generator": round(alone.mean.mean, 3),
        "band": [low, high],
        "no_gain": round(law.at_most(0), 5),
        "gains": [law.first + i for i in range(len(law.probs))],
        "probabilities": [round(float(p), 6) for p in law.probs],
        "virtual_people": len(pool.matched),
        "acceptance": round(pool.everyone.acceptance, 5),
        "windows": {str(name): half for name, half in pool.windows.items()},
    }


def _test(test: MotorTest) -> dict[str, Any]:
    found = dataclasses.asdict(test)
    found["verdict"] = str(test.verdict)
    return found


def _show(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json({**found, "warning": _WARNING})
        return
    if "band" in found:
        low, high = found["band"]
        window = "".join(
            f"; {name} within {half} points" for name, half in found["windows"].items()
        )
        typer.echo(
            f"{found['measure']}: natural gain of one such person {found['expected_gain']:.1f} "
            f"{found['unit']} on average, 5% to 95% {low} to {high}; no gain in "
            f"{100 * found['no_gain']:.1f}% ({found['virtual_people']} virtual people{window})."
        )
    if "test" in found:
        _print_test(found["test"])
    typer.echo(_WARNING)


def _print_test(test: dict[str, Any]) -> None:
    typer.echo(
        f"{test['outcome']}: {test['seen']} seen, {test['expected']:.1f} expected without cells."
    )
    least = {one["name"]: one["p"] for one in test["least_favourable"]}
    rows = [
        {"reading": "(i) generator as it stands", "p": _p(test["p_generator"]["p"]),
         "error": _p(test["generator_error"])},
        {"reading": "(ii) averaged over registries: the claim rests on this one",
         "p": _p(test["p_averaged"]["p"]), "error": _p(test["averaged_error"])},
        {"reading": "(ii) mid-p, for description", "p": _p(test["mid_p"]), "error": ""},
        *({"reading": f"(iii) {name}", "p": _p(one["p"]), "error": ""} for name, one in least.items()),
    ]  # fmt: skip
    columns = {
        "reading": "chance of a result at least as good without cells",
        "p": "p",
        "error": "Monte Carlo error",
    }
    print_table(rows, columns, as_json=False)
    typer.echo(f"At {test['level']:.0%}: {test['verdict']}.")


def _p(number: float) -> str:
    return f"{number:.2g}" if number < 0.1 else f"{number:.3f}"


def _study(name: str, corners: bool, as_json: bool) -> None:
    from rich.console import Console

    from saisei.evidence.motor_study import assess_motor
    from saisei.study import load

    study = load(name)
    with Console(stderr=True).status("virtual people"):
        found = assess_motor(study, corners=corners).to_dict()
    if as_json:
        print_json({**found, "warning": _WARNING})
        return
    if found["why_not"]:
        typer.echo(found["why_not"])
    for one in found["outcomes"]:
        typer.echo(
            f"\n{one['arm']} ({one['role']}): {one['printed']}. Such people: {one['people']}."
        )
        _print_test(one["test"])
        for words, p in one["corners"]:
            typer.echo(f"  {words}: p {_p(p)}")
        if one["published"]:
            told = one["published"]
            typer.echo(
                f"  at the published share {told['rate']:.0%} ({told['source']}): p {_p(told['p'])}"
            )
        for note in one["notes"]:
            typer.echo(f"  Note: {note}.")
    for one in found["cannot_say"]:
        typer.echo(f"Limit: {one}")
    typer.echo(_WARNING)


def _file(path: Path, measure_text: str, as_json: bool) -> None:
    from saisei.evidence.motor import motor_test
    from saisei.evidence.motor_rows import people_of_csv
    from saisei.evidence.motor_statistics import SumStatistic

    measure = _measure(measure_text)
    kinds, places, total = people_of_csv(_read(path), str(path), measure)
    what = f"{measure} gain, sum over {len(places)} people of {len(kinds)} kinds"
    test = motor_test(what, measure.unit, SumStatistic(measure, places), kinds, total, total)
    _show({"people": len(places), "kinds": len(kinds), "test": _test(test)}, as_json)


def _read(path: Path) -> str:
    from saisei.errors import InputError

    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InputError(f"cannot read {path}: {reason}") from None

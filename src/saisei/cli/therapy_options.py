"""Options of `saisei therapy` and the therapy they ask for."""

from __future__ import annotations

import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saisei.cli.patient_options import plan_of

if TYPE_CHECKING:
    from saisei.patient.therapy import Operation, Therapy
    from saisei.study import Study

__all__ = [
    "DoseOption",
    "DrugOption",
    "ExtrapolateFlag",
    "FateOption",
    "GraftDayOption",
    "IdentityOption",
    "InhibitorOption",
    "KillOption",
    "LineOption",
    "MatchOption",
    "MethodOption",
    "PriorsOption",
    "ReleaseOption",
    "SessionDaysOption",
    "SessionsOption",
    "SetOption",
    "SpeciesOption",
    "WorldOption",
    "changed_priors",
    "described",
    "operation_of",
    "therapy_of",
]

DoseOption = Annotated[
    float | None, typer.Option("--dose", help="Cells given [default: the study's, or 2e6].")
]
GraftDayOption = Annotated[
    str | None,
    typer.Option(
        "--graft-day", help="Day of the operation after injury [default: the study's, or 14-28]."
    ),
]
DrugOption = Annotated[
    float | None, typer.Option("--drug-days", help="Days of immunosuppression [default: 180].")
]
MatchOption = Annotated[
    str,
    typer.Option(
        "--hla-match", help="drawn from donor and population, or a share of alleles from 0 to 1."
    ),
]
FateOption = Annotated[
    str | None,
    typer.Option(
        "--fate", help="Neurons,astrocytes,oligodendrocytes: 0.45,0.45,0.1 [default: the lot's]."
    ),
]
IdentityOption = Annotated[str, typer.Option("--identity", help="Cells: spinal or forebrain.")]
LineOption = Annotated[
    str, typer.Option("--line", help="Lines: episomal, blood, or retroviral (unsafe, as 253G1).")
]
InhibitorOption = Annotated[
    bool, typer.Option("--inhibitor/--no-inhibitor", help="The gamma-secretase inhibitor step.")
]
KillOption = Annotated[
    float | None,
    typer.Option("--kill-day", help="Day after the graft on which a suicide gene is set off."),
]
SessionsOption = Annotated[
    float, typer.Option("--stimulation", help="Sessions of paired stimulation a week.")
]
SessionDaysOption = Annotated[
    str, typer.Option("--stimulation-days", help="First and last day of them after injury.")
]
PriorsOption = Annotated[
    Path | None,
    typer.Option(
        "--priors", help="TOML of priors to change: name = number, or name = [its numbers]."
    ),
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", help="One prior: graft.survival=0.3. May be repeated.")
]
ReleaseOption = Annotated[
    bool,
    typer.Option("--release/--no-release", help="Give only lots that pass their release tests."),
]
WorldOption = Annotated[
    int,
    typer.Option(
        "--per-world",
        help="People who share one draw of every prior and one lot: 4 gives trials of 4.",
    ),
]
MethodOption = Annotated[
    str, typer.Option("--method", help="hybrid (single cells below 1,000) or deterministic.")
]
SpeciesOption = Annotated[
    str, typer.Option("--species", help="human; animals are for checks only.")
]
ExtrapolateFlag = Annotated[
    bool,
    typer.Option("--extrapolate", help="Let doses and delays outside the data through, marked."),
]


def changed_priors(file: Path | None, settings: list[str]) -> dict[str, Any]:
    """What the user changes, from a TOML file and `--set id=number`; later ones win.

    Raises:
        InputError: a file that cannot be read or a setting that is not id=number(s).
    """
    from saisei.errors import InputError

    found: dict[str, Any] = {}
    if file is not None:
        try:
            table = tomllib.loads(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError(f"{file} cannot be read: {error.strerror}") from None
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise InputError(f"{file} is no TOML of priors: {error}") from None
        for stage, content in table.items():
            inside = content if isinstance(content, dict) else {}
            found |= {f"{stage}.{name}": number for name, number in inside.items()}
            if not isinstance(content, dict):
                found[stage] = content
    for text in settings:
        name, _, numbers = text.partition("=")
        try:
            parts = [float(x) for x in numbers.split(",")]
        except ValueError:
            raise InputError(f"--set {text!r}: write graft.survival=0.3, or id=1,2,3") from None
        found[name.strip()] = parts[0] if len(parts) == 1 else parts
    for name, content in found.items():
        numbers_ = content if isinstance(content, list) else [content]
        if not all(isinstance(x, int | float) and not isinstance(x, bool) for x in numbers_):
            raise InputError(f"prior {name!r}: {content!r} is not a number or a list of numbers")
    return found


def therapy_of(
    given: dict[str, str | None],
    study: str | None,
    weeks: str,
    n: int,
    seed: int,
    *,
    operation: dict[str, Any],
    line: str,
    inhibitor: bool,
    stimulation: tuple[float, str],
    priors: dict[str, Any],
    method: str,
    species: str,
    **rest: Any,
) -> Therapy:
    """The therapy that was asked for; a study fills what was not typed.

    Raises:
        InputError: words or numbers that fit nothing.
        UnsupportedError: a species that is none of ours, or settings outside the data.
    """
    from saisei.cell_line.line import Method as Factors
    from saisei.cell_line.line import Sourcing
    from saisei.errors import InputError, UnsupportedError
    from saisei.lot.lot import Recipe
    from saisei.patient.therapy import Method, Stimulation, Therapy, therapy_priors
    from saisei.study import load

    if species != "human":
        raise UnsupportedError(
            f"species {species!r}: exams are those of people. For animals use "
            "`saisei therapy animals`"
        )
    if line not in set(Factors):
        raise InputError(f"line {line!r}: give {', '.join(Factors)}")
    if method not in set(Method):
        raise InputError(f"method {method!r}: give {' or '.join(Method)}")
    document = None if study is None else load(study)
    if document is not None and "spinal cord" not in document.document.condition:
        raise InputError(
            f"study {document.id} is of {document.document.condition}: the therapy in silico knows the "
            "injured cord only"
        )
    op = operation_of(document, **operation)
    first, last = _window(stimulation[1], "stimulation days")
    return Therapy(
        plan_of(given, study, weeks, n=n, seed=seed),
        op,
        Recipe(Sourcing(Factors(line)), inhibitor=inhibitor, dose_cells=op.dose_cells or None),
        stimulation=Stimulation(stimulation[0], first, last) if stimulation[0] else Stimulation(),
        priors=therapy_priors(priors),
        method=Method(method),
        **rest,
    )


def operation_of(
    study: Study | None,
    dose: float | None,
    graft_day: str | None,
    drug_days: float | None,
    match: str,
    fate: str | None,
    identity: str,
    kill_day: float | None,
) -> Operation:
    """How the product is given; a study fills dose and day where they were not typed."""
    from saisei.errors import InputError
    from saisei.params import value
    from saisei.patient.therapy import Operation

    if identity not in ("spinal", "forebrain"):
        raise InputError(f"identity {identity!r}: give spinal or forebrain")
    days = (14, 28) if graft_day is None else _window(graft_day, "graft day")
    cells = value("lot.dose_cells") if dose is None else dose
    if study is not None and graft_day is None:
        window = study.document.eligibility.treatment_day
        if window.low is None or window.high is None:
            raise InputError(f"study {study.id} states no window of treatment: give --graft-day")
        days = int(window.low), int(window.high)
    if study is not None and dose is None:
        stated = study.document.product.dose_cells.value
        if stated is None:
            raise InputError(f"study {study.id} states no single dose: give --dose")
        cells = float(stated)
    return Operation(
        cells,
        days,
        value("patient_therapy.drug_days") if drug_days is None else drug_days,
        None if match == "drawn" else _number(match, "--hla-match"),
        None if fate is None else _fates(fate),
        identity == "spinal",
        kill_day,
    )


def _window(text: str, what: str) -> tuple[int, int]:
    """Two days after the injury, read as exam days are, named for what they are."""
    from saisei.errors import InputError
    from saisei.patient import plan as asked

    try:
        return asked.days(text)
    except InputError as error:
        raise InputError(str(error).replace("exam day", what)) from None


def _number(text: str, option: str) -> float:
    from saisei.errors import InputError

    try:
        return float(text)
    except ValueError:
        raise InputError(f"{option} {text!r}: give drawn, or a share from 0 to 1") from None


def _fates(text: str) -> tuple[float, float, float]:
    from saisei.errors import InputError

    parts = [_number(part, "--fate") for part in text.split(",")]
    if len(parts) != 3:
        raise InputError(f"--fate {text!r}: give three shares, such as 0.45,0.45,0.1")
    return parts[0], parts[1], parts[2]


def described(therapy: Therapy, study: str | None) -> dict[str, Any]:
    """How a run is made, as data: enough to make it again."""
    import saisei
    from saisei.params import digest
    from saisei.patient.therapy import HYPOTHESIS

    people, rule = therapy.people, therapy.people.eligibility
    return {
        "saisei": saisei.__version__,
        "parameters": digest(),
        "use": HYPOTHESIS,
        "study": study,
        "seed": people.seed,
        "n": people.n,
        "ais": rule.ais,
        "level": [one.label for one in rule.level],
        "exam_day": list(rule.exam_day),
        "age": list(rule.age),
        "weeks": list(people.weeks),
        "operation": asdict(therapy.operation),
        "line": therapy.recipe.sourcing.method.value,
        "inhibitor": therapy.recipe.inhibitor,
        "release": therapy.release,
        "care": asdict(therapy.care),
        "stimulation": asdict(therapy.stimulation),
        "people_per_world": therapy.people_per_world,
        "method": therapy.method.value,
        "priors": {
            one.id: {"law": one.law.value, "numbers": list(one.numbers)}
            for one in therapy.priors.all
        },
        "priors_changed": list(therapy.priors.changed),
        "extrapolated": list(therapy.extrapolated),
    }

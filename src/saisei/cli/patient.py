"""`saisei patient`: virtual patients. Natural recovery only; research use only."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saisei.cli.exam_files import progress_bar, say
from saisei.cli.files import finished_file
from saisei.cli.output import JsonFlag, noun, print_json, print_table

if TYPE_CHECKING:
    from saisei.patient.cohort import Chunk, Model
    from saisei.patient.plan import Plan

__all__ = ["app"]

app = noun(
    "Virtual patients without cells: simulate. Provisional calibration; never the prognosis of a person."
)

_LARGE = 2000
_NOTE = (
    "provisional: calibrated to a point, not a posterior; misfits are listed in docs/stages/patient.md. "
    "Research use only"
)


@app.callback()
def verbs() -> None:
    """Virtual patients and their natural recovery, at the level of the exam."""


@app.command()
def simulate(
    out: Annotated[Path, typer.Option("--out", help="The cohort, as a .parquet file.")],
    ais: Annotated[str, typer.Option("--ais", help="AIS at enrolment: A, or A,B.")] = "A",
    level: Annotated[
        str, typer.Option("--level", help="Neurological level at enrolment: C4-T10, or C5.")
    ] = "C4-T10",
    exam_day: Annotated[
        str, typer.Option("--exam-day", help="Day of the enrolment exam after injury: 14-28.")
    ] = "14-28",
    age: Annotated[str, typer.Option("--age", help="Age in years: 18-75.")] = "18-75",
    weeks: Annotated[
        str, typer.Option("--weeks", help="Weeks of the visits after injury.")
    ] = "2,4,8,12,26,52",
    n: Annotated[int, typer.Option("--n", help="Number of people.")] = 1000,
    seed: Annotated[int, typer.Option("--seed", help="0 to 4294967295.")] = 1,
    workers: Annotated[
        int, typer.Option("--workers", help="Threads; they never change the result.")
    ] = 2,
    as_json: JsonFlag = False,
) -> None:
    """Simulate people with a spinal cord injury who get no cells, one exam a person and visit.

    People are drawn until the exam at enrolment shows the AIS and level asked for; the share that
    fits is printed. Read the file back with `saisei exam grade`. Research use only: these are groups for
    planning trials, never the prognosis of a person.
    """
    from saisei.errors import InputError
    from saisei.patient import plan as asked
    from saisei.patient.cohort import Model, simulate

    if out.suffix != ".parquet":
        raise InputError(f"{out}: a cohort is written as .parquet; give such a name")
    if out.is_dir():
        raise InputError(f"{out} is a folder: give the name of a file to write")
    who = asked.Eligibility(
        asked.grades(ais), asked.levels(level), asked.days(exam_day), asked.ages(age)
    )
    plan = asked.Plan(who, asked.visits(weeks), n, seed)
    model = Model.packaged()
    with progress_bar("people", n, _LARGE) as step:
        tally = _write(out, plan, model, simulate(plan, model, workers=workers), step)
    tally = {"out": str(out), **tally}
    if as_json:
        print_json(tally)
    else:
        _print(tally)
        say(_NOTE)


def _write(
    out: Path, plan: Plan, model: Model, chunks: Iterator[Chunk], step: Any
) -> dict[str, Any]:
    """Stream the chunks into a file that appears whole or not at all; gives the tally."""
    from saisei.patient.table import columns

    first = next(chunks)  # an impossible cohort ends here, before there is any file
    tally = _Tally(plan)
    with finished_file(out) as partial:
        writer: Any = None
        try:
            for chunk in _with(first, chunks):
                table = _arrow(columns(plan, chunk), plan, model)
                writer = writer or _writer(partial, table)
                writer.write_table(table)
                tally.add(chunk)
                step(len(chunk.persons))
        finally:
            if writer is not None:
                writer.close()
    return tally.result()


def _with(first: Chunk, rest: Iterator[Chunk]) -> Iterator[Chunk]:
    yield first
    yield from rest


def _arrow(found: dict[str, Any], plan: Plan, model: Model) -> Any:
    """The columns as an Arrow table that says how it was made."""
    import saisei
    from saisei.params import digest

    pa: Any = importlib.import_module("pyarrow")
    rule = plan.eligibility
    made = {
        "saisei": saisei.__version__,
        "parameters": digest(),
        "seed": plan.seed,
        "n": plan.n,
        "ais": rule.ais,
        "level": [one.label for one in rule.level],
        "exam_day": rule.exam_day,
        "age": rule.age,
        "weeks": plan.weeks,
        "use": f"natural recovery, no cells; {_NOTE}",
    }
    arrays = {
        name: pa.array(column, pa.string() if column.dtype == object else None)
        for name, column in found.items()
    }
    return pa.table(arrays).replace_schema_metadata({"saisei.cohort": json.dumps(made)})


def _writer(path: Path, table: Any) -> Any:
    pq: Any = importlib.import_module("pyarrow.parquet")
    return pq.ParquetWriter(path, table.schema, compression="zstd")


class _Tally:
    """Counts over a cohort as it is written."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.people = self.rows = self.draws = 0
        self.ais: dict[str, list[int]] = {}
        self.uems: dict[str, int] = {}
        self.lems: dict[str, int] = {}

    def add(self, chunk: Chunk) -> None:
        """Take in one chunk."""
        people, visits = chunk.days.shape
        self.people += people
        self.rows += people * visits
        self.draws += int((chunk.attempts + 1).sum())
        ais = chunk.graded.value_of("ais").reshape(people, visits)
        uems = chunk.graded.total("uems").reshape(people, visits)
        lems = chunk.graded.total("lems").reshape(people, visits)
        for v in range(visits):
            name = "enrolment" if v == 0 else f"week {self.plan.weeks[v - 1]:g}"
            counts = self.ais.setdefault(name, [0] * 5)
            for grade in range(5):
                counts[grade] += int((ais[:, v] == grade).sum())
            self.uems[name] = self.uems.get(name, 0) + int(uems[:, v].sum(dtype=int))
            self.lems[name] = self.lems.get(name, 0) + int(lems[:, v].sum(dtype=int))

    def result(self) -> dict[str, Any]:
        """The tally in words and numbers."""
        return {
            "people": self.people,
            "rows": self.rows,
            "drawn": self.draws,
            "acceptance": round(self.people / self.draws, 5),
            "seed": self.plan.seed,
            "visits": [
                {
                    "visit": name,
                    **{f"AIS {g}": c for g, c in zip("ABCDE", counts, strict=True)},
                    "mean UEMS": round(self.uems[name] / self.people, 2),
                    "mean LEMS": round(self.lems[name] / self.people, 2),
                }
                for name, counts in self.ais.items()
            ],
            "note": _NOTE,
        }


def _print(tally: dict[str, Any]) -> None:
    say(
        f"{tally['people']} people, {tally['rows']} exams in {tally['out']}; {tally['drawn']} people were "
        f"drawn, {100 * tally['acceptance']:.2f}% were eligible by their exam at enrolment"
    )
    keys = tally["visits"][0]
    print_table(tally["visits"], {key: key for key in keys}, as_json=False)

"""`saisei lot simulate` and `saisei lot specification`: lots with their truth, and what tests let through."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saisei.cli.exam_files import progress_bar, say
from saisei.cli.files import write_bytes, write_text
from saisei.cli.output import JsonFlag, print_json, print_table

if TYPE_CHECKING:
    from saisei.lot.lot import Recipe
    from saisei.lot.release import Characteristic, Panel
    from saisei.lot.specifications import Specification

__all__ = ["simulate", "specification"]

_CHUNK = 10_000
_MOST = 10_000_000
_NOTE = (
    "truths of lots and what assays read are mostly assumed; see docs/stages/lot.md. Research use only, "
    "no lot is released"
)


def simulate(
    n: Annotated[int, typer.Option("--n", help="Number of lots.")] = 10000,
    seed: Annotated[int, typer.Option("--seed", help="0 to 4294967295.")] = 1,
    method: Annotated[
        str,
        typer.Option("--method", help="episomal, blood, or retroviral (an unsafe line as 253G1)."),
    ] = "episomal",
    donors: Annotated[
        str, typer.Option("--donors", help="Homozygous donors by rank of haplotype: 1-7 or 1,6.")
    ] = "1-7",
    lots_per_line: Annotated[
        int, typer.Option("--lots-per-line", help="Lots made of one line.")
    ] = 1,
    inhibitor: Annotated[
        bool, typer.Option("--inhibitor/--no-inhibitor", help="The gamma-secretase inhibitor step.")
    ] = True,
    dose: Annotated[float | None, typer.Option("--dose", help="Cells of one dose.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The lots, as .parquet or .csv.")
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", help="Threads; they never change the result.")
    ] = 2,
    as_json: JsonFlag = False,
) -> None:
    """Simulate lots of neural progenitors, each from a donor and a line, through their release tests.

    The chance of passing each test is exact given a lot's truth. Columns hidden_ no test shows. A lot that
    passes here is released by nobody.
    """
    import numpy as np

    from saisei.cli.cell_line import sourcing_of
    from saisei.cli.sampled import in_order, require_table_name, spans, write_table
    from saisei.lot.lot import Recipe, draw_lots
    from saisei.lot.release import panel

    require_table_name(out)
    recipe = Recipe(sourcing_of(method, donors), inhibitor, dose, lots_per_line)
    runs = spans(n, _CHUNK, _MOST)
    parts: list[Panel] = []
    with progress_bar("lots", n, _CHUNK) as step:

        def columns() -> Any:
            made = in_order(
                lambda first, last: panel(draw_lots(seed, np.arange(first, last), recipe)),
                runs,
                workers,
            )
            for found in made:
                parts.append(found)
                step(len(found.lots))
                yield _columns(found)

        if out is None:
            for _ in columns():
                pass
        else:
            write_table(out, columns(), _made(seed, n, recipe), "lots")
    _show(_summary(parts), seed, n, method, as_json)


def _made(seed: int, n: int, recipe: Recipe) -> dict[str, Any]:
    import saisei
    from saisei.params import digest

    return {
        "saisei": saisei.__version__, "parameters": digest(), "seed": seed, "n": n,
        "method": recipe.sourcing.method.value, "donors": [one + 1 for one in recipe.sourcing.donors],
        "inhibitor": recipe.inhibitor, "dose_cells": recipe.dose, "use": _NOTE,
    }  # fmt: skip


def _columns(found: Panel) -> dict[str, Any]:
    from saisei.cell_line.hla import haplotypes
    from saisei.lot.lot import FATES
    from saisei.lot.release import readings

    lots, lines = found.lots, found.lots.lines
    alleles = [" ".join(one) for one in haplotypes().alleles]
    method = lines.sourcing.method.value
    columns: dict[str, Any] = {
        "lot_id": [f"lot-{lots.seed}-{number}" for number in lots.numbers],
        "line_id": [f"{method}-{lines.seed}-{number}" for number in lines.numbers],
        "donor_id": [f"donor-{donor + 1}" for donor in lines.donor],
        "hla": [alleles[one] for one in lines.haplotype],
        "ready_day": lots.ready_day,
        "doses": lots.doses,
        "viability": lots.viability,
        "residual": lots.residual,
        "residual_in_dose": lots.residual * lots.recipe.dose,
        "committed": lots.committed,
        "division_factor": lots.division_factor,
        **{f"fate_{name}": lots.fate[:, k].copy() for k, name in enumerate(FATES)},
        "abnormal_share": lots.abnormal_share,
        "cnvs": lots.cnvs,
        "hidden_potency": lots.potency,
        "hidden_clone_rate": lots.clone_rate,
        "chance_all_tests_pass": found.all_pass,
    }
    for k, test in enumerate(found.tests):
        columns[f"chance_{test}"] = found.passing[:, k].copy()
    for test, (read, passed) in readings(lots).items():
        columns[f"reading_{test}"] = read
        columns[f"passed_{test}"] = passed
    return columns


def _summary(parts: list[Panel]) -> dict[str, Any]:
    import numpy as np

    from saisei.lot.release import Panel
    from saisei.lot.specifications import specifications

    def of(name: str) -> Any:
        return np.concatenate([getattr(one.lots, name) for one in parts])

    whole = Panel(
        parts[0].lots, parts[0].tests, np.concatenate([one.passing for one in parts]),
        np.concatenate([one.all_pass for one in parts]),
        np.concatenate([one.keeps for one in parts]),
    )  # fmt: skip
    held = specifications("nspc")
    tests = [
        {
            "test": test,
            "criterion": held[test].criterion,
            "passes": float(whole.passing[:, k].mean()),
            "lost by it alone": float(
                (np.delete(whole.passing, k, axis=1).prod(axis=1) - whole.all_pass).mean()
            ),
        }
        for k, test in enumerate(whole.tests)
    ]
    dose = parts[0].lots.recipe.dose
    asked = {
        "residual cells in a dose": of("residual") * dose,
        "hidden: potency": of("potency"),
        "hidden: chance a cell of overgrowth": of("clone_rate"),
        "share alive when given": of("viability"),
        "doses of a lot": of("doses").astype(float),
        "days from donor to doses": of("ready_day"),
    }
    shares = (0.05, 0.5, 0.95)
    quantiles = [
        {
            "what": name,
            "all": [float(np.quantile(what, q)) for q in shares],
            "passed": [whole.quantile_if_passed(what, q) for q in shares],
        }
        for name, what in asked.items()
    ]
    both_ways = {
        "truth_keeps_all": float(whole.keeps.mean()),
        "passes_if_truth_keeps_all": whole.passes_if_good,
        "passes_if_truth_breaks_one": whole.passes_if_bad,
        "truth_keeps_all_if_passed": whole.good_if_passed,
    }
    return {
        "all_pass": float(whole.all_pass.mean()),
        **{name: None if np.isnan(x) else x for name, x in both_ways.items()},
        "tests": tests,
        "quantiles": quantiles,
    }


def _range(low_middle_high: list[float]) -> str:
    low, middle, high = low_middle_high
    return f"{middle:.3g} ({low:.3g} to {high:.3g})"


def _show(summary: dict[str, Any], seed: int, n: int, method: str, as_json: bool) -> None:
    if as_json:
        print_json({"seed": seed, "n": n, "method": method, "use": _NOTE, **summary})
        return
    tests = [
        {
            "test": row["test"],
            "criterion": row["criterion"],
            "passes": f"{100 * row['passes']:.1f}%",
            "lost by it alone": f"{100 * row['lost by it alone']:.2f}%",
        }
        for row in summary["tests"]
    ]
    print_table(tests, {key: key for key in tests[0]}, as_json=False, title=f"{n} lots, {method}")
    rows = [
        {
            "what": row["what"],
            "all lots": _range(row["all"]),
            "those that pass": _range(row["passed"]),
        }
        for row in summary["quantiles"]
    ]
    print_table(rows, {key: key for key in rows[0]}, as_json=False, title="median (5% to 95%)")
    ways = [summary[name] for name in (
        "truth_keeps_all", "passes_if_truth_keeps_all", "passes_if_truth_breaks_one",
        "truth_keeps_all_if_passed",
    )]  # fmt: skip
    good, pass_good, pass_bad, good_passed = ("-" if x is None else f"{100 * x:.1f}%" for x in ways)
    say(
        f"the truth keeps every criterion in {good}; of these {pass_good} pass all tests, of the others "
        f"{pass_bad}; of lots that pass, {good_passed} keep every criterion in truth"
    )
    say(
        f"{100 * summary['all_pass']:.1f}% pass all tests that state a criterion. Potency is the same before "
        "and after: no test reads it."
    )
    say(_NOTE)


def specification(
    test: Annotated[
        str | None,
        typer.Argument(help="A test, as nspc-oct4-stain; without one: all of a product."),
    ] = None,
    product: Annotated[str, typer.Option("--product", help="nspc, stock or dopamine.")] = "nspc",
    read: Annotated[
        int | None, typer.Option("--read", help="Cells read, in place of those assumed.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The curve as .svg, .png or .csv; without a test a folder."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """What a release test lets through: its exact operating characteristic, and the reverse.

    For residual cells also how many cells must be read to show the limit, and what it allows in a dose.
    """
    from saisei.errors import InputError
    from saisei.lot.release import characteristic
    from saisei.lot.specifications import specification as one_of
    from saisei.lot.specifications import specifications

    if test is None:
        if read is not None:
            raise InputError("--read belongs to one test: name it")
        every = [characteristic(one) for one in specifications(product).values()]
        _list(product, every, out, as_json)
        return
    if out is not None and out.suffix not in (".svg", ".png", ".csv"):
        raise InputError(f"{out}: a curve is .svg, .png or .csv; give such a name")
    found = characteristic(one_of(test), read)
    if out is not None:
        _draw_one(found, out)
    document = _document(found)
    if as_json:
        print_json(document)
        return
    rows = [
        {"what": key, "value": x if isinstance(x, str) else f"{x:.6g}"}
        for key, x in document.items()
        if x is not None and not isinstance(x, list)
    ]
    print_table(rows, {"what": "what", "value": "value"}, as_json=False, title=test)
    say(_NOTE)


def _list(product: str, every: list[Characteristic], out: Path | None, as_json: bool) -> None:
    from saisei.lot.verdict import without_criterion

    documents = [_document(one) for one in every]
    if out is not None:
        _draw_all(every, out)
    empty = without_criterion(product)
    if as_json:
        print_json(
            {
                "product": product,
                "tests": documents,
                "without_criterion": [{"test": row.id, "stated": row.criterion} for row in empty],
            }
        )
        return
    columns = {
        "short": "test", "rule": "criterion", "cells read": "read", "passes at the limit": "at limit",
        "passes 95% at": "95% pass", "passes 5% at": "5% pass",
        "keeps the limit, given a pass": "true|pass",
    }  # fmt: skip
    rows: list[dict[str, str]] = []
    for found, one in zip(every, documents, strict=True):
        row = {key: x if isinstance(x, str) else f"{x:.3g}" for key, x in one.items()
               if x is not None and not isinstance(x, list)}  # fmt: skip
        row["short"] = one["test"].partition("-")[2]
        row["rule"] = (
            found.specification.criterion
            if found.specification.rule
            else _word(found.specification)
        )
        row["cells read"] = str(one["cells read"] or "")
        rows.append(row)
    rows += [
        {"short": row.id.partition("-")[2], "rule": f"none ({row.criterion})"} for row in empty
    ]
    print_table(rows, columns, as_json=False, title=product)
    say(_NOTE)


def _document(found: Characteristic) -> dict[str, Any]:
    """One test in plain numbers."""
    from saisei.lot.bounds import cells_to_read
    from saisei.lot.specifications import Kind
    from saisei.params import value

    one = found.specification
    smooth = one.kind not in (Kind.JUDGEMENT, Kind.EVENTS)
    residual = one.truth == "residual" and one.kind is Kind.SHARE
    small = one.kind is Kind.SHARE and one.rule in ("<=", "<")
    dose = value("lot.dose_cells")
    return {
        "test": one.id,
        "name": one.row.name,
        "criterion": one.criterion,
        "source": one.row.source,
        "cells read": found.read or None,
        "told from a blank in 95% at": found.detection,
        "passes at the limit": found.at_limit,
        "passes 95% at": found.truth_at(0.95) if smooth else None,
        "passes 50% at": found.truth_at(0.5) if smooth else None,
        "passes 5% at": found.truth_at(0.05) if smooth else None,
        "lots that pass": found.passes,
        "keeps the limit, given a pass": found.true_given_pass,
        "keeps the limit, given a fail": found.true_given_fail,
        "cells to read for 95%": cells_to_read(one.limit_share) if small else None,
        "cells in a dose at the limit": one.limit_share * dose if residual else None,
        "truth": [float(x) for x in found.truth],
        "passing": [float(x) for x in found.passing],
        "basis": _basis(one),
    }


def _basis(one: Specification) -> str:
    from saisei.lot.specifications import Kind
    from saisei.params import parameter

    name = {Kind.CYCLES: "cycle_sd", Kind.EXPRESSION: "expression_sd", Kind.LEVEL: "endotoxin_sd"}
    record = parameter(f"lot_assay.{name.get(one.kind, one.assay)}")
    return f"what the assay reads is {record.mark or record.basis.value}"


# kind of test -> what its truth is, in words and short
_AXES = {
    "share": ("true share of cells", "true share"),
    "same_cells": ("true share of cells of the clone", "share of clone"),
    "colonies": ("true share of undifferentiated cells", "true share"),
    "events": ("true events", "true events"),
    "cycles": ("true difference of cycles", "true cycles"),
    "expression": ("true expression, percent of iPS cells", "true percent"),
    "level": ("true endotoxin, EU/mL", "true EU/mL"),
    "absence": ("true concentration, a millilitre", "true per mL"),
    "presence_wanted": ("true share of cells", "true share"),
    "judgement": ("0: no fault, 1: a fault", "0 sound, 1 fault"),
}


def _word(one: Specification) -> str:
    """The passing word of a test that has no number."""
    from saisei.lot.certificate import passing_words

    return passing_words(one.kind)[0]


def _picture(found: Characteristic) -> Mapping[str, Any]:
    from saisei.lot.specifications import Kind

    one = found.specification
    limit = one.limit_share if one.kind is Kind.SHARE else one.limit
    shown = one.rule and one.kind not in (Kind.SAME_CELLS, Kind.COLONIES)
    truth = [float(x) for x in found.truth]
    log = truth[0] > 0 and truth[-1] / truth[0] > 20
    axis, short = _AXES[one.kind.value]
    words = one.criterion if one.rule else _word(one)
    return {
        "id": one.id, "name": one.row.name, "criterion": one.criterion,
        "short": one.id.partition("-")[2], "criterion_short": words.replace(" percent", "%"),
        "truth": truth, "passing": [float(x) for x in found.passing],
        "limit": limit if shown else None, "detection": found.detection, "log": log,
        "whole": one.kind in (Kind.EVENTS, Kind.JUDGEMENT),
        "axis": axis, "axis_short": short, "basis": _basis(one),
    }  # fmt: skip


def _draw_one(found: Characteristic, out: Path) -> None:
    from saisei.report.lot_figures import characteristic_figure

    figure = characteristic_figure(_picture(found))
    if out.suffix == ".csv":
        write_text(out, figure.csv)
    else:
        write_bytes(out, figure.svg if out.suffix == ".svg" else figure.png)
    say(f"{out}: {figure.caption}")


def _draw_all(every: list[Characteristic], out: Path) -> None:
    from saisei.errors import InputError
    from saisei.report.lot_figures import characteristic_figure, characteristics_figure

    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file: name a folder for the curves of all tests")
    pictures = [_picture(one) for one in every]
    for figure in (characteristics_figure(pictures), *(characteristic_figure(p) for p in pictures)):
        write_bytes(out / f"{figure.name}.svg", figure.svg)
        write_bytes(out / f"{figure.name}.png", figure.png)
        write_text(out / f"{figure.name}.csv", figure.csv)
    say(f"{out}: {len(pictures) + 1} pictures, each as .svg, .png and .csv")

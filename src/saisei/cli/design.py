"""`saisei design`: a planned trial as a document, and what it can and cannot show."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from saisei.cli.design_report import report
from saisei.cli.design_search import compare, explore
from saisei.cli.output import JsonFlag, noun, print_json, print_table

app = noun(
    "Planned trials as documents: new, validate, show, diff, evaluate, compare, explore, report."
)
app.command()(compare)
app.command()(explore)
app.command()(report)

DesignName = Annotated[str, typer.Argument(help="A bundled example, or a design document.")]


@app.command("list")
def list_designs(as_json: JsonFlag = False) -> None:
    """List the bundled example designs."""
    from saisei.design.document import catalog, load_design

    rows = []
    for name in catalog():
        one = load_design(name)
        controls = f" against {one.n_control}" if one.n_control else ""
        rows.append(
            {
                "id": one.id,
                "title": one.title,
                "people": f"{one.n_treated}{controls}",
                "method": one.analysis.method,
                "digest": one.digest,
            }
        )
    columns = {"id": "id", "title": "title", "people": "people", "method": "analysis"}
    print_table(rows, columns, as_json=as_json)


@app.command()
def new(
    like: Annotated[
        str, typer.Option(help="The example to begin from; see `saisei design list`.")
    ] = "single-arm-shift",
    out: Annotated[
        Path | None, typer.Option(help="The document to write; printed when left out.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Begin a design document from an example; every line is there to be changed."""
    from saisei.cli.files import write_text
    from saisei.design.document import example_text, parse_design
    from saisei.errors import InputError

    made = example_text(like)
    if out is None:
        if as_json:
            print_json(parse_design(made.encode("utf-8"), like).content())
        else:
            typer.echo(made, nl=False)
        return
    if out.exists():
        raise InputError(f"{out} exists already: name another file, or move it away")
    write_text(out, made)
    if as_json:
        print_json({"written": str(out), "like": like})
    else:
        typer.echo(f"{out} written; change it, then `saisei design validate {out}`")


@app.command()
def validate(
    files: Annotated[list[str], typer.Argument(help="Design documents, or ids of bundled ones.")],
    amends: Annotated[
        str | None, typer.Option(help="The design that these must be amendments of.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Check design documents; every fault with its path, value, rule and mend."""
    from saisei.design.document import load_design

    original = None if amends is None else load_design(amends)
    rows = [_validated(name, original) for name in files]
    if as_json:
        print_json(
            [{key: row[key] for key in ("file", "fine", "digest", "faults")} for row in rows]
        )
    else:
        for row in rows:
            typer.echo(row["text"], err=not row["fine"])
    if not all(row["fine"] for row in rows):
        raise typer.Exit(2)


def _validated(name: str, original: Any) -> dict[str, Any]:
    from saisei.design.document import load_design, require_amendment
    from saisei.errors import DocumentError, InputError

    row: dict[str, Any] = {"file": name, "fine": False, "digest": None, "faults": []}
    try:
        document = load_design(name)
        row["digest"] = document.digest
        if original is not None:
            require_amendment(original, document)
    except DocumentError as error:
        row["text"] = str(error)
        row["faults"] = [
            {"where": one.where, "value": one.value, "rule": one.rule, "mend": one.mend}
            for one in error.faults
        ]
    except (InputError, OSError) as error:
        row["text"] = str(error) if isinstance(error, InputError) else f"{name}: {error.strerror}"
        row["faults"] = [{"where": "the file", "value": "", "rule": row["text"], "mend": ""}]
    else:
        row["fine"], row["text"] = True, f"{name}: fine, digest {document.digest}"
    return row


@app.command()
def show(design: DesignName, as_json: JsonFlag = False) -> None:
    """Show a design in words: the text that a protocol needs."""
    from saisei.design.document import load_design

    document = load_design(design)
    if as_json:
        print_json({"digest": document.digest, "design": document.content()})
        return
    from saisei.design.fixed import fix
    from saisei.design.protocol import protocol_text
    from saisei.design.safety_plan import safety_plans

    fixed = fix(document)
    typer.echo(f"{document.title}\n{document.summary}\ndigest {document.digest}")
    if document.amends is not None:
        typer.echo(f"amends {document.amends.digest}: {document.amends.reason}")
    for heading, sentences in protocol_text(fixed, safety_plans(document), fixed.type_one()):
        _section(heading, sentences)


@app.command()
def diff(
    before: DesignName,
    after: Annotated[str, typer.Argument(help="The design to compare with it.")],
    as_json: JsonFlag = False,
) -> None:
    """List what differs between two designs; an amendment of another design is refused."""
    from saisei.design.document import differences, load_design, require_amendment

    first, second = load_design(before), load_design(after)
    found = (
        differences(first, second) if second.amends is None else require_amendment(first, second)
    )
    rows = [{"where": one.where, "before": one.before, "after": one.after} for one in found]
    if as_json:
        print_json(
            {
                "before": first.digest,
                "after": second.digest,
                "amendment": second.amends is not None,
                "changes": rows,
            }
        )
        return
    if not rows:
        typer.echo("The two designs say the same.")
        return
    if second.amends is not None:
        typer.echo(f"An amendment of {first.id} ({first.digest[:12]}...): {second.amends.reason}")
    print_table(rows, {"where": "where", "before": "before", "after": "after"}, as_json=False)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the design document, for editors and other programs."""
    from saisei.design.document import json_schema

    print_json(json_schema())


@app.command()
def evaluate(
    design: DesignName,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for JSON, protocol text and figures.")
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option(
            help="Your own decision or stopping table (CSV or TOML) in place of the design's."
        ),
    ] = None,
    event: Annotated[
        str | None,
        typer.Option(help="The safety rule that a stopping table replaces, by its event."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """What a design can and cannot show, before it starts: exact, with its safety rules.

    Writes evaluation.json (which `saisei design` reads as the design again), protocol.txt and figures/ to
    the folder. Research use only.
    """
    from rich.console import Console

    from saisei.design.document import load_design, with_table
    from saisei.design.evaluation import evaluate as evaluated
    from saisei.errors import InputError

    if out is not None and out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file, not a folder: name another folder with --out")
    document = load_design(design)
    if table is not None:
        document = with_table(document, _table_bytes(table), str(table), event)
    elif event is not None:
        raise InputError("--event belongs to --table: name the stopping table too")
    with Console(stderr=True).status("summing over all outcomes"):
        found = evaluated(document)
    if out is not None:
        _write(found, document.title, out)
    if as_json:
        print_json(found)
        return
    typer.echo(f"{document.title}\ndigest {found['digest']}\n")
    _print_decisions(found)
    _print_operating(found)
    for rule in found["safety"]:
        _print_safety(rule)
    if found["dose_finding"] is not None:
        _print_doses(found["dose_finding"])
    if found["confirmation"] is not None:
        _print_registry(found["confirmation"])
    for part in found["protocol"]:
        _section(part["heading"], part["sentences"])
    typer.echo(f"\n{found['caution']}")
    if out is not None:
        typer.echo(f"Written to {out}")


def _table_bytes(path: Path) -> bytes:
    from saisei.errors import InputError

    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); give an existing file"
        ) from error


def _write(found: dict[str, Any], title: str, out: Path) -> None:
    import json

    from saisei.cli.files import write_bytes, write_text
    from saisei.report.design_figures import design_figures
    from saisei.report.design_sheet import decision_sheet

    page = decision_sheet(found, title)
    figures = design_figures(found)  # everything is made before anything is written
    parts = [f"{title}\ndigest {found['digest']}\n"]
    for part in found["protocol"]:
        parts.append(f"\n{part['heading']}\n" + "\n".join(f"  {one}" for one in part["sentences"]))
    text = json.dumps(found, ensure_ascii=False, indent=1, allow_nan=False)
    write_text(out / "evaluation.json", text + "\n")
    write_text(out / "decisions.html", page)
    write_text(out / "protocol.txt", "\n".join(parts) + f"\n\n{found['caution']}\n")
    for figure in figures:
        write_bytes(out / "figures" / f"{figure.name}.svg", figure.svg)
        write_bytes(out / "figures" / f"{figure.name}.png", figure.png)
        write_text(out / "figures" / f"{figure.name}.csv", figure.csv)


def _section(heading: str, sentences: Any) -> None:
    typer.echo(f"\n{heading}")
    for sentence in sentences:
        typer.echo(f"  {sentence}")


def _percent(share: float | None) -> str:
    if share is None:
        return ""
    if 0.0 < share < 0.001:
        return "<0.1%"
    return f"{100 * share:.1f}%"


def _print_decisions(found: dict[str, Any]) -> None:
    table = found["decision_table"]
    columns = {str(place): name for place, name in enumerate(table["columns"])}
    rows = [{str(place): cell for place, cell in enumerate(row)} for row in table["rows"]]
    print_table(rows, columns, as_json=False, title=table["title"])
    typer.echo(f"{table['note']}\n")


def _print_operating(found: dict[str, Any]) -> None:
    rows: dict[float, dict[str, Any]] = {}
    ratios: dict[float, str] = {}
    for one in found["operating"]["rows"]:
        ratio = one["odds_ratio"]
        ratios[ratio] = "no effect" if ratio == 1 else f"OR {ratio:g}"
        row = rows.setdefault(one["natural_rate"], {"rate": _percent(one["natural_rate"])})
        row[str(ratio)] = _percent(one["success"])
        if ratio == 1:
            row["n"] = f"{one['expected_n']:.1f}"
            row["bias"] = "" if one["bias"] is None else f"{100 * one['bias']:+.1f}"
            row["coverage"] = _percent(one["coverage"])
    columns = {"rate": "natural rate", **{str(ratio): name for ratio, name in ratios.items()}}
    how = "exact" if found["operating"]["exact"] else "simulated"
    columns |= {"n": "people, no effect", "bias": "bias, points", "coverage": "coverage"}
    print_table(
        list(rows.values()),
        columns,
        as_json=False,
        title=f"Probability of success ({how})",
    )
    errors = found["type_one"]
    typer.echo(
        f"Success although {found['null']}: at most {_percent(errors['highest'])}, at a natural"
        f" rate of {_percent(errors['at'])}; {_percent(errors['average'])} averaged over what is known of"
        f" nature. Natural history: {found['natural_history']['basis']}."
    )
    typer.echo(
        f"Bias and coverage without an effect, of: {found['operating']['estimates']}"
        f" (interval: {found['operating']['interval']})."
    )
    chance = found["assurance"]
    if chance is not None:
        worth = chance["worthwhile_among_successes"]
        tail = "" if worth is None else f", a worthwhile one for {_percent(worth)}"
        typer.echo(
            f"Averaged over what the planners believe: success {_percent(chance['success'])}; of successes,"
            f" {_percent(chance['true_among_successes'])} stand for a real benefit{tail}."
        )
    typer.echo("")


def _print_safety(rule: dict[str, Any]) -> None:
    rows = [
        {
            "rate": _percent(one["p"]),
            "stop": _percent(one["p_cross"]),
            "n": f"{one['expected_n']:.1f}",
            "events": f"{one['expected_events']:.1f}",
            **{
                gate["schedule"]["gate"]: f"{dict(map(tuple, gate['exposed']))[one['p']]:.1f}"
                for gate in rule["gates"]
            },
        }
        for one in rule["rows"]
    ]
    columns = {
        "rate": "true event rate", "stop": "stops", "n": "complete windows by then",
        "events": "events by then",
        **{
            gate["schedule"]["gate"]: "exposed before first event, gate: " + gate["schedule"]["gate"]
            for gate in rule["gates"]
        },
    }  # fmt: skip
    print_table(rows, columns, as_json=False, title=f"Safety: {rule['event']} ({rule['rule']})")
    seen = rule["at_last_treatment"]
    typer.echo(
        f"On the day of the last treatment, {seen['people']} people are worth"
        f" {seen['effective_people']:.1f} complete windows; no event then excludes rates above"
        f" {_percent(seen['limit_if_none'])}. After complete windows of all"
        f" {rule['no_event'][-1]['people']}, none excludes rates above"
        f" {_percent(rule['no_event'][-1]['upper_limit'])}, or {rule['no_event'][-1]['upper_rate']:.3g} per"
        " person-year."
    )
    for gate in rule["gates"]:
        one = gate["schedule"]
        typer.echo(
            f"  gate {one['gate']}: {one['months_to_result']:.0f} months to the result,"
            f" {one['lost_at_least']:.0f} to {one['lost_at_most']:.0f} eligible people turned away"
            + (" (planned)" if gate["planned"] else "")
        )
    typer.echo("")


def _print_registry(found: dict[str, Any]) -> None:
    if not found["believed"]:
        return
    rows = [
        {
            "bias": f"{row['bias']:g}",
            "approve": _percent(row["approve"]),
            "confirm": _percent(row["confirm_if_approved"]),
            "approved": _percent(row["real_if_approved"]),
            "confirmed": _percent(row["real_if_confirmed"]),
            "vain": f"{row['treated_in_vain']:.1f}",
        }
        for row in found["believed"]
    ]
    columns = {
        "bias": "bias of controls", "approve": "approved", "confirm": "of approvals: confirmed",
        "approved": "of approvals: a benefit", "confirmed": "of confirmations: a benefit",
        "vain": "treated after approval without benefit",
    }  # fmt: skip
    title = "After conditional approval, as the planners believe (exact)"
    print_table(rows, columns, as_json=False, title=title)
    typer.echo(
        f"The registry answers {found['months']:.0f} months after approval. Bias: odds of natural recovery of"
        " the treated over those of their controls.\n"
    )


def _print_doses(found: dict[str, Any]) -> None:
    by_size: dict[int, dict[str, list[int]]] = {}
    for row in found["table"]:
        by_size.setdefault(row["n"], {}).setdefault(row["action"], []).append(row["events"])
    words = ("escalate", "stay", "de-escalate", "eliminate")
    rows = [
        {"n": n, **{word: _span(found_here.get(word, [])) for word in words}}
        for n, found_here in by_size.items()
    ]
    columns = {"n": "people at the dose", **{word: f"{word}: events" for word in words}}
    if rows:
        print_table(rows, columns, as_json=False, title=f"The next cohort's dose ({found['rule']})")
    doses = found["doses"]
    if not rows:  # the model looks at all doses: show the first step of the tree
        for more, _, word, following, _ in found["tree"]["branches"]:
            then = word if following is None else f"{word}, {doses[following['dose']]}"
            typer.echo(f"  first cohort, {more} of {found['cohort']} with the event: {then}")
    rows = [
        {
            "truth": row["truth"],
            "rates": ", ".join(_percent(rate) for rate in row["rates"]),
            **{dose: _percent(row["selected"][place]) for place, dose in enumerate(doses)},
            "none": _percent(row["none"]),
            "people": ", ".join(f"{n:.1f}" for n in row["people"]),
            "events": f"{row['events']:.1f}",
        }
        for row in found["rows"]
    ]
    columns = {
        "truth": "truth", "rates": "event rates", **{dose: f"selects {dose}" for dose in doses},
        "none": "selects none", "people": "people by dose", "events": "events",
    }  # fmt: skip
    print_table(
        rows,
        columns,
        as_json=False,
        title="Dose finding (simulated)" if found["rows"][0]["error"] else "Dose finding (exact)",
    )


def _span(events: list[int]) -> str:
    if not events:
        return ""
    return str(events[0]) if len(events) == 1 else f"{events[0]} to {events[-1]}"

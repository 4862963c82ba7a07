"""The decisions of a design on one printed page: what result leads to what, and the stopping rules.

Drawn from the evaluation document alone; holds no science.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["Sheet", "decision_sheet", "sheet_tables"]

Evaluation = Mapping[str, Any]
_LINES = 30  # rows of one table beside which another is set
_WORDS = ("escalate", "stay", "de-escalate", "eliminate")


class Sheet(dict[str, Any]):
    """One table: title, columns, rows (as chunks that stand side by side) and a note."""


def decision_sheet(evaluation: Evaluation, title: str) -> str:
    """The page as one HTML file that opens offline and prints on one sheet of A4."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("saisei.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    tables = sheet_tables(evaluation)
    height = sum(max(len(chunk) for chunk in one["chunks"]) + 4 for one in tables)
    page = environment.get_template("design_sheet.html.jinja")
    return page.render(
        title=title, digest=evaluation["digest"], caution=evaluation["caution"], tables=tables,
        method=evaluation["design"]["analysis"]["method"], size=_points(height, _width(tables)),
    )  # fmt: skip


def _points(lines: int, letters: float) -> float:
    """Size of type at which so many lines, and so many letters in a row, fit on a page of A4."""
    return max(5.0, min(10.0, 10.0 * 44.0 / lines, 10.0 * 88.0 / letters))


def _width(tables: Sequence[Sheet]) -> float:
    """Letters of the widest row of tables that stand side by side."""
    widest = 1.0
    for one in tables:
        cells = [
            max(
                *(len(row[place]) for chunk in one["chunks"] for row in chunk),
                max(len(word) for word in name.split()),
            )
            + 3
            for place, name in enumerate(one["columns"])
        ]
        widest = max(widest, sum(cells) * len(one["chunks"]))
    return widest


def sheet_tables(evaluation: Evaluation) -> list[Sheet]:
    """Every table of the page, in the order in which a trial meets them."""
    found: list[Sheet] = []
    doses = evaluation["dose_finding"]
    if doses is not None:
        found += _doses(doses)
    table = evaluation["decision_table"]
    found.append(_sheet(table["title"], table["columns"], table["rows"], table["note"]))
    if evaluation["inference"]:
        found.append(_inference(evaluation["inference"]))
    if evaluation["conditional_power"]:
        found.append(_conditional(evaluation["conditional_power"]))
    found += [_safety(rule) for rule in evaluation["safety"]]
    return found


def _sheet(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], note: str = ""
) -> Sheet:
    cells = [[str(cell) for cell in row] for row in rows]
    parts = max(1, -(-len(cells) // _LINES))
    each = -(-len(cells) // parts) if cells else 1
    chunks = [cells[i : i + each] for i in range(0, len(cells), each)] or [[]]
    return Sheet(title=title, columns=list(columns), chunks=chunks, note=note)


def _span(events: Sequence[int]) -> str:
    if not events:
        return ""
    return str(events[0]) if len(events) == 1 else f"{events[0]} to {events[-1]}"


def _doses(doses: Mapping[str, Any]) -> list[Sheet]:
    found = []
    by_size: dict[int, dict[str, list[int]]] = {}
    for row in doses["table"]:
        by_size.setdefault(row["n"], {}).setdefault(row["action"], []).append(row["events"])
    rule = doses["rule"]
    if by_size:
        found.append(
            _sheet(
                f"The next cohort's dose ({rule}): people with the event at the present dose",
                ("people at the dose", *_WORDS),
                [
                    (n, *(_span(here.get(word, [])) for word in _WORDS))
                    for n, here in by_size.items()
                ],
                "An eliminated dose, and those above it, are never given or selected again.",
            )
        )
    else:
        found.append(
            _sheet(
                f"The next cohort's dose ({rule}), first two cohorts",
                ("first cohort: dose, events", "then", "second cohort: events", "then"),
                _two_cohorts(doses),
                "Later cohorts: the fit of all counts decides; every path of twelve people stands in"
                " evaluation.json.",
            )
        )
    if doses["waiting"]:
        found.append(_waiting(doses["waiting"]))
    return found


def _two_cohorts(doses: Mapping[str, Any]) -> list[tuple[str, ...]]:
    names = doses["doses"]
    rows: list[tuple[str, ...]] = []
    root = doses["tree"]
    for more, _, word, following, _ in root["branches"]:
        first = f"{names[root['dose']]}, {more} of {doses['cohort']}"
        if following is None:
            rows.append((first, word, "", ""))
            continue
        then = f"{word}: {names[following['dose']]}"
        for again, _, step, after, _ in following["branches"]:
            end = step if after is None else f"{step}: {names[after['dose']]}"
            rows.append((first, then, f"{again} of {doses['cohort']}", end))
            first = then = ""
    return rows


def _waiting(rows: Sequence[Mapping[str, Any]]) -> Sheet:
    cells = []
    for row in rows:
        if row["action"] == "depends":
            up, down = row["escalate_from"], row["deescalate_to"]
            parts = [] if up is None else [f"escalate from {up:.2f}"]
            parts += [] if down is None else [f"de-escalate down to {down:.2f}"]
            word = "; ".join(parts) + ", else stay"
        else:
            word = row["action"]
        cells.append((row["n"], row["events"], row["pending"], word))
    return _sheet(
        "While people are still watched (at most twelve treated at the dose)",
        ("treated", "events", "pending", "action by total follow-up of the pending, in windows"),
        _joined(cells),
        "suspend: treat nobody until more is known.",
    )


def _joined(cells: Sequence[tuple[Any, ...]]) -> list[tuple[str, ...]]:
    """Rows that differ only in the number pending, and say the same, as one."""
    found: list[list[Any]] = []
    for n, events, pending, word in cells:
        if found and found[-1][0] == n and found[-1][1] == events and found[-1][3] == word:
            found[-1][4] = pending
        else:
            found.append([n, events, pending, word, pending])
    return [
        (str(n), str(y), str(a) if a == b else f"{a} to {b}", word) for n, y, a, word, b in found
    ]


def _inference(rows: Sequence[Mapping[str, Any]]) -> Sheet:
    cells = [
        (
            row["converters"], row["people"], f"{100 * row['estimate']:.1f}%",
            f"{100 * row['lower']:.1f} to {100 * row['upper']:.1f}%",
            "<0.001" if row["p_value"] < 0.001 else f"{row['p_value']:.3f}",
        )
        for row in rows
    ]  # fmt: skip
    return _sheet(
        "What the total says afterwards",
        ("converters", "of people", "estimate", "limits", "p value"),
        cells,
        "Unbiased estimate (UMVUE); p value and limits allow for the first stage (Koyama and Chen).",
    )


def _conditional(rows: Sequence[Mapping[str, Any]]) -> Sheet:
    cells = [
        (
            f"{row['treated']} and {row['controls']}", row["x"], row["y"],
            *(f"{100 * row[key]:.0f}%" for key in ("no_effect", "odds_ratio_3", "as_seen")),
        )
        for row in rows
    ]  # fmt: skip
    return _sheet(
        "Chance of success in the end, if the trial goes on from here",
        ("people", "treated converted", "controls converted", "no effect", "OR 3", "as seen"),
        cells,
        "For the control count that is likeliest at the middle natural rate.",
    )


def _safety(rule: Mapping[str, Any]) -> Sheet:
    rows = [
        (look, "never" if bound > look else f"{bound} or more")
        for look, bound in zip(rule["looks"], rule["stop_at"], strict=True)
    ]
    merged: list[list[Any]] = []
    for look, word in rows:
        if merged and merged[-1][2] == word and merged[-1][1] == look - 1:
            merged[-1][1] = look
        else:
            merged.append([look, look, word])
    cells = [(str(a) if a == b else f"{a} to {b}", word) for a, b, word in merged]
    stops = f"Stops with probability {100 * rule['true_stop']:.1f}% if"
    note = f"{stops} {100 * rule['unacceptable_rate']:g}% of people have it"
    if rule["false_stop"] is not None:
        note += f", {100 * rule['false_stop']:.1f}% if {100 * rule['acceptable_rate']:g}% do"
    return _sheet(
        f"Safety: stop for {rule['event']} ({rule['rule']})",
        ("people with complete windows", "stop: people with the event"),
        cells,
        note + ".",
    )

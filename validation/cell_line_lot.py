"""Lines and lots: laws against drawn events, tests against drawn readings, and what was published.

    python validation/cell_line_lot.py            # two minutes; writes docs/validation/cell-line-lot.md

A line holds or does not; what fails stays on the page. Statistical lines are z scores over many draws, judged
at 4.5 (about 1 in 150,000 each), so that a page of two hundred lines is not wrong by chance.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from saisei.cell_line.hla import coverage, coverage_by_donors, draw_hosts, matched_share
from saisei.cell_line.line import Method, Sourcing, draw_lines
from saisei.cell_line.reprogramming import Clone, draw_clones
from saisei.lot.bounds import cells_to_read, upper_bound
from saisei.lot.lot import Recipe, draw_lots
from saisei.lot.release import characteristic, panel, readings, truth_grid
from saisei.lot.specifications import Kind, specifications

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "validation" / "cell-line-lot.md"
SEED, CLONES, LOTS, READINGS = 20261128, 100_000, 100_000, 20_000
LIMIT = 4.5


@dataclass(frozen=True)
class Line:
    """One line of the page."""

    what: str
    expected: str
    found: str
    holds: bool | None  # None: shown, not judged


def z_line(what: str, exact: float, drawn: np.ndarray) -> Line:
    """A mean of draws against its exact value."""
    error = float(drawn.std() / np.sqrt(len(drawn))) or 1e-12
    z = (float(drawn.mean()) - exact) / error
    return Line(what, f"{exact:.5g}", f"{drawn.mean():.5g} (z {z:+.1f})", abs(z) < LIMIT)


def clones() -> Iterator[Line]:
    """Births, deaths and transitions, event by event, against the closed forms."""
    cases = (Clone(0.9, 0.2, 0.05), Clone(0.6, 0.6, 0.02), Clone(0.3, 0.7, 0.2))
    for k, clone in enumerate(cases):
        for days in (1.0, 4.0):
            drawn = draw_clones(SEED + k, np.arange(CLONES), clone, days)
            name = f"b {clone.birth}, d {clone.death}, v {clone.transition}, day {days:g}: "
            cells = drawn[:, 0]
            mean = float(clone.mean_cells(days))
            yield z_line(name + "mean donor cells", mean, cells)
            yield z_line(
                name + "their variance", float(clone.variance_cells(days)), (cells - mean) ** 2
            )
            yield z_line(
                name + "iPS cells that arose", float(clone.mean_transitions(days)), drawn[:, 1]
            )
            yield z_line(name + "extinct", float(clone.extinct(days)), (cells == 0).astype(float))
            none = (drawn[:, 1] == 0).astype(float)
            yield z_line(name + "no iPS cell yet", float(clone.none_yet(days)), none)


def characteristics() -> Iterator[Line]:
    """Each test's curve at three truths: exact against drawn readings."""
    u = np.random.default_rng(SEED).random(READINGS)
    for one in specifications().values():
        law, grid = one.law(), truth_grid(one)
        exact = law.passing(grid)
        worst, at = 0.0, 0
        for share in (0.9, 0.5, 0.1):
            k = int(np.argmin(np.abs(exact - share)))
            passed = law.passes(law.reading(np.full(READINGS, grid[k]), u))
            error = np.sqrt(max(exact[k] * (1 - exact[k]), 1e-12) / READINGS)
            z = (passed.mean() - exact[k]) / error
            if abs(z) >= abs(worst):
                worst, at = float(z), k
        yield Line(
            f"{one.id} ({one.criterion})", f"{exact[at]:.3f} at {grid[at]:.4g}", f"worst z {worst:+.1f}",
            abs(worst) < LIMIT,
        )  # fmt: skip


def lots() -> Iterator[Line]:
    """The panel of all tests: exact chances against drawn readings, and their reverse."""
    found = panel(draw_lots(SEED, np.arange(LOTS)))
    read = readings(found.lots)
    every = np.ones(LOTS, dtype=bool)
    for k, test in enumerate(found.tests):
        every &= read[test][1]
        difference = read[test][1] - found.passing[:, k]
        yield z_line(f"{test}: share of lots that pass, drawn less exact", 0.0, difference)
    yield z_line("all tests: drawn less exact", 0.0, every - found.all_pass)
    share = every.mean()
    residual = found.lots.residual
    exact = found.mean_if_passed(residual)
    yield z_line("residual share of the lots that passed (reverse)", exact, residual[every])
    potency = found.lots.potency
    yield z_line(
        f"potency of the {100 * share:.0f}% that passed is that of all lots",
        potency.mean(),
        potency[every],
    )


def hosts() -> Iterator[Line]:
    """Drawn people against the enumerated coverage."""
    drawn = draw_hosts(SEED, np.arange(200_000))
    for donor in range(10):
        full = matched_share(drawn, np.full(len(drawn), donor)) == 1.0
        yield z_line(f"people matched by donor {donor + 1}", coverage([donor]), full.astype(float))


def published() -> Iterator[Line]:
    """What others state, beside ours; the bands were set before the run."""
    many = draw_lots(SEED, np.arange(20_000))
    made = float(np.median(many.ready_day)) - 42.0  # without the release tests
    first = float(np.median(many.lines.bank_day))
    two, seven = coverage([0, 5]), coverage(range(7))
    fifty = float(coverage_by_donors(50)[-1])
    need, flow = cells_to_read(5e-6), cells_to_read(1e-4)
    animals = upper_bound(0, 30)
    tests = [one for one in specifications("nspc").values() if one.truth == "residual"]
    dose = sorted({round(one.limit_share * 2e6) for one in tests if one.kind is Kind.SHARE})
    yield Line(
        "two homozygous donors (Okita 2011: about 20% of Japan)",
        "17 to 23%",
        f"{two:.1%}",
        0.17 < two < 0.23,
    )
    yield Line(
        "seven donors (CiRA 2022: about 40%)", "35 to 45%", f"{seven:.1%}", 0.35 < seven < 0.45
    )
    yield Line("fifty donors (cited 2023: 90%)", "85 to 95%", f"{fifty:.1%}", 0.85 < fifty < 0.95)
    yield Line(
        "donor to iPS cells (Okano: about 3 months)",
        "75 to 120 days",
        f"{first:.0f} days",
        75 < first < 120,
    )
    yield Line(
        "donor to product (Itakura 2017: about 6 months)",
        "150 to 210 days",
        f"{made:.0f} days",
        150 < made < 210,
    )
    yield Line(
        "cells read to show OCT4 <= 0.0005% at 95%",
        "about 600,000",
        f"{need:,}",
        abs(need - 6e5) < 6e3,
    )
    yield Line(
        "cells read to show <= 0.01% at 95%", "about 30,000", f"{flow:,}", abs(flow - 3e4) < 3e2
    )
    yield Line(
        "residual cells that the limits allow in 2e6",
        "10 to 200",
        " and ".join(map(str, dose)),
        dose == [10, 200],
    )
    yield Line(
        "upper bound after 0 events in 30 animals", "10%", f"{animals:.1%}", 0.09 < animals < 0.1
    )
    strict = characteristic(specifications()["nspc-oct4-stain"])
    passed = strict.passes or 0.0
    yield Line(
        "lots that the strictest residual test refuses",
        "no source",
        f"{1 - passed:.0%}",
        None,
    )


def structure() -> Iterator[Line]:
    """Bits, and an unsafe line beside a safe one."""
    whole, part = draw_lots(SEED, np.arange(5000)), draw_lots(SEED, np.arange(1234, 2345))
    same = all(
        np.array_equal(getattr(whole, name)[1234:2345], getattr(part, name))
        for name in ("residual", "potency", "fate", "cells", "ready_day", "cnvs", "markers")
    )
    yield Line(
        "lots 1234 to 2344 alone and among 5,000",
        "the same bits",
        "the same" if same else "differ",
        same,
    )
    safe = draw_lots(SEED, np.arange(20_000))
    unsafe = draw_lots(SEED, np.arange(20_000), Recipe(Sourcing(Method.RETROVIRAL)))
    ratio = float(np.median(unsafe.clone_rate) / np.median(safe.clone_rate))
    yield Line(
        "chance of overgrowth, unsafe line over safe", "above 1,000", f"{ratio:,.0f}", ratio > 1000
    )
    kept = [panel(one).all_pass.mean() for one in (safe, unsafe)]
    close = abs(kept[0] - kept[1]) < 0.02
    yield Line(
        "release tests tell an unsafe line from a safe one", "they do not (no test reads it)",
        f"{kept[0]:.1%} and {kept[1]:.1%} pass", close,
    )  # fmt: skip
    lines = draw_lines(SEED, np.arange(20_000))
    yield Line("dishes without a colony", "no source", f"{(lines.dishes > 1).mean():.2%}", None)


PARTS = (
    ("Against what was published", published,
     "The table of haplotypes is recalled, and most values are assumed."),
    ("Birth, death and transition: closed forms against drawn events", clones, f"{CLONES:,} clones a line."),
    ("Each test: exact curve against drawn readings", characteristics,
     f"{READINGS:,} readings at each of three truths; the worst is shown."),
    ("All tests together: exact chances against drawn readings", lots, f"{LOTS:,} lots."),
    ("Matching: enumeration against drawn people", hosts, "200,000 people."),
    ("Structure", structure, ""),
)  # fmt: skip


_VERDICTS = {True: "holds", False: "**FAILS**", None: "shown, not judged"}


def main() -> None:
    """Run every part and write the page."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    body, failed, total = [], [], 0
    for title, part, note in PARTS:
        lines = list(part())
        bad = [one for one in lines if one.holds is False]
        judged = [one for one in lines if one.holds is not None]
        failed += bad
        total += len(judged)
        verdict = "**HOLDS.**" if not bad else f"**{len(bad)} of {len(judged)} FAILS.**"
        body += [f"## {title}", "", f"{verdict} {note}".rstrip(), ""]
        body += ["| what | expected | found | verdict |", "|---|---|---|---|"]
        body += [
            f"| {one.what} | {one.expected} | {one.found} | {_VERDICTS[one.holds]} |"
            for one in lines
        ]
        body.append("")
        print(f"{title}: {len(judged) - len(bad)} of {len(judged)} hold")
    words = "; ".join(one.what for one in failed) or "none"
    head = [
        "# Lines and lots",
        "",
        f"*Made by `python validation/cell_line_lot.py`, commit {commit}, seed {SEED}. Research use only: no "
        "lot is released.*",
        "",
        f"**In words.** {total - len(failed)} of {total} lines hold. Failing: {words}. Laws and their "
        "draws agree, so the arithmetic is right; whether assumed values are, no data on record can tell.",
        "",
    ]
    PAGE.write_text("\n".join([*head, *body]).rstrip() + "\n", encoding="utf-8")
    print(f"{total - len(failed)} of {total} hold; {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()

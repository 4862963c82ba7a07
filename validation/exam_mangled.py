"""A million mangled inputs over all readers of `saisei.exam.formats`: no crash, no silent grade.

    python validation/exam_mangled.py [--inputs 1000000] [--seed 1]

Sound files of every layout are mangled in many ways: random bytes, cuts, wrong types, BOM, CRLF, NUL, huge
cells, doubled, lost and misspelt columns, cells that are no score. Each is read by the reader of its layout,
by `auto`, or by the reader of another layout; JSON lines also by the streaming grader, Parquet also by
`grade_parquet`.

What must hold:

* *No crash*: a reader returns or raises `SaiseiError`; anything else is a defect of ours.
* *No silent grade*: an exam whose cell was replaced by something that is no score, or which lost a cell, has
  no codes (leniently read: or the repair is listed). An exam that is read has the scores that were written;
  where random bytes were changed, it differs in at most as many cells as bytes were changed. So a shifted
  column can not pass.

Every input follows from the seed and its number: `--only NUMBER` makes and reads one again and shows it.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from exam_mangled_ways import (  # noqa: E402
    WAYS,
    Base,
    Codes,
    Input,
    bases,
    mangled_parquet,
    read_by,
)

from saisei.errors import SaiseiError  # noqa: E402
from saisei.exam.formats import READERS  # noqa: E402
from saisei.exam.formats.praxis_lines import grade_lines  # noqa: E402
from saisei.exam.formats.stream import grade_parquet  # noqa: E402
from saisei.exam.isncsci.record import Exam  # noqa: E402


@dataclass
class Account:
    """What happened to the inputs."""

    inputs: int = 0
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    ways: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The account as text."""
        names = sorted({reader for reader, _ in self.outcomes})
        text = [
            f"{self.inputs:,} mangled inputs",
            "  read by             refused  not graded   graded right",
        ]
        for name in names:
            n = [self.outcomes[name, what] for what in ("refused", "not graded", "graded right")]
            text.append(f"  {name:<16}{n[0]:>11,} {n[1]:>11,}   {n[2]:>12,}")
        text.append("  ways: " + ", ".join(f"{how} {n:,}" for how, n in sorted(self.ways.items())))
        text.append(f"  crashes and silent grades: {len(self.failures)}")
        return text + [f"    {line}" for line in self.failures[:20]]


# ---- Reading and judging -------------------------------------------------------------------------------


def run(inputs: int, seed: int, only: int | None = None, parquet_share: float = 0.02) -> Account:
    """Make, read and judge that many inputs."""
    account = Account()
    known = bases(seed)
    parquet = next(base for base in known if base.layout == "parquet")
    others = [base for base in known if base is not parquet]
    ways, weights = zip(*WAYS, strict=True)
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(inputs) if only is None else (only,):
            rng = random.Random(f"{seed} {number}")
            if rng.random() < parquet_share:
                base = parquet
                given = mangled_parquet(rng, base)
            else:
                base = rng.choice(others)
                given = rng.choices(ways, weights)[0](rng, base)
            _judge(account, number, base, given, rng, Path(scratch))
            if number % 50_000 == 49_999:
                sys.stderr.write(f"{number + 1:,} inputs, {len(account.failures)} failures\n")
            if only is not None:
                print(
                    f"{base.layout}, {given.how}, refused {set(given.refused)}:\n{given.data[:3000]!r}"
                )
    return account


def _judge(
    account: Account, number: int, base: Base, given: Input, rng: random.Random, scratch: Path
) -> None:
    reader = base.reader if rng.random() < 0.6 else rng.choice(("auto", *READERS))
    lenient = rng.random() < 0.15
    streams = {"praxis-json": "lines", "parquet": "stream"}
    if base.layout in streams and rng.random() < 0.4:
        reader, lenient = streams[base.layout], False
    account.inputs += 1
    account.ways[given.how] += 1
    try:
        outcome = _outcome(base, given, reader, lenient, scratch)
    except SaiseiError:
        outcome = "refused"
    except AssertionError as error:
        outcome = f"SILENT: {error}"
    except Exception as error:  # the point of the exercise: any other error is a crash
        outcome = f"CRASH: {type(error).__name__}: {str(error)[:200]}"
    if outcome.startswith(("SILENT", "CRASH")):
        mode = " lenient" if lenient else ""
        text = f"input {number}, {base.layout}, {given.how}, read by {reader}{mode}: {outcome}"
        account.failures.append(text)
        sys.stderr.write(text + "\n")
    else:
        account.outcomes[reader, outcome] += 1


def _outcome(base: Base, given: Input, reader: str, lenient: bool, scratch: Path) -> str:
    if reader == "lines":
        return _line_outcome(base, given)
    if reader == "stream":
        return _stream_outcome(base, given, scratch)
    table = read_by(base.layout, reader, given.data, lenient)
    sound = [row for row in table.rows if row.codes is not None]
    for row in sound:
        assert row.codes is not None
        Exam.from_codes(row.codes)
        mended = lenient and bool(table.repairs)
        place = row.row - 1
        if place in given.refused and not mended:
            raise AssertionError(f"exam {place} was graded")
        allowed = given.changes + (2 if mended else 0)
        if _distance(row.codes, base.codes) > allowed:
            raise AssertionError(
                f"exam {place} differs in more than {allowed} cells from what was written"
            )
    return "graded right" if sound else "not graded"


def _distance(codes: Codes, written: Sequence[Codes]) -> int:
    """In how many cells an exam differs from the nearest one that was written."""
    return min(sum(a != b for a, b in zip(codes, one, strict=True)) for one in written)


def _line_outcome(base: Base, given: Input) -> str:
    """Every line that is not blank has one answer; a line that may not be graded is answered by an error."""
    answers = b"".join(grade_lines(io.BytesIO(given.data).read)).splitlines()
    results = ["result" in json.loads(answer) for answer in answers]
    if given.how in ("cell", "key lost", "key misspelt", "key doubled"):
        for place in given.refused:
            if results[place]:
                raise AssertionError(f"line {place} was graded")
    return "graded right" if any(results) else "not graded"


def _stream_outcome(base: Base, given: Input, scratch: Path) -> str:
    source, target = scratch / "in.parquet", scratch / "out.parquet"
    source.write_bytes(given.data)
    done = grade_parquet(source, target)
    if given.refused:
        raise AssertionError("a file with cells that are no scores was graded")
    return "graded right" if done.exams else "not graded"


def main() -> int:
    """Print the account and the verdict."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="make, read and show one input")
    args = parser.parse_args()
    start = time.perf_counter()
    account = run(args.inputs, args.seed, args.only)
    print("\n".join(account.lines()))
    print(f"  {time.perf_counter() - start:,.0f} s")
    good = not account.failures
    print(
        "Verdict: no crash, no silent grade."
        if good
        else "Verdict: there are crashes or silent grades."
    )
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())

"""Damaged files over all readers: no crash, no silent grade.

    python validation/exam_mangled.py [COUNT] [SEED]      1,000,000 inputs by default; prints counts and time

Each input is one of the synthetic files in `examples/exams/`, or a stretch of it, with a few cuts,
insertions, overwritten bytes, doubled stretches, doubled columns, NUL, BOM, CRLF, huge cells or wrong
types; or plain random bytes. It is read strictly or leniently. What may come out: a known error with a
message; or rows each of which has either faults, or an exam whose codes are valid. Anything else is
counted as a failure and printed.

"No silent grade" means here: an exam that is graded has valid codes in all 136 places, and every cell that
was mended is listed. (A digit turned into another valid digit cannot be noticed by anyone.)
"""

from __future__ import annotations

import io
import random
import sys
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

from saisei.errors import SaiseiError
from saisei.exam.formats import read_exams
from saisei.exam.formats.praxis_lines import Tally, grade_lines
from saisei.exam.isncsci import Exam

EXAMPLES = Path(__file__).parents[1] / "examples" / "exams"
JUNK = [
    b"\0", b"\xff", b"\r", b"\r\n", b"\n", b'"', b"'", b",", b";", b"\t", b"{", b"}", b"[", b"]", b":",
    b"NT", b"nt", b"*", b"**", b" ", b"6", b"-1", b"2*", b"5*", b"null", b"true", b"[]", b"{}", b"\\",
    b"\xef\xbb\xbf", b"\\ud800", b"\\u0000", b"1e999", b"NaN", b"ab-", b"ab-nt", b"9", b"UNK", b"2.0",
    "\u0663".encode(), b"x" * 140_000,
]  # fmt: skip


def stretch(rng: random.Random, data: bytes, name: str) -> bytes:
    """A whole file, or for speed its first lines only."""
    if name.endswith((".csv", ".jsonl")):
        lines = data.split(b"\n")
        return b"\n".join(lines[: rng.choice([2, 2, 2, 3, len(lines)])])
    return data


def mangled(rng: random.Random, data: bytes) -> bytes:
    """One to four damages."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at, kind = rng.randrange(len(out) + 1), rng.randrange(9)
        if kind == 0:
            del out[at : at + rng.randint(1, 60)]
        elif kind == 1:
            out[at:at] = rng.choice(JUNK)
        elif kind == 2 and at < len(out):
            out[at] = rng.randrange(256)
        elif kind == 3:
            out[at:at] = out[at : at + rng.randint(1, 400)]
        elif kind == 4:
            out[at : at + rng.randint(1, 3)] = rng.choice(JUNK)
        elif kind == 5:
            out = bytearray(bytes(out).replace(b"\n", rng.choice([b"\r\n", b"\r", b"\n\n"])))
        elif kind == 6:
            out = bytearray(bytes(out).replace(b",", rng.choice([b";", b"\t", b",,", b", "]), 200))
        elif kind == 7:
            del out[at:]
        else:
            out = bytearray(rng.choice([b"\xef\xbb\xbf", b"\xff\xfe", b" ", b"\n"]) + out)
    return bytes(out)


def outcome(data: bytes, lenient: bool) -> str:
    """What reading this input came to; an AssertionError when a row is neither faulty nor sound."""
    try:
        table = read_exams(data, lenient=lenient, unrecorded_as_nt=True)
    except SaiseiError as error:
        return "refused" if str(error) else "refused without a message"
    for row in table.rows:
        if row.codes is not None:
            assert not row.faults, "an exam with faults has codes"
            Exam.from_codes(row.codes)
        else:
            assert row.faults or table.summary_only, "a row without codes and without faults"
    return "rows with faults" if table.faults else "read, with repairs" if table.repairs else "read"


def lines_outcome(data: bytes) -> None:
    """Every line that is not blank has one answer."""
    tally = Tally()
    answers = b"".join(grade_lines(io.BytesIO(data).read, tally=tally))
    lines = [line for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()]
    assert answers.count(b"\n") == len(lines) == tally.exams + tally.faulty, "a line was dropped"


def main(count: int, seed: int) -> int:
    """Run and print; 0 when nothing failed."""
    warnings.simplefilter("error")
    files = {
        path.name: path.read_bytes() for path in sorted(EXAMPLES.iterdir()) if path.suffix != ".md"
    }
    names = sorted(files)
    found: Counter[str] = Counter()
    failures, start = 0, time.perf_counter()
    for i in range(count):
        rng = random.Random(f"{seed}/{i}")
        name = rng.choice(names)
        if rng.random() < 0.02:
            data = rng.randbytes(rng.randrange(400))
        else:
            data = mangled(rng, stretch(rng, files[name], name))
        try:
            found[outcome(data, lenient=rng.random() < 0.5)] += 1
            if name.endswith(".jsonl"):
                lines_outcome(data)
        except BaseException:
            failures += 1
            if failures <= 10:
                print(f"FAILED: input {i} of seed {seed}, from {name}")
                traceback.print_exc()
        if (i + 1) % 100_000 == 0:
            print(f"{i + 1:,} inputs, {time.perf_counter() - start:,.0f} s", flush=True)
    spent = time.perf_counter() - start
    print(f"{count:,} damaged inputs over all readers in {spent:,.0f} s")
    for what, n in sorted(found.items()):
        print(f"  {what}: {n:,}")
    failures += found["refused without a message"]
    verdict = "no crash, no silent grade" if not failures else f"{failures:,} FAILURES"
    print(f"verdict: {verdict}")
    return 1 if failures else 0


if __name__ == "__main__":
    numbers = [int(word.replace("_", "")) for word in sys.argv[1:3]]
    sys.exit(main(*(numbers + [1_000_000, 1][len(numbers) :])))

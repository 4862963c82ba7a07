"""Compare the batch grader with the reference program (npm isncsci) on structured exams, policy `praxis`.

    python validation/exam_differential.py [--exams 100000] [--seed 1]

Every quantity of every exam is compared as a set; stars on results are compared apart, on the scalar
reference (tables have none under this policy). A difference of sets is *explained* when one of two rules
predicts the output of the reference program:

    exact_ais       it lists AIS grades that no completion of the exam has (it joins the parts one by one)
    non_key_zone    it puts the non-key muscle into the motor zone wherever C is among its grades, for all
                    completions at once; we do so for the completions that are C

Each explained difference is then confirmed by completions graded as plain exams: all of them when there are
at most `--limit`, and our set must be their union; otherwise, where we list more than the reference program,
one completion for each value that only we list; failing both, the scalar reference, which gets its sets in
another way, must have the same set. What no rule predicts, or is not confirmed, is printed as unexplained.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from exam_generator import Codes, generate, oracle_lines  # noqa: E402

from saisei.exam.isncsci import Exam, classify  # noqa: E402
from saisei.exam.isncsci.batch import RESULTS, GradedTable, classify_table  # noqa: E402
from saisei.exam.isncsci.evaluate import evaluate  # noqa: E402
from saisei.exam.isncsci.levels import Level  # noqa: E402
from saisei.exam.isncsci.policy import PRAXIS  # noqa: E402
from saisei.exam.isncsci.record import COLUMNS  # noqa: E402

SCRIPTS = HERE.parent / "scripts" / "oracle"
Columns = NDArray[np.int8]
LIMIT = 20_000  # completions of one exam that are enumerated
SAMPLE = 5_000  # random completions among which a value is looked for
C_GRADE = 1 << 2
MOTOR_ZONES = ("right_motor_zpp", "left_motor_zpp")

PLACES: dict[str, tuple[str, ...]] = {
    "right_sensory_level": ("neurologicalLevels", "sensoryRight"),
    "left_sensory_level": ("neurologicalLevels", "sensoryLeft"),
    "right_motor_level": ("neurologicalLevels", "motorRight"),
    "left_motor_level": ("neurologicalLevels", "motorLeft"),
    "nli": ("neurologicalLevelOfInjury",),
    "completeness": ("injuryComplete",),
    "ais": ("ASIAImpairmentScale",),
    "right_sensory_zpp": ("zoneOfPartialPreservations", "sensoryRight"),
    "left_sensory_zpp": ("zoneOfPartialPreservations", "sensoryLeft"),
    "right_motor_zpp": ("zoneOfPartialPreservations", "motorRight"),
    "left_motor_zpp": ("zoneOfPartialPreservations", "motorLeft"),
}
TOTALS = {
    "uems": "upperExtremity",
    "lems": "lowerExtremity",
    "light_touch": "lightTouch",
    "pin_prick": "pinPrick",
}
_BITS = {level.name: 1 << level for level in Level} | {"NA": 1 << 30}
_GRADES = {grade: 1 << i for i, grade in enumerate("ABCDE")}
_COMPLETE = {"C": 1, "I": 2}


def install_oracle() -> Path:
    """The folder of the installed reference program; CalledProcessError or OSError when it can not be had."""
    done = subprocess.run(
        [SCRIPTS / "install"], check=True, capture_output=True, text=True, timeout=180
    )
    return Path(done.stdout.strip().splitlines()[-1])


def oracle_results(folder: Path, codes: Codes) -> list[dict[str, Any]]:
    """What the reference program says of each exam."""
    done = subprocess.run(
        ["node", SCRIPTS / "grade.cjs", folder],
        input="\n".join(oracle_lines(codes)) + "\n",
        check=True,
        capture_output=True,
        text=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@dataclass
class Comparison:
    """What came out: differences by rule, how they were confirmed, and those that no rule explains."""

    exams: int = 0
    values: int = 0
    explained: Counter[str] = field(default_factory=Counter)
    confirmed: Counter[str] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The account as text."""
        text = [f"{self.exams} exams, {self.values} values compared"]
        text += [f"  explained by {rule}: {n}" for rule, n in sorted(self.explained.items())]
        text += [f"  confirmed, {how}: {n}" for how, n in sorted(self.confirmed.items())]
        text.append(f"  unexplained: {len(self.unexplained)}")
        return text + [f"    {line}" for line in self.unexplained[:20]]


def compare(codes: Codes, answers: list[dict[str, Any]], limit: int = LIMIT) -> Comparison:
    """Compare the batch grader under policy `praxis` with the answers of the reference program."""
    graded = classify_table(codes, PRAXIS)
    keys_only = classify_table(codes, replace(PRAXIS, non_key_in_motor_zpp="never"))
    found = Comparison(exams=len(codes))
    theirs: dict[str, NDArray[np.int64]] = {}
    for name in RESULTS:
        theirs[name] = np.array([_mask(name, answer) for answer in answers], dtype=np.int64)
        found.values += len(codes)
    for name in RESULTS:
        ours = graded.set_of(name).astype(np.int64)
        for i in np.flatnonzero(ours != theirs[name]):
            rule = _rule(name, i, codes[i], ours[i], theirs, keys_only)
            if rule is None:
                found.unexplained.append(
                    f"exam {i}: {name}: ours {ours[i]:b}, theirs {theirs[name][i]:b}"
                )
                continue
            found.explained[rule] += 1
            how = _confirm(name, codes[i], int(ours[i]), int(theirs[name][i]), limit)
            if how is None:
                found.unexplained.append(f"exam {i}: {name}: {rule}, but our set is not confirmed")
            else:
                found.confirmed[f"{rule}: {how}"] += 1
    _compare_totals(graded, answers, found)
    return found


def _value(name: str, answer: dict[str, Any]) -> str:
    """What the reference program writes for a quantity."""
    value: Any = answer["result"]["classification"]
    for key in PLACES[name]:
        value = value[key]
    return str(value)


def _mask(name: str, answer: dict[str, Any]) -> int:
    """A list of the reference program as a bit mask, stars left out; each value must come once."""
    value = _value(name, answer)
    parts = value.replace("*", "").split(",")
    bits = {"ais": _GRADES, "completeness": _COMPLETE}.get(name, _BITS)
    if len(set(parts)) != len(parts):
        raise ValueError(f"{name}: {value!r} names a value twice")
    return sum(bits[part] for part in parts)


def compare_stars(codes: Codes, answers: list[dict[str, Any]]) -> list[str]:
    """Where the stars of the scalar reference and of the reference program differ on the same sets."""
    found = []
    for i, (row, answer) in enumerate(zip(codes.tolist(), answers, strict=True)):
        ours = classify(Exam.from_codes(row), PRAXIS, reasons=False).findings()
        for name, finding in ours.items():
            theirs = sorted(_value(name, answer).replace("S4_5", "S4-5").split(","))
            labels = sorted(finding.labels)
            bare = [label.strip("*") for label in labels] == [text.strip("*") for text in theirs]
            if bare and labels != theirs:
                found.append(f"exam {i}: {name}: ours {labels}, theirs {theirs}")
    return found


def _rule(
    name: str,
    i: int,
    row: Codes,
    ours: int,
    theirs: dict[str, NDArray[np.int64]],
    keys_only: GradedTable,
) -> str | None:
    """The rule that predicts the reference program's set, or None."""
    if name == "ais":
        return "exact_ais" if ours & ~theirs[name][i] == 0 else None
    non_key = int(row[134 + MOTOR_ZONES.index(name)]) if name in MOTOR_ZONES else -1
    if non_key < 0:
        return None
    # Section 7.3 of the rules: every candidate more than three segments above gives way, if C is listed.
    zones = int(keys_only.set_of(name)[i])
    far = zones & ((1 << non_key >> 3) - 1)
    predicted = zones & ~far | 1 << non_key if far and theirs["ais"][i] & C_GRADE else zones
    return "non_key_zone" if predicted == theirs[name][i] else None


def _confirm(name: str, row: Codes, ours: int, theirs: int, limit: int) -> str | None:
    """How our set was found right; None when it was not."""
    cells = choices(row, levels_only=True)
    filled = completions(row, cells, limit)
    if filled is not None:
        return "enumeration" if _union(filled, name) == ours else None
    seen = _union(random_completions(row, cells, SAMPLE), name)
    if seen & ~ours:
        return None
    if theirs & ~ours == 0 and ours & ~theirs & ~seen == 0:
        return "a completion for each value that only we list"
    scalar: int = getattr(evaluate([int(c) for c in row], PRAXIS), name)
    return "the scalar reference only" if scalar == ours else None


def _union(filled: Columns, name: str) -> int:
    named = dict(zip(COLUMNS, filled, strict=True))
    return int(np.bitwise_or.reduce(classify_table(named, PRAXIS).set_of(name)))


Choices = list[tuple[tuple[int, ...], list[tuple[int, ...]]]]


def choices(row: Codes, levels_only: bool = False) -> Choices:
    """For each dermatome, muscle, VAC and DAP: its columns and what can stand there in a completion.

    For levels, grades and zones a dermatome is normal, felt or absent, and a muscle is 0, 1-2, 3-4 or 5:
    one value stands for each. With `levels_only` fewer are needed: AIS and motor zones ask of a dermatome
    above S4-5 only whether it is normal, and nothing of those below the first that can not be.
    """
    cells: Choices = []
    for start in (0, 66):
        open_above = True  # whether all dermatomes above can be normal
        for d in range(28):
            at = (start + d, start + 28 + d)
            pairs = list(product(_values(int(row[at[0]]), 2), _values(int(row[at[1]]), 2)))
            if d == 27 or not levels_only:
                kinds = {(p == (2, 2), max(p) > 0): p for p in pairs}
            else:
                kinds = {(p == (2, 2) and open_above, False): p for p in pairs}
            cells.append((at, list(kinds.values())))
            open_above = open_above and (2, 2) in pairs
        for m in range(start + 56, start + 66):
            grades = {(v + 1) // 2: (v,) for v in _values(int(row[m]), 5)}
            cells.append(((m,), list(grades.values())))
    for anal in (132, 133):
        cells.append(((anal,), [(0,), (1,)] if row[anal] == 9 else [(int(row[anal]),)]))
    return cells


def completions(row: Codes, cells: Choices, limit: int) -> Columns | None:
    """A plain exam for every combination of the choices, (136, n); None when there are more than `limit`."""
    total = 1
    for _, options in cells:
        total *= len(options)
        if total > limit:
            return None
    filled = np.repeat(row[:, None], total, axis=1)
    repeat = total
    for at, options in cells:
        repeat //= len(options)
        if len(options) > 1:
            choice = np.arange(total) // repeat % len(options)
            filled[list(at)] = np.array(options, dtype=np.int8)[choice].T
        else:
            filled[list(at)] = np.array(options, dtype=np.int8).T
    return filled


def random_completions(row: Codes, cells: Choices, n: int) -> Columns:
    """Some completions: cells above a random level lean to their best value, those below to the worst."""
    rng = np.random.default_rng([int(c) + 1 for c in row])
    filled = np.repeat(row[:, None], n, axis=1)
    level = {"right": rng.integers(0, 30, n), "left": rng.integers(0, 30, n)}
    lean = rng.choice([0.0, 0.1, 0.5], n)
    muscle_level = [4, 5, 6, 7, 8, 21, 22, 23, 24, 25]
    for at, options in cells:
        if len(options) == 1:
            filled[list(at)] = np.array(options, dtype=np.int8).T
            continue
        side, place = ("right", at[0]) if at[0] < 66 else ("left", at[0] - 66)
        own = place + 1 if place < 56 else muscle_level[(place - 56) % 10]
        best, worst = len(options) - 1, 0  # the options rise with the score
        choice = np.where(own <= level[side], best, worst)
        choice = np.where(rng.random(n) < lean, rng.integers(0, len(options), n), choice)
        if at[0] >= 132:
            choice = rng.integers(0, len(options), n)
        filled[list(at)] = np.array(options, dtype=np.int8)[choice].T
    return filled


def _values(code: int, top: int) -> list[int]:
    """The values behind a code, section 5 of the rules."""
    flag, grade = divmod(code, 10)
    if flag == 2:
        return [top]
    highest = top if flag == 0 else top - 1
    if grade == 9:
        return list(range(highest + 1))
    return [grade] if flag == 0 else list(range(grade, highest + 1))


def _compare_totals(graded: GradedTable, answers: list[dict[str, Any]], found: Comparison) -> None:
    """Compare the sums; the reference program writes ND where we write -1."""
    totals = [answer["result"]["totals"] for answer in answers]
    for part, theirs in TOTALS.items():
        for side in ("right", "left", "both"):
            ours = graded.total(part, side).tolist()
            given = [_number((t if side == "both" else t[side])[theirs]) for t in totals]
            found.values += len(given)
            found.unexplained += [
                f"exam {i}: {side} {part}: ours {a}, theirs {b}"
                for i, (a, b) in enumerate(zip(ours, given, strict=True))
                if a != b
            ]


def _number(text: str) -> int:
    return -1 if text == "ND" else int(text)


def main() -> int:
    """Print the account and the verdict."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exams", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, default=1_000_000, help="completions to enumerate")
    parser.add_argument("--stars", type=int, default=20_000, help="exams whose stars are compared")
    args = parser.parse_args()
    start = time.perf_counter()
    folder = install_oracle()
    codes, kinds = generate(args.exams, args.seed)
    answers = oracle_results(folder, codes)
    found = compare(codes, answers, args.limit)
    print("\n".join(found.lines()))
    starred = min(args.exams, args.stars)
    stars = compare_stars(codes[:starred], answers[:starred])
    print(
        f"  stars of the scalar reference on {starred} exams: {len(stars)} differ",
        *stars[:20],
        sep="\n    ",
    )
    print("  kinds:", ", ".join(f"{k} {n}" for k, n in sorted(Counter(kinds.tolist()).items())))
    print(f"  {time.perf_counter() - start:.0f} s")
    good = not found.unexplained and not stars
    print(
        "Verdict: no unexplained difference."
        if good
        else "Verdict: there are unexplained differences."
    )
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())

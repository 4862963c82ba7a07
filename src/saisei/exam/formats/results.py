"""The classification of many exams as sets and texts, and how it compares with what a file reported."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from saisei.exam.formats.names import FINDINGS
from saisei.exam.isncsci.evaluate import Sets, evaluate
from saisei.exam.isncsci.levels import Level
from saisei.exam.isncsci.policy import Policy, policy_named
from saisei.exam.isncsci.result import finding
from saisei.exam.isncsci.stars import difference_stars
from saisei.exam.isncsci.stars_praxis import praxis_stars
from saisei.exam.isncsci.totals import Total, totals

__all__ = ["Mismatch", "compare", "grade_sets", "result_texts"]

Masks = NDArray[np.int64]
_SCORES = 132
_FLAGGED = 10
_FEW = 300  # below this many exams, loading the compiled grader costs more than it saves


def grade_sets(codes: NDArray[np.int8], policy: Policy | str) -> tuple[Masks, Masks]:
    """The eleven sets of each exam and which of their values carry a star, as bit masks.

    Args:
        codes: (n, 136) int8, valid codes in the order of `COLUMNS`.
        policy: the reading of the open points.

    Returns:
        Two arrays (n, 11) in the order of `evaluate.QUANTITIES`; bits as in `evaluate.Sets`.
    """
    policy = policy_named(policy)
    if len(codes) < _FEW:
        return _one_by_one(codes, policy)
    from saisei.exam.isncsci.batch import classify_table

    graded = classify_table(codes, policy, stars=policy.stars == "difference")
    sets = graded.sets.T.astype(np.int64)
    if graded.stars is not None:
        return sets, graded.stars.T.astype(np.int64)
    stars = np.zeros_like(sets)
    flagged = np.flatnonzero(codes[:, :_SCORES].max(axis=1) >= _FLAGGED)
    if policy.stars == "praxis" and len(flagged):
        from saisei.exam.formats.batch_stars import praxis_star_masks

        plain = codes[flagged]
        plain[:, :_SCORES] %= 10
        ais = classify_table(plain, policy).set_of("ais").astype(np.int64)
        stars[flagged] = praxis_star_masks(codes[flagged], sets[flagged], ais)
    return sets, stars


def _one_by_one(codes: NDArray[np.int8], policy: Policy) -> tuple[Masks, Masks]:
    """The plain scalar way: at once ready, where the compiled one has to be loaded first."""
    rows = [evaluate(row, policy) for row in codes.tolist()]
    sets = np.array(rows, dtype=np.int64).reshape(len(rows), len(Sets._fields))
    return sets, _stars(codes, sets, policy)


def _stars(codes: NDArray[np.int8], sets: Masks, policy: Policy) -> Masks:
    stars = np.zeros_like(sets)
    if policy.stars == "off" or not len(codes):
        return stars
    mark = praxis_stars if policy.stars == "praxis" else difference_stars
    for i in np.flatnonzero(codes[:, :_SCORES].max(axis=1) >= _FLAGGED):
        stars[i] = mark(codes[i].tolist(), Sets(*sets[i].tolist()), policy)
    return stars


def result_texts(codes: Sequence[int], sets: Sequence[int], stars: Sequence[int]) -> dict[str, str]:
    """Every quantity of an exam in words: `C5`, `ND: C5, C6*`, `25`, `ND (20 to 25)`.

    The keys are `names.REPORTED` but for the motor total of both sides.
    """
    texts = {
        name: finding(name, mask, star).text
        for name, mask, star in zip(FINDINGS, sets, stars, strict=True)
    }
    sums = totals(codes)
    for ours, one in (
        ("uems", sums.uems),
        ("lems", sums.lems),
        ("light_touch_total", sums.light_touch),
        ("pin_prick_total", sums.pin_prick),
    ):
        texts[f"right_{ours}"] = one.right.text
        texts[f"left_{ours}"] = one.left.text
        texts[ours] = one.both.text
    for side in ("right", "left"):  # not a sum of the standard; Praxis and registries give it
        parts = getattr(sums.uems, side), getattr(sums.lems, side)
        low, high = sum(part.low for part in parts), sum(part.high for part in parts)
        tested = all(part.tested for part in parts)
        texts[f"{side}_motor_total"] = Total(low, high, tested).text
    return texts


# ---- What the file itself said ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A quantity that the file reports otherwise than the exam gives it.

    `kind`: `differs`; `narrower` (the file picks from what the exam leaves open); `wider` (the file
    leaves open what the exam settles).
    """

    quantity: str
    reported: str
    ours: str
    kind: Literal["differs", "narrower", "wider"]

    def __str__(self) -> str:
        said = f"{self.quantity}: the file says {self.reported}, "
        if self.kind == "narrower":
            return said + f"the exam leaves open {self.ours.removeprefix('ND').lstrip(': ')}"
        return said + f"the exam gives {self.ours}"


_OPEN = frozenset({"ND", "UTD", "NT", "?"})
_LEVEL = re.compile(r"(INT|NA|N/A|[CTLS]\d{1,2}(?:[-_]S?5)?)")


def compare(reported: Mapping[str, str], ours: Mapping[str, str]) -> list[Mismatch]:
    """Each quantity that a file reports otherwise than `result_texts` has it.

    Stars are not compared (programs differ in them); neither is what a file left blank, nor a
    quantity that we do not give (a motor total of both regions, values of another time).

    >>> compare({"ais": "AIS C", "nli": "c5"}, {"ais": "ND: C, D", "nli": "C5"})[0].kind
    'narrower'
    """
    found = []
    for quantity, text in reported.items():
        if quantity not in ours or not text.strip():
            continue
        theirs, values = _values(quantity, text), _values(quantity, ours[quantity])
        open_now = ours[quantity].startswith("ND")
        if theirs == values or (theirs <= _OPEN and open_now):
            continue
        kind: Literal["differs", "narrower", "wider"] = "differs"
        if theirs < values:
            kind = "narrower"
        elif values < theirs or theirs <= _OPEN:
            kind = "wider"
        found.append(Mismatch(quantity, text, ours[quantity], kind))
    return found


@lru_cache(maxsize=65536)
def _values(quantity: str, text: str) -> frozenset[str]:
    """The values that a text names, without stars, spelling and `ND:`."""
    bare = text.strip().upper().replace("*", "").replace("!", "")
    if bare in _OPEN:
        return frozenset({bare})
    if quantity == "ais":
        bare = re.sub(r"^(ND:?)?\s*(AIS|ASIA)?\s*", "", bare)
        return frozenset(part for part in re.split(r"[\s,;/]+", bare) if part)
    if quantity == "completeness":
        words = {"COMPLETE": "C", "INCOMPLETE": "I"}
        parts = re.split(r"[\s,;/]+", re.sub(r"^ND:?\s*", "", bare))
        return frozenset(words.get(part, part) for part in parts if part)
    if quantity in FINDINGS:
        return _levels(re.sub(r"^ND:?\s*", "", bare))
    span = re.fullmatch(r"ND \((\d+) TO (\d+)\)", bare)
    if span:
        return frozenset(str(i) for i in range(int(span[1]), int(span[2]) + 1))
    return frozenset({str(int(bare)) if re.fullmatch(r"\d{1,3}", bare) else bare})


def _levels(text: str) -> frozenset[str]:
    """Levels and zones of a list; `C5-C7` is a range, `C05` is C5."""
    found: set[str] = set()
    for part in re.split(r"[\s,;/]+", text.replace("N/A", "NA")):
        if not part:
            continue
        ends = re.fullmatch(r"([CTLS]\d{1,2})-([CTLS]\d{1,2}|INT)", part)
        try:
            if ends:
                first, last = _level(ends[1]), _level(ends[2])
                found.update(Level(i).label for i in range(first, last + 1) if i != Level.S4_5)
            else:
                found.add("NA" if part == "NA" else _level(part).label)
        except ValueError:
            found.add(part)
    return frozenset(found)


def _level(text: str) -> Level:
    return Level.parse(re.sub(r"^([CTLS])0(\d)$", r"\1\2", text))

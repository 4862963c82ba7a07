"""A seeded generator of structured exams, shared by the tests of the exam."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from saisei.exam.isncsci.record import COLUMNS, MOTOR_CODES, SENSORY_CODES, Exam

ExamGenerator = Callable[..., Exam]

_MUSCLES = (4, 5, 6, 7, 8, 21, 22, 23, 24, 25)
_KINDS = ("cervical", "cervical", "high", "thoracic", "lumbar", "sacral", "near_normal", "random")
_RANGE = {
    "high": (0, 4),
    "cervical": (3, 9),
    "thoracic": (8, 20),
    "lumbar": (19, 25),
    "sacral": (24, 28),
    "near_normal": (29, 29),
    "random": (0, 29),
}
_NT_PLACES = ("anywhere", "boundary", "sacral", "column", "anal")


def structured_exam(rng: random.Random, uncertain: int = 0, flags: bool = True) -> Exam:
    """One exam with a level on each side, a partial zone below it and a sacral pattern.

    Args:
        rng: the source of randomness.
        uncertain: about how many items are made NT or flagged (0: a plain exam).
        flags: whether the uncertain items may carry flags, else they are NT only.
    """
    kind = rng.choice(_KINDS)
    first = rng.randint(*_RANGE[kind])
    second = first if rng.random() < 0.4 else min(29, max(0, first + rng.randint(-4, 4)))
    codes = [*_side(rng, first, kind), *_side(rng, second, kind)]
    spared = max(codes[27], codes[55], codes[66 + 27], codes[66 + 55]) > 0
    vac = int(rng.random() < (0.9 if kind == "near_normal" else 0.35 if spared else 0.1))
    dap = int(rng.random() < (0.9 if spared else 0.15))
    codes += [vac, dap, *(rng.choice(_MUSCLES) if rng.random() < 0.2 else -1 for _ in "rl")]
    if uncertain:
        _make_uncertain(rng, codes, (first, second), uncertain, flags)
    return Exam.from_codes(codes)


def _side(rng: random.Random, level: int, kind: str) -> list[int]:
    """66 plain codes: normal down to `level`, then fading, with a chance of sparing far below."""
    sparing = rng.choice((0.0, 0.0, 0.1, 0.5, 0.9))
    motor_sparing = rng.choice((0.0, 0.0, 0.1, 0.4, 0.9))
    touch, prick = [], []
    for segment in range(1, 29):
        for column in (touch, prick):
            if segment <= level:
                column.append(2)
            elif segment <= level + 3 or rng.random() < sparing:
                column.append(rng.choice((0, 1, 1, 2)))
            else:
                column.append(0)
    shift = rng.choice((0, 0, 0, 1, 2, -1))
    motor = []
    for muscle in _MUSCLES:
        if muscle < level + shift or kind == "near_normal":
            motor.append(5)
        elif muscle <= level + 2 + shift:
            motor.append(rng.choice((0, 1, 2, 3, 3, 4, 5)))
        else:
            motor.append(rng.choice((1, 2, 3, 4, 5)) if rng.random() < motor_sparing else 0)
    if kind == "near_normal" and rng.random() < 0.6:
        touch[rng.randrange(28)] = rng.randrange(2)
        motor[rng.randrange(10)] = rng.randrange(5)
    return touch + prick + motor


def _make_uncertain(
    rng: random.Random, codes: list[int], levels: tuple[int, int], count: int, flags: bool
) -> None:
    """Turn about `count` items into NT or flagged scores, at places that matter."""
    place = rng.choice(_NT_PLACES)
    for _ in range(count):
        side = rng.randrange(2)
        at = side * 66 + _place(rng, place, levels[side])
        if place == "anal" and rng.random() < 0.5:
            codes[rng.choice((132, 133))] = 9
            continue
        allowed = MOTOR_CODES if at % 66 >= 56 else SENSORY_CODES
        style = rng.random()
        if not flags or style < 0.4:
            code = 9
        elif style < 0.7:
            code = codes[at] % 10 + rng.choice((10, 20))
        else:
            code = rng.choice((19, 29))
        if code in allowed:
            codes[at] = code


def _place(rng: random.Random, place: str, level: int) -> int:
    """A cell of one side (0 to 65)."""
    if place == "sacral":
        return rng.choice((25, 26, 27, 53, 54, 55, 64, 65))
    if place == "column":
        return rng.choice((0, 28, 56)) + rng.randrange(10)
    if place == "boundary":
        segment = min(28, max(1, level + rng.randint(-1, 2)))
        if segment in _MUSCLES and rng.random() < 0.6:
            return 56 + _MUSCLES.index(segment)
        return segment - 1 + rng.choice((0, 28))
    return rng.randrange(66)


@pytest.fixture(scope="session")
def make_exam() -> ExamGenerator:
    """`make_exam(random.Random(seed), uncertain=3, flags=True)` gives one structured exam."""
    assert len(COLUMNS) == 136
    return structured_exam

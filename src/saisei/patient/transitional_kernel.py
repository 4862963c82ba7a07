"""The compiled chain of `transitional`: scores at the next grid day given the scores at the last.

A score is an ordinal variable with a cumulative probit: the next score is the number of cut points (half
way between whole scores) that

    own earlier score + pace(interval) * gain + noise

exceeds. The gain of a muscle depends on its own score, on its neighbours above and below, on light touch
and pin prick of its segment, and, in people whose long tracts conduct, on limb; that of a dermatome on the
dermatome above, on the other modality and on sacral sparing. People differ by a random effect each for
muscles near the level, long tracts and sensation. Two states per person, sacral sparing and conducting
long tracts, are gained at hazards by interval and region (never lost).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from saisei.chance.streams import PURPOSES, compiled, fill_normals, fill_uniforms
from saisei.cord.anatomy import SEGMENTS
from saisei.cord.values import places
from saisei.exam.isncsci.levels import DERMATOMES, KEY_MUSCLES

__all__ = ["GRID", "INTERVALS", "TRANSITIONAL", "follow"]

GRID = np.array([5, 28, 84, 182, 364, 730], dtype=np.int64)
"""Days of the chain: the first exam, then the ends of the intervals of the published tables."""

INTERVALS = len(GRID) - 1

TRANSITIONAL: tuple[tuple[str, int], ...] = (
    ("tier0_motor_pace", INTERVALS),
    ("tier0_sense_pace", INTERVALS),
    ("tier0_convert_pace", INTERVALS),
    # base, from 0, from 1-4, per grade above, per grade below, per point of sensation, in the neck, in legs
    # without conducting long tracts above T10
    ("tier0_motor_gain", 8),
    ("tier0_long_gain", 4),  # arm, leg, per point of own grade, leg in trunk injuries
    # between people near the level, between people in long tracts, noise of grade 0, of the rest
    ("tier0_motor_spread", 4),
    # base, per point above, per point of the other modality, pin prick, with sparing, from 0
    ("tier0_sense_gain", 6),
    ("tier0_sense_spread", 2),  # person, noise
    ("tier0_to_sensory", 3),  # log hazard from A: neck, T1-T9, below
    ("tier0_to_motor", 3),  # the same, to conducting long tracts
    ("tier0_b_to_motor", 2),  # log hazard from B: neck, trunk
    ("tier0_contraction", 2),  # chance that VAC appears: when long tracts are gained, later
)
"""Name and length of each value of the chain."""

_P = places(TRANSITIONAL)
_MOTOR_PACE, _SENSE_PACE, _CONVERT = (
    _P["tier0_motor_pace"],
    _P["tier0_sense_pace"],
    _P["tier0_convert_pace"],
)
_GAIN, _LONG, _SPREAD = _P["tier0_motor_gain"], _P["tier0_long_gain"], _P["tier0_motor_spread"]
_SENSE, _SENSE_SPREAD = _P["tier0_sense_gain"], _P["tier0_sense_spread"]
_TO_SENSORY, _TO_MOTOR, _B_TO_MOTOR = (
    _P["tier0_to_sensory"],
    _P["tier0_to_motor"],
    _P["tier0_b_to_motor"],
)
_CONTRACTION = _P["tier0_contraction"]

_SIDE = 2 * SEGMENTS + len(KEY_MUSCLES)
_KEYS = len(KEY_MUSCLES)
_SCORES = 2 * _SIDE
_VAC, _DAP = _SCORES, _SCORES + 1
_ITEMS = _SCORES + 2
_TOP_MOTOR, _TOP_SENSE = 5, 2
_PURPOSE = PURPOSES["transitional"]
_LASTING = 1 << 16  # step of what stays the same over the chain; the intervals are steps 0, 1, ...
# Dermatome of each key muscle.
_MUSCLE_SEGMENT = np.array([DERMATOMES.index(level) for level in KEY_MUSCLES], dtype=np.int64)
# Places among the lasting normals and the uniforms of an interval.
_NEAR, _FAR, _FEEL = 0, 1, 2
_U_SENSORY, _U_MOTOR, _U_VAC, _U_DAP = range(4)


@compiled
def _score(z: float, top: int) -> int:
    return min(max(int(np.floor(z + 0.5)), 0), top)


@compiled
def _convert(
    p: NDArray[np.float64],
    interval: int,
    region: int,
    state: NDArray[np.int64],
    u: NDArray[np.float64],
) -> None:
    """Sacral sparing (state 0) and conducting long tracts (state 1) gained in one interval."""
    pace = p[_CONVERT + interval]
    if state[1] == 0:
        if state[0] == 0:
            rate = np.exp(p[_TO_MOTOR + region])
        else:
            rate = np.exp(p[_B_TO_MOTOR + min(region, 1)])
        if u[_U_MOTOR] < 1.0 - np.exp(-rate * pace):
            state[0] = state[1] = 1
    if state[0] == 0 and u[_U_SENSORY] < 1.0 - np.exp(-np.exp(p[_TO_SENSORY + region]) * pace):
        state[0] = 1


@compiled
def _step_motor(
    p: NDArray[np.float64],
    interval: int,
    region: int,
    state: NDArray[np.int64],
    own: NDArray[np.float64],
    z: NDArray[np.float64],
    old: NDArray[np.int64],
    new: NDArray[np.int64],
) -> None:
    for side in range(2):
        skin, motor = side * _SIDE, side * _SIDE + 2 * SEGMENTS
        for j in range(_KEYS):
            y = old[motor + j]
            if y == _TOP_MOTOR:
                new[motor + j] = y
                continue
            k = skin + _MUSCLE_SEGMENT[j]
            felt = old[k] + old[k + SEGMENTS]
            if j == 0 or j == 5:  # no key muscle above: sensation one segment up stands for it
                above = 1.25 * (old[k - 1] + old[k - 1 + SEGMENTS])
            else:
                above = float(old[motor + j - 1])
            below = float(old[motor + j + 1]) if j not in (4, 9) else float(y)
            gain = p[_GAIN] + (p[_GAIN + 1] if y == 0 else p[_GAIN + 2])
            gain += p[_GAIN + 3] * (above - y) + p[_GAIN + 4] * (below - y)
            gain += p[_GAIN + 5] * (felt - 2.0) + p[_SPREAD] * own[_NEAR]
            if region == 0:
                gain += p[_GAIN + 6]
            if state[1] == 1:
                arm = j < 5
                gain += p[_LONG] if arm else p[_LONG + 1] + (p[_LONG + 3] if region > 0 else 0.0)
                gain += p[_LONG + 2] * y + p[_SPREAD + 1] * own[_FAR]
            elif j >= 5 and region < 2:
                gain += p[_GAIN + 7]
            noise = p[_SPREAD + 2] if y == 0 else p[_SPREAD + 3]
            new[motor + j] = _score(y + p[_MOTOR_PACE + interval] * gain + noise * z[motor + j], 5)


@compiled
def _step_senses(
    p: NDArray[np.float64],
    interval: int,
    state: NDArray[np.int64],
    own: NDArray[np.float64],
    z: NDArray[np.float64],
    old: NDArray[np.int64],
    new: NDArray[np.int64],
) -> None:
    for column in range(4):
        pin = column % 2
        start = (column // 2) * _SIDE + pin * SEGMENTS
        other = start - SEGMENTS if pin == 1 else start + SEGMENTS
        for k in range(SEGMENTS):
            x = old[start + k]
            if x == _TOP_SENSE:
                new[start + k] = x
                continue
            if k == SEGMENTS - 1 and state[0] == 0:  # sacral sensation is what sparing means
                new[start + k] = 0
                continue
            above = old[start + k - 1] if k > 0 else _TOP_SENSE
            gain = p[_SENSE] + p[_SENSE + 1] * (above - x)
            gain += p[_SENSE + 2] * (old[other + k] - x) + p[_SENSE_SPREAD] * own[_FEEL]
            if pin == 1:
                gain += p[_SENSE + 3]
            if state[0] == 1:
                gain += p[_SENSE + 4]
            if x == 0:
                gain += p[_SENSE + 5]
            noise = p[_SENSE_SPREAD + 1] * z[start + k]
            new[start + k] = _score(x + p[_SENSE_PACE + interval] * gain + noise, _TOP_SENSE)
            if k == SEGMENTS - 1:
                new[start + k] = max(new[start + k], x)  # sparing is never lost


@compiled
def _step_anal(
    p: NDArray[np.float64],
    state: NDArray[np.int64],
    spared: bool,
    moving: bool,
    u: NDArray[np.float64],
    old: NDArray[np.int64],
    new: NDArray[np.int64],
) -> None:
    """VAC and DAP: gained with the states, never lost."""
    new[_VAC], new[_DAP] = old[_VAC], old[_DAP]
    if state[1] == 1 and old[_VAC] == 0:
        chance = p[_CONTRACTION + 1] if moving else p[_CONTRACTION]
        new[_VAC] = 1 if u[_U_VAC] < chance else 0
    if state[0] == 1 and not spared:
        new[_DAP] = 1  # what shows a gained sacral sparing


@compiled
def follow(
    p: NDArray[np.float64],
    seed: int,
    persons: NDArray[np.int64],
    attempts: NDArray[np.int64],
    days: NDArray[np.int64],
    first: NDArray[np.int8],
    start: NDArray[np.int64],
    codes: NDArray[np.int8],
) -> None:
    """Write the exams of people at their days, from their first exam on.

    Between two grid days each item moves from its old to its new score on a day of its own, evenly spread,
    so a course can be read on any day.

    Args:
        p: the values, see `TRANSITIONAL`.
        seed, persons, attempts: who, (n,).
        days: days after the injury, (n, visits).
        first: exams on the first grid day, (n, 136).
        start: region (0 neck, 1 T1-T9, 2 below), sacral sparing, conducting long tracts, (n, 3).
        codes: room, (n, visits, 136); overwritten.
    """
    own, z, u = np.empty(3), np.empty(_SCORES), np.empty(4)
    when = np.empty(_ITEMS)
    chain = np.empty((INTERVALS + 1, _ITEMS), dtype=np.int64)
    state = np.empty(2, dtype=np.int64)
    for i in range(len(persons)):
        fill_normals(own, seed, persons[i], _LASTING, _PURPOSE, attempts[i])
        fill_uniforms(when, seed, persons[i], _LASTING + 1, _PURPOSE, attempts[i])
        for k in range(_ITEMS):
            chain[0, k] = first[i, k]
        state[0], state[1] = start[i, 1], start[i, 2]
        last = 0
        for v in range(days.shape[1]):
            last = max(last, days[i, v])
        for g in range(INTERVALS):
            if GRID[g] >= last:
                break
            fill_uniforms(u, seed, persons[i], 2 * g, _PURPOSE, attempts[i])
            fill_normals(z, seed, persons[i], 2 * g + 1, _PURPOSE, attempts[i])
            spared, moving = state[0] == 1, state[1] == 1
            _convert(p, g, start[i, 0], state, u)
            _step_motor(p, g, start[i, 0], state, own, z, chain[g], chain[g + 1])
            _step_senses(p, g, state, own, z, chain[g], chain[g + 1])
            _step_anal(p, state, spared, moving, u, chain[g], chain[g + 1])
        for v in range(days.shape[1]):
            g = 0
            while g < INTERVALS and days[i, v] > GRID[g + 1] and g < INTERVALS - 1:
                g += 1
            share = (days[i, v] - GRID[g]) / (GRID[g + 1] - GRID[g])
            for k in range(_ITEMS):
                turned = share >= 1.0 or (share > 0.0 and when[k] < share)
                codes[i, v, k] = chain[g + 1, k] if turned else chain[g, k]
            codes[i, v, _ITEMS], codes[i, v, _ITEMS + 1] = -1, -1

"""Simulated dose finding, compiled: BOIN in cohorts, and trials with late events (TITE-BOIN, TITE-CRM).

Every trial reads its own row of uniforms, so that results depend on seed and run alone. The plain rules
that these kernels follow are those of `dose_boin`, `dose_crm` and `dose_plan`; tests hold them together.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from saisei.chance.streams import compiled

__all__ = ["boin_trials", "crm_posterior_rates", "select_mtd", "tite_trials"]

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

_GAP, _EVENT, _WHEN = 0, 1, 2  # uniforms of a person: arrival, event, time of the event
_NEVER = 1e18


@compiled
def select_mtd(people: F64, events: F64, removed: int, target: float) -> int:
    """Index of the tried dose whose isotonic rate is nearest the target; -1 when there is none."""
    value, weight, size = np.empty(removed), np.empty(removed), np.empty(removed)
    blocks, tried = 0, 0
    for dose in range(removed):
        n, y = people[dose], events[dose]
        if n <= 0.0:
            continue
        a, b, c = y + 0.05, n - y + 0.05, n + 0.1
        value[blocks], weight[blocks], size[blocks] = a / c, c * c * (c + 1.0) / (a * b), 1.0
        blocks += 1
        tried += 1
        while blocks > 1 and value[blocks - 2] > value[blocks - 1]:
            w = weight[blocks - 2] + weight[blocks - 1]
            value[blocks - 2] = (
                value[blocks - 2] * weight[blocks - 2] + value[blocks - 1] * weight[blocks - 1]
            ) / w
            weight[blocks - 2] = w
            size[blocks - 2] += size[blocks - 1]
            blocks -= 1
    best, nearest, place, block, inside = -1, 2.0, 0, 0, 0.0
    for dose in range(removed):
        if people[dose] <= 0.0:
            continue
        place += 1
        if inside >= size[block]:
            block += 1
            inside = 0.0
        inside += 1.0
        distance = abs(value[block] + 1e-10 * place - target)
        if distance < nearest:
            best, nearest = dose, distance
    return best


@compiled
def boin_trials(
    uniforms: F64,
    rates: F64,
    cohort: int,
    start: int,
    target: float,
    escalate: I64,
    deescalate: I64,
    eliminate: I64,
) -> tuple[I64, F64, F64]:
    """Trials by BOIN's table in cohorts.

    Args:
        uniforms: one for each run and person, shape (runs, people).
        rates: true event rates by dose.
        cohort, start: people in a cohort, index of the first dose.
        target: rate aimed at.
        escalate, deescalate, eliminate: bounds by people at the dose, index 0 unused; a bound that is
            never reached is larger than the people.

    Returns:
        Selected dose of each run (-1 for none), people and events by run and dose.
    """
    runs, people, doses = uniforms.shape[0], uniforms.shape[1], len(rates)
    chosen = np.empty(runs, np.int64)
    seen, hit = np.zeros((runs, doses)), np.zeros((runs, doses))
    for run in range(runs):
        dose, removed = start, doses
        for first in range(0, people - cohort + 1, cohort):
            for person in range(first, first + cohort):
                seen[run, dose] += 1.0
                if uniforms[run, person] < rates[dose]:
                    hit[run, dose] += 1.0
            n, y = int(seen[run, dose]), int(hit[run, dose])
            if y >= eliminate[n]:
                removed = dose
                if removed == 0:
                    break
            move = 1 if y <= escalate[n] else -1 if y >= deescalate[n] else 0
            dose = min(max(dose + move, 0), removed - 1)
        chosen[run] = select_mtd(seen[run], hit[run], removed, target) if removed > 0 else -1
    return chosen, seen, hit


@compiled
def crm_posterior_rates(
    prior: F64,
    log_p: F64,
    log_rest: F64,
    log_skeleton: F64,
    beta: F64,
    weights: F64,
    events: F64,
    level: I64,
) -> F64:
    """Plug-in rates at the posterior mean of beta, on a grid of beta.

    Args:
        prior: weights of the grid, shape (grid,).
        log_p, log_rest: logarithms of the rates and of one minus them, shape (grid, doses).
        log_skeleton, beta: logarithms of the skeleton; the grid.
        weights, events, level: share of the window seen, event and dose of each person.
    """
    grid = len(beta)
    logs = np.empty(grid)
    for g in range(grid):
        total = math.log(prior[g])
        for i in range(len(level)):
            p = log_p[g, level[i]]
            if events[i] > 0.0:
                total += p
            elif weights[i] >= 1.0:
                total += log_rest[g, level[i]]
            elif weights[i] > 0.0:
                total += math.log1p(-min(weights[i] * math.exp(p), 1.0 - 1e-12))
        logs[g] = total
    top = logs.max()
    mass = mean = 0.0
    for g in range(grid):
        w = math.exp(logs[g] - top)
        mass += w
        mean += w * beta[g]
    grow = math.exp(mean / mass)
    return np.exp(grow * log_skeleton)


@compiled
def _nearest(rates: F64, target: float, upto: int) -> int:
    best, nearest = 0, 2.0
    for dose in range(upto):
        distance = abs(rates[dose] - target)
        if distance < nearest:
            best, nearest = dose, distance
    return best


@compiled
def _read(
    now: float,
    count: int,
    dose: int,
    window: float,
    entered: F64,
    shows: F64,
    level: I64,
    weights: F64,
    known: F64,
) -> tuple[int, int, int, float, float]:
    """People, events, pending, their follow-up in windows, and when the next one is settled, at the dose.

    Fills `weights` and `known` for everybody.
    """
    n = y = pending = 0
    watched, earliest = 0.0, _NEVER
    for i in range(count):
        done = now - entered[i] >= window - 1e-6  # rounding must not keep it open
        known[i] = 1.0 if shows[i] <= now else 0.0
        weights[i] = min((now - entered[i]) / window, 1.0)
        if level[i] != dose:
            continue
        n += 1
        if known[i] > 0.0:
            y += 1
        elif not done:
            pending += 1
            watched += weights[i]
            earliest = min(earliest, entered[i] + window, shows[i])
    return n, y, pending, watched, earliest


@compiled
def _tite_move(
    n: int, y: int, pending: int, watched: float, target: float, interval: F64, deescalate: int
) -> int:
    """TITE-BOIN: 1 up, 0 stay, -1 down, 2 wait."""
    if y >= deescalate:
        return -1
    if 2 * pending > n:
        return 2
    rate = (y + target / 2.0) / (n - pending + 1.0)
    odds = rate / (1.0 - rate)
    if watched >= pending - (n * interval[0] - y) / odds:
        return 1
    return -1 if watched <= pending - (n * interval[1] - y) / odds else 0


@compiled
def _end(
    seen: F64,
    hit: F64,
    removed: int,
    target: float,
    eliminate: I64,
    crm: bool,
    people: tuple[F64, F64, I64],
    grid: tuple[F64, F64, F64, F64, F64],
) -> int:
    """The dose selected when every window has closed; -1 for none."""
    for dose in range(removed):
        if int(hit[dose]) >= eliminate[int(seen[dose])]:
            removed = dose
            break
    if removed == 0:
        return -1
    if not crm:
        return select_mtd(seen, hit, removed, target)
    weights, known, level = people
    prior, log_p, log_rest, log_skeleton, beta = grid
    fitted = crm_posterior_rates(prior, log_p, log_rest, log_skeleton, beta, weights, known, level)
    tried = 0
    for dose in range(removed):
        if seen[dose] > 0.0:
            tried = dose + 1
    return _nearest(fitted, target, tried)


@compiled
def _tite_run(
    uniforms: F64,
    rates: F64,
    cohort: int,
    start: int,
    target: float,
    gap_days: float,
    window_days: float,
    tables: I64,
    interval: F64,
    crm: bool,
    grid: tuple[F64, F64, F64, F64, F64],
    seen: F64,
    hit: F64,
) -> tuple[int, float]:
    """One trial: the dose selected and its days; adds to `seen` and `hit`."""
    people = len(uniforms) // 3
    entered, shows, level = np.empty(people), np.empty(people), np.empty(people, np.int64)
    weights, known = np.empty(people), np.empty(people)
    dose, removed, now, count = start, len(rates), 0.0, 0
    for person in range(people):
        if person > 0:
            now += -math.log(1.0 - uniforms[3 * person + _GAP]) * gap_days
        if person > 0 and person % cohort == 0:
            move = 2
            while move == 2:
                n, y, pending, watched, earliest = _read(
                    now, count, dose, window_days, entered, shows, level, weights, known
                )
                if y >= tables[2, n]:
                    removed = min(removed, dose)
                move = -1
                if crm and removed > 0:
                    fitted = crm_posterior_rates(
                        grid[0], grid[1], grid[2], grid[3], grid[4], weights[:count],
                        known[:count], level[:count],
                    )  # fmt: skip
                    move = min(_nearest(fitted, target, removed) - dose, 1)
                elif not crm:
                    move = _tite_move(n, y, pending, watched, target, interval, tables[1, n])
                    now = max(earliest, now) if move == 2 else now
            if removed == 0:
                break
            dose = min(max(dose + move, 0), removed - 1)
        event = uniforms[3 * person + _EVENT] < rates[dose]
        entered[count], level[count] = now, dose
        shows[count] = now + uniforms[3 * person + _WHEN] * window_days if event else _NEVER
        seen[dose] += 1.0
        hit[dose] += 1.0 if event else 0.0
        count += 1
    weights[:count] = 1.0
    for i in range(count):
        known[i] = 1.0 if shows[i] < _NEVER else 0.0
    chosen = _end(
        seen, hit, removed, target, tables[2], crm,
        (weights[:count], known[:count], level[:count]), grid,
    )  # fmt: skip
    return chosen, now + window_days


@compiled
def tite_trials(
    uniforms: F64,
    rates: F64,
    cohort: int,
    start: int,
    target: float,
    gap_days: float,
    window_days: float,
    tables: I64,
    interval: F64,
    crm: bool,
    grid: tuple[F64, F64, F64, F64, F64],
) -> tuple[I64, F64, F64, F64]:
    """Trials whose events come late: nobody waits for the end of the windows unless the rule says so.

    People arrive at random (exponential gaps); an event comes at a uniform time of the window. Each cohort's
    dose is decided when its first person arrives. TITE-BOIN suspends while more than half of those at the
    dose are pending, unless what is seen decides already.

    Args:
        uniforms: three for each run and person, shape (runs, people * 3).
        rates, cohort, start, target: as for `boin_trials`.
        gap_days, window_days: mean time between arrivals, length of the window.
        tables: rows escalate, de-escalate and eliminate by people at the dose.
        interval: lambda_e and lambda_d of BOIN.
        crm: whether the next dose is that of TITE-CRM.
        grid: prior weights, log rates and of one minus them, log skeleton and beta; of the CRM only.

    Returns:
        Selected dose (-1 for none), people and events by dose, days from the first person to the end of
        the last window.
    """
    runs, doses = uniforms.shape[0], len(rates)
    chosen, lasted = np.empty(runs, np.int64), np.empty(runs)
    seen, hit = np.zeros((runs, doses)), np.zeros((runs, doses))
    for run in range(runs):
        chosen[run], lasted[run] = _tite_run(
            uniforms[run], rates, cohort, start, target, gap_days, window_days, tables, interval, crm,
            grid, seen[run], hit[run],
        )  # fmt: skip
    return chosen, seen, hit, lasted

"""The natural course of the same people by closed form, by SciPy and by libRoadRunner.

The equations are those of `saisei.repair.natural` as differential equations: block, plasticity, the zone of
each muscle, muscle mass of each muscle and the sensory shock of a person, 45 states. Every way gives the 21
forces and the shock at six visits of one year. The closed form is exact to rounding; the solvers are
set as loose as still keeps the worst force within 1e-4 (the lowest cut point of a grade is 2e-3).
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from saisei.cord.anatomy import MUSCLES, SENSES, SPHINCTER
from saisei.cord.injury import (
    INJURY,
    X_BLOCK,
    X_MOTONEURONS,
    X_SPARED,
    X_ZONE,
    draw_injury,
)  # fmt: skip
from saisei.cord.values import cord_values
from saisei.repair.natural import (
    RATES,
    REPAIR,
    draw_rates,
    forces_with,
    hill,
    no_effect,
    repair_values,
    senses_at,
    use_reached,
)  # fmt: skip

DAYS = np.array([14.0, 28.0, 56.0, 84.0, 182.0, 364.0])
STATES = 2 + 2 * MUSCLES + 1
_B, _P, _Z, _M, _S = 0, 1, 2, 2 + MUSCLES, 2 + 2 * MUSCLES


def value(name: str) -> float:
    """One value of the course."""
    at = sum(length for _, length in REPAIR[: [known for known, _ in REPAIR].index(name)])
    return float(repair_values()[at])


@numba.njit(cache=False)
def _draw(c, r, n, x, rates):  # type: ignore[no-untyped-def]
    room = np.empty(500)
    for i in range(n):
        draw_injury(c, 3, i, 0, room, x[i])
        draw_rates(r, 3, i, 0, rates[i])


def people(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Injuries and rates of n people."""
    x, rates = np.empty((n, INJURY)), np.empty((n, RATES))
    _draw(cord_values(), repair_values(), n, x, rates)
    return x, rates


@numba.njit(cache=False, nogil=True, error_model="numpy", fastmath={"contract"})
def _closed(r, x, rates, effect, days, forces, shock):  # type: ignore[no-untyped-def]
    senses, use = np.empty(SENSES), np.empty(MUSCLES)
    for i in range(len(x)):
        use_reached(r, x[i], use)
        for v in range(len(days)):
            forces_with(r, x[i], rates[i], days[v], effect, use, forces[i, v])
            shock[i, v] = senses_at(r, x[i], rates[i], days[v], senses)


def closed(x: NDArray[np.float64], rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Forces (n, visits, 21) as the package gives them; the latents of all senses are filled too."""
    forces, shock = np.empty((len(x), len(DAYS), MUSCLES)), np.empty((len(x), len(DAYS)))
    _closed(repair_values(), x, rates, no_effect(), DAYS, forces, shock)
    return forces


class System:
    """The linear equations y' = rate * (end - y) of one person, and force from state."""

    def __init__(self, x: NDArray[np.float64], rates: NDArray[np.float64]) -> None:
        self.x, half, slope = x, value("half_drive"), value("drive_slope")
        self.half, self.slope = half, slope
        spared, zone = x[X_SPARED : X_SPARED + MUSCLES], x[X_ZONE : X_ZONE + MUSCLES]
        self.intact = (spared >= 1.0) & (x[X_BLOCK : X_BLOCK + MUSCLES] == 0.0)
        end = np.array(
            [hill(min(1.0, a + b), half, slope) for a, b in zip(spared, zone, strict=True)]
        )
        unused = value("muscle_unused")
        # Rates of a person in the order of draw_rates: block, plasticity, shock, its time, own factor, zones.
        self.rate = np.empty(STATES)
        self.rate[_B], self.rate[_P], self.rate[_S] = 1 / rates[0], 1 / rates[1], 1 / rates[3]
        self.rate[_Z : _Z + MUSCLES] = 1 / rates[RATES - MUSCLES :]
        self.rate[_M : _M + MUSCLES] = 1 / value("muscle_days")
        self.end = np.zeros(STATES)
        self.end[_P] = self.end[_Z : _Z + MUSCLES] = 1.0
        self.end[_M : _M + MUSCLES] = unused + (1 - unused) * end
        self.start = np.zeros(STATES)
        self.start[_B], self.start[_P], self.start[_S] = 1.0, value("plasticity_start"), rates[2]
        self.start[_Z : _Z + MUSCLES] = value("zone_start")
        self.start[_M : _M + MUSCLES] = 1.0

    def slopes(self, _t: float, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """The right side."""
        return self.rate * (self.end - y)

    def forces(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Forces (visits, 21) of states (visits, STATES)."""
        x = self.x
        block = x[X_BLOCK : X_BLOCK + MUSCLES] * y[:, _B : _B + 1]
        use = np.repeat(y[:, _P : _P + 1], MUSCLES, axis=1)
        use[:, SPHINCTER] = 1.0
        drive = x[X_SPARED : X_SPARED + MUSCLES] * (1 - np.minimum(1, block)) * use
        drive = np.clip(drive + x[X_ZONE : X_ZONE + MUSCLES] * y[:, _Z : _Z + MUSCLES], 0.0, 1.0)
        power, middle = drive**self.slope, self.half**self.slope
        units = np.minimum(1.0, value("sprouting") * x[X_MOTONEURONS : X_MOTONEURONS + MUSCLES])
        force = units * y[:, _M : _M + MUSCLES] * power * (1 + middle) / (power + middle)
        force[:, self.intact] = 1.0
        return force


def scipy_forces(
    x: NDArray[np.float64], rates: NDArray[np.float64], rtol: float
) -> NDArray[np.float64]:
    """Forces by `solve_ivp`, LSODA, one person after another."""
    found = []
    for i in range(len(x)):
        one = System(x[i], rates[i])
        run = solve_ivp(
            one.slopes,
            (0.0, DAYS[-1]),
            one.start,
            method="LSODA",
            t_eval=DAYS,
            rtol=rtol,
            atol=rtol * 1e-2,
        )
        found.append(one.forces(run.y.T))
    return np.array(found)


def roadrunner_forces(
    x: NDArray[np.float64], rates: NDArray[np.float64], rtol: float
) -> tuple[NDArray[np.float64], float]:
    """Forces by libRoadRunner (SBML, CVODE), one person after another; and seconds within the solver."""
    import antimony
    import roadrunner

    lines = ["model course()"]
    for k in range(STATES):
        lines += [f"y{k}' = r{k} * (e{k} - y{k});", f"y{k} = 0;", f"r{k} = 1;", f"e{k} = 0;"]
    assert antimony.loadAntimonyString("\n".join([*lines, "end"])) >= 0, antimony.getLastError()
    machine = roadrunner.RoadRunner(antimony.getSBMLString("course"))
    machine.integrator.relative_tolerance = rtol
    machine.integrator.absolute_tolerance = rtol * 1e-2
    machine.timeCourseSelections = [f"y{k}" for k in range(STATES)]
    names = [[f"{letter}{k}" for k in range(STATES)] for letter in ("r", "e", "y")]
    found, solving = [], 0.0
    for i in range(len(x)):
        one = System(x[i], rates[i])
        machine.resetToOrigin()
        for part, numbers in zip(names, (one.rate, one.end, one.start), strict=True):
            for name, number in zip(part, numbers, strict=True):
                machine.setValue(name, float(number))
        start = time.process_time()
        y = np.array(machine.simulate(times=[0.0, *DAYS]))[1:]
        solving += time.process_time() - start
        found.append(one.forces(y))
    return np.array(found), solving


def loosest(
    make: Callable[[float], NDArray[np.float64]], exact: NDArray[np.float64], allowed: float
) -> tuple[float, float]:
    """The loosest relative tolerance whose worst force error is allowed, and that error."""
    for rtol in (1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6, 1e-7):
        error = float(abs(make(rtol) - exact).max())
        if error <= allowed:
            return rtol, error
    raise RuntimeError("no tolerance reaches the allowed error")


def measure(few: int = 150, many: int = 20_000, allowed: float = 1e-4) -> list[dict[str, object]]:
    """Core-seconds a person of each way, in one run."""
    x, rates = people(many)
    closed(x[:10], rates[:10])
    best = min(_timed(lambda: closed(x, rates)) for _ in range(5)) / many
    some = x[:few], rates[:few]
    exact = closed(*some)
    tight = scipy_forces(some[0][:20], some[1][:20], 1e-10)
    rows: list[dict[str, object]] = [
        {"way": "closed form, compiled (saisei)", "tolerance": "exact",
         "error": float(abs(tight - exact[:20]).max()), "us": 1e6 * best}
    ]  # fmt: skip
    rtol, error = loosest(lambda r: scipy_forces(*some, r), exact, allowed)
    taken = min(_timed(lambda: scipy_forces(*some, rtol)) for _ in range(2)) / few
    rows.append({"way": "SciPy solve_ivp, LSODA", "tolerance": f"rtol {rtol:g}", "error": error,
                 "us": 1e6 * taken})  # fmt: skip
    rtol, error = loosest(lambda r: roadrunner_forces(*some, r)[0], exact, allowed)
    taken = min(roadrunner_forces(*some, rtol)[1] for _ in range(3)) / few
    rows.append({"way": "libRoadRunner, CVODE (solver calls only)", "tolerance": f"rtol {rtol:g}",
                 "error": error, "us": 1e6 * taken})  # fmt: skip
    for row in rows:
        row["ratio"] = float(str(row["us"])) / (1e6 * best)
    return rows


def _timed(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


if __name__ == "__main__":
    for row in measure():
        print(row)

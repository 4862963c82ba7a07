"""Calibrate the virtual patients to published figures, and write the page of fit and misfit.

    python validation/patient_fit.py fit --people 3500 --iterations 9   # minutes on two idle cores
    python validation/patient_fit.py page                                # docs/stages/patient-calibration.md

The fit is damped least squares (Levenberg-Marquardt) on simulated moments with common random numbers:
the same people, seed and draws at every trial value, so that differences are those of the values. Large
misfits count less than their square (soft L1); each value is held near its start by a weak prior. It gives
a point, not a posterior: nothing here says how sure a value is. `fit` rewrites the `value` lines of
`params/cord.toml`, `params/repair.toml` and `params/patient.toml`.
"""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from patient_targets import Row, people, targets

from saisei.cord.values import CORD
from saisei.params import load
from saisei.patient.cohort import Model
from saisei.patient.observe import PATIENT
from saisei.repair.natural import REPAIR

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "stages" / "patient-calibration.md"
FIELDS = {"cord": CORD, "repair": REPAIR, "patient": PATIENT}

# stage.name -> how each number moves (add, log, logit), its prior sd on that scale, which numbers (all).
FREE: dict[str, tuple[str, float, tuple[int, ...]]] = {
    "cord.kind_share_tetraplegia": ("log", 0.5, (0, 1, 2)),
    "cord.kind_share_paraplegia": ("log", 0.5, (0, 1, 2)),
    "cord.level_mean_tetraplegia": ("add", 0.7, ()),
    "cord.level_mean_paraplegia": ("add", 2.0, ()),
    "cord.level_sd": ("log", 0.4, ()),
    "cord.level_side_sd": ("log", 0.5, ()),
    "cord.motor_offset": ("add", 0.6, ()),
    "cord.pin_offset": ("add", 0.5, ()),
    "cord.log_drive_mean": ("add", 1.2, ()),
    "cord.log_drive_sd": ("log", 0.5, ()),
    "cord.drive_shift_paraplegia": ("add", 0.8, ()),
    "cord.drive_side_sd": ("log", 0.4, ()),
    "cord.sphincter_sd": ("log", 0.5, ()),
    "cord.arm_penalty": ("add", 0.4, ()),
    "cord.local_log": ("add", 0.7, ()),
    "cord.local_decay": ("log", 0.5, ()),
    "cord.local_sd": ("log", 0.6, ()),
    "cord.block_logit": ("add", 1.0, ()),
    "cord.block_sd": ("log", 0.5, ()),
    "cord.slow_logit": ("add", 0.8, ()),
    "cord.slow_sd": ("log", 0.5, ()),
    "cord.motoneuron_logit": ("add", 0.8, (0,)),
    "cord.touch_mean": ("add", 1.2, ()),
    "cord.pin_mean": ("add", 1.2, ()),
    "cord.sense_sd": ("log", 0.4, ()),
    "cord.sense_drive_correlation": ("logit", 0.7, ()),
    "cord.zone_height": ("log", 0.4, ()),
    "cord.zone_log_decay": ("add", 0.5, ()),
    "cord.sense_segment_sd": ("log", 0.4, ()),
    "cord.sacral_shift": ("add", 0.8, ()),
    "cord.anal_pressure": ("add", 0.6, ()),
    "repair.fast_days": ("log", 0.4, ()),
    "repair.slow_days": ("log", 0.3, ()),
    "repair.plasticity_start": ("logit", 0.5, ()),
    "repair.plasticity_days": ("log", 0.4, ()),
    "repair.drive_slope": ("log", 0.15, ()),
    "repair.sense_shock_log": ("add", 0.6, ()),
    "repair.sense_days": ("log", 0.4, (0,)),
    "repair.pin_shock": ("log", 0.4, ()),
    "patient.sense_normal_cut": ("log", 0.5, ()),
    "patient.contraction_cut": ("add", 1.5, ()),
}
Values = dict[str, dict[str, list[float]]]
SOFT, RIDGE, STEP = 3.0, 0.2, 0.25
DAMPINGS, LONGEST = (0.02, 0.1, 0.4, 1.5, 6.0, 25.0), (1.0, 0.4)


@dataclass(frozen=True)
class Knob:
    """One number that the fit moves, in units of its prior sd."""

    stage: str
    name: str
    place: int
    kind: str
    sd: float

    def moved(self, base: float, z: float) -> float:
        """The number `z` prior sds away from `base`."""
        if self.kind == "add":
            return base + z * self.sd
        if self.kind == "log":
            return base * float(np.exp(z * self.sd))
        return float(1 / (1 + np.exp(-(np.log(base / (1 - base)) + z * self.sd))))


def packaged() -> Values:
    """The values as they stand in the package."""
    found: Values = {}
    for stage, fields in FIELDS.items():
        found[stage] = {}
        for name, _ in fields:
            content = load().values[f"{stage}.{name}"].value
            found[stage][name] = list(content) if isinstance(content, tuple) else [float(content)]
    return found


def knobs(values: Values) -> list[Knob]:
    """All numbers that are free."""
    found = []
    for key, (kind, sd, places) in FREE.items():
        stage, name = key.split(".")
        for place in places or range(len(values[stage][name])):
            found.append(Knob(stage, name, place, kind, sd))
    return found


def with_moves(values: Values, free: list[Knob], z: NDArray[np.float64]) -> Values:
    """The values after moving every knob."""
    new = {stage: {name: list(x) for name, x in part.items()} for stage, part in values.items()}
    for knob, step in zip(free, z, strict=True):
        base = values[knob.stage][knob.name][knob.place]
        new[knob.stage][knob.name][knob.place] = knob.moved(base, float(step))
    return new


def rows_of(values: Values, n: int, seed: int) -> list[Row]:
    """All targets at these values."""
    return targets(people(Model.packaged(values), n, seed))


def misfits(values: Values, n: int, seed: int) -> NDArray[np.float64]:
    """The misfits in units of their scales, cut at 30."""
    found = np.array([row.misfit for row in rows_of(values, n, seed)])
    return np.clip(found, -30.0, 30.0)


def cost(r: NDArray[np.float64], z: NDArray[np.float64]) -> float:
    """Soft-L1 misfit plus the weak prior."""
    return float(2 * SOFT**2 * np.sum(np.sqrt(1 + (r / SOFT) ** 2) - 1) + RIDGE * np.sum(z**2))


def jacobian(
    values: Values, free: list[Knob], z: NDArray[np.float64], n: int, seed: int
) -> NDArray[np.float64]:
    """Central differences of the misfits by each knob, the same people on both sides."""
    columns = []
    for k in range(len(free)):
        step = np.zeros(len(free))
        step[k] = STEP
        ahead = misfits(with_moves(values, free, z + step), n, seed)
        back = misfits(with_moves(values, free, z - step), n, seed)
        columns.append((ahead - back) / (2 * STEP))
    return np.array(columns).T


def fit(values: Values, n: int, iterations: int, seed: int = 1) -> Values:
    """Damped least squares from `values`, the best of several dampings at each step; prints the cost."""
    free = knobs(values)
    z = np.zeros(len(free))
    r = misfits(values, n, seed)
    best = cost(r, z)
    print(f"{len(free)} numbers, {len(r)} targets, start {best:.1f}", flush=True)
    for iteration in range(iterations):
        slopes = jacobian(values, free, z, n, seed)
        weighted = slopes * (1 / np.sqrt(1 + (r / SOFT) ** 2))[:, None]
        normal = weighted.T @ slopes + RIDGE * np.eye(len(free))
        downhill = -(weighted.T @ r + RIDGE * z)
        before, start = best, z
        for damping, longest in product(DAMPINGS, LONGEST):
            step = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), downhill)
            trial = start + np.clip(step, -longest, longest)
            found = misfits(with_moves(values, free, trial), n, seed)
            if cost(found, trial) < best:
                z, r, best = trial, found, cost(found, trial)
        print(f"step {iteration}: {best:.1f}", flush=True)
        if best > before - 0.5:
            break
    return with_moves(values, free, z)


def write_values(values: Values) -> None:
    """Put the values into the `value` lines of their parameter files."""
    for stage, part in values.items():
        path = ROOT / "src" / "saisei" / "params" / f"{stage}.toml"
        text = path.read_text(encoding="utf-8")
        for name in {key.split(".")[1] for key in FREE if key.startswith(stage + ".")}:
            numbers = [f"{x:.6g}" for x in part[name]]
            new = numbers[0] if len(numbers) == 1 else f"[{', '.join(numbers)}]"
            head = re.escape(f'["{stage}.{name}"]')
            text = re.sub(rf"({head}\n(?:.+\n)*?value = ).+", rf"\g<1>{new}", text)
        path.write_text(text, encoding="utf-8")


# ---- The page --------------------------------------------------------------------------------------


def rmse(rows: list[Row], plegia: str, parts: tuple[str, ...], what: str) -> float:
    """Root mean square of model minus published over one group of EMSCI targets."""
    gaps = [
        row.model - row.published
        for row in rows
        if row.source == "EMSCI" and row.name.startswith(plegia) and row.name.endswith(what)
        and any(f" {part} " in row.name for part in parts)
    ]  # fmt: skip
    return float(np.sqrt(np.mean(np.square(gaps))))


def page(values: Values, n: int, seed: int) -> str:
    """The page of all targets, the worst first."""
    rows = rows_of(values, n, seed)
    worst = sorted(rows, key=lambda row: -abs(row.misfit))
    lines = [
        "# Virtual patients: fit and misfit",
        "",
        "*Made by `validation/patient_fit.py page`. Provisional: a point, no posterior. Research use only.*",
        "",
        f"{n:,} virtual people, seed {seed}, not the seed of the fit. All targets were used in the fit: "
        "nothing on this page is a validation. The scale of a target is the gap that counts as one.",
        "",
        "## Worst first",
        "",
        "| target | source | published | model | gap / scale |",
        "|---|---|---|---|---|",
    ]
    lines += [_line(row) for row in worst[:30]]
    lines += ["", "## EMSCI in one table", "", "| | means, RMSE | SDs, RMSE |", "|---|---|---|"]
    for plegia in ("tetraplegia", "paraplegia"):
        for parts, words in (
            (("uems", "lems"), "UEMS, LEMS"),
            (("light_touch", "pin_prick"), "LT, PP"),
        ):
            a, b = (rmse(rows, plegia, parts, what) for what in ("mean", "SD"))
            lines.append(f"| {plegia}, {words} | {a:.2f} | {b:.2f} |")
    lines += ["", "## Targets other than EMSCI scores", "", *_HEAD]
    lines += [_line(row) for row in rows if row.source != "EMSCI" or "share" in row.name]
    lines += ["", "## EMSCI scores: model / published", "", *_emsci_table(rows)]
    return "\n".join(lines) + "\n"


_HEAD = ("| target | source | published | model | gap / scale |", "|---|---|---|---|---|")


def _line(row: Row) -> str:
    return (
        f"| {row.name} | {row.source} | {row.published:.1f} | {row.model:.1f} | {row.misfit:+.1f} |"
    )


def _emsci_table(rows: list[Row]) -> list[str]:
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if " week " not in row.name or row.source != "EMSCI":
            continue
        group, rest = row.name.split(" week ")
        found.setdefault((group, rest.split()[1]), []).append(
            f"{row.model:.1f} / {row.published:.1f}"
        )
    lines = ["| group | | week 2 | 4 | 12 | 26 | 52 |", "|---|---|---|---|---|---|---|"]
    for (group, what), cells in found.items():
        lines.append(f"| {group} | {what} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Fit, or write the page."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    words.add_argument("what", choices=["fit", "page"])
    words.add_argument("--people", type=int, default=4000)
    words.add_argument("--iterations", type=int, default=10)
    given = words.parse_args()
    if given.what == "fit":
        write_values(fit(packaged(), given.people, given.iterations))
    else:
        PAGE.write_text(page(packaged(), max(given.people, 30_000), 2), encoding="utf-8")
        print(f"wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()

"""Take a fit over into the package, and write the page of fit and misfit.

    saisei patient fit --out out/fit --people 10000 --fine 12000 --draws 120   # twelve minutes on two cores
    python validation/patient_calibration.py adopt out/fit  # values of params/*.toml, packaged posterior
    python validation/patient_calibration.py page           # docs/stages/patient-calibration.md, some minutes

The page simulates on seeds that the fit did not use: many people at the mode, fewer under each draw.
"""

from __future__ import annotations

import argparse
import re
import shutil
from pathlib import Path

import numpy as np
from patient_calibration_page import page

from saisei.patient.cohort import Model
from saisei.patient.fit_predict import predict
from saisei.patient.fit_space import knobs, values_at
from saisei.patient.posterior import PACKAGED, load_posterior

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "stages" / "patient-calibration.md"
PACKAGE = ROOT / "src" / "saisei" / "patient" / "posteriors"
PARAMS = ROOT / "src" / "saisei" / "params"


def adopt(folder: Path) -> None:
    """Make a fit the packaged one: its mode becomes the values, its draws the packaged draws."""
    values = values_at(load_posterior(folder).mode)
    free = {(knob.stage, knob.name) for knob in knobs()}
    for stage, name in sorted(free):
        path = PARAMS / f"{stage}.toml"
        numbers = [f"{x:.6g}" for x in values[stage][name]]
        new = numbers[0] if len(numbers) == 1 else f"[{', '.join(numbers)}]"
        head = re.escape(f'["{stage}.{name}"]')
        text = path.read_text(encoding="utf-8")
        text, found = re.subn(rf"({head}\n(?:.+\n)*?value = ).+", rf"\g<1>{new}", text)
        if found != 1:
            raise SystemExit(f"{path}: no single value line of {stage}.{name}")
        path.write_text(text, encoding="utf-8")
    for suffix in (".npz", ".json"):
        shutil.copyfile(folder / f"{PACKAGED}{suffix}", PACKAGE / f"{PACKAGED}{suffix}")


def main() -> None:
    """Adopt a fit, or write the page."""
    words = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    words.add_argument("what", choices=["adopt", "page"])
    words.add_argument("folder", nargs="?", type=Path)
    words.add_argument("--draws", type=int, default=100)
    words.add_argument("--people", type=int, default=4000)
    words.add_argument("--mode-people", type=int, default=30_000)
    given = words.parse_args()
    if given.what == "adopt":
        if given.folder is None:
            raise SystemExit("name the folder that `saisei patient fit --out` wrote")
        adopt(given.folder)
        return
    kept = load_posterior()
    step = max(kept.count // given.draws, 1)
    models = [kept.model(k) for k in range(0, kept.count, step)][: given.draws]
    tell = lambda share: print(f"\r{share:.0%}", end="", flush=True)  # noqa: E731
    drawn = predict(models, given.people, 1000, report=tell)
    mode = predict([Model.packaged()], given.mode_people, 2)
    text = page(kept, mode, drawn, given.mode_people, given.people, np.random.default_rng(3))
    PAGE.write_text(text, encoding="utf-8")
    print(f"\rwrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Make anew everything stored that rests on the generator of virtual patients, for the bundled studies.

    python scripts/make_motor.py              # motor outcomes and both models: packaged data, page, figures
    python scripts/make_motor.py shin-2015    # only that study, when the digests of the others still hold

Run it whenever values of cord, repair or patient, their posterior or the landmark model change. It takes
about two minutes on a quiet core. A stale store is never served; reports are only slower until then.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from saisei.evidence.motor_store import PLACE, make_store
from saisei.study import catalog, load

ROOT = Path(__file__).resolve().parents[1]
STORE = ROOT / "src" / "saisei" / "evidence" / "posteriors" / PLACE


def main() -> int:
    start = time.perf_counter()
    found = [load(one) for one in catalog()]
    studies = [one for one in found if "spinal cord injury" in one.document.condition.lower()]
    named = sys.argv[1:]
    old = json.loads(STORE.read_text(encoding="utf-8")) if named else {}
    chosen = [one for one in studies if not named or one.id in named]
    store = make_store(chosen, lambda name: print(f"{name} ...", file=sys.stderr))
    if named:
        if any(old[key] != store[key] for key in ("generator", "nature", "fingerprint")):
            print("the other studies are stale: run without names", file=sys.stderr)
            return 1
        store["studies"] = dict(sorted({**old["studies"], **store["studies"]}.items()))
    partial = STORE.with_suffix(".partial")
    partial.write_text(
        json.dumps(_short(store), ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    )
    partial.replace(STORE)
    subprocess.run([sys.executable, str(ROOT / "validation" / "two_models.py")], check=True)
    print(f"made {STORE.relative_to(ROOT)} in {time.perf_counter() - start:.0f} s")
    return 0


def _short(node: object) -> object:
    """Figures to six digits: more is noise of the virtual people."""
    if isinstance(node, dict):
        return {key: _short(item) for key, item in node.items()}
    if isinstance(node, list):
        return [_short(item) for item in node]
    return float(f"{node:.6g}") if isinstance(node, float) else node


if __name__ == "__main__":
    sys.exit(main())

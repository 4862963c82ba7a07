"""The column names against the list that they were taken from."""

import csv
from pathlib import Path

import pytest

from saisei.exam.formats import names

SHELF = Path(__file__).parents[4] / "shared" / "data" / "isncsci_field_names.csv"
PARTS = {"light_touch": "LT", "pin_prick": "PP", "motor": "MOTOR"}
LAYOUTS = {
    "redcap_fomds_isncsci_2023": (names.REDCAP, names.REDCAP_REPORTED, names.REDCAP_READING, ""),
    "praxis_isncsci_ui": (names.UI, names.UI_REPORTED, names.UI_READING, ""),
    "isncsci_npm_algorithm_json": (names.NPM, names.NPM_REPORTED, (), ""),
    "praxis_specs_2019_json": (names.SPECS, {}, (), ""),
    "asia_challenge_sygen_flat": (names.SYGEN, {}, (), ""),
    "sygen_wide_week_suffix": (names.SYGEN[:132], {}, (), "{WW}"),
    "emsci_export_summary": ((), names.EMSCI_REPORTED, (), ""),
    "nscisc_public_form1_form2": ((), names.NSCISC_REPORTED, (), ""),
}


@pytest.mark.parametrize("source", LAYOUTS)
def test_names_are_those_of_the_list_of_real_field_names(source: str) -> None:
    """Every name of ours is a real one, and each of the 132 scores is the segment that the list says."""
    if not SHELF.exists():
        pytest.skip("THE LIST OF REAL FIELD NAMES IS NOT HERE: names are not checked against it")
    lines = SHELF.read_text(encoding="utf-8").splitlines()
    rows = [row for row in csv.DictReader(lines) if row["source"] == source]
    real = {row["field_name"]: row["canonical"] for row in rows}
    items, reported, reading, suffix = LAYOUTS[source]
    assert {name + suffix for name in items if name} <= set(real)
    assert set(reported) <= set(real)
    assert set(reading) <= set(real)
    for name, (side, part, level) in zip(items, names.CELLS, strict=False):
        assert real[f"{name}{suffix}"] == f"{side[0].upper()}.{PARTS[part]}.{level.name}.value"


def test_the_left_knee_of_sygen_is_kneexl_and_the_right_one_kneetr() -> None:
    """Sygen names its two knees differently (shelf: platform, section 1.3, trap 6)."""
    knees = {
        name: cell[0]
        for name, cell in zip(names.SYGEN, names.CELLS, strict=False)
        if name in ("kneexl", "kneetr")
    }
    assert knees == {"kneexl": "left", "kneetr": "right"}

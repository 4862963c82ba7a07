"""The column names of the layouts, as their programs write them.

Sources (names and codes only; no code was copied):

* REDCap: instrument of github fom-ds-redcap/isncsci, commit 75a5ce2 (2023), and its `saveToRedcap.php`;
  structural columns as in REDCap's record export.
* Praxis: github praxis-isncsci/algorithm, commit 6110d1f (npm isncsci 2.0.6; `specs/2019.json`) and
  praxis-isncsci/ui, commit be9e885.
* Sygen: public scripts on the Sygen export and the ASIA challenges of 2025 and 2026.
* EMSCI: github jutzca/Neurosurveillance, commit c62ad7a. NSCISC: public scripts on the public files.

Every list of item names has the order of `COLUMNS`: 132 scores, VAC, DAP, non-key muscle right and left.
"""

from __future__ import annotations

from collections.abc import Callable

from saisei.exam.isncsci.levels import DERMATOMES, KEY_MUSCLES, Level
from saisei.exam.isncsci.record import COLUMNS

__all__ = [
    "EMSCI",
    "EMSCI_REPORTED",
    "NPM",
    "NPM_REPORTED",
    "NSCISC",
    "NSCISC_REPORTED",
    "REDCAP",
    "REDCAP_READING",
    "REDCAP_REPORTED",
    "REPORTED",
    "SPECS",
    "SPECS_REPORTED",
    "SYGEN",
    "SYGEN_REPORTED",
    "SYGEN_WEEKS",
    "TIDY",
    "UI",
    "UI_READING",
    "UI_REPORTED",
]

SIDES = ("right", "left")
CELLS: tuple[tuple[str, str, Level], ...] = tuple(
    (side, part, level)
    for side in SIDES
    for part, levels in (
        ("light_touch", DERMATOMES),
        ("pin_prick", DERMATOMES),
        ("motor", KEY_MUSCLES),
    )
    for level in levels
)
"""Side, part and level of the 132 scores, in the order of `COLUMNS`."""

# What a file may report of a classification, by our own names.
FINDINGS = (
    "right_sensory_level", "left_sensory_level", "right_motor_level", "left_motor_level", "nli",
    "completeness", "ais", "right_sensory_zpp", "left_sensory_zpp", "right_motor_zpp", "left_motor_zpp",
)  # fmt: skip
TOTALS = tuple(
    f"{prefix}{part}"
    for part in ("uems", "lems", "light_touch_total", "pin_prick_total", "motor_total")
    for prefix in ("right_", "left_", "")
)
REPORTED: tuple[str, ...] = (*FINDINGS, *TOTALS)


def _named(cell: Callable[[str, str, Level], str], *rest: str | None) -> tuple[str | None, ...]:
    return (*(cell(*one) for one in CELLS), *rest)


def _camel(side: str, part: str) -> str:
    words = part.split("_")
    return side + "".join(word.capitalize() for word in words)


TIDY: tuple[str | None, ...] = COLUMNS

# ---- REDCap -----------------------------------------------------------------------------------------


def _redcap(side: str, part: str, level: Level) -> str:
    return f"{side}_{part.replace('pin_prick', 'pinprick')}_{level.name.lower()}"


_NON_KEY = "lowest_non_key_muscle_with_motor_function"
REDCAP = _named(
    lambda *cell: _redcap(*cell) + "_value",
    "voluntary_anal_contraction",
    "deep_anal_pressure",
    f"{_NON_KEY}_right",
    f"{_NON_KEY}_left",
)
REDCAP_READING = tuple(_redcap(*cell) + "_considernormal" for cell in CELLS)
REDCAP_REPORTED = {
    "asia_impairment_scale": "ais",
    "injury_complete": "completeness",
    "neurological_level_of_injury": "nli",
    **{
        f"{theirs}_{what}_{side}": f"{side}_{what}_{ours}"
        for theirs, ours in (
            ("neurological_levels", "level"),
            ("zone_of_partial_preservations", "zpp"),
        )
        for what in ("sensory", "motor")
        for side in SIDES
    },
    **{
        f"{theirs}_{side or 'total'}": f"{side}_{ours}" if side else ours
        for theirs, ours in (
            ("light_touch", "light_touch_total"),
            ("pin_prick", "pin_prick_total"),
            ("upper_extremity", "uems"),
            ("lower_extremity", "lems"),
        )
        for side in ("right", "left", "")
    },
    "motor_right": "right_motor_total",
    "motor_left": "left_motor_total",
}

# ---- Praxis -----------------------------------------------------------------------------------------

NPM = _named(
    lambda side, part, level: (
        f"{side}.{_camel('', part)[0].lower()}{_camel('', part)[1:]}.{level.name}"
    ),
    "voluntaryAnalContraction",
    "deepAnalPressure",
    "right.lowestNonKeyMuscleWithMotorFunction",
    "left.lowestNonKeyMuscleWithMotorFunction",
)
NPM_REPORTED = {
    "classification.ASIAImpairmentScale": "ais",
    "classification.injuryComplete": "completeness",
    "classification.neurologicalLevelOfInjury": "nli",
    **{
        f"classification.{theirs}.{what}{side.capitalize()}": f"{side}_{what}_{ours}"
        for theirs, ours in (
            ("neurologicalLevels", "level"),
            ("zoneOfPartialPreservations", "zpp"),
        )
        for what in ("sensory", "motor")
        for side in SIDES
    },
    **{
        f"totals.{side}{theirs}": side.replace(".", "_") + ours
        for theirs, ours in (
            ("upperExtremity", "uems"),
            ("lowerExtremity", "lems"),
            ("lightTouch", "light_touch_total"),
            ("pinPrick", "pin_prick_total"),
            ("motor", "motor_total"),
        )
        for side in ("right.", "left.", "")
        if side or ours != "motor_total"
    },
}


UI = _named(
    lambda side, part, level: _camel(side, part) + level.name,
    "voluntaryAnalContraction",
    "deepAnalPressure",
    "rightLowestNonKeyMuscleWithMotorFunction",
    "leftLowestNonKeyMuscleWithMotorFunction",
)
UI_READING = tuple(f"{_camel(side, part)}{level.name}ConsiderNormal" for side, part, level in CELLS)
_LEVELS_AND_ZONES = {
    "asiaImpairmentScale": "ais",
    "injuryComplete": "completeness",
    "neurologicalLevelOfInjury": "nli",
    **{
        f"{side}{what.capitalize()}{theirs}": f"{side}_{what}_{ours}"
        for theirs, ours in (("", "level"), ("Zpp", "zpp"))
        for what in ("sensory", "motor")
        for side in SIDES
    },
}


def _flat_totals(light_touch: str, pin_prick: str) -> dict[str, str]:
    names = {}
    for theirs, ours in (
        ("upperMotor", "uems"),
        ("lowerMotor", "lems"),
        (light_touch, "light_touch_total"),
        (pin_prick, "pin_prick_total"),
        ("motor", "motor_total"),
    ):
        for side in SIDES:
            names[f"{side}{theirs[0].upper()}{theirs[1:]}Total"] = f"{side}_{ours}"
        if ours != "motor_total":
            names[f"{theirs}Total"] = ours
    return names


UI_REPORTED = {**_LEVELS_AND_ZONES, **_flat_totals("lightTouch", "pinPrick")}

_SPECS_PART = {"light_touch": "Touch", "pin_prick": "Prick", "motor": "Motor"}
SPECS = _named(
    lambda side, part, level: f"{level.name.lower()}{side.capitalize()}{_SPECS_PART[part]}",
    "analContraction",
    "analSensation",
    "rightLowestNonKeyMuscleWithMotorFunction",
    "leftLowestNonKeyMuscleWithMotorFunction",
)
_SPECS_FLAT = {**_LEVELS_AND_ZONES, **_flat_totals("touch", "prick")}
SPECS_REPORTED = {f"totals.{name}": ours for name, ours in _SPECS_FLAT.items()}

# ---- Sygen ------------------------------------------------------------------------------------------

# One name per muscle and side; the left knee is kneexl and the right kneetr.
_SYGEN_MUSCLES = {
    "left": ("elbfll", "wrextl", "elbexl", "finfll", "finabl",
             "hipfll", "kneexl", "ankdol", "gretol", "ankpll"),
    "right": ("elbflr", "wrextr", "elbexr", "finflr", "finabr",
              "hipflr", "kneetr", "ankdor", "gretor", "ankplr"),
}  # fmt: skip


def _sygen(side: str, part: str, level: Level) -> str:
    if part == "motor":
        return _SYGEN_MUSCLES[side][KEY_MUSCLES.index(level)]
    stem = level.name.lower().replace("_", "")
    return f"{stem}{'lt' if part == 'light_touch' else 'pp'}{side[0]}"


SYGEN = _named(_sygen, None, "anyana", None, None)
SYGEN_WEEKS = ("00", "01", "04", "08", "16", "26", "52")
SYGEN_REPORTED = {
    "ais": "ais",
    "lower": "lems",
    "upper": "uems",
    "ltscor": "light_touch_total",
    "ppscor": "pin_prick_total",
}

# ---- Summaries without scores -----------------------------------------------------------------------

EMSCI_REPORTED = {
    "AIS": "ais",
    "NLI": "nli",
    **{
        f"{side}{theirs}": prefix + ours
        for theirs, ours in (
            ("UEMS", "uems"),
            ("LEMS", "lems"),
            ("MS", "motor_total"),
            ("PP", "pin_prick_total"),
            ("LT", "light_touch_total"),
        )
        for side, prefix in (
            ("R", "right_"),
            ("L", "left_"),
            ("" if theirs.endswith("EMS") else "T", ""),
        )
    },
}
EMSCI = ("Patientennummer", "ExamStage", *EMSCI_REPORTED)
# One row of NSCISC holds several times: admission, admission to rehabilitation, discharge, follow-up.
NSCISC_REPORTED = {
    "ANurLvlA": "nli at admission",
    "ANurLvlR": "nli at rehabilitation",
    "ANurLvlD": "nli at discharge",
    "AASAImAd": "ais at admission",
    "AASAImRb": "ais at rehabilitation",
    "AASAImDs": "ais at discharge",
    "AASATotA": "motor_total at admission",
    "AASATotR": "motor_total at rehabilitation",
    "AASATotD": "motor_total at discharge",
    "ALTTotRh": "light_touch_total at rehabilitation",
    "APPTotRh": "pin_prick_total at rehabilitation",
    "APPTotDs": "pin_prick_total at discharge",
    "BASATot": "motor_total at follow-up",
    "BLTTotal": "light_touch_total at follow-up",
    "BPPTotal": "pin_prick_total at follow-up",
    "BASAImp": "ais at follow-up",
}
NSCISC = ("UniID", "BYear", *NSCISC_REPORTED)

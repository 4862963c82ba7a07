"""Comparing an answer with what a case expects, by the case's own tolerance."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

# Where a case gives no tolerance for a number it is held to this, absolute and relative.
_DEFAULT = 1e-6


def names_of(expected: Any, key: str = "") -> Any:
    """The names of the answers and nothing else: values are dropped, nested names kept.

    One value stays: `p` in a table of characteristics is the true rate that the row is about, a part of
    the question although it stands among the answers.
    """
    if isinstance(expected, Mapping):
        return {name: names_of(value, name) for name, value in expected.items()}
    if isinstance(expected, list) and any(isinstance(row, Mapping) for row in expected):
        return [names_of(row) for row in expected]
    return expected if key == "p" else None


def differences(got: Any, expected: Any, tolerance: Mapping[str, Any]) -> list[str]:
    """Where an answer is off, each with its path; empty when it agrees everywhere."""
    return list(_walk(got, expected, tolerance, ()))


def _walk(got: Any, want: Any, tolerance: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    where = ".".join(path) or "answer"
    if _rule(tolerance, path) == "skip":
        return []
    if isinstance(want, Mapping):
        if not isinstance(got, Mapping):
            return [f"{where}: got {got!r}, which has no parts"]
        out = []
        for key, value in want.items():
            if key not in got:
                out.append(f"{where}.{key}: no answer")
            else:
                out += _walk(got[key], value, tolerance, (*path, key))
        return out
    if isinstance(want, list):
        if not isinstance(got, list | tuple) or len(got) != len(want):
            return [f"{where}: got {got!r}, expected a list of {len(want)}"]
        out = []
        for i, (g, w) in enumerate(zip(got, want, strict=True)):
            out += _walk(g, w, tolerance, (*path, str(i)))
        return out
    return [] if _agrees(got, want, tolerance, path) else [f"{where}: got {got!r}"]


def _agrees(got: Any, want: Any, tolerance: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    if want is None:  # files write null for "never" and for an infinite limit
        return got is None or got in ("inf", "-inf")
    if isinstance(want, bool) or isinstance(got, bool):
        return got in (want, int(want)) if not isinstance(want, str) else False
    if isinstance(want, str):
        if want.lower() in ("inf", "infinity"):
            return got in ("inf", math.inf)
        return got == want
    if not isinstance(got, int | float):
        return False
    rule = _rule(tolerance, path)
    if rule == "exact" or (rule == "integers" and isinstance(want, int)):
        return math.isclose(got, want, rel_tol=1e-12, abs_tol=1e-12)
    if isinstance(rule, tuple):
        atol, rtol = rule
        return abs(got - want) <= atol + rtol * abs(want) + 1e-14
    return _within_simulation(got, want, path) or (
        abs(got - want) <= _DEFAULT + _DEFAULT * abs(want)
    )


def _within_simulation(got: float, want: float, path: tuple[str, ...]) -> bool:
    """For answers named after their number of simulated trials: four standard errors."""
    found = next((m for part in path if (m := re.search(r"nsim_?(\d+)", part))), None)
    if found is None:
        return False
    runs = int(found[1])
    if 0.0 <= want <= 1.0:
        p = min(max(got, 1.0 / runs), 1.0 - 1.0 / runs)
        return abs(got - want) <= 4.0 * math.sqrt(p * (1.0 - p) / runs)
    return abs(got - want) <= 0.05 * abs(want)


def _rule(tolerance: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """What the tolerance says of a path: "skip", "exact", "integers", (atol, rtol) or None."""
    names = [part for part in path if not part.isdigit()]
    for name in reversed(names):
        said = tolerance.get(name)
        if isinstance(said, str):
            return "skip" if said.startswith("informative") else "exact"
        if isinstance(said, int | float) and not isinstance(said, bool):
            return (float(said), 0.0)
        for kind in ("atol", "rtol"):
            said = tolerance.get(f"{name}_{kind}")
            if said is None:
                said = next(
                    (
                        value
                        for key, value in tolerance.items()
                        if key.endswith(f"_{kind}")
                        and name.startswith(key.removesuffix(f"_{kind}"))
                    ),
                    None,
                )
            if isinstance(said, int | float):
                return (float(said), 0.0) if kind == "atol" else (0.0, float(said))
    return _general_rule(tolerance, names)


def _general_rule(tolerance: Mapping[str, Any], names: list[str]) -> Any:
    last = names[-1] if names else ""
    if any("nsim" in name for name in names):
        return None
    if "limits" in tolerance and re.search(r"lcl|ucl|lower|upper|limit", last):
        return (float(tolerance["limits"]), 0.0)
    if "atol_pct" in tolerance:
        return (float(tolerance["atol_pct" if "pct" in last else "atol_bound"]), 0.0)
    if tolerance.get("exact") is True:
        return "exact"
    if "boundary" in tolerance and "atol" not in tolerance:
        return "exact"
    if tolerance.get("integers") == "exact" and last in ("n", "n1", "r", "r1", "critical_count"):
        return "exact"
    atol, rtol = tolerance.get("atol"), tolerance.get("rtol")
    if atol is not None or rtol is not None:
        return (float(atol or 0.0), float(rtol or 0.0))
    return _rule_in_words(str(tolerance.get("note", "")), last)


def _rule_in_words(note: str, last: str) -> Any:
    """`allow 0.01 on means, 0.02 on sd, 0.03 on the 97.5% limits`, and `printed to 2 decimals`."""
    words = {"mean": r"means?", "sd": r"sds?", "q": r"(?:the )?(?:[\d.]+% )?limits"}
    if last in words and (found := re.search(rf"([\d.]+) on {words[last]}\b", note)):
        return (float(found[1]), 0.0)
    return None

"""Sequential designs that a reference case gives in words."""

from __future__ import annotations

import re

from saisei.design import sequential_design as plans
from saisei.errors import UnsupportedError

_COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5}
_NUMBER = r"(-?\d*\.?\d+)"


def described_design(text: str, looks: int | None = None) -> tuple[plans.SequentialDesign, float]:
    """The design of a text such as `HSD(-4), n_fix 800, alpha .025 one-sided, beta .1`, and its size.

    What is left out is as gsDesign has it: HSD(-4), one-sided alpha 0.025, beta 0.1, fixed size 1. Looks are
    read from `k=2`, `2 looks`, `two looks` or `looks 2` where they are not given apart.

    Raises:
        UnsupportedError: the number of looks is nowhere, or the spending function is another one.
    """
    if re.search(r"Pocock|O.?Brien|sfLD|LD-|Kim|power", text):
        raise UnsupportedError(f"design {text!r} is not read: only Hwang-Shih-DeCani is")
    gamma = _found(rf"(?:HSD|DeCani|gamma)\D*?[(= ]\s*{_NUMBER}", text, -4.0)
    fixed = _found(rf"n[_. ]?fix(?:ed)?\s*[=:]?\s*{_NUMBER}", text, 1.0)
    alpha = _found(rf"alpha\s*[=:]?\s*{_NUMBER}", text, 0.025)
    beta = _found(rf"beta\s*[=:]?\s*{_NUMBER}", text, 0.1)
    # test.type 2 of gsDesign is symmetric and two-sided; its alpha is that of one side.
    two = "two-sided" in text or re.search(r"test\.?type\s*=?\s*2", text)
    sides = 2 if two else 1
    design = plans.spending_design(
        "Hwang-Shih-DeCani", looks or _looks(text), sides * alpha, parameter=gamma, sides=sides,
        beta=beta,
    )  # fmt: skip
    return design, fixed * plans.characteristics(design).inflation


def _found(pattern: str, text: str, default: float) -> float:
    match = re.search(pattern, text)
    return float(match[1]) if match else default


def _looks(text: str) -> int:
    forms = (r"\bk\s*=?\s*(\d+)", r"(\d+)[ -](?:look|stage|anal)", r"looks?\s*=?\s*(\d+)")
    for form in forms:
        if match := re.search(form, text):
            return int(match[1])
    for word, count in _COUNTS.items():
        if re.search(rf"\b{word}\b(?!-sided)", text):
            return count
    raise UnsupportedError(f"design {text!r} does not say how many looks it has")

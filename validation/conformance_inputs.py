"""Reading the inputs of reference cases: arithmetic texts, priors, rules and names of answers."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from saisei.errors import UnsupportedError
from saisei.evidence.mixtures import BetaMixture, NormalMixture

_FUNCTIONS = {"sqrt": math.sqrt, "log": math.log, "exp": math.exp}


def number(value: Any, names: Mapping[str, float] | None = None) -> float:
    """A number, or the value of an arithmetic text such as `88/sqrt(n)`, `log(20)` or `inf`."""
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str):
        if value.strip().lower() in ("inf", "infinity"):
            return math.inf
        try:
            tree = ast.parse(value.replace("^", "**"), mode="eval")
        except SyntaxError as error:
            raise UnsupportedError(f"{value!r} is not a number or formula") from error
        return _evaluated(tree.body, dict(names or {}), value)
    raise UnsupportedError(f"{value!r} is not a number")


def _evaluated(node: ast.expr, names: dict[str, float], text: str) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    if isinstance(node, ast.Name) and node.id in names:
        return names[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        inner = _evaluated(node.operand, names, text)
        return -inner if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.BinOp):
        left, right = _evaluated(node.left, names, text), _evaluated(node.right, names, text)
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Sub):
            return left - right
        if isinstance(node.op, ast.Mult):
            return left * right
        if isinstance(node.op, ast.Div):
            return left / right
        if isinstance(node.op, ast.Pow):
            return left**right
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        function = _FUNCTIONS.get(node.func.id)
        if function and len(node.args) == 1 and not node.keywords:
            return function(_evaluated(node.args[0], names, text))
    raise UnsupportedError(f"{text!r} is not arithmetic that the runner reads")


def distribution(text: str, names: Mapping[str, float] | None = None) -> tuple[str, list[float]]:
    """Name and numbers of a text such as `Normal(0,2)`, `HalfNormal(sigma/2)`, `Beta(1,1)`."""
    found = re.fullmatch(r"\s*([A-Za-z]+)\s*\((.*)\)\s*", text)
    if not found:
        raise UnsupportedError(f"{text!r} is not a distribution")
    return found[1].lower(), [number(part, names) for part in found[2].split(",")]


def half_normal_scale(text: str, names: Mapping[str, float] | None = None) -> float:
    """The scale of `HalfNormal(scale)`."""
    name, values = distribution(text, names)
    if name != "halfnormal" or len(values) != 1:
        raise UnsupportedError(f"{text!r}: only half-normal priors of the spread are supported")
    return values[0]


def normal_pair(text: str) -> tuple[float, float]:
    """Mean and sd of `Normal(mean, sd)`."""
    name, values = distribution(text)
    if name != "normal" or len(values) != 2:
        raise UnsupportedError(f"{text!r}: only normal priors are supported here")
    return values[0], values[1]


def beta_rows(rows: Any) -> BetaMixture:
    """A beta mixture from rows of weight, a, b."""
    return BetaMixture.of(_table(rows))


def normal_prior(value: Any, sigma: float | None) -> NormalMixture:
    """A normal mixture from rows, from `Normal(m, s)`, or from a mean and an ESS on sigma's scale."""
    if isinstance(value, str):
        mean, sd = normal_pair(value)
        return NormalMixture((1.0,), (mean,), (sd,), sigma)
    if isinstance(value, Mapping):
        if sigma is None:
            raise UnsupportedError("a prior by mean and ess needs sigma")
        mean = number(value["mean"])
        return NormalMixture((1.0,), (mean,), (sigma / math.sqrt(number(value["ess"])),), sigma)
    return NormalMixture.of(_table(value), sigma)


def _table(rows: Any) -> Sequence[Sequence[float]]:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise UnsupportedError(f"{rows!r} is not a list of components")
    return [[number(v) for v in row] for row in rows]


def cut_in_name(digits: str) -> float:
    """The number inside a name of an answer: `minus0357` is -0.357, `02` is 0.2, `50` is 50."""
    sign = -1.0 if digits.startswith("minus") else 1.0
    digits = digits.removeprefix("minus").replace("p", ".")
    if "." not in digits and len(digits) > 1 and digits.startswith("0"):
        digits = "0." + digits[1:]
    return sign * float(digits)

"""What the axes of a grid do to a design document: short names, and any path.

A short name moves everything that hangs together: `n` moves the controls with the treated and fits the
looks; `gate` drops the interval of a gate that is gone. A path sets one value and nothing else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from saisei.design.document.plan import Gate
from saisei.errors import InputError
from saisei.params import value
from saisei.study.lines import Path

__all__ = ["SHORT", "Short", "apply_cell", "check_path"]

Tree = dict[str, Any]

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
# analyses that compare with no rate of one endpoint: the endpoint may change under them
_ANY_ENDPOINT = (
    "ordinal shift", "proportional odds", "Fisher", "z test", "Bayesian two arms", "group sequential",
)  # fmt: skip
_ENDPOINTS = ("one grade", "two grades", "to D")


@dataclass(frozen=True, slots=True)
class Short:
    """A short name: what it means, how one value is read and checked, and what it does.

    Attributes:
        meaning: for the help.
        check: raises InputError for a value that cannot be meant.
        apply: changes the tree; `n` and `ratio` are applied together, after all others.
        read: one piece of text -> value; used when `whole`.
        whole: the text is one value, even where it looks like a range.
    """

    meaning: str
    check: Callable[[Any], None]
    apply: Callable[[Tree, Any], None]
    read: Callable[[str], Any] = str
    whole: bool = False


def apply_cell(tree: Tree, cell: Mapping[str, Any]) -> Tree:
    """Change a document's tree to that of one cell.

    Raises:
        InputError: an axis does not fit this document.
    """
    for name, one in cell.items():
        if name not in SHORT:
            _set(tree, name, one)
    for name, one in cell.items():
        if name in SHORT and name not in ("n", "ratio"):
            SHORT[name].apply(tree, one)
    if "n" in cell or "ratio" in cell:
        _resize(tree, cell.get("n"), cell.get("ratio"))
    return tree


# --- paths


def _steps(name: str) -> list[str | int]:
    found: list[str | int] = [int(index) if index else key for key, index in _STEP.findall(name)]
    shown = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in found)
    if shown.lstrip(".") != name:
        raise InputError(f"grid {name}: is not a path; write it as analysis.level or arms[0].n")
    return found


def _enter(node: Any, step: str | int) -> tuple[Any, str | int | None]:
    """The child at a step and its real key; a list is entered by place, key, event or name."""
    if isinstance(node, dict) and isinstance(step, str):
        return node.get(step), step
    if isinstance(node, list):
        if isinstance(step, int):
            return (node[step], step) if step < len(node) else (None, None)
        for place, item in enumerate(node):
            if isinstance(item, dict) and step in (item.get("key"), item.get("name")):
                return item, place
    return None, None


def check_path(tree: Tree, name: str) -> Path:
    """The real path that a name leads to; its last key may be missing, all before it must be there.

    Raises:
        InputError: something on the way is not in the document.
    """
    node: Any = tree
    found: list[str | int] = []
    steps = _steps(name)
    for place, step in enumerate(steps):
        child, key = _enter(node, step)
        last = place == len(steps) - 1
        if key is None or (child is None and not last):
            known = _known(node)
            short = "" if found else f"; short names are {', '.join(SHORT)}"
            raise InputError(
                f"grid {name}: the design has no {step if isinstance(step, str) else f'[{step}]'}"
                f"{' there' if found else ''}; it has {known}{short}"
            )
        found.append(key)
        node = child
    return tuple(found)


def _known(node: Any) -> str:
    if isinstance(node, dict):
        return ", ".join(node)
    if isinstance(node, list):
        names = [
            str(one.get("key", place)) for place, one in enumerate(node) if isinstance(one, dict)
        ]
        return ", ".join(names) or f"{len(node)} items"
    return "no parts"


def _set(tree: Tree, name: str, one: Any) -> None:
    *way, last = check_path(tree, name)
    node: Any = tree
    for step in way:
        node = node[step]
    node[last] = one


# --- short names


def _count(name: str) -> Callable[[Any], None]:
    def check(one: Any) -> None:
        if not isinstance(one, int) or isinstance(one, bool) or one < 1:
            raise InputError(f"grid {name}={one}: is not a number of people; write 1 or more")

    return check


def _read_ratio(text: str) -> str:
    """`2`, `1.5` and `3:2` as treated to control in lowest terms.

    >>> _read_ratio("1.5"), _read_ratio("4:2")
    ('3:2', '2:1')
    """
    left, colon, right = text.partition(":")
    try:
        ratio = Fraction(left) / Fraction(right) if colon else Fraction(text)
    except (ValueError, ZeroDivisionError):
        ratio = Fraction(0)
    if ratio <= 0 or max(ratio.numerator, ratio.denominator) > 100:
        raise InputError(
            f"grid ratio={text}: is not a ratio of treated to control; write 2 or 3:2, each up to 100"
        )
    return f"{ratio.numerator}:{ratio.denominator}"


def _read_window(text: str) -> str:
    """First and last day, as `14-28`.

    >>> _read_window("14.0-28")
    '14-28'
    """
    match = re.match(r"^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$", text)
    if match is None:
        raise InputError(f"grid exam_window={text}: write first and last day, as in 14-28")
    first, last = float(match[1]), float(match[2])
    if first > last:
        raise InputError(f"grid exam_window={text}: runs backwards; write the earlier day first")
    return f"{first:g}-{last:g}"


def _any(_: Any) -> None:
    return


def _window(tree: Tree, one: Any) -> None:
    if tree["natural_history"].get("from") == "stated":
        raise InputError(
            "grid exam_window: the design states its natural history, which does not move with the exam day;"
            ' write natural_history.from = "landmark"'
        )
    tree["population"]["exam_day"] = [float(day) for day in str(one).split("-")]


def _check_endpoint(one: Any) -> None:
    if one not in _ENDPOINTS:
        raise InputError(
            f"grid endpoint={one}: is none of {', '.join(_ENDPOINTS)}; another analysis is another design"
            " document: set them side by side with `saisei design compare`"
        )


def _endpoint(tree: Tree, one: Any) -> None:
    fixed = (
        "states its natural history" if tree["natural_history"].get("from") == "stated"
        else "borrows counts" if "borrowing" in tree
        else "compares with fixed rates" if tree["analysis"].get("method") not in _ANY_ENDPOINT
        else None
    )  # fmt: skip
    if fixed and one != tree["endpoint"].get("conversion", "one grade"):
        raise InputError(
            f"grid endpoint: the design {fixed} for its own endpoint; write a document for each endpoint and"
            " set them side by side with `saisei design compare`"
        )
    tree["endpoint"]["conversion"] = one


def _check_share(one: Any) -> None:
    if isinstance(one, bool) or not isinstance(one, int | float) or not 0.0 <= one <= 1.0:
        raise InputError(
            f"grid borrowing_weight={one}: must lie between 0 (none) and 1 (all the weight on history)"
        )


def _borrow(tree: Tree, one: Any) -> None:
    if "borrowing" not in tree:
        raise InputError(
            "grid borrowing_weight: the design borrows nothing; begin from one with [borrowing]"
        )
    if one > 0.0:
        tree["borrowing"]["vague_weight"] = round(1.0 - one, 12)
        return
    del tree["borrowing"]  # no history at all is not a prior whose vague part is everything
    tree["analysis"]["prior_control"] = [[1.0, 1.0, 1.0]]


def _check_gate(one: Any) -> None:
    if one not in [str(gate) for gate in Gate]:
        raise InputError(f"grid gate={one}: is none of {', '.join(str(gate) for gate in Gate)}")


def _gate(tree: Tree, one: Any) -> None:
    plan = tree["staggering"]
    plan["gate"] = one
    if one == Gate.NONE:
        plan.pop("interval_days", None)
    elif not plan.get("interval_days"):
        raise InputError("grid gate: the design has no staggering.interval_days: state it first")
    if one != Gate.COHORT:
        plan.pop("cohort", None)
    else:
        plan.setdefault("cohort", int(value("design.document_cohort")))


def _nothing(tree: Tree, one: Any) -> None:
    """`n` and `ratio` are applied together."""


SHORT: dict[str, Short] = {
    "n": Short("people treated; controls follow by the ratio, looks are fitted", _count("n"), _nothing),
    "ratio": Short("treated to control: 1, 2 or 3:2", _any, _nothing, _read_ratio, whole=True),
    "exam_window": Short("days of the baseline exam: 14-28", _any, _window, _read_window, whole=True),
    "endpoint": Short("one grade, two grades or to D", _check_endpoint, _endpoint),
    "borrowing_weight": Short("weight of history in the control prior, 0 to 1", _check_share, _borrow),
    "gate": Short("none, after the first, after each cohort, after every person", _check_gate, _gate),
}  # fmt: skip


def _resize(tree: Tree, n: int | None, ratio: str | None) -> None:
    if tree["analysis"].get("method") == "own table":
        raise InputError("grid n: the design has its own table, made for its size; write another")
    treated = [arm for arm in tree["arms"] if arm.get("role") == "treated"]
    control = [arm for arm in tree["arms"] if arm.get("role") == "control"]
    if ratio is not None and not control:
        raise InputError("grid ratio: the design has no control arm; begin from a controlled one")
    if len(treated) != 1:
        raise InputError(
            f"grid {'ratio' if n is None else 'n'}: the design has {len(treated)} treated arms; name one"
            " of them, as in arms[0].n"
        )
    before = int(treated[0]["n"])
    now = before if n is None else n
    if control:
        planned = Fraction(before, int(control[0]["n"]))
        if ratio is not None:
            left, _, right = ratio.partition(":")
            planned = Fraction(int(left), int(right))
        control[0]["n"] = math.ceil(now / planned)
        exact = Fraction(now, control[0]["n"])
        tree["allocation"]["ratio"] = [planned.numerator, planned.denominator]
        if exact != planned:
            del tree["allocation"][
                "ratio"
            ]  # rounded up: the stated ratio would not be kept exactly
    treated[0]["n"] = now
    _fit_looks(tree, now)


def _fit_looks(tree: Tree, n: int) -> None:
    for rule in tree.get("safety", ()):
        if "looks" in rule and "stop_at" not in rule:
            rule["looks"] = _looks(rule["looks"], n)
        elif "looks" in rule:
            kept = [
                pair for pair in zip(rule["looks"], rule["stop_at"], strict=False) if pair[0] <= n
            ]
            rule["looks"], rule["stop_at"] = [a for a, _ in kept], [b for _, b in kept]
    analysis = tree.get("analysis", {})
    if "looks" in analysis:
        analysis["looks"] = [look for look in analysis["looks"] if look < n]
        if not analysis["looks"]:
            for key in ("looks", "predictive_stop"):
                analysis.pop(key, None)
    plan = tree.get("staggering", {})
    if plan.get("cohort") and plan["cohort"] > n:
        plan["cohort"] = n


def _looks(looks: list[int], n: int) -> list[int]:
    """Looks up to n, the last at n, going on when there are more people at the pace before the last look.

    >>> _looks([3, 6, 12, 18, 20], 10), _looks([3, 6, 12], 26)
    ([3, 6, 10], [3, 6, 12, 15, 18, 21, 24, 26])
    """
    # The last look is often the end of the trial, not a step of the pace.
    pace = max(looks[-2] - looks[-3], 1) if len(looks) > 2 else max(looks[0], 1)
    kept = [look for look in looks if look < n]
    if n > looks[-1] and len(looks) > 1 and looks[-1] - looks[-2] < pace:
        kept.pop()
    while kept and kept[-1] + pace < n and n > looks[-1]:
        kept.append(kept[-1] + pace)
    return [*kept, n]

"""How earlier signals without a control fared once controlled, and the prior that follows.

Takes `study/signals/signals.toml`: one row for each later result, with the rule of inclusion that was
written before the rows were counted; rows that fail the rule stay in the table with the reason. Gives
the table, the share confirmed under three readings, and a prior for the shift log odds ratio b:

    w = (confirmed + c) / (counted + 2 c)                 c = 1/2 (Jeffreys)
    p(b) = w * HalfNormal(neutral sd) + (1 - w) * N(0, sd of the unconfirmed)

A confirmed product works to a degree that the neutral prior leaves open; an unconfirmed one is near
no effect, on either side. For one study only the mean of the share matters, since the prior is linear
in w. Never uses a row's own effect size: outcomes and conditions differ too much to be pooled.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from saisei.errors import DocumentError, Fault
from saisei.evidence.shift_posterior import Component, ShiftPrior
from saisei.params import value

__all__ = ["Reading", "Signal", "SignalRecord", "informed_prior", "load_signals", "parse_signals"]

_CLASSES = {
    1: "concurrent control",
    2: "later, larger count of the same trial",
    3: "single arm against a threshold or none",
}
_TEXTS = (
    "key", "product", "condition", "early", "early_source", "later", "later_source",
)  # fmt: skip
_OTHERS = (
    "class", "same_condition", "confirmed", "counted", "strict", "strict_reason", "reason",
    "treated", "control", "early_n", "later_n",
)  # fmt: skip
_KNOWN = frozenset((*_TEXTS, *_OTHERS))


@dataclass(frozen=True, slots=True)
class Signal:
    """One early signal and the later result that tested it.

    Attributes:
        test: what kind of later test it was, in words.
        confirmed: None where the answer is not in.
        counted: whether the rule of inclusion holds.
        strict: whether it also counts in the strict reading.
        reason: why it is not counted, or not in the strict reading.
        treated, control: (converted, people) of the later result where published as counts.
        early_n, later_n: people of the early and of the later result, where read.
    """

    key: str
    product: str
    condition: str
    early: str
    early_source: str
    later: str
    later_source: str
    test: str
    same_condition: bool
    confirmed: bool | None
    counted: bool
    strict: bool
    reason: str
    treated: tuple[int, int] | None
    control: tuple[int, int] | None
    early_n: int | None
    later_n: int | None


@dataclass(frozen=True, slots=True)
class Reading:
    """The share confirmed under one reading of the rule."""

    name: str
    confirmed: int
    counted: int
    weight: float


@dataclass(frozen=True, slots=True)
class SignalRecord:
    """The whole table with its rule; `readings` are main, strict and wide."""

    rule: tuple[str, ...]
    cautions: tuple[str, ...]
    signals: tuple[Signal, ...]
    readings: tuple[Reading, ...]

    @property
    def main(self) -> Reading:
        """The reading that the informed prior rests on."""
        return self.readings[0]


def _reading(name: str, rows: list[Signal]) -> Reading:
    extra = value("evidence.shift_signals_prior_count")
    confirmed = sum(row.confirmed is True for row in rows)
    weight = (confirmed + extra) / (len(rows) + 2 * extra)
    return Reading(name, confirmed, len(rows), weight)


def _pair(raw: Any) -> tuple[int, int] | None:
    return None if raw is None else (int(raw[0]), int(raw[1]))


def _signal(where: str, row: dict[str, Any], faults: list[Fault]) -> Signal | None:
    before = len(faults)
    unknown = sorted(set(row) - _KNOWN)
    faults += [Fault(f"{where}.{name}", "", "is not a known field", "drop it") for name in unknown]
    missing = [name for name in _TEXTS if not row.get(name)]
    missing += [name for name in ("class", "same_condition", "counted") if name not in row]
    faults += [Fault(where, "", f"has no {name}", f"add {name} = ...") for name in missing]
    counted = bool(row.get("counted"))
    if row.get("class") not in _CLASSES:
        faults.append(Fault(f"{where}.class", str(row.get("class")), "must be 1, 2 or 3"))
    if counted and not isinstance(row.get("confirmed"), bool):
        rule = "a counted row says whether it was confirmed"
        faults.append(Fault(where, "", rule, "add confirmed = true or false"))
    if not counted and not row.get("reason"):
        faults.append(Fault(where, "", "a row that is not counted says why", 'add reason = "..."'))
    if counted and not row.get("strict") and not row.get("strict_reason"):
        rule = "a row outside the strict reading says why"
        faults.append(Fault(where, "", rule, 'add strict_reason = "..."'))
    if len(faults) > before:
        return None
    return Signal(
        **{name: str(row[name]) for name in _TEXTS},
        test=_CLASSES[row["class"]],
        same_condition=bool(row["same_condition"]),
        confirmed=row.get("confirmed"),
        counted=counted,
        strict=counted and bool(row.get("strict")),
        reason=str(row.get("reason", row.get("strict_reason", ""))),
        treated=_pair(row.get("treated")),
        control=_pair(row.get("control")),
        early_n=row.get("early_n"),
        later_n=row.get("later_n"),
    )


def parse_signals(text: str, name: str = "signals.toml") -> SignalRecord:
    """Read a table of signals; DocumentError lists every fault with its row.

    Args:
        text: TOML with `rule` and `signal` tables.
        name: of the document, for messages.
    """
    faults: list[Fault] = []
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DocumentError(name, [Fault(name, "", f"is not TOML: {error}")]) from None
    rows = []
    for index, raw in enumerate(tree.get("signal", [])):
        row = _signal(f"signal[{index}]", raw, faults)
        if row is not None:
            rows.append(row)
    if len({row.key for row in rows}) != len(rows):
        faults.append(Fault("signal", "", "two rows share a key", "rename one"))
    if faults:
        raise DocumentError(name, faults)
    answered = [row for row in rows if row.confirmed is not None]
    readings = (
        _reading("main: the rule as written", [row for row in rows if row.counted]),
        _reading("strict: concurrent control, early signal read", [r for r in rows if r.strict]),
        _reading("wide: every row with an answer", answered),
    )
    rule = tree.get("rule", {})
    steps, cautions = tuple(rule.get("steps", ())), tuple(rule.get("cautions", ()))
    return SignalRecord(steps, cautions, tuple(rows), readings)


@cache
def load_signals() -> SignalRecord:
    """The packaged table of signals.

    >>> main = load_signals().main
    >>> main.confirmed, main.counted, round(main.weight, 3)
    (1, 6, 0.214)
    """
    text = (files("saisei.study") / "signals" / "signals.toml").read_text(encoding="utf-8")
    return parse_signals(text)


def informed_prior(reading: Reading | None = None) -> ShiftPrior:
    """The prior informed by how earlier uncontrolled signals fared once controlled.

    Args:
        reading: the reading to use; the main one when None.
    """
    used = load_signals().main if reading is None else reading
    confirmed_sd = value("evidence.shift_prior_sd_neutral")
    other_sd = value("evidence.shift_prior_sd_unconfirmed")
    reason = (
        f"{used.confirmed} of {used.counted} earlier signals were confirmed once controlled: weight "
        f"{used.weight:.2f} on a benefit of unknown size (half-normal, sd {confirmed_sd:g}), the rest "
        f"near no effect (normal, sd {other_sd:g})"
    )
    parts = (
        Component(used.weight, 0.0, confirmed_sd, benefit_only=True),
        Component(1.0 - used.weight, 0.0, other_sd),
    )
    return ShiftPrior("informed", "informed by earlier signals", reason, parts)

"""Verdicts on a certificate: each test's verdict and margin, and what its numbers cannot show.

A test passes only when a sound value on the right side of its limit stands there. A missing value fails, a
faulty row is an error, and a reading written as below a detection limit passes only if that limit itself
keeps the criterion. Passing every test releases nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from saisei.errors import Fault
from saisei.lot.bounds import cells_to_read, lower_bound, upper_bound
from saisei.lot.certificate import Certificate, Result, passing_words
from saisei.lot.specifications import Kind, Row, Specification, product_of, rows, specifications

__all__ = ["Check", "Verdict", "check_certificate", "never_shown", "without_criterion"]

_PERCENT = 100.0


class Verdict(StrEnum):
    """What a row of a certificate says; only `PASS` is a pass."""

    PASS = "pass"
    FAIL = "fail"
    MISSING = "missing"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Check:
    """One test of a certificate.

    Attributes:
        test: its id.
        name: test, target and method.
        criterion: the rule.
        given: the value as read.
        verdict: pass, fail, missing or error.
        margin: distance to the limit, positive on the passing side, in the unit; None without a number.
        bound: one-sided 95% bound of the true share, in percent; None without counts.
        shown: whether the counts show the criterion at 95%; None where counts are not given or not read.
        cannot: what the numbers of this row cannot show.
        fault: of an error.
    """

    test: str
    name: str
    criterion: str
    given: str
    verdict: Verdict
    margin: float | None = None
    bound: float | None = None
    shown: bool | None = None
    cannot: str = ""
    fault: Fault | None = None


def check_certificate(certificate: Certificate) -> list[Check]:
    """Every test of the product with a criterion, in the order of the published table."""
    held = specifications(certificate.product)
    return [
        _check(one, certificate.results.get(name), certificate.dose_cells)
        for name, one in held.items()
    ]


def without_criterion(product: str) -> list[Row]:
    """Published tests of a product that state no criterion: nobody can pass or fail them here."""
    held = {one.row.id for one in specifications(product).values()}
    return [row for row in rows().values() if product_of(row.id) == product and row.id not in held]


def never_shown(product: str) -> list[str]:
    """What no certificate of the product shows, whatever its numbers."""
    common = [
        "that the next lot is alike: each number is of the sample that was read",
        "the chance that a transplanted cell founds a tumour: no test here reads it, and 0 of 30 animals "
        "still allow 10% an animal",
    ]
    if product == "stock":
        return common
    return [
        "potency in the injured cord: a lot that passed its tests had no effect in rats (Anderson 2017)"
        if product == "nspc"
        else "potency after transplantation",
        *common,
    ]


def _check(one: Specification, result: Result | None, dose: float | None) -> Check:
    name = f"{one.row.name} ({one.what})" if one.what else one.row.name
    if result is not None and result.fault is not None:
        return Check(one.id, name, one.criterion, "", Verdict.ERROR, fault=result.fault)
    if result is None or (result.value is None and not result.word):
        text = "no value is given, so nothing is shown"
        return Check(one.id, name, one.criterion, "", Verdict.MISSING, cannot=text)
    if result.word:
        good = result.word in passing_words(one.kind)
        verdict = Verdict.PASS if good else Verdict.FAIL
        return Check(one.id, name, one.criterion, result.word, verdict, cannot=_beyond_word(one))
    return _check_number(one, name, result, dose)


def _beyond_word(one: Specification) -> str:
    if one.kind is Kind.ABSENCE:
        return "organisms or copies below what the volume or the PCR can find"
    if one.kind is Kind.PRESENCE:
        return "how many cells: one is enough"
    return "what another reader would say"


def _check_number(one: Specification, name: str, result: Result, dose: float | None) -> Check:
    assert result.value is not None
    margin = one.limit - result.value if one.rule in ("<=", "<") else result.value - one.limit
    strict = one.rule in ("<", ">")
    good = margin > 0 or (margin == 0 and not strict)
    if result.below:  # the truth lies somewhere under the value
        good = one.rule in ("<=", "<") and margin >= 0
    verdict = Verdict.PASS if good else Verdict.FAIL
    given = f"{'<' if result.below else ''}{result.value:g} {one.unit}"
    if result.read is not None:
        given += f", {result.read} read"
    bound, shown, cannot = _beyond_number(one, result, dose)
    return Check(one.id, name, one.criterion, given, verdict, margin, bound, shown, cannot)


def _beyond_number(
    one: Specification, result: Result, dose: float | None
) -> tuple[float | None, bool | None, str]:
    """Bound in percent, whether the criterion is shown, and what is not."""
    if one.kind is not Kind.SHARE:
        return None, None, _beyond_measure(one, result)
    if result.read is None:
        return None, None, "how sure the share is: the number of cells read is not given"
    positive = _positive(result)
    upper = one.rule in ("<=", "<")
    share = upper_bound(positive, result.read) if upper else lower_bound(positive, result.read)
    bound, limit = _PERCENT * share, one.limit
    shown = bound <= limit if upper else bound >= limit
    side = "up to" if upper else "down to"
    text = f"a true share {side} {bound:.3g}% is not excluded at 95%"
    if upper and dose is not None and one.truth == "residual":
        text += f": up to {share * dose:.0f} such cells in a dose of {dose:g}"
    if upper and not shown and limit < _PERCENT:
        needed = cells_to_read(one.limit_share)
        text += (
            f"; to show {one.criterion}, at least {needed:,} cells must be read with none positive"
        )
    return bound, shown, text


def _positive(result: Result) -> int:
    """Positive cells, from the row or from its share; a value below detection counts as what it allows."""
    assert result.value is not None
    assert result.read is not None
    if result.positive is not None:
        return result.positive
    number = result.value / _PERCENT * result.read
    return min(result.read, int(number + 1e-9) if result.below else round(number))


def _beyond_measure(one: Specification, result: Result) -> str:
    if one.kind is Kind.SAME_CELLS:
        read = result.read or one.read
        share = _PERCENT * upper_bound(min(int(one.limit), read), read)
        return f"clones below {share:.0f}% of cells: {read} cells let them pass in more than 5%"
    if one.kind is Kind.COLONIES:
        return "undifferentiated cells that do not grow in a week, or were not among those plated"
    if one.kind is Kind.EVENTS:
        return "what the events do: most variants are silent, and genotype alone is a weak test"
    return "the error of a single measurement"

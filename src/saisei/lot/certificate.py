"""A certificate of a lot: one row a test, read strictly from CSV or TOML text.

A row has `test`, `value`, `unit`, and where cells are counted `read` and `positive`. A value may be censored
(`<0.002`, below the limit of detection). Units are never converted. A fault names its place; nothing that
is faulty can count as a pass.
"""

from __future__ import annotations

import csv
import io
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from saisei.errors import DocumentError, Fault, InputError
from saisei.lot.specifications import PRODUCTS, Kind, Specification, product_of, specifications

__all__ = ["Certificate", "Result", "read_certificate", "template"]

VERSION = 1
_COLUMNS = ("test", "value", "unit", "read", "positive")
_HEAD = ("saisei_certificate", "product", "lot_id", "dose_cells", "result")
_LARGEST = 10**12
_PERCENT = 100.0
_BLANK = ("", "-", "NA", "N/A", "ND", "not done", "not tested")


@dataclass(frozen=True, slots=True)
class Result:
    """One row of a certificate, as it was given.

    Attributes:
        test: id of the test.
        value: a number, or None where a word or nothing stands.
        word: a word, lower case, or empty.
        below: whether the value was written as `<value`.
        read, positive: cells read and called positive; None if not given.
        fault: why the row cannot count; None if it is sound.
    """

    test: str
    value: float | None = None
    word: str = ""
    below: bool = False
    read: int | None = None
    positive: int | None = None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate, sound rows and faulty ones.

    Attributes:
        name: of the file.
        product: whose tests it must hold.
        lot_id: as given; may be empty.
        dose_cells: cells of a dose; None if not given.
        results: one for each test that stands in it.
        faults: of rows that belong to no test.
    """

    name: str
    product: str
    lot_id: str
    dose_cells: float | None
    results: Mapping[str, Result]
    faults: tuple[Fault, ...] = field(default=())


def read_certificate(name: str, content: bytes, product: str | None = None) -> Certificate:
    """Read a certificate; TOML if the name ends so, else CSV.

    Args:
        name: of the file.
        content: its bytes.
        product: whose tests are expected; a TOML file may say so itself.

    Raises:
        InputError: no certificate at all: not UTF-8, no table, an unknown product.
        DocumentError: a fault of the head of the document.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 (byte {error.start}): save it as UTF-8") from error
    if name.endswith(".toml"):
        head, records = _toml(name, text)
    else:
        head, records = {}, _csv(name, text)
    if not records:
        raise InputError(f"{name} holds no result: start from `saisei lot new`")
    chosen = _product(name, product or head.get("product"), records)
    results, faults = _results(chosen, records)
    return Certificate(
        name, chosen, str(head.get("lot_id", "")), head.get("dose_cells"), results, tuple(faults)
    )


def _toml(name: str, text: str) -> tuple[dict[str, Any], list[tuple[str, dict[str, Any]]]]:
    try:
        head = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{name} is not TOML: {error}") from error
    faults = [Fault(key, "", "is not a known key", "drop it") for key in head if key not in _HEAD]
    if head.get("saisei_certificate") != VERSION:
        rule = f"must be {VERSION}"
        faults.append(Fault("saisei_certificate", str(head.get("saisei_certificate")), rule))
    dose = head.get("dose_cells")
    if dose is not None and not (_number(dose) and 0 < dose <= _LARGEST):
        faults.append(Fault("dose_cells", repr(dose), "must be a number above 0"))
    rows = head.get("result", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        faults.append(Fault("result", "", "must be a list of tables", "write [[result]]"))
    if faults:
        raise DocumentError(name, faults)
    return head, [(f"result[{k}]", dict(row)) for k, row in enumerate(rows)]


def _number(x: object) -> bool:
    return isinstance(x, int | float) and not isinstance(x, bool) and math.isfinite(x)


def _csv(name: str, text: str) -> list[tuple[str, dict[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text), skipinitialspace=True, strict=True)
    try:
        header = [column.strip() for column in reader.fieldnames or ()]
        if len(set(header)) != len(header) or "test" not in header or "value" not in header:
            raise InputError(
                f"{name} must begin with a line of columns: {', '.join(_COLUMNS)} (test and value at "
                "least, none twice)"
            )
        reader.fieldnames = header
        found = []
        for record in reader:
            row: dict[str, Any] = {}
            for key, cell in record.items():
                row["(extra cells)" if key is None else key] = cell
            found.append((f"line {reader.line_num}", row))
    except csv.Error as error:
        raise InputError(f"{name}, line {reader.line_num}: is not CSV: {error}") from error
    return found


def _product(name: str, given: object, records: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    if given is None:
        tests = {product_of(str(row.get("test", ""))) for _, row in records}
        known = sorted(tests & set(PRODUCTS))
        if len(known) != 1:
            raise InputError(
                f"{name} does not say its product: its tests belong to {', '.join(known) or 'none'}; give "
                f"one of {', '.join(PRODUCTS)}"
            )
        return known[0]
    if given not in PRODUCTS:
        raise InputError(f"{name}: there is no product {given!r}; there are {', '.join(PRODUCTS)}")
    return str(given)


def _results(
    product: str, records: Iterable[tuple[str, dict[str, Any]]]
) -> tuple[dict[str, Result], list[Fault]]:
    held = specifications(product)
    results: dict[str, Result] = {}
    faults: list[Fault] = []
    for where, row in records:
        test = str(row.get("test") or "").strip()
        if test not in held:
            faults.append(_stranger(where, test, product))
            continue
        if test in results:
            twice = Fault(where, test, "stands twice", "keep one row a test")
            results[test] = Result(test, fault=twice)
            continue
        results[test] = _result(where, held[test], row)
    return results, faults


def _stranger(where: str, test: str, product: str) -> Fault:
    from difflib import get_close_matches

    near = get_close_matches(test, specifications(product), n=1)
    mend = f"did you mean {near[0]}?" if near else f"see `saisei lot new --product {product}`"
    return Fault(where, test or "(blank)", f"is not a test of {product} with a criterion", mend)


def _result(where: str, one: Specification, row: Mapping[str, Any]) -> Result:
    """A sound result, a blank one (no value), or one with its fault."""
    unknown = [key for key in row if key not in (*_COLUMNS, "note")]
    text = _text(row.get("value"))
    if unknown and _text(row[unknown[0]]):
        return _faulty(where, one, unknown[0], _text(row[unknown[0]]), "is not a known column")
    if text in _BLANK:
        return Result(one.id)
    unit = _text(row.get("unit"))
    if unit != one.unit:
        mend = f"give it in {one.unit}; units are never converted"
        return _faulty(where, one, "unit", unit or "(blank)", f"must be {one.unit}", mend)
    if one.kind.verdict_only:
        return _worded(where, one, text)
    return _numbered(where, one, text, row)


def _text(cell: object) -> str:
    if isinstance(cell, list):
        return " ".join(str(part) for part in cell).strip()
    return "" if cell is None else str(cell).strip()


def _faulty(
    where: str, one: Specification, column: str, given: str, rule: str, mend: str = ""
) -> Result:
    return Result(
        one.id, fault=Fault(f"{where}, {one.id}, {column}", given[:40], f"{column} {rule}", mend)
    )


_WORDS = {
    Kind.ABSENCE: (("negative", "not detected", "below detection"), ("positive", "detected")),
    Kind.PRESENCE: (("positive",), ("negative",)),
    Kind.JUDGEMENT: (("conforms",), ("does not conform",)),
}


def _worded(where: str, one: Specification, text: str) -> Result:
    good, bad = _WORDS[one.kind]
    if text.lower() not in (*good, *bad):
        rule = f"must be one of: {', '.join((*good, *bad))}"
        return _faulty(where, one, "value", text, rule)
    return Result(one.id, word=text.lower())


def passing_words(kind: Kind) -> tuple[str, ...]:
    """The words that pass a test of this kind."""
    return _WORDS[kind][0]


def _numbered(where: str, one: Specification, text: str, row: Mapping[str, Any]) -> Result:
    below = text.startswith("<")
    try:
        number = float(text.removeprefix("<"))
    except ValueError:
        return _faulty(where, one, "value", text, "must be a number, or <number below detection")
    most = _PERCENT if one.unit == "percent" else _LARGEST
    least = -_LARGEST if one.kind is Kind.CYCLES else 0.0
    whole = one.unit in ("cells", "colonies", "events")
    if not math.isfinite(number) or not least <= number <= most or (below and number <= 0):
        return _faulty(where, one, "value", text, f"must lie between {least:g} and {most:g}")
    if whole and number != int(number):
        return _faulty(where, one, "value", text, "must be a whole number")
    read, positive = _count(row.get("read")), _count(row.get("positive"))
    if read == -1 or positive == -1:
        column = "read" if read == -1 else "positive"
        return _faulty(where, one, column, _text(row[column]), "must be a whole number from 0")
    fault = _counts_fault(one, number, below, read, positive)
    if fault:
        return _faulty(where, one, *fault)
    return Result(one.id, number, "", below, read, positive)


def _count(cell: object) -> int | None:
    """A whole number from 0, None for a blank, -1 for anything else."""
    text = _text(cell)
    if text in _BLANK:
        return None
    try:
        number = float(text)
    except ValueError:
        return -1
    return int(number) if 0 <= number <= _LARGEST and number == int(number) else -1


def _counts_fault(
    one: Specification, number: float, below: bool, read: int | None, positive: int | None
) -> tuple[str, str, str] | None:
    """Column, value and rule of what does not hang together; None if it does."""
    counted = one.kind in (Kind.SHARE, Kind.SAME_CELLS)
    if not counted and (read is not None or positive is not None):
        return "read", str(read), f"does not belong to a test in {one.unit}: leave it blank"
    if read is not None and read < 1:
        return "read", str(read), "must be at least 1"
    if positive is None:
        if one.kind is Kind.SAME_CELLS and read is not None and number > read:
            return "value", f"{number:g}", f"is more than the {read} cells read"
        return None
    if read is None:
        return "positive", str(positive), "needs read: of how many cells?"
    if positive > read:
        return "positive", str(positive), f"is more than the {read} read"
    if one.kind is Kind.SAME_CELLS:
        if number != positive:
            return "value", f"{number:g}", f"differs from {positive} positive cells"
        return None
    share = _PERCENT * positive / read
    agrees = share <= number if below else abs(share - number) <= max(0.01 * share, 0.5 / read)
    if not agrees:
        return "value", f"{number:g}", f"differs from {positive} of {read} = {share:.6g} percent"
    return None


def template(product: str, toml: bool) -> str:
    """An empty certificate with every test of a product that has a criterion."""
    held = specifications(product)
    if not toml:
        lines = [",".join((*_COLUMNS, "note"))]
        for one in held.values():
            note = f"{_what(one)}: {one.criterion}".replace('"', "'")
            lines.append(f'{one.id},,{one.unit},,,"{note}"')
        return "\n".join(lines) + "\n"
    parts = [
        "# A certificate of one lot. Fill in every value; a test without a value does not pass.",
        "# read: cells read; positive: cells called positive; both only where cells are counted.",
        '# A reading below the limit of detection is written "<0.002". Research use only: checking a',
        "# certificate releases no lot.",
        f"saisei_certificate = {VERSION}",
        f'product = "{product}"',
        'lot_id = ""',
        "dose_cells = 2000000" if product == "nspc" else "# dose_cells = 0",
    ]
    for one in held.values():
        parts += ["", f"# {_what(one)}", f"# criterion: {one.criterion}"]
        if one.kind.verdict_only:
            good, bad = _WORDS[one.kind]
            parts.append(f"# one of: {', '.join((*good, *bad))}")
        parts += ["[[result]]", f'test = "{one.id}"', 'value = ""', f'unit = "{one.unit}"']
        if one.kind in (Kind.SHARE, Kind.SAME_CELLS):
            parts += ['read = ""', 'positive = ""']
    return "\n".join(parts) + "\n"


def _what(one: Specification) -> str:
    return f"{one.row.name} ({one.what})" if one.what else one.row.name

"""The release tests as published, and those with a criterion as specifications that can be computed.

A row of release_tests.csv without a criterion has no specification and stays visibly empty. Limits stand
in the unit of the certificate; shares inside the laws run from 0 to 1.
"""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from saisei.errors import InputError
from saisei.lot.laws import (
    Absence,
    Counted,
    Events,
    Judged,
    Law,
    Measured,
    Presence,
    count_bounds,
)
from saisei.params import parameter, value

__all__ = [
    "PRODUCTS",
    "Kind",
    "Row",
    "Specification",
    "product_of",
    "rows",
    "specification",
    "specifications",
]

PRODUCTS: dict[str, str] = {
    "nspc": "iPSC-derived neural progenitors (Keio; Sugai 2021)",
    "stock": "iPS cell stock, the starting line (CiRA; Umekage 2019)",
    "dopamine": "dopaminergic progenitors (Kyoto; Doi 2020)",
}

_PERCENT = 100.0
_FOUND_95 = 3.0  # -ln(0.05): a Poisson number with this mean shows at least one in 95%


class Kind(StrEnum):
    """Kinds of test; the law of each stands in `saisei.lot.laws`."""

    SHARE = "share"
    SAME_CELLS = "same_cells"
    COLONIES = "colonies"
    EVENTS = "events"
    CYCLES = "cycles"
    EXPRESSION = "expression"
    LEVEL = "level"
    ABSENCE = "absence"
    PRESENCE = "presence_wanted"
    JUDGEMENT = "judgement"

    @property
    def verdict_only(self) -> bool:
        """Whether the certificate holds a word in place of a number."""
        return self in (Kind.ABSENCE, Kind.PRESENCE, Kind.JUDGEMENT)


@dataclass(frozen=True, slots=True)
class Row:
    """One published release test, as the source states it."""

    id: str
    product: str
    stage: str
    test_group: str
    test: str
    target: str
    material: str
    method: str
    criterion: str
    reported_result: str
    role: str
    source: str
    checked: str
    notes: str

    @property
    def name(self) -> str:
        """Test, target and method in one line."""
        return ", ".join(part for part in (self.test, self.target, self.method) if part)


@dataclass(frozen=True, slots=True)
class Specification:
    """A release test with a criterion, as a rule.

    Attributes:
        id: its name on certificates.
        row: the published row.
        kind: what is read.
        assay: the value of `lot_assay` that holds numbers read and errors.
        rule: `<=`, `<`, `>=` or `>`; empty where a word decides.
        limit: the criterion, in `unit`.
        unit: percent, cells, colonies, events, cycles, EU/mL, or verdict.
        truth: what of a lot it reads; empty where no lot is modelled.
        what: what is counted, where the row says more than one thing.
    """

    id: str
    row: Row
    kind: Kind
    assay: str
    unit: str
    rule: str = ""
    limit: float = 0.0
    truth: str = ""
    what: str = ""

    @property
    def product(self) -> str:
        """The product's short name."""
        return product_of(self.id)

    @property
    def criterion(self) -> str:
        """The rule in words."""
        return f"{self.rule} {self.limit:g} {self.unit}" if self.rule else self.row.criterion

    @property
    def limit_share(self) -> float:
        """The limit of a share, 0 to 1."""
        return self.limit / _PERCENT

    @property
    def read(self) -> int:
        """Cells that the assay reads; 0 where it does not count cells."""
        return int(self._assay()[0]) if self.kind in (Kind.SHARE, Kind.SAME_CELLS) else 0

    def _assay(self) -> tuple[float, ...]:
        content = parameter(f"lot_assay.{self.assay}").value
        if not isinstance(content, tuple):
            raise InputError(f"parameter 'lot_assay.{self.assay}' must be a list of numbers")
        return content

    def law(self, read: int | None = None) -> Law:
        """The law of the test; `read` takes the place of the number of cells that the assay reads.

        >>> specification("nspc-oct4-stain").law().passing([0.0]).tolist()
        [1.0]
        """
        match self.kind:
            case Kind.SHARE:
                n, seen, wrong = self._assay()
                n = int(n) if read is None else read
                least, most = count_bounds(self.rule, self.limit_share, n)
                return Counted(n, seen, wrong, least, most)
            case Kind.SAME_CELLS:
                n, seen, wrong = self._assay()
                return Counted(int(read or n), seen, wrong, 0, int(self.limit), as_count=True)
            case Kind.COLONIES:
                plated, grows = self._assay()
                return Absence(plated * grows)
            case Kind.EVENTS:
                seen, wrong = self._assay()
                return Events(seen, wrong, int(self.limit))
            case Kind.PRESENCE:
                n, seen, _ = self._assay()
                return Presence(int(read or n), seen)
            case Kind.JUDGEMENT:
                return Judged(*self._assay())
            case Kind.ABSENCE:
                return self._absence()
            case _:
                return self._measured()

    def _absence(self) -> Law:
        if self.assay == "sterility":
            volume, grows, wrong = self._assay()
            return Absence(volume * grows, wrong)
        found_95, wrong = self._assay()
        return Absence(_FOUND_95 / found_95, wrong)

    def _measured(self) -> Law:
        upper = self.rule in ("<=", "<")
        if self.kind is Kind.CYCLES:
            ceiling = value("lot_assay.cycle_ceiling")
            return Measured(value("lot_assay.cycle_sd"), self.limit, upper, ceiling=ceiling)
        sd = value(f"lot_assay.{self.assay}_sd")
        floor = value("lot_assay.endotoxin_detection") if self.kind is Kind.LEVEL else 0.0
        return Measured(sd, self.limit, upper, log=True, floor=floor)


def product_of(id: str) -> str:
    """The product's short name in the id of a test.

    >>> product_of("nspc-oct4-flow")
    'nspc'
    """
    return id.split("-", 1)[0]


@cache
def rows() -> dict[str, Row]:
    """Every published release test, by id."""
    text = (files("saisei.lot") / "release_tests.csv").read_text(encoding="utf-8")
    return {record["id"]: Row(**record) for record in csv.DictReader(text.splitlines())}


@cache
def specifications(product: str | None = None) -> dict[str, Specification]:
    """Every specification, or those of one product, by id.

    Raises:
        InputError: there is no such product.

    >>> len(specifications()), len(specifications("nspc"))
    (49, 26)
    """
    if product is not None and product not in PRODUCTS:
        raise InputError(f"there is no product {product!r}; there are {', '.join(PRODUCTS)}")
    text = (files("saisei.lot") / "specifications.toml").read_text(encoding="utf-8")
    found = {}
    for name, record in tomllib.loads(text).items():
        if product is not None and product_of(name) != product:
            continue
        fields = dict(record)
        row = rows()[fields.pop("row", name)]
        kind = Kind(fields.pop("kind"))
        found[name] = Specification(id=name, row=row, kind=kind, **fields)
    return found


def specification(id: str) -> Specification:
    """One specification; InputError names near ids when there is none, or that the row has no criterion."""
    try:
        return specifications()[id]
    except KeyError:
        from difflib import get_close_matches

        if id in rows():
            row = rows()[id]
            raise InputError(
                f"{id} ({row.name}) states no criterion ({row.criterion or 'blank'}), so there is nothing to "
                "compute"
            ) from None
        near = get_close_matches(id, specifications(), n=3)
        hint = f"near it: {', '.join(near)}" if near else "see `saisei lot specification`"
        raise InputError(f"there is no release test {id!r} ({hint})") from None

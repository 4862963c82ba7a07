"""Records of the product: donor, line, lot, tests, release, vial, custody, release to a person, dosing, harm.

All ids are opaque strings (ISBT 128, SEC or a house's own): nothing is read from their parts, and no
table of theirs is shipped.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from saisei.trial.kinds_base import (
    Body,
    Code,
    Correction,
    Day,
    Free,
    Hours,
    Positive,
    Share,
    Words,
)

__all__ = [
    "AdverseEvent",
    "Coding",
    "Custody",
    "Donor",
    "Dosing",
    "Line",
    "Lot",
    "LotDecision",
    "LotTest",
    "Vial",
    "VialRelease",
]

_Cells = Annotated[int, Field(ge=0, le=10**12)]


class Donor(Body):
    """Where the cells come from, by an opaque id."""

    kind: ClassVar[str] = "donor"
    correction: ClassVar[Correction] = Correction.CORRECT

    donor: Code
    on: Day | None = None
    id_type: Words | None = None
    hla: tuple[Words, ...] = ()

    @property
    def own_entity(self) -> str:
        """Its id."""
        return f"donor:{self.donor}"


class Line(Body):
    """A cell line made from a donor's cells."""

    kind: ClassVar[str] = "line"
    correction: ClassVar[Correction] = Correction.CORRECT

    line: Code
    donor: Code
    hpscreg_name: Words | None = None
    biosamples_id: Words | None = None

    @property
    def own_entity(self) -> str:
        """Its id."""
        return f"line:{self.line}"


class Lot(Body):
    """A lot of product made from a line."""

    kind: ClassVar[str] = "lot"
    correction: ClassVar[Correction] = Correction.CORRECT

    lot: Code
    line: Code
    made_on: Day
    expires_on: Day
    cells_per_vial: _Cells | None = None
    id_type: Words | None = None

    @property
    def own_entity(self) -> str:
        """Its id."""
        return f"lot:{self.lot}"


class LotTest(Body):
    """One release test of a lot, with its limit and verdict."""

    kind: ClassVar[str] = "lot_test"

    lot: Code
    on: Day
    test: Words
    result: Words
    limit: Words
    passed: bool


class LotDecision(Body):
    """What became of a lot; the latest decision counts. Failed and recalled are final."""

    kind: ClassVar[str] = "lot_decision"
    correction: ClassVar[Correction] = Correction.NEVER

    lot: Code
    on: Day
    decision: Literal["released", "failed", "quarantined", "recalled"]
    by_whom: Words


class Vial(Body):
    """One container of a lot."""

    kind: ClassVar[str] = "vial"
    correction: ClassVar[Correction] = Correction.CORRECT

    vial: Code
    lot: Code
    cells: _Cells

    @property
    def own_entity(self) -> str:
        """Its id."""
        return f"vial:{self.vial}"


class Custody(Body):
    """A hand-over or change of a vial: what, where, when, and the two people."""

    kind: ClassVar[str] = "custody"
    free: ClassVar[tuple[str, ...]] = ("note",)
    correction: ClassVar[Correction] = Correction.CORRECT

    vial: Code
    on: Day
    event: Literal["stored", "shipped", "received", "thawed", "discarded"]
    where: Words
    gave: Words
    took: Words
    temperature_c: Annotated[float, Field(allow_inf_nan=False, ge=-273.15, le=100)] | None = None
    in_range: bool = True
    note: Free = ""


class VialRelease(Body):
    """A vial is set aside for one person: the chain of identity closes here. Once, for good."""

    kind: ClassVar[str] = "vial_release"
    correction: ClassVar[Correction] = Correction.NEVER

    vial: Code
    participant: Code
    coi_id: Code
    on: Day
    by_whom: Words

    @property
    def once(self) -> str:
        """A vial is released once."""
        return f"vial_release:{self.vial}"


class Dosing(Body):
    """What was given: vials, cells given and planned, viability, hours since thaw, where."""

    kind: ClassVar[str] = "dosing"
    free: ClassVar[tuple[str, ...]] = ("note",)

    participant: Code
    on: Day
    vials: Annotated[tuple[Code, ...], Field(min_length=1)]
    cells_given: _Cells
    cells_planned: _Cells
    viability: Share | None = None
    hours_from_thaw: Hours | None = None
    level: Words | None = None
    volume_ul: Positive | None = None
    surgeon: Words | None = None
    note: Free = ""

    @property
    def once(self) -> str:
        """A vial is given once; the day may be corrected."""
        return f"dosing:{self.participant}:{self.vials[0]}"


class Coding(Body):
    """A code of a dictionary that the user has (MedDRA ...): opaque, with its version."""

    system: Words
    version: Words
    code: Words
    term: Words | None = None


class AdverseEvent(Body):
    """An adverse event; `counts_for` names the event of the safety rule that it counts for."""

    kind: ClassVar[str] = "adverse_event"
    free: ClassVar[tuple[str, ...]] = ("narrative",)

    participant: Code
    on: Day
    term: Words
    organ_class: Words | None = None
    grade: Annotated[int, Field(ge=1, le=5)]
    grading: Words = "CTCAE 6.0"
    serious: bool
    why_serious: tuple[
        Literal["death", "life-threatening", "hospital", "disability", "congenital", "important"],
        ...,
    ] = ()
    expected: bool
    related: dict[
        Literal["cells", "operation", "immunosuppression", "rehabilitation"],
        Literal["unrelated", "unlikely", "possible", "probable", "definite"],
    ] = Field(default_factory=dict)
    special: Words | None = None
    counts_for: Words | None = None
    ended_on: Day | None = None
    outcome: Literal["ongoing", "recovered", "recovered with sequelae", "fatal", "unknown"] = (
        "ongoing"
    )
    action: Words | None = None
    codes: tuple[Coding, ...] = ()
    reported_on: Day | None = None
    narrative: Free = ""

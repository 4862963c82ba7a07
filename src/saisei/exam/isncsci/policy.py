"""What the standard leaves open, each point with its choices, our default and the reason.

Only these points differ between policies. The sets behind NT and flags stay exact under every one of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from saisei.errors import UnsupportedError

__all__ = ["DEFAULT", "POLICIES", "PRAXIS", "Policy", "policy_named"]


@dataclass(frozen=True, slots=True)
class Policy:
    """How the open points of ISNCSCI are decided. The defaults are our reading of the 2019 revision.

    Attributes:
        name: what a report calls this policy.
        revision: 2019, or 2011 or 2015: there a zone of partial preservation exists in AIS A only, and
            `5*` is a score (read as 5, see `Score.parse`).
        all_normal_without_vac: NLI when all scores are normal and VAC is absent. `S3`: the NLI is the
            most rostral of four levels and the motor levels are S3. `INT`: VAC is left out of the NLI
            (Praxis).
        dap_for_e: whether AIS E needs DAP. `ignored`: E is defined by the segments, DAP is none (also
            Praxis); an absent DAP with normal S4-5 is a plausibility warning instead. `required`:
            without DAP the grade is D.
        non_key_in_motor_zpp: `never`: the worksheet defines the motor zone by key muscles and teaching
            material keeps others out. `deciding`: the non-key muscle is the zone of its side when it
            alone makes that side motor incomplete. `praxis`: in AIS C it replaces a zone more than
            three segments above it.
        no_muscles_below: grade when the injury is motor incomplete and no key muscle lies below the
            NLI. `D`: none of none is at least half (also Praxis), and no weak muscle speaks for C. `C`:
            the other reading.
        stars: `difference`: a result carries a star when reading the flags changed it. `praxis`: the stars of
            the reference program. `off`: no stars. The papers ask for stars without defining them
            segment by segment; the first has a meaning that can be stated in one sentence.
    """

    name: str = "default"
    revision: Literal["2011", "2015", "2019"] = "2019"
    all_normal_without_vac: Literal["S3", "INT"] = "S3"
    dap_for_e: Literal["ignored", "required"] = "ignored"
    non_key_in_motor_zpp: Literal["never", "deciding", "praxis"] = "never"
    no_muscles_below: Literal["D", "C"] = "D"
    stars: Literal["off", "difference", "praxis"] = "difference"

    @property
    def old_5_star(self) -> bool:
        """Whether readers of files should accept `5*` (as 5), see `Score.parse`."""
        return self.revision != "2019"


DEFAULT = Policy()
PRAXIS = Policy(
    name="praxis",
    all_normal_without_vac="INT",
    non_key_in_motor_zpp="praxis",
    stars="praxis",
)
POLICIES: dict[str, Policy] = {
    policy.name: policy
    for policy in (
        DEFAULT,
        PRAXIS,
        Policy(name="2015", revision="2015"),
        Policy(name="2011", revision="2011"),
    )
}


def policy_named(name: str | Policy) -> Policy:
    """The policy of that name, or the policy itself; UnsupportedError names those that exist.

    >>> policy_named("praxis").all_normal_without_vac
    'INT'
    """
    if isinstance(name, Policy):
        return name
    try:
        return POLICIES[name]
    except KeyError:
        known = ", ".join(POLICIES)
        raise UnsupportedError(f"there is no policy {name!r}; known are {known}") from None

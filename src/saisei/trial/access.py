"""Who may read, add, change and sign what: one table, and nothing beside it.

A row is a kind of record or a view; a column is a role. Letters: r read, a add, c change (by a new
record), s sign; `u` uses a view. A dot is nothing. An account with several roles may do what any of
them may; an assessor is blinded and can have no other role. Nobody but an administrator of the database
itself gets past this table, and what he does there is what `verify` looks for.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from saisei.errors import AccessError, InputError
from saisei.trial.kinds import KINDS
from saisei.trial.kinds_conduct import Role

__all__ = ["BLINDED", "TABLE", "VIEWS", "may", "require", "require_roles", "roles_that_may"]

TABLE = """
what           admin manager investigator assessor manufacturer pharmacist monitor statistician board auditor
settings       .     racs    r            r        r            r          r       r            r     r
design         .     racs    r            r        r            r          r       r            r     r
site           rac   r       r            r        r            r          r       r            r     r
account        rac   .       .            .        .            .          .       .            .     r
decision       .     racs    r            .        .            r          r       r            racs  r
query          .     rac     rac          .        .            .          rac     r            .     r
signature      .     r       r            .        r            r          r       r            r     r
unblinding     .     ra      r            .        .            .          r       r            r     r
export         r     r       .            .        .            .          r       r            r     r
redaction      r     ra      .            .        .            .          r       r            .     r
participant    .     r       rac          r        .            r          r       r            r     r
consent        .     r       racs         r        .            r          r       r            r     r
screening      .     r       racs         .        .            .          r       r            r     r
allocation     .     rac     r            .        .            r          r       r            r     r
visit          .     r       rac          rac      .            .          r       r            r     r
exam           .     r       racs         racs     .            .          r       r            r     r
scale          .     r       racs         racs     .            .          r       r            r     r
imaging        .     r       racs         .        .            .          r       r            r     r
drug_level     .     r       rac          .        .            rac        r       r            r     r
rehabilitation .     r       rac          .        .            .          r       r            r     r
deviation      .     rac     rac          .        .            rac        rac     r            r     r
death          .     r       racs         .        .            .          r       r            r     r
withdrawal     .     r       rac          .        .            .          r       r            r     r
donor          .     r       .            .        rac          r          r       r            .     r
line           .     r       .            .        rac          r          r       r            .     r
lot            .     r       r            .        racs         r          r       r            r     r
lot_test       .     r       r            .        racs         r          r       r            r     r
lot_decision   .     r       r            .        ras          r          r       r            r     r
vial           .     r       r            .        rac          rac        r       r            .     r
custody        .     r       r            .        rac          rac        r       r            .     r
vial_release   .     r       r            .        .            ras        r       r            .     r
dosing         .     r       racs         .        .            rac        r       r            r     r
adverse_event  .     r       racs         .        .            .          r       r            r     r
view:schedule  .     u       u            u        .            u          u       u            .     u
view:monitor   .     u       u            .        .            .          u       u            u     u
view:open      .     u       u            .        .            .          u       u            u     u
view:closed    .     .       .            .        .            .          .       u            u     .
view:export    .     u       .            .        .            .          .       u            .     u
view:trail     u     u       u            u        u            u          u       u            u     u
view:backup    u     u       .            .        .            .          .       .            .     .
"""

BLINDED = frozenset({Role.ASSESSOR})
"""Roles that must never learn what a person got."""

ACTIONS = {"read": "r", "add": "a", "change": "c", "sign": "s", "use": "u"}


@cache
def _cells() -> dict[tuple[str, Role], frozenset[str]]:
    """The table, read strictly: every kind and role, each once, known letters only."""
    lines = [line.split() for line in TABLE.strip().splitlines()]
    roles = [Role(word) for word in lines[0][1:]]
    found: dict[tuple[str, Role], frozenset[str]] = {}
    for what, *cells in lines[1:]:
        for role, letters in zip(roles, cells, strict=True):
            found[what, role] = frozenset(letters) - {"."}
    rows = {what for what, _ in found}
    views = {row for row in rows if row.startswith("view:")}
    assert set(roles) == set(Role)
    assert rows - views == set(KINDS)
    return found


VIEWS = tuple(line.split()[0] for line in TABLE.strip().splitlines() if line.startswith("view:"))
"""What can be looked at as a whole: schedule, monitoring, open and closed report, exports, trail, backup."""


def may(roles: Iterable[Role], action: str, what: str) -> bool:
    """Whether any of these roles may do this.

    Args:
        roles: of one account.
        action: `read`, `add`, `change`, `sign` or `use`.
        what: a kind of record, or a view (`view:monitor`).

    >>> may([Role.ASSESSOR], "add", "exam"), may([Role.ASSESSOR], "read", "dosing")
    (True, False)
    """
    cells = _cells()
    return any(ACTIONS[action] in cells[what, role] for role in roles)


def require(roles: Iterable[Role], action: str, what: str) -> None:
    """Refuse what the table does not allow.

    Raises:
        AccessError: the same words whether the thing exists or not.
    """
    held = tuple(roles)
    if not may(held, action, what):
        name = what.removeprefix("view:").replace("_", " ")
        verb = "see" if action == "use" else action
        raise AccessError(f"the role {', '.join(held) or 'of nobody'} may not {verb}: {name}")


def roles_that_may(action: str, what: str) -> tuple[Role, ...]:
    """The roles that the table allows this, in the order of its columns."""
    return tuple(role for role in Role if may([role], action, what))


def require_roles(roles: Iterable[Role]) -> None:
    """Refuse a set of roles that would unblind somebody who must stay blinded.

    Raises:
        InputError: a blinded role together with another.
    """
    held = set(roles)
    if held & BLINDED and len(held) > 1:
        raise InputError(
            "an assessor is blinded and can have no other role: make a second account for another person"
        )

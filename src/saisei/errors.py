"""Every error that Saisei raises on purpose.

    SaiseiError
    ├── InputError          what was given is wrong (exit code 2)
    │   ├── DocumentError   a study, design or parameter document has faults, listed with their paths
    │   ├── ExamError       an examination record breaks the ISNCSCI standard
    │   ├── RuleError       a record that the rules of the trial refuse (an unreleased lot, no consent)
    │   ├── ConflictError   somebody else changed the same thing first
    │   └── AccessError     a person may not read or do this
    ├── StoreError          the store of a trial cannot be reached, is full, or is damaged
    └── UnsupportedError    a well-formed question that Saisei refuses to answer, and why

A message says what was given, where, which rule it breaks and what to do next. The command line prints
it as one sentence and leaves with code 2; anything that is not a `SaiseiError` is a defect of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "AccessError",
    "ConflictError",
    "DocumentError",
    "ExamError",
    "Fault",
    "InputError",
    "RuleError",
    "SaiseiError",
    "StoreError",
    "UnsupportedError",
]


class SaiseiError(Exception):
    """Base of all errors raised on purpose."""


class InputError(SaiseiError):
    """What the user gave is wrong; the message says what, where, which rule and the mend."""


class RuleError(InputError):
    """A record that the rules of the trial refuse; the message names the rule and what would be needed."""


class ConflictError(InputError):
    """Somebody else changed the same thing first; the message says who and when."""


class AccessError(InputError):
    """A person may not read or do this; the message never tells whether the thing exists."""


class StoreError(SaiseiError):
    """The store of a trial cannot be reached, is full, or is damaged; nothing was half written."""


class UnsupportedError(SaiseiError):
    """The question is well formed but Saisei refuses it; the message says why and what can be asked."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault inside a document or record.

    `where` is the path inside the document (`participants[2].baseline.grade`) or the place in a file
    (`line 4`, `row 17, column right_motor_c5`); `value` is what stands there, shortened; `rule` says
    what should hold and `mend` what to do.
    """

    where: str
    value: str
    rule: str
    mend: str = ""

    def __str__(self) -> str:
        text = (
            f"{self.where}: {self.value}: {self.rule}"
            if self.value
            else f"{self.where}: {self.rule}"
        )
        return f"{text} ({self.mend})" if self.mend else text


class DocumentError(InputError):
    """A document has one or more faults; `faults` holds each with its path.

    >>> fault = Fault("participants[0].n", "-3", "must be at least 0", "write 0 or more")
    >>> print(DocumentError("a.toml", [fault]))
    a.toml has 1 fault:
      participants[0].n: -3: must be at least 0 (write 0 or more)
    """

    def __init__(self, document: str, faults: Sequence[Fault]) -> None:
        self.document = document
        self.faults = tuple(faults)
        noun = "fault" if len(self.faults) == 1 else "faults"
        lines = "\n".join(f"  {fault}" for fault in self.faults)
        super().__init__(f"{document} has {len(self.faults)} {noun}:\n{lines}")


class ExamError(InputError):
    """An examination record breaks the standard; `faults` holds each with its place."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(str(fault) for fault in self.faults))

"""The closed schema of the study document, version `saisei-study/0.2`.

Takes a parsed TOML tree; gives frozen, typed records. A key that the schema does not know is a fault.
Does not check what one part says about another: that is `saisei.study.checks`.
"""

from saisei.study.schema.document import READS, SCHEMA, StudyDocument, json_schema
from saisei.study.schema.people import Arm, Outcome, Participant, Visit
from saisei.study.schema.plan import (
    Design,
    Detail,
    Eligibility,
    Endpoint,
    Exclusion,
    Product,
    Registry,
)
from saisei.study.schema.record import (
    Arithmetic,
    Claim,
    Comparator,
    Disagreement,
    Event,
    Gap,
    Limit,
    Source,
    SourceKind,
    Verdict,
    Version,
)
from saisei.study.schema.results import (
    AdverseEvents,
    Continuous,
    Conversion,
    MotorLevels,
    Transition,
)
from saisei.study.schema.scales import Distribution, OwnSide, Slope, TimeToEvent
from saisei.study.schema.values import Confidence, Part, Sourced

__all__ = [
    "READS",
    "SCHEMA",
    "AdverseEvents",
    "Arithmetic",
    "Arm",
    "Claim",
    "Comparator",
    "Confidence",
    "Continuous",
    "Conversion",
    "Design",
    "Detail",
    "Disagreement",
    "Distribution",
    "Eligibility",
    "Endpoint",
    "Event",
    "Exclusion",
    "Gap",
    "Limit",
    "MotorLevels",
    "Outcome",
    "OwnSide",
    "Part",
    "Participant",
    "Product",
    "Registry",
    "Slope",
    "Source",
    "SourceKind",
    "Sourced",
    "StudyDocument",
    "TimeToEvent",
    "Transition",
    "Verdict",
    "Version",
    "Visit",
    "json_schema",
]

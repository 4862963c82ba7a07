"""A running trial: its records, added and never overwritten, with a trail that anybody can check.

Takes what people enter, one record at a time or a file at once, and the clock; gives the records as they
stand or stood at a moment, and whether the store is what its trail says. It judges no treatment.

    store = Store.open("trial.db", clock)
    session = login(store, "kato", password)
    session.add(Consent(participant="P01", on=day, form="2.1"))
    session.records("exam", participant="P01", as_of=day)
"""

from saisei.trial.access import BLINDED, may, roles_that_may
from saisei.trial.kinds import KINDS, kind_named, parse_body
from saisei.trial.kinds_base import Body, Correction
from saisei.trial.kinds_cells import (
    AdverseEvent,
    Coding,
    Custody,
    Donor,
    Dosing,
    Line,
    Lot,
    LotDecision,
    LotTest,
    Vial,
    VialRelease,
)
from saisei.trial.kinds_conduct import (
    Account,
    Decision,
    DesignRecord,
    DrugRange,
    Export,
    Meaning,
    Query,
    Redaction,
    Required,
    Role,
    Settings,
    Signature,
    Site,
    Unblinding,
)
from saisei.trial.kinds_people import (
    Allocation,
    Answer,
    Check,
    Consent,
    Death,
    Deviation,
    DrugLevel,
    Exam,
    Grades,
    Imaging,
    Participant,
    Rehabilitation,
    Scale,
    Screening,
    Visit,
    Withdrawal,
)
from saisei.trial.picture import Picture
from saisei.trial.record import Record, moment
from saisei.trial.session import Session, Signed, login
from saisei.trial.setup import create
from saisei.trial.store import Clock, Store
from saisei.trial.verify import Verdict, verify

__all__ = [
    "BLINDED",
    "KINDS",
    "Account",
    "AdverseEvent",
    "Allocation",
    "Answer",
    "Body",
    "Check",
    "Clock",
    "Coding",
    "Consent",
    "Correction",
    "Custody",
    "Death",
    "Decision",
    "DesignRecord",
    "Deviation",
    "Donor",
    "Dosing",
    "DrugLevel",
    "DrugRange",
    "Exam",
    "Export",
    "Grades",
    "Imaging",
    "Line",
    "Lot",
    "LotDecision",
    "LotTest",
    "Meaning",
    "Participant",
    "Picture",
    "Query",
    "Record",
    "Redaction",
    "Rehabilitation",
    "Required",
    "Role",
    "Scale",
    "Screening",
    "Session",
    "Settings",
    "Signature",
    "Signed",
    "Site",
    "Store",
    "Unblinding",
    "Verdict",
    "Vial",
    "VialRelease",
    "Visit",
    "Withdrawal",
    "create",
    "kind_named",
    "login",
    "may",
    "moment",
    "parse_body",
    "roles_that_may",
    "verify",
]

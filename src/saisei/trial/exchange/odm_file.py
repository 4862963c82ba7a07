"""CDISC ODM 1.3.2: a snapshot of the exams, written by odmlib and checked against its schema; read back."""

from __future__ import annotations

from datetime import date
from typing import Any
from xml.etree.ElementTree import Element

from saisei.exam.formats.scores import KINDS
from saisei.trial.exchange.extract import ITEMS, ExamFact, Extract, code_of, text_of
from saisei.trial.exchange.guard import faulty, parse_xml

__all__ = ["odm_bytes", "odm_exams", "odm_faults"]

_NS = "{http://www.cdisc.org/ns/odm/v1.3}"
_FORM, _GROUP, _VERSION = "F.ISNCSCI", "IG.ISNCSCI", "MDV.1"
_HEAD = {"IT.ON": "day of the exam", "IT.EXAMINER": "who examined", "IT.COMMENTS": "comments"}
_RESULTS = ("ais", "nli", "uems", "lems")


def _item_oid(item: int) -> str:
    return f"IT.{ITEMS[item].upper()}"


def odm_bytes(found: Extract) -> bytes:
    """The exams as one ODM document; grades and sums stand in it as derived items."""
    from odmlib.odm_1_3_2 import model as odm

    study = f"ST.{found.trial}"
    root = odm.ODM(
        FileOID=f"FILE.{found.trial}.{found.cutoff.isoformat()}", FileType="Snapshot",
        AsOfDateTime=f"{found.cutoff.isoformat()}T23:59:59", CreationDateTime=found.made_at,
        ODMVersion="1.3.2", Originator="Saisei", SourceSystem="Saisei",
    )  # fmt: skip
    root.Study = [_study(odm, found, study)]
    data = odm.ClinicalData(StudyOID=study, MetaDataVersionOID=_VERSION)
    data.SubjectData = [
        _subject(odm, name, [one for one in found.exams if one.participant == name])
        for name in dict.fromkeys(one.participant for one in found.exams)
    ]
    root.ClinicalData = [data]
    text: str = root.to_xml_string(xml_declaration=True)
    return text.encode("utf-8")


def _study(odm: Any, found: Extract, oid: str) -> Any:
    study = odm.Study(OID=oid)
    names = odm.GlobalVariables()
    names.StudyName = odm.StudyName(_content=found.trial)
    names.StudyDescription = odm.StudyDescription(_content=found.title)
    names.ProtocolName = odm.ProtocolName(_content=f"design {found.design[:16]}")
    study.GlobalVariables = names
    version = odm.MetaDataVersion(OID=_VERSION, Name="ISNCSCI of Saisei")
    visits = list(dict.fromkeys(one.visit for one in found.exams))
    version.Protocol = odm.Protocol()
    version.Protocol.StudyEventRef = [
        odm.StudyEventRef(StudyEventOID=f"SE.{visit}", OrderNumber=k, Mandatory="No")
        for k, visit in enumerate(visits, 1)
    ]
    version.StudyEventDef = [_event(odm, visit) for visit in visits]
    form = odm.FormDef(OID=_FORM, Name="ISNCSCI", Repeating="Yes")
    form.ItemGroupRef = [odm.ItemGroupRef(ItemGroupOID=_GROUP, Mandatory="Yes")]
    version.FormDef = [form]
    group = odm.ItemGroupDef(OID=_GROUP, Name="ISNCSCI", Repeating="No")
    oids = [*_HEAD, *(_item_oid(i) for i in range(len(ITEMS)))]
    derived = [f"IT.RESULT.{name.upper()}" for name in _RESULTS]
    group.ItemRef = [odm.ItemRef(ItemOID=oid, Mandatory="No") for oid in (*oids, *derived)]
    version.ItemGroupDef = [group]
    version.ItemDef = [_item(odm, oid) for oid in (*oids, *derived)]
    study.MetaDataVersion = [version]
    return study


def _event(odm: Any, visit: str) -> Any:
    event = odm.StudyEventDef(OID=f"SE.{visit}", Name=visit, Repeating="No", Type="Scheduled")
    event.FormRef = [odm.FormRef(FormOID=_FORM, Mandatory="Yes")]
    return event


def _item(odm: Any, oid: str) -> Any:
    if oid == "IT.ON":
        return odm.ItemDef(OID=oid, Name="EXAM_DATE", DataType="date")
    long = "20000" if oid == "IT.COMMENTS" else "500" if oid == "IT.EXAMINER" else "64"
    return odm.ItemDef(OID=oid, Name=oid.removeprefix("IT."), DataType="text", Length=int(long))


def _subject(odm: Any, name: str, exams: list[ExamFact]) -> Any:
    subject = odm.SubjectData(SubjectKey=name)
    events = []
    for visit in dict.fromkeys(one.visit for one in exams):
        event = odm.StudyEventData(StudyEventOID=f"SE.{visit}")
        event.FormData = [_form(odm, one) for one in exams if one.visit == visit]
        events.append(event)
    subject.StudyEventData = events
    return subject


def _form(odm: Any, one: ExamFact) -> Any:
    form = odm.FormData(FormOID=_FORM, FormRepeatKey=str(one.repeat))
    group = odm.ItemGroupData(ItemGroupOID=_GROUP)
    values = {"IT.ON": one.on.isoformat(), "IT.EXAMINER": one.examiner}
    if one.comments:
        values["IT.COMMENTS"] = one.comments
    for item, code in enumerate(one.codes):
        text = text_of(item, code)
        if text:
            values[_item_oid(item)] = text
    results = dict(one.results)
    values |= {f"IT.RESULT.{n.upper()}": results[n] for n in _RESULTS if results.get(n)}
    group.ItemData = [odm.ItemData(ItemOID=oid, Value=text) for oid, text in values.items()]
    form.ItemGroupData = [group]
    return form


def odm_faults(content: bytes) -> str:
    """What the ODM 1.3.2 schema says against a document; empty when it is valid."""
    from xml.etree.ElementTree import ElementTree

    from odmlib.odm_parser import ODMSchemaValidator

    tree = ElementTree(parse_xml(content, "the document"))
    validator: Any = ODMSchemaValidator(standard="odm", version="1.3.2")
    return "; ".join(str(error.reason) for error in validator.xsd.iter_errors(tree))


def odm_exams(content: bytes, name: str) -> list[ExamFact]:
    """The exams of an ODM document of this form.

    Raises:
        DocumentError: not XML, forbidden parts, no exam, or an item with a value that it cannot hold.
    """
    root = parse_xml(content, name)
    if root.tag != f"{_NS}ODM":
        raise faulty(name, "the file", root.tag, "is no ODM 1.3 document", "export ODM 1.3.2")
    found = []
    for subject in root.iter(f"{_NS}SubjectData"):
        for event in subject.iter(f"{_NS}StudyEventData"):
            for form in event.iter(f"{_NS}FormData"):
                if form.get("FormOID") == _FORM:
                    visit = str(event.get("StudyEventOID")).removeprefix("SE.")
                    found.append(_exam(form, str(subject.get("SubjectKey")), visit, name))
    if not found:
        raise faulty(
            name, "the file", "", f"holds no form {_FORM}", "export the exams as this form"
        )
    return found


def _exam(form: Element, person: str, visit: str, name: str) -> ExamFact:
    values = {str(one.get("ItemOID")): one.get("Value", "") for one in form.iter(f"{_NS}ItemData")}
    where = f"{person}, {visit}"
    codes = []
    for item, kind in enumerate(KINDS):
        text = values.get(_item_oid(item), "")
        try:
            codes.append(code_of(item, text))
        except KeyError:
            rule = "is missing" if not text else f"is not a value of a {kind} item"
            raise faulty(name, f"{where}, {ITEMS[item]}", text, rule) from None
    try:
        on = date.fromisoformat(values.get("IT.ON", ""))
        repeat = int(form.get("FormRepeatKey") or 1)
    except ValueError:
        raise faulty(name, where, values.get("IT.ON", ""), "has no day of the exam") from None
    return ExamFact(
        person, visit, on, values.get("IT.EXAMINER", "unknown"), tuple(codes), repeat,
        values.get("IT.COMMENTS", ""),
    )  # fmt: skip

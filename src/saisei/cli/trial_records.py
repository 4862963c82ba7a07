"""`saisei trial add, correct, void, list, show, sign, import, account, password, trail ...`: the records."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from saisei.cli.exam_files import FormatOption, LenientFlag, load
from saisei.cli.output import JsonFlag, print_json, print_table
from saisei.cli.trial_store import (
    AsOfOption,
    StoreArgument,
    UserOption,
    as_of_day,
    password_of,
    record_row,
    signed_in,
)

__all__ = ["VERBS"]

KindArgument = Annotated[str, typer.Argument(help="Kind of record; see `saisei trial kinds`.")]
EntityArgument = Annotated[str, typer.Argument(help="Id of the record, as `list` shows it.")]
FieldsArgument = Annotated[
    list[str] | None, typer.Argument(help="Fields as name=value; a value may be JSON.")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; stands in the record for good.")]
BaseOption = Annotated[
    int | None,
    typer.Option("--base", help="The version you read; refused if there is a newer one."),
]
FileOption = Annotated[
    Path | None,
    typer.Option("--file", "-f", help="JSON file of the fields; - reads standard input."),
]


def kinds(
    kind: Annotated[str | None, typer.Argument(help="Show the fields of this kind.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """List the kinds of record, or the fields of one."""
    from saisei.trial import KINDS, kind_named

    if kind is None:
        rows = [
            {"kind": name, "what": (model.__doc__ or "").strip().partition("\n")[0]}
            for name, model in KINDS.items()
        ]
        print_table(rows, {"kind": "kind", "what": "what it says"}, as_json=as_json)
        return
    schema = kind_named(kind).model_json_schema()
    if as_json:
        print_json(schema)
        return
    required = schema.get("required", [])
    rows = [
        {
            "field": name,
            "needed": "yes" if name in required else "",
            "values": _values(one, schema),
        }
        for name, one in schema["properties"].items()
    ]
    print_table(rows, {"field": "field", "needed": "needed", "values": "values"}, as_json=False)


def _values(one: dict[str, Any], schema: dict[str, Any]) -> str:
    if "$ref" in one:
        return _values(schema["$defs"][one["$ref"].rpartition("/")[2]], schema)
    if "enum" in one:
        return " | ".join(map(str, one["enum"]))
    if "anyOf" in one:
        return " or ".join(_values(part, schema) for part in one["anyOf"])
    if "items" in one:
        return f"list of {_values(one['items'], schema)}"
    return str(one.get("format") or one.get("const") or one.get("type", "object"))


def _fields(given: list[str] | None, file: Path | None) -> dict[str, Any]:
    from saisei.errors import InputError

    found: dict[str, Any] = {}
    if file is not None:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        try:
            found = json.loads(text)
        except ValueError as error:
            raise InputError(f"{file} is not JSON: {error}") from None
        if not isinstance(found, dict):
            raise InputError(f"{file} must hold one JSON object: the fields of a record")
    for pair in given or []:
        name, sign, text = pair.partition("=")
        if not sign:
            raise InputError(f"{pair!r} is no field: write name=value")
        found[name] = _value(text)
    return found


def _value(text: str) -> Any:
    """JSON where it is JSON (3, true, [1, 2], null), else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _typed(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Fields whose model wants text, although they look like a number (`form=2`)."""
    from saisei.trial import kind_named

    properties = kind_named(kind).model_json_schema()["properties"]
    for name, given in fields.items():
        wanted = properties.get(name, {}).get("type")
        if wanted == "string" and isinstance(given, int | float) and not isinstance(given, bool):
            fields[name] = str(given)
    return fields


def add(
    store: StoreArgument,
    kind: KindArgument,
    fields: FieldsArgument = None,
    file: FileOption = None,
    user: UserOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Enter a new record; every rule of the trial is checked first, and all of it is written or nothing."""
    content = _typed(kind, _fields(fields, file))
    with signed_in(store, user) as session:
        _say(session.add_json(kind, content), as_json)


def correct(
    store: StoreArgument,
    entity: EntityArgument,
    reason: ReasonOption,
    fields: FieldsArgument = None,
    file: FileOption = None,
    base: BaseOption = None,
    user: UserOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Correct a record by a new version; the old one stays."""
    with signed_in(store, user) as session:
        changes = _typed(session.get(entity).kind, _fields(fields, file))
        _say(session.correct(entity, changes, reason, base), as_json)


def void(
    store: StoreArgument,
    entity: EntityArgument,
    reason: ReasonOption,
    base: BaseOption = None,
    user: UserOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Say that a record was entered in error; it stays in its history and in the trail."""
    with signed_in(store, user) as session:
        _say(session.void(entity, reason, base), as_json)


def list_records(
    store: StoreArgument,
    kind: KindArgument,
    participant: Annotated[str | None, typer.Option(help="Only this person.")] = None,
    as_of: AsOfOption = None,
    user: UserOption = None,
    as_json: JsonFlag = False,
) -> None:
    """List the standing records of a kind, now or as they were known at a moment."""
    with signed_in(store, user) as session:
        rows = [record_row(one) for one in session.records(kind, participant, as_of_day(as_of))]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        row["what"] = _short(row["body"])
    columns = {"entity": "id", "version": "v", "participant": "person", "on": "on", "what": "what"}
    print_table(rows, columns, as_json=False)


def show(
    store: StoreArgument,
    entity: EntityArgument,
    as_of: AsOfOption = None,
    user: UserOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Show every version of one record, with who, when and why, and the signatures under it."""
    with signed_in(store, user) as session:
        rows = [record_row(one) for one in session.history(entity, as_of_day(as_of))]
        signed = [
            {
                "name": one.record.body.name,
                "meaning": one.record.body.meaning.value,
                "at": one.record.at,
                "version": one.record.body.version,
                "holds": one.holds,
                "state": one.words,
            }
            for one in session.signatures(entity)
        ]
    if as_json:
        print_json({"versions": rows, "signatures": signed})
        return
    for row in rows:
        why = f": {row['reason']}" if row["reason"] else ""
        typer.echo(
            f"version {row['version']}, {row['action']} by {row['entered_by']} at {row['entered_at']}{why}"
        )
        typer.echo(f"  {_short(row['body'], 2000)}")
    for one in signed:
        typer.echo(
            f"signed by {one['name']} at {one['at']} (version {one['version']}), “{one['meaning']}”:"
            f" {one['state']}"
        )


def sign(
    store: StoreArgument,
    entity: EntityArgument,
    meaning: Annotated[str, typer.Option(help="What the signature says.")],
    user: UserOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Sign a record, with the password again: examined, reviewed, approved, released or responsible."""
    from saisei.errors import InputError
    from saisei.trial import Meaning

    known = {one.name.lower(): one for one in Meaning}
    if meaning not in known:
        raise InputError(f"{meaning!r} is no meaning of a signature; there are {', '.join(known)}")
    with signed_in(store, user) as session:
        password = password_of(session.account.user)
        _say(session.sign(entity, password, known[meaning]), as_json)


def trail(
    store: StoreArgument,
    as_of: AsOfOption = None,
    user: UserOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Show who did what, when and why, as far as you may see it."""
    with signed_in(store, user) as session:
        rows = session.trail(as_of_day(as_of))
    columns = {
        "row": "row", "at": "at (UTC)", "by": "by", "action": "did", "entity": "to", "version": "v",
        "reason": "why",
    }  # fmt: skip
    print_table(rows, columns, as_json=as_json)


def redact(
    store: StoreArgument,
    entity: EntityArgument,
    grounds: Annotated[str, typer.Option(help="Why it is lawful; must name nobody.")],
    user: UserOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Delete the free texts of a record for good; the chain stays whole and the deletion is logged."""
    with signed_in(store, user) as session:
        _say(session.redact(entity, grounds), as_json)


def account(
    store: StoreArgument,
    name: Annotated[str, typer.Argument(help="User name of the new account.")],
    full_name: Annotated[
        str, typer.Option("--name", help="Full name, as it stands under signatures.")
    ],
    role: Annotated[list[str], typer.Option(help="Role; may be given more than once.")],
    site: Annotated[
        list[str] | None, typer.Option(help="Site; may be given more than once; all when left out.")
    ] = None,
    user: UserOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Make an account; its first password is asked for (or SAISEI_TRIAL_NEW_PASSWORD)."""
    import os

    from saisei.trial import Account, parse_body

    body = parse_body(
        "account",
        {"user": name, "name": full_name, "roles": role, "sites": site or ["*"]},
    )
    assert isinstance(body, Account)
    with signed_in(store, user) as session:
        first = os.environ.get("SAISEI_TRIAL_NEW_PASSWORD") or password_of(name, again=True)
        _say(session.add_account(body, first), as_json)


def password(
    store: StoreArgument,
    name: Annotated[str | None, typer.Argument(help="Account; your own when left out.")] = None,
    user: UserOption = None,
) -> None:
    """Set a new password, your own or (administrators) that of an account."""
    import os

    with signed_in(store, user) as session:
        whose = name or session.account.user
        new = os.environ.get("SAISEI_TRIAL_NEW_PASSWORD") or password_of(whose, again=True)
        session.set_password(whose, new)
    typer.echo(f"{whose}: new password set")


def import_exams(
    store: StoreArgument,
    file: Annotated[str, typer.Argument(help="File of exams; - reads standard input.")],
    examiner: Annotated[str, typer.Option(help="Who examined.")],
    visit: Annotated[
        list[str] | None,
        typer.Option(help="Visit in the file = key of the design (event_1=month-3)."),
    ] = None,
    person: Annotated[
        list[str] | None, typer.Option(help="Id in the file = pseudonym (1=P01).")
    ] = None,
    format: FormatOption = "auto",
    lenient: LenientFlag = False,
    user: UserOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Enter the exams of a file, all or none; each is graded, what the file itself says is kept beside."""
    from saisei.trial.importing import exams_of_table

    table = load(file, format, lenient)
    with signed_in(store, user) as session:
        made = exams_of_table(table, session.picture(), examiner, _pairs(visit), _pairs(person))
        records = session.add_many(made)
    if as_json:
        print_json([record_row(one) for one in records])
    else:
        typer.echo(f"{len(records)} exams entered from {table.name} (read as {table.format})")


def amend(
    store: StoreArgument,
    design: Annotated[str, typer.Argument(help="The amended design document.")],
    reason: ReasonOption,
    user: UserOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Put an amended design in force; it names the digest of the one that it amends."""
    from saisei.design.document import load_design

    document = load_design(design)
    with signed_in(store, user) as session:
        _say(session.amend(document, reason), as_json)


def _pairs(given: list[str] | None) -> dict[str, str]:
    from saisei.errors import InputError

    found = {}
    for pair in given or []:
        left, sign, right = pair.partition("=")
        if not sign:
            raise InputError(
                f"{pair!r}: write name in the file = name in the trial (event_1=month-3)"
            )
        found[left] = right
    return found


def _short(body: dict[str, Any], most: int = 160) -> str:
    shown = {name: given for name, given in body.items() if name not in ("codes", "participant")}
    text = json.dumps(shown, ensure_ascii=False, default=str)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _say(record: Any, as_json: bool) -> None:
    if as_json:
        print_json(record_row(record))
        return
    typer.echo(f"{record.entity} version {record.version} entered at {record.at} by {record.by}")
    grades = record.data.get("grades")
    if record.kind == "exam" and grades:
        typer.echo(f"  AIS {grades['ais']}, NLI {grades['nli']}")


VERBS: dict[str, Callable[..., Any]] = {
    "kinds": kinds,
    "add": add,
    "correct": correct,
    "void": void,
    "list": list_records,
    "show": show,
    "sign": sign,
    "trail": trail,
    "redact": redact,
    "account": account,
    "password": password,
    "import": import_exams,
    "amend": amend,
}

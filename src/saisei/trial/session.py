"""A person at work on the store: everything that can be read or done, each behind the table of `access`."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from saisei.errors import AccessError, ConflictError, InputError, RuleError
from saisei.trial import access, accounts
from saisei.trial.engine import reading
from saisei.trial.grading import grade, grade_many, isncsci
from saisei.trial.kinds import KINDS, parse_body
from saisei.trial.kinds_base import Body, Correction
from saisei.trial.kinds_conduct import (
    Account,
    DesignRecord,
    Meaning,
    Redaction,
    Role,
    Signature,
)
from saisei.trial.kinds_people import Exam, Screening
from saisei.trial.picture import Picture, last_row
from saisei.trial.record import Record, until
from saisei.trial.rules import Situation, check
from saisei.trial.store import Draft, Store, Writer
from saisei.trial.tables import trail, vault

if TYPE_CHECKING:
    from saisei.design.document.schema import DesignDocument
    from saisei.trial.people import PlannedVisit

__all__ = ["Session", "Signed", "login"]

_MANY = 50  # records from which reading the whole store once is cheaper than asking for each
_BY_SIGNING_ONLY = ("signature", "redaction", "export")


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature and what it is worth now.

    Attributes:
        record: of the signature.
        holds: whether the thing is as it was when it was signed.
        words: `signed`, or what happened after signing.
    """

    record: Record[Signature]
    holds: bool
    words: str


def login(store: Store, user: str, password: str) -> Session:
    """Sign in.

    Raises:
        AccessError: name or password wrong, account not active, or too many tries.
    """
    return Session(store, accounts.check_password(store, user, password).body)


class Session:
    """What one account can see and do. Made by `login`.

    Args:
        store: of the trial.
        account: whose roles and sites count.
    """

    def __init__(self, store: Store, account: Account) -> None:
        self.store, self.account = store, account
        self.blinded = bool(set(account.roles) & access.BLINDED)
        self._sites = None if "*" in account.sites else frozenset(account.sites)

    # ---- reading ------------------------------------------------------------------------------------

    def picture(self, as_of: date | datetime | None = None) -> Picture:
        """What this person may see of the store, at a moment or now."""
        return self._picture(lambda kind: access.may(self.account.roles, "read", kind), as_of)

    def view(self, name: str, as_of: date | datetime | None = None) -> Picture:
        """The whole store for a view (`view:monitor`), which decides itself what it shows.

        Somebody blinded never gets the whole store: for him it is what he may read anyway.

        Raises:
            AccessError: this person may not use the view.
        """
        access.require(self.account.roles, "use", name)
        if self.blinded:
            return self.picture(as_of)
        return self._picture(lambda kind: kind != "account", as_of)

    def schedule(self, today: date) -> dict[str, tuple[PlannedVisit, ...]]:
        """The planned visits of everybody, for whoever examines: days and windows, never the arm.

        Visits count from the treatment, or from the day that the allocation names: the two look alike.

        Args:
            today: the day on which visits are judged.
        """
        from saisei.trial.people import people

        access.require(self.account.roles, "use", "view:schedule")
        whole = self._picture(lambda kind: True, None)
        return {one.id: one.visits for one in people(whole, today)}

    def _picture(self, sees: Any, as_of: date | datetime | None) -> Picture:
        with reading(self.store.engine) as connection:
            upto = last_row(connection, until(as_of))
        return Picture(lambda: reading(self.store.engine), upto, sees, self._sites, self.blinded)

    def records(
        self, kind: str, participant: str | None = None, as_of: date | datetime | None = None
    ) -> list[Record[Any]]:
        """The standing records of a kind.

        Args:
            kind: of record.
            participant: only those of this person.
            as_of: what was known then; a day counts to its end (UTC).

        Raises:
            AccessError: the table does not allow it.
        """
        self._require("read", kind)
        return self.picture(as_of).of(kind, participant)

    def history(self, entity: str, as_of: date | datetime | None = None) -> list[Record[Any]]:
        """Every version of one thing, the first one first.

        Raises:
            AccessError: there is no such thing, or this person may not see it: the same words.
        """
        found = self.picture(as_of).find(entity)
        if not found:
            raise AccessError(f"there is no record {entity} that you may see")
        return found

    def get(self, entity: str, as_of: date | datetime | None = None) -> Record[Any]:
        """The last version of one thing, voided or not."""
        return self.history(entity, as_of)[-1]

    def trail(self, as_of: date | datetime | None = None) -> list[dict[str, Any]]:
        """The trail as this person may see it: who did what to what, when and why, oldest first.

        Rows of kinds, sites and people that he may not read are left out; a blinded reader gets his own
        numbering, because gaps would tell how much else was entered.
        """
        self._require("use", "view:trail")
        picture = self.picture(as_of)
        kinds = [kind for kind in KINDS if access.may(self.account.roles, "read", kind)]
        picture.load(kinds)
        rows = [one for kind in kinds for one in picture.versions(kind)]
        rows.sort(key=lambda one: (one.at, one.seq))
        return [
            {
                "row": number if self.blinded else one.seq,
                "at": one.at,
                "by": one.by,
                "action": one.action,
                "kind": one.kind,
                "entity": one.entity,
                "version": one.version,
                "participant": one.subject,
                "reason": one.reason,
                "body": one.data,
            }
            for number, one in enumerate(rows, 1)
        ]

    # ---- writing ------------------------------------------------------------------------------------

    def add(self, body: Body) -> Record[Any]:
        """Enter one new record; an exam is graded, a screening checked against the design.

        Raises:
            AccessError, RuleError, ConflictError, StoreError: and nothing is written.
        """
        return self.add_many([body])[0]

    def add_json(self, kind: str, content: Mapping[str, Any] | str) -> Record[Any]:
        """Enter one new record from JSON fields; faults are told with their places."""
        return self.add(parse_body(kind, content))

    def add_many(self, bodies: Sequence[Body]) -> list[Record[Any]]:
        """Enter several records in one transaction: all of them or none."""
        for kind in {body.kind for body in bodies}:
            if kind in _BY_SIGNING_ONLY:
                raise RuleError(f"a {kind} is made by its own command, never entered")
            self._require("add", kind)
        with self.store.write(self.account.user) as writer:
            if len(bodies) > _MANY:
                writer.picture.load(KINDS)
            ready = self._prepared(list(bodies), writer.picture)
            return [self._shown(self._add(body, writer)) for body in ready]

    def _shown(self, record: Record[Any]) -> Record[Any]:
        """A record just written, as this person may see it: no number of a row for the blinded."""
        return replace(record, seq=0) if self.blinded else record

    def _prepared(self, bodies: list[Body], picture: Picture) -> list[Body]:
        """Bodies with what the program adds: grades of exams."""
        places = [i for i, body in enumerate(bodies) if isinstance(body, Exam)]
        if places:
            policy = picture.settings.policy
            exams: list[Exam] = []
            for i in places:
                one = bodies[i]
                assert isinstance(one, Exam)
                isncsci(one)
                exams.append(one)
            for i, graded in zip(places, grade_many(exams, policy), strict=True):
                bodies[i] = graded
        return bodies

    def _add(self, body: Body, writer: Writer) -> Record[Any]:
        picture = writer.picture
        site = self._site(body, picture)  # first: no rule may speak of a person of another site
        body = _screened(body, picture)
        check(body, Situation(picture, writer.now.date()))
        entity = body.own_entity or f"{body.kind}:{secrets.token_hex(8)}"
        held = picture.one(body.kind, entity) if body.own_entity else None
        if held is not None:
            raise ConflictError(
                f"{entity} was entered already by {held.by} at {held.at}: correct it instead"
            )
        key = None
        if body.once:
            holder, number = picture.holder(body.kind, body.once)
            if holder is not None:
                raise ConflictError(_taken(body, holder))
            key = f"{body.once}#{number + 1}"
        return writer.append(
            Draft(body, entity, subject=body.belongs_to, site=site, unique_key=key)
        )

    def correct(
        self, entity: str, changes: Mapping[str, Any], reason: str, base_version: int | None = None
    ) -> Record[Any]:
        """A new version of a thing, with some fields changed; the old one stays in the trail.

        Args:
            entity: of the thing.
            changes: fields with their new values (JSON values); None takes a field back to its default.
            reason: why; asked of every correction.
            base_version: the version that the change was made on; refused when there is a newer one.

        Raises:
            AccessError, RuleError, ConflictError, DocumentError: and nothing is written.
        """
        return self._change(entity, dict(changes), reason, base_version, "correct")

    def void(self, entity: str, reason: str, base_version: int | None = None) -> Record[Any]:
        """Say that a thing was entered in error; it leaves every view but its history and the trail."""
        return self._change(entity, {}, reason, base_version, "void")

    def _change(
        self, entity: str, changes: dict[str, Any], reason: str, base: int | None, action: str
    ) -> Record[Any]:
        if not reason.strip():
            raise InputError("a correction says why: give a reason")
        seen = self.get(entity)
        self._require("change", seen.kind)
        self._require_changeable(seen, action)
        with self.store.write(self.account.user) as writer:
            before = writer.picture.find(entity)[-1]
            if base is not None and base != before.version:
                raise ConflictError(
                    f"{entity} was changed by {before.by} at {before.at} (version {before.version},"
                    f" yours was made on {base}): read it again"
                )
            if before.void:
                raise RuleError(f"{entity} is void: enter it anew")
            body = before.body if action == "void" else self._changed(before, changes, writer)
            self._site(body, writer.picture)
            draft = Draft(
                body, entity, before.version + 1, action, before.subject, before.site, reason
            )
            return self._shown(writer.append(draft))

    def _require_changeable(self, seen: Record[Any], action: str) -> None:
        allowed = KINDS[seen.kind].correction
        if allowed is Correction.NEVER or (action == "void" and allowed is not Correction.FREE):
            verb = "voided" if action == "void" else "changed"
            raise RuleError(
                f"a {seen.kind.replace('_', ' ')} is never {verb}; enter what happened next"
            )

    def _changed(self, before: Record[Any], changes: dict[str, Any], writer: Writer) -> Body:
        fields = {**before.data, **changes}
        fields = {name: given for name, given in fields.items() if given is not None}
        fields.pop("checks", None)
        body = parse_body(before.kind, fields)
        if isinstance(body, Exam):
            body = grade(body, writer.picture.settings.policy)
        body = _screened(body, writer.picture)
        was = before.body
        if (body.own_entity, body.belongs_to, body.once) != (
            was.own_entity,
            was.belongs_to,
            was.once,
        ):
            raise RuleError(
                "a correction keeps person, visit and id: void the record and enter it anew"
            )
        if body == was:
            raise InputError(f"nothing changes in {before.entity}")
        check(body, Situation(writer.picture, writer.now.date(), before))
        return body

    def _site(self, body: Body, picture: Picture) -> str:
        """The site that a record belongs to; refused where this person does not work."""
        site = str(getattr(body, "site", "")) if body.kind in ("participant", "site") else ""
        if body.belongs_to and body.kind != "participant":
            person = picture.named("participant", body.belongs_to)
            site = "" if person is None else person.site
        if site and self._sites is not None and site not in self._sites:
            raise AccessError("you do not work at the site of this person")
        return site

    def _require(self, action: str, what: str) -> None:
        access.require(self.account.roles, action, what)

    def amend(self, design: DesignDocument, reason: str) -> Record[DesignRecord]:
        """Put an amended design in force; it must name the digest of the one it amends.

        Raises:
            AccessError: not for this person. DocumentError, InputError: it amends another design.
        """
        changes = {"digest": design.digest, "document": design.content()}
        return self.correct("design", changes, reason)

    # ---- signing, unblinding, redaction -------------------------------------------------------------

    def sign(self, entity: str, password: str, meaning: Meaning | str) -> Record[Signature]:
        """Sign the present version of a thing: the password again, and what the signature means.

        Raises:
            AccessError: a wrong password, or a kind that this person may not sign.
        """
        accounts.check_password(self.store, self.account.user, password)
        seen = self.get(entity)
        self._require("sign", seen.kind)
        with self.store.write(self.account.user) as writer:
            target = writer.picture.find(entity)[-1]
            if target.void:
                raise RuleError(f"{entity} is void: there is nothing to sign")
            if target.version != seen.version:
                raise ConflictError(f"{entity} was changed by {target.by} meanwhile: read it again")
            query = select(trail.c.hash).where(trail.c.seq == target.seq)
            body = Signature(
                target=entity,
                version=target.version,
                record_hash=writer.connection.execute(query).scalar_one(),
                signer=self.account.user,
                name=self.account.name,
                meaning=Meaning(meaning),
                participant=target.subject,
            )
            draft = Draft(body, f"signature:{secrets.token_hex(8)}", subject=target.subject)
            return self._shown(writer.append(replace(draft, site=target.site)))

    def signatures(self, entity: str) -> list[Signed]:
        """The signatures under a thing, each with whether the thing is still as it was signed."""
        current = self.get(entity)
        whole = self.store.picture()
        found = []
        for one in whole.of("signature"):
            if one.body.target != entity:
                continue
            holds, words = _worth(self.store, one, whole.find(entity))
            if self.blinded:
                one = replace(one, seq=0)
            found.append(Signed(one, holds, words))
        assert current.entity == entity
        return found

    def set_password(
        self, user: str, password: str, reason: str = "password set"
    ) -> Record[Account]:
        """Give an account a new password; one's own, or by somebody who may change accounts."""
        if user != self.account.user:
            self._require("change", "account")
        with self.store.write(self.account.user) as writer:
            before = writer.picture.named("account", user)
            if before is None:
                raise RuleError(f"there is no account {user}")
            made = accounts.credential(writer, self.store.hasher, password)
            body = before.body.model_copy(update={"credential": made})
            return writer.append(
                Draft(body, before.entity, before.version + 1, "correct", reason=reason)
            )

    def add_account(self, account: Account, password: str) -> Record[Account]:
        """Make an account with its first password."""
        self._require("add", "account")
        with self.store.write(self.account.user) as writer:
            if writer.picture.named("account", account.user) is not None:
                raise ConflictError(f"there is an account {account.user} already")
            check(account, Situation(writer.picture, writer.now.date()))
            made = accounts.credential(writer, self.store.hasher, password)
            body = account.model_copy(update={"credential": made})
            return writer.append(Draft(body, account.own_entity))

    def redact(self, entity: str, grounds: str) -> Record[Redaction]:
        """Delete the free texts of a thing, in all versions, for good; the chain stays whole.

        Args:
            entity: of the thing.
            grounds: why it is lawful; stands in the trail, so it must name nobody.
        """
        self._require("add", "redaction")
        with self.store.write(self.account.user) as writer:
            versions = writer.picture.find(entity)
            if not versions:
                raise RuleError(f"there is no record {entity}")
            found = sorted({text for one in versions for text in _commitments(one)})
            if not found:
                raise RuleError(f"{entity} has no free text that could be redacted")
            writer.connection.execute(
                update(vault).where(vault.c.commitment.in_(found)).values(salt=None, content=None)
            )
            body = Redaction(target=entity, commitments=tuple(found), grounds=grounds)
            draft = Draft(body, f"redaction:{secrets.token_hex(8)}", site=versions[-1].site)
            return writer.append(draft)


def _screened(body: Body, picture: Picture) -> Body:
    from saisei.trial.eligibility import eligibility
    from saisei.trial.rules import person

    if not isinstance(body, Screening):
        return body
    who = person(picture, body.participant).body
    checks = eligibility(picture.design, who, body)
    return body.model_copy(update={"checks": checks, "design": picture.design.digest})


def _taken(body: Body, holder: Record[Any]) -> str:
    what = body.kind.replace("_", " ")
    mend = "correct that one"
    if isinstance(body, Exam):
        mend = f"correct that one, or enter yours as repeat = {body.repeat + 1}"
    if body.kind == "vial_release":
        mend = "a vial is released once, for good"
    return f"there is a {what} already, entered by {holder.by} at {holder.at}: {mend}"


def _commitments(record: Record[Any]) -> Iterable[str]:
    import json

    body = json.loads(record.text)
    for name in KINDS[record.kind].free:
        if isinstance(body.get(name), dict):
            yield body[name]["commitment"]


def _worth(store: Store, one: Record[Signature], versions: list[Record[Any]]) -> tuple[bool, str]:
    signed = [version for version in versions if version.version == one.body.version]
    last = versions[-1]
    with reading(store.engine) as connection:
        query = select(trail.c.hash).where(trail.c.seq == signed[0].seq)
        kept = connection.execute(query).scalar_one_or_none()
    if kept != one.body.record_hash:
        return False, "the record is not the one that was signed: run saisei trial verify"
    if last.version != one.body.version:
        verb = "voided" if last.void else "changed"
        return False, f"{verb} after signing, by {last.by} at {last.at}"
    return True, "signed"


def system_account(user: str = "system") -> Account:
    """The program itself, for what has no person behind it; it signs in nowhere."""
    return Account(user=user, name="Saisei", roles=tuple(set(Role) - access.BLINDED))

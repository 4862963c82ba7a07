"""`saisei trial init, status, verify, checkpoint, backup, restore, upgrade`: keeping the store."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from saisei.cli.exam_files import progress_bar
from saisei.cli.output import JsonFlag, print_json, print_table
from saisei.cli.trial_store import StoreArgument, clock, opened, password_of

__all__ = ["VERBS"]

KeyOption = Annotated[
    Path | None, typer.Option("--key", help="File of the Ed25519 key; keep it away from the store.")
]
CheckpointsOption = Annotated[
    Path | None, typer.Option("--checkpoints", help="File of signed checkpoints, kept elsewhere.")
]


def init(
    store: StoreArgument,
    design: Annotated[str, typer.Option(help="The design: a bundled example, or a document.")],
    id: Annotated[str, typer.Option("--id", help="Id of the trial: one word.")],
    admin: Annotated[str, typer.Option(help="User name of the first account (administrator).")],
    name: Annotated[str, typer.Option(help="Full name of that person.")],
    settings: Annotated[
        Path | None,
        typer.Option(help="JSON file of what the protocol adds: criteria, drug ranges, limits."),
    ] = None,
    title: Annotated[
        str | None, typer.Option(help="Title; that of the design when left out.")
    ] = None,
    key: KeyOption = None,
) -> None:
    """Make the store of a trial, with its design, its first account and its signing key."""
    from saisei.design.document import load_design
    from saisei.errors import InputError
    from saisei.trial import Settings, create, parse_body
    from saisei.trial.checkpoint import new_key

    document = load_design(design)
    if settings is not None:
        if not settings.exists():
            raise InputError(f"{settings}: there is no such file")
        chosen = parse_body("settings", settings.read_text(encoding="utf-8"))
        assert isinstance(chosen, Settings)
    else:
        chosen = Settings(title=title or document.title)
    password = password_of(admin, again="SAISEI_TRIAL_PASSWORD" not in os.environ)
    # the key first: a store is not to be left behind by a folder that cannot be written
    public = new_key(key, os.environ.get("SAISEI_TRIAL_KEY_PASSPHRASE")) if key else None
    try:
        made = create(
            store,
            id=id,
            design=document,
            settings=chosen,
            admin=(admin, name, password),
            clock=clock,
        )
    except BaseException:
        if key is not None:
            key.unlink()
        raise
    typer.echo(f"{made.name}: trial {id}, design {document.id} ({document.digest[:12]})")
    if public is not None:
        typer.echo(f"signing key {key}; give its public half to whoever shall check: {public}")
    typer.echo(f"next: saisei trial account {store} --user {admin} ...")


def status(store: StoreArgument, as_json: JsonFlag = False) -> None:
    """Show what the store holds: counts of records, the last row of the trail. No clinical data."""
    with opened(store) as found:
        from saisei.trial.engine import reading
        from saisei.trial.layout import current_layout

        seq, tip, at = found.head()
        with reading(found.engine) as connection:
            made_of = current_layout(connection)
        picture = found.picture()
        from saisei.trial import KINDS

        picture.load(KINDS)
        counts = {kind: len(picture.of(kind)) for kind in KINDS}
        design = picture.of("design")[0].body
    if as_json:
        print_json(
            {
                "store": found.name,
                "trial": found.id,
                "layout": made_of,
                "design": {"id": design.document["id"], "digest": design.digest},
                "trail": {"rows": seq, "hash": tip, "last": at},
                "records": counts,
            }
        )
        return
    typer.echo(f"{found.name}: trial {found.id}, layout {made_of}")
    typer.echo(f"design {design.document['id']}, digest {design.digest}")
    typer.echo(f"trail: {seq} rows, the last at {at}, hash {tip}")
    rows = [{"kind": kind.replace("_", " "), "n": n} for kind, n in counts.items() if n]
    print_table(rows, {"kind": "records", "n": "standing"}, as_json=False)


def verify(
    store: StoreArgument,
    checkpoints: CheckpointsOption = None,
    public_key: Annotated[
        str | None, typer.Option(help="Public key (hex) that checkpoints must be signed by.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Check chain, data, signatures, texts and checkpoints; name the first broken row. Leaves with 0 or 1."""
    from saisei.trial.checkpoint import read_checkpoints
    from saisei.trial.verify import verify as check

    points = [] if checkpoints is None else read_checkpoints(checkpoints)
    with opened(store) as found, progress_bar("rows", found.head()[0], 20_000) as step:
        verdict = check(found, points, public_key, step)
    if as_json:
        first = verdict.first
        print_json(
            {
                "sound": verdict.sound,
                "rows": verdict.rows,
                "hash": verdict.head,
                "first_broken_row": None if first is None else first.seq,
                "faults": list(verdict.faults),
                "redacted_texts": verdict.redacted,
                "checkpoints": verdict.checkpoints,
            }
        )
    elif verdict.sound:
        typer.echo(
            f"sound: {verdict.rows} rows, hash {verdict.head}, {verdict.checkpoints} checkpoints hold,"
            f" {verdict.redacted} texts lawfully redacted"
        )
    else:
        for fault in verdict.faults[:20]:
            typer.echo(fault)
        if len(verdict.faults) > 20:
            typer.echo(f"... and {len(verdict.faults) - 20} more")
    raise typer.Exit(0 if verdict.sound else 1)


def checkpoint(
    store: StoreArgument,
    key: Annotated[Path, typer.Option("--key", help="File of the Ed25519 key.")],
    out: Annotated[Path, typer.Option("--out", help="File of checkpoints; one line is added.")],
) -> None:
    """Sign the last row of the trail and add the checkpoint to a file that is kept elsewhere."""
    from saisei.trial.checkpoint import append_checkpoint, make_checkpoint, read_key

    secret = read_key(key, os.environ.get("SAISEI_TRIAL_KEY_PASSPHRASE"))
    with opened(store) as found:
        made = make_checkpoint(found, secret)
    append_checkpoint(out, made)
    typer.echo(f"row {made.seq}, hash {made.hash}, signed at {made.at} by {made.public_key}")


def backup(
    store: StoreArgument,
    out: Annotated[Path, typer.Option("--out", help="File of the backup; never written over.")],
    as_json: JsonFlag = False,
) -> None:
    """Write one file from which the trial can be restored; locked by SAISEI_TRIAL_PASSPHRASE if set."""
    from dataclasses import asdict

    from saisei.trial.backup import backup as make

    with opened(store) as found:
        manifest = make(found, out, os.environ.get("SAISEI_TRIAL_PASSPHRASE"))
    if as_json:
        print_json(asdict(manifest))
    else:
        typer.echo(f"{out}: {manifest.rows} rows, {manifest.texts} texts, sha256 {manifest.sha256}")


def restore(
    file: Annotated[Path, typer.Argument(help="The backup.")],
    into: Annotated[str, typer.Option("--into", help="A new SQLite file, or an empty database.")],
) -> None:
    """Make a store anew from a backup and verify it; an existing one is never touched."""
    from saisei.errors import InputError
    from saisei.trial.backup import restore as make

    if not file.exists():
        raise InputError(f"{file}: there is no such backup")
    passphrase = os.environ.get("SAISEI_TRIAL_PASSPHRASE")
    store, verdict = make(file.read_bytes(), into, clock, passphrase)
    typer.echo(f"{store.name}: {verdict.rows} rows restored and verified, hash {verdict.head}")
    store.close()


def upgrade(store: StoreArgument) -> None:
    """Bring the store to the layout of this version; make a backup first."""
    from saisei.trial.engine import open_engine, place_url, writing
    from saisei.trial.layout import current_layout, newest_layout
    from saisei.trial.layout import upgrade as bring

    engine = open_engine(place_url(store))
    with writing(engine) as connection:
        before = current_layout(connection)
        bring(connection)
    engine.dispose()
    typer.echo(f"layout {before} -> {newest_layout()}")


def grant(
    store: StoreArgument,
    role: Annotated[
        str, typer.Argument(help="Role of the database that the application works as.")
    ],
) -> None:
    """Give a PostgreSQL role what the application needs: it adds rows and never changes one."""
    from saisei.trial.grants import RIGHTS
    from saisei.trial.grants import grant as give

    with opened(store) as found:
        give(found, role)
    for table, rights in RIGHTS.items():
        typer.echo(f"{table}: {rights}")


VERBS: dict[str, Callable[..., Any]] = {
    "init": init,
    "status": status,
    "verify": verify,
    "checkpoint": checkpoint,
    "backup": backup,
    "restore": restore,
    "upgrade": upgrade,
    "grant": grant,
}

"""`saisei trial`: a trial run from the command line; exit codes, and one sentence for what is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from saisei.cli.trial import app
from saisei.errors import SaiseiError

PASSWORD = "correct horse battery"


@pytest.fixture
def cli(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs verbs on a store in a folder; passwords come from the environment, the clock is set."""
    from argon2 import PasswordHasher

    from saisei.trial import store as store_module

    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(store_module, "PasswordHasher", lambda: cheap)
    monkeypatch.setenv("SAISEI_TRIAL_PASSWORD", PASSWORD)
    monkeypatch.setenv("SAISEI_TRIAL_NEW_PASSWORD", PASSWORD)
    monkeypatch.setenv("SAISEI_TRIAL_USER", "root1")
    monkeypatch.setenv("SAISEI_TRIAL_NOW", "2026-05-20T12:00:00+00:00")
    monkeypatch.chdir(folder)

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, list(words))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            assert isinstance(result.exception, SaiseiError), result.exception
            assert code == 2, result.exception
            return str(result.exception)
        assert result.exit_code == code, result.output
        return result.stdout

    run(
        "init", "t.db", "--id", "T-1", "--design", "single-arm-shift", "--admin", "root1", "--name",
        "A. Root", "--key", "key.pem",
    )  # fmt: skip
    run("add", "t.db", "site", "site=tokyo", "name=Tokyo")
    for role in ("investigator", "assessor", "manager"):
        run("account", "t.db", role, "--name", f"The {role}", "--role", role)
    return run


def test_a_trial_from_the_command_line(cli: Any, folder: Path) -> None:
    """Enter, correct, list as of a moment, sign, verify, checkpoint, back up, restore."""
    who = ("-u", "investigator")
    fields = ("participant=P01", "site=tokyo", "birth_year=1990", "injured_on=2026-05-01")
    cli("add", "t.db", "participant", *fields, *who)
    cli("add", "t.db", "consent", "participant=P01", "on=2026-05-04", "form=2", *who)
    made = json.loads(
        cli(
            "add",
            "t.db",
            "visit",
            "participant=P01",
            "visit=baseline",
            "on=2026-05-18",
            "--json",
            *who,
        )
    )
    cli(
        "correct",
        "t.db",
        made["entity"],
        "on=2026-05-19",
        "--reason",
        "wrong day",
        "--base",
        "1",
        *who,
    )
    shown = json.loads(cli("show", "t.db", made["entity"], "--json", *who))
    assert [(one["version"], one["reason"]) for one in shown["versions"]] == [
        (1, ""),
        (2, "wrong day"),
    ]
    assert json.loads(cli("list", "t.db", "visit", "--as-of", "2026-05-03", "--json", *who)) == []
    assert (
        len(json.loads(cli("list", "t.db", "visit", "--as-of", "2026-05-20", "--json", *who))) == 1
    )
    cli("sign", "t.db", "consent:none", "--meaning", "approved", *who, code=2)
    cli("checkpoint", "t.db", "--key", "key.pem", "--out", "points.jsonl")
    assert "sound: 11 rows" in cli("verify", "t.db", "--checkpoints", "points.jsonl")
    assert "11 rows" in cli("backup", "t.db", "--out", "b")
    assert "restored and verified" in cli("restore", "b", "--into", "again.db")
    status = json.loads(cli("status", "again.db", "--json"))
    assert status["records"]["participant"] == 1
    assert status["trail"]["rows"] == 11
    assert "visit" in cli("trail", "t.db", *who)


def test_exams_of_a_file_are_entered_all_or_none(cli: Any, folder: Path, desk: Any) -> None:
    """A tidy file with ids and visits of its own; one row without a place stops all of it."""
    from saisei.exam.isncsci import COLUMNS

    who = ("-u", "investigator")
    for number in (1, 2):
        fields = (f"participant=P0{number}", "site=tokyo", "injured_on=2026-05-01")
        cli("add", "t.db", "participant", *fields, *who)
        cli("add", "t.db", "consent", f"participant=P0{number}", "on=2026-05-04", "form=2", *who)
    texts = ["" if code < 0 else str(code) for code in desk.codes()]
    texts[132:134] = ["no", "no"]
    head = ",".join(["person_id", "visit", "date", *COLUMNS])
    rows = [",".join([str(n), "Day 14", "2026-05-18", *texts]) for n in (1, 2)]
    (folder / "exams.csv").write_text("\n".join([head, *rows]) + "\n")
    command = (
        "import",
        "t.db",
        "exams.csv",
        "--examiner",
        "Kato",
        "--visit",
        "Day 14=baseline",
        *who,
    )
    assert "there is no such participant" in cli(*command, "--person", "1=P01", code=2)
    assert json.loads(cli("list", "t.db", "exam", "--json", *who)) == []
    said = cli(*command, "--person", "1=P01", "--person", "2=P02")
    assert "2 exams entered from exams.csv" in said
    bodies = [row["body"] for row in json.loads(cli("list", "t.db", "exam", "--json", *who))]
    assert [body["grades"]["ais"] for body in bodies] == ["A", "A"]
    assert bodies[0]["entry"] == "imported"


VISIT = ("visit=baseline", "on=2026-05-18", "-u", "investigator")
INIT = ("--design", "single-arm-shift", "--admin", "a1", "--name", "A")
WRONG = [
    (("add", "t.db", "visit", "participant=P09", *VISIT), "no participant P09"),
    (("add", "t.db", "visit", "participant", "-u", "investigator"), "write name=value"),
    (("add", "t.db", "vist", "participant=P1", "-u", "investigator"), "near it: visit"),
    (("add", "t.db", "site", "site=tokyo", "name=Tokyo"), "entered already by root1"),
    (("list", "t.db", "dosing", "-u", "assessor"), "may not read: dosing"),
    (("list", "t.db", "visit", "-u", "nobody"), "name or the password is wrong"),
    (("list", "t.db", "visit", "--as-of", "May", "-u", "manager"), "is no day"),
    (("show", "t.db", "visit:none", "-u", "manager"), "no record visit:none that you may see"),
    (("status", "none.db"), "there is no such store"),
    (("verify", "key.pem"), "is no store of a trial"),
    (("init", "t.db", "--id", "T", *INIT), "exists already"),
    (("init", "u.db", "--id", "T 1", *INIT), "one word"),
    (("restore", "none", "--into", "x.db"), "no such backup"),
    (("sign", "t.db", "site:tokyo", "--meaning", "seen", "-u", "manager"), "is no meaning"),
]


def test_what_is_wrong_is_one_sentence(cli: Any) -> None:
    """No traceback, exit code 2."""
    for words, sentence in WRONG:
        assert sentence in cli(*words, code=2), words


def test_verify_leaves_with_1_when_something_is_broken(cli: Any, folder: Path) -> None:
    """And names the row."""
    import sqlite3

    with sqlite3.connect(folder / "t.db") as connection:
        connection.execute("DROP TRIGGER records_update")
        connection.execute("UPDATE records SET by = 'somebody' WHERE seq = 3")
    found = json.loads(cli("verify", "t.db", "--json", code=1))
    assert found["first_broken_row"] == 3
    assert found["faults"] == ["row 3 of the trail: the data differ from the trail in by"]


def test_the_kinds_and_their_fields_are_listed(cli: Any) -> None:
    """For people and for programs."""
    assert "vial_release" in cli("kinds")
    assert "viability" in cli("kinds", "dosing")
    assert json.loads(cli("kinds", "dosing", "--json"))["title"] == "Dosing"


def test_the_whole_program_prints_one_sentence(cli: Any, folder: Path) -> None:
    """As it is installed: exit code 2 and nothing else on standard error."""
    environment = {**os.environ, "SAISEI_TRIAL_PASSWORD": "wrong password"}
    done = subprocess.run(
        [sys.executable, "-m", "saisei", "trial", "list", "t.db", "visit"],
        capture_output=True, text=True, env=environment, check=False, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "saisei: the name or the password is wrong\n"


def test_without_a_terminal_a_missing_password_names_the_variable(cli: Any, folder: Path) -> None:
    """A program that runs unattended is told what to set, not asked."""
    environment = {k: v for k, v in os.environ.items() if k != "SAISEI_TRIAL_PASSWORD"}
    done = subprocess.run(
        [sys.executable, "-m", "saisei", "trial", "list", "t.db", "visit"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment, check=False, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 2
    assert "set SAISEI_TRIAL_PASSWORD" in done.stderr
    assert "root1" in done.stderr


def test_monitor_and_report_from_the_command_line(
    desk: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Monitor leaves with 0, then with 1 when a visit is overdue; the report comes in both forms."""
    from datetime import date, timedelta

    import typer

    from saisei.cli.report import command

    apps = {"trial": app, "report": typer.Typer()}
    apps["report"].command()(command)
    day = date(2026, 5, 22)
    desk.stock()
    desk.enrol("P01")
    desk.treat("P01", "L1-V1", day)
    place = str(desk.store.url.database)
    monkeypatch.setenv("SAISEI_TRIAL_PASSWORD", desk.password)

    def run(noun: str, *words: str, code: int = 0) -> str:
        result = CliRunner().invoke(apps[noun], list(words))
        if isinstance(result.exception, SaiseiError):
            assert code == 2
            return str(result.exception)
        assert result.exit_code == code, result.output
        return result.stdout

    monkeypatch.setenv("SAISEI_TRIAL_NOW", "2026-06-20T12:00:00+00:00")
    assert "as it stands" in run("trial", "monitor", place, "-u", "monitor")
    late = (day + timedelta(days=120)).isoformat()
    monkeypatch.setenv("SAISEI_TRIAL_NOW", f"{late}T12:00:00+00:00")
    found = json.loads(run("trial", "monitor", place, "-u", "monitor", "--json", code=1))
    (one,) = [alarm for alarm in found["alarms"] if alarm["urgency"] == "act"]
    assert (one["rule"], one["numbers"]["visit"]) == ("visit overdue", "month-3")
    report = ("--trial", place, "--format", "json", "-u", "statistician")
    opened = json.loads(run("report", *report))
    assert opened["trial"]["form"] == "open"
    closed = json.loads(run("report", *report, "--closed", "--cutoff", late))
    assert closed["trial"]["allocated"] == 1
    assert closed["participants"]["rows"][0]["id"] == "P01"
    assert "may not see" in run("report", *report[:-1], "monitor", "--closed", code=2)
    assert "name one thing" in run("report", "keio-2025", *report, code=2)

"""`saisei study`: readable by people, exact for pipes."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from saisei.cli.study import app
from saisei.study import catalog

SCHEMA_FILE = Path(__file__).parents[2] / "docs" / "reference" / "study-0.2.schema.json"


def _run(*words: str) -> str:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_list_names_every_bundled_study() -> None:
    shown = _run("list")
    rows = json.loads(_run("list", "--json"))
    assert [row["id"] for row in rows] == catalog()
    assert all(row["id"] in shown for row in rows)


def test_show_prints_sources_marks_and_both_versions() -> None:
    shown = _run("show", "keio-2025")
    assert "jRCTa031190228" in shown
    assert "[M; recalled]" in shown
    assert "[S1; low confidence]" in shown
    assert "NOT SUPPORTED: A paralysed man walks again." in shown
    assert "- smaller gains [S21]" in shown
    assert "one or more 2 of 4 (between 2 and 4); two or more 2 of 4" in shown
    assert "not published" in shown


def test_show_prints_the_p_value_as_printed_and_as_recomputed() -> None:
    assert "printed 0.053; recomputed 0.0565" in " ".join(_run("show", "procord-rct-2012").split())


def test_show_as_json_holds_the_document_and_its_digest() -> None:
    found = json.loads(_run("show", "keio-2025", "--json"))
    assert found["schema"] == "saisei-study/0.1"
    assert len(found["digest"]) == 64
    assert found["participants"][2]["outcomes"][0]["grade"]["any_of"] == ["A", "B"]
    assert found["eligibility"]["levels"]["max"] == "T10"


def test_the_json_schema_in_the_docs_is_current() -> None:
    """After a change: saisei study schema > docs/reference/study-0.2.schema.json"""
    written = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    assert written == json.loads(_run("schema"))

"""The page on running a trial can be followed word for word."""

from __future__ import annotations

import re
import shlex
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from saisei.cli.trial import app
from saisei.errors import InputError

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "howto" / "run-a-trial.md"
ACT = 1  # the person of the page was treated in 2024: visits are overdue


def lines() -> list[str]:
    """The commands of the page: what is continued on the next line joined, a file written in one."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    text = "".join(blocks).replace("\\\n", " ")
    return re.findall(r"cat > .*?\nEND|[^\n]+", text, re.DOTALL)


@pytest.fixture
def followed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Follows one line; gives the exit code and what was said."""
    from argon2 import PasswordHasher

    from saisei.trial import store as store_module

    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(store_module, "PasswordHasher", lambda: cheap)
    (folder / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(folder)

    def follow(line: str) -> tuple[int, str]:
        line = line.replace("$(date -u +%F)", datetime.now(UTC).date().isoformat())
        words = shlex.split(line)
        if words[0] == "export":
            for word in words[1:]:
                monkeypatch.setenv(*word.split("=", 1))
            return 0, ""
        if words[:2] == ["saisei", "trial"]:
            result = CliRunner().invoke(app, words[2:])
            assert not isinstance(result.exception, InputError), (line, str(result.exception))
            return result.exit_code, result.stdout
        return subprocess.run(["bash", "-c", line], check=True).returncode, ""

    return follow


def test_the_page_can_be_followed(followed: Any, folder: Path) -> None:
    """Every command succeeds; only the monitor asks somebody to act, and says whom and why."""
    said = {line: followed(line) for line in lines()}
    assert len(said) > 25
    codes = {line: code for line, (code, _) in said.items() if code}
    assert list(codes.values()) == [ACT]
    monitor = next(
        words for line, (_, words) in said.items() if line.startswith("saisei trial mon")
    )
    assert "visit overdue: P01" in monitor
    assert (folder / "board").is_dir()
    assert len(list((folder / "board").glob("board-closed-*.pdf"))) == 1


def test_a_day_before_the_store_was_made_is_a_clear_error(followed: Any) -> None:
    """Nothing was known then: said in words, not with a traceback."""
    for line in lines()[:12]:
        followed(line)
    for verb in (
        ["monitor", "trial.db", "--as-of", "2024-03-25", "--user", "ueda"],
        ["board", "trial.db", "--cutoff", "2024-03-25", "--out", "b", "--user", "oda"],
    ):
        result = CliRunner().invoke(app, verb)
        assert isinstance(result.exception, InputError)
        assert "the store was made later" in str(result.exception)


def test_no_store_is_left_where_its_key_cannot_be_written(followed: Any, folder: Path) -> None:
    """The key comes first; a store that cannot be made takes it along."""
    (folder / "keys").write_text("a file where a folder is wanted")
    export, settings, init = lines()[:3]
    followed(export)
    followed(settings)
    words = shlex.split(init)[2:]
    result = CliRunner().invoke(app, words)
    assert isinstance(result.exception, InputError)
    assert not (folder / "trial.db").exists()
    (folder / "keys").unlink()
    (folder / "trial.db").write_bytes(b"something else")
    result = CliRunner().invoke(app, words)
    assert isinstance(result.exception, InputError)
    assert not (folder / "keys" / "my-1.pem").exists()

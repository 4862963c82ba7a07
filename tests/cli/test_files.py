"""Result files appear whole or not at all."""

from pathlib import Path

import pytest

from saisei.cli.files import finished_file, write_text
from saisei.errors import InputError


def test_a_result_replaces_what_was_there(tmp_path: Path) -> None:
    """A new result takes the place of an old one and leaves nothing beside it."""
    target = tmp_path / "new" / "a.txt"
    write_text(target, "one")
    write_text(target, "two")
    assert target.read_text(encoding="utf-8") == "two"
    assert [one.name for one in target.parent.iterdir()] == ["a.txt"]


def test_a_failure_keeps_the_old_result(tmp_path: Path) -> None:
    """When the work fails half-way the old file stays and the half one is gone."""
    target = tmp_path / "a.txt"
    write_text(target, "old")

    def fail() -> None:
        with finished_file(target) as partial:
            partial.write_text("half", encoding="utf-8")
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        fail()
    assert target.read_text(encoding="utf-8") == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["a.txt"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The error names the result asked for, not a temporary name, and says what to do."""
    blocker = tmp_path / "file"
    blocker.write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"cannot write .*file/a\.txt"):
        write_text(blocker / "a.txt", "x")
    with pytest.raises(InputError, match="it is a folder"):
        write_text(tmp_path, "x")

"""The command line as a whole: help, version, errors, start-up without heavy imports."""

import os
import subprocess
import sys

import pytest

from saisei import __version__
from saisei.cli import NOUNS


def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run `saisei` in a process of its own, with more environment variables."""
    return subprocess.run(
        [sys.executable, "-m", "saisei", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **more},
    )


def test_version() -> None:
    """`--version` prints the package's version."""
    done = run("--version")
    assert (done.returncode, done.stdout.strip()) == (0, f"saisei {__version__}")


def test_help_lists_every_noun() -> None:
    """The root help names every noun with its line."""
    done = run("--help")
    assert done.returncode == 0
    for noun in NOUNS:
        assert f"\n  {noun} " in done.stdout
    assert "Research use only" in done.stdout


def test_help_imports_nothing_heavy() -> None:
    """Start-up stays short because no numerical library is loaded for the help."""
    code = (
        "import sys; sys.argv = ['saisei', '--help']\n"
        "from saisei.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'scipy', 'numba', 'polars', 'pyarrow', 'pydantic', 'matplotlib', 'jinja2'}\n"
        "sys.exit(' '.join(sorted(heavy & set(sys.modules))) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("noun", list(NOUNS))
def test_every_noun_has_help(noun: str) -> None:
    """Every noun answers `--help` with a usage line."""
    done = run(noun, "--help")
    assert done.returncode == 0
    assert f"Usage: saisei {noun}" in done.stdout.replace("  ", " ")


def test_a_known_error_is_one_sentence_and_exit_2() -> None:
    """An unknown parameter: one line on stderr, exit 2, no traceback."""
    done = run("params", "show", "evidence.powr")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("saisei: there is no parameter 'evidence.powr'")
    assert done.stderr.count("\n") == 1


def test_debug_shows_the_traceback() -> None:
    """`--debug` gives the traceback of the same error."""
    done = run("--debug", "params", "show", "evidence.powr")
    assert done.returncode != 0
    assert "Traceback" in done.stderr


def test_an_unknown_noun_is_refused() -> None:
    """A noun that does not exist is a usage error."""
    done = run("nonsense")
    assert done.returncode == 2
    assert "nonsense" in done.stderr


def test_completion_script_is_offered() -> None:
    """Shell completion can be shown, also where the shell we run under cannot be told."""
    done = run("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert done.returncode == 0
    assert "_SAISEI_COMPLETE=complete_bash" in done.stdout


def test_params_list_as_json_marks_assumed_values() -> None:
    """`params list --json` carries the mark of an assumed value."""
    import json

    done = run("params", "list", "evidence.", "--json")
    rows = {row["id"]: row for row in json.loads(done.stdout)}
    assert rows["evidence.power"]["mark"] == "assumed"

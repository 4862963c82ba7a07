"""The rules of the house as tests: order of the flow, sizes, and what a stage must never do."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import saisei

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "saisei"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS = {one["id"]: one for one in PROJECT["tool"]["importlinter"]["contracts"]}
STAGES = [
    "chance",
    "exam",
    "study",
    "cell_line",
    "lot",
    "cord",
    "graft",
    "repair",
    "patient",
    "evidence",
    "design",
]
FILES = sorted(PACKAGE.rglob("*.py"))

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 70
CLOCKS = {
    ("time", "time"),
    ("datetime", "now"),
    ("datetime", "today"),
    ("datetime", "utcnow"),
    ("date", "today"),
}


def words(text: str) -> list[str]:
    """The words of the flow in the order in which a text gives them."""
    return re.findall(r"[a-z_]+", text)


def flow() -> list[str]:
    """The words of the import contract, latest first."""
    return words(" ".join(CONTRACTS["flow"]["layers"]).replace("__main__", ""))


def name_of(path: Path) -> str:
    """A file's name for messages."""
    return str(path.relative_to(ROOT))


def stage_files() -> Iterator[Path]:
    """Every file of a stage that must not touch the world."""
    for path in FILES:
        if path.relative_to(PACKAGE).parts[0] in STAGES:
            yield path


def test_the_flow_is_written_the_same_everywhere() -> None:
    """The contract, the package docstring and ARCHITECTURE.md give the same words in the same order."""
    expected = flow()
    docstring = saisei.__doc__ or ""
    line = re.search(r"cli > .*?errors", docstring, re.DOTALL)
    assert line is not None
    assert words(line.group()) == expected
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    line = re.search(r"cli > .*?errors", page, re.DOTALL)
    assert line is not None
    assert words(line.group()) == expected


def test_every_folder_is_a_word_of_the_flow() -> None:
    """No folder appears beside the flow."""
    folders = {one.name for one in PACKAGE.iterdir() if one.is_dir() and one.name != "__pycache__"}
    assert folders <= set(flow())


def test_every_existing_stage_stands_in_the_edges_contract() -> None:
    """A stage from chance to design cannot be forgotten in the contract that keeps it from the world."""
    listed = {one.removeprefix("saisei.") for one in CONTRACTS["edges"]["source_modules"]}
    existing = {stage for stage in STAGES if (PACKAGE / stage).is_dir()}
    assert listed == existing


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_files_and_functions_stay_small(path: Path) -> None:
    """A file stops at 500 lines and a function at 70."""
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= MAX_FILE_LINES
    long = [
        f"{node.name} has {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > MAX_FUNCTION_LINES
    ]
    assert long == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_module_says_what_it_is(path: Path) -> None:
    """A module that holds code starts with a docstring."""
    text = path.read_text(encoding="utf-8")
    assert not text.strip() or ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize("path", list(stage_files()), ids=name_of)
def test_stages_neither_print_nor_read_the_clock(path: Path) -> None:
    """From chance to design nothing prints, reads the clock or draws global random numbers."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        call = node.func
        if isinstance(call, ast.Name) and call.id in {"print", "input", "open"}:
            found.append(f"line {node.lineno}: {call.id}()")
        if isinstance(call, ast.Attribute):
            owner = (
                call.value.attr
                if isinstance(call.value, ast.Attribute)
                else getattr(call.value, "id", "")
            )
            if (owner, call.attr) in CLOCKS or (
                owner == "random" and call.attr in {"seed", "random", "normal"}
            ):
                found.append(f"line {node.lineno}: {owner}.{call.attr}()")
    assert found == []


def test_only_the_formats_of_the_exam_import_a_table_library() -> None:
    """In `exam` only `formats` may import polars or pyarrow, only batch modules numpy or numba."""
    wrong = []
    for path in sorted((PACKAGE / "exam").rglob("*.py")):
        in_formats = path.is_relative_to(PACKAGE / "exam" / "formats")
        batch = path.name.startswith("batch") or in_formats
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                root = name.split(".")[0]
                if (root in {"polars", "pyarrow"} and not in_formats) or (
                    root in {"numpy", "numba"} and not batch
                ):
                    wrong.append(f"{name_of(path)} imports {name}")
    assert wrong == []


def test_nothing_reads_the_shelf_or_names_a_machine_path() -> None:
    """The package stands alone: no path of the shelf or of a machine in it."""
    marks = ("/shared", "/work/", "/opt/", "/root/")
    named = [
        f"{name_of(path)}: {mark}"
        for path in PACKAGE.rglob("*")
        if path.suffix in {".py", ".toml", ".json", ".jinja", ".css", ".csv"}
        for mark in marks
        if mark in path.read_text(encoding="utf-8")
    ]
    assert named == []

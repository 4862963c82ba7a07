"""The documents: generated pages are current, links lead somewhere, every command is described."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def maker() -> ModuleType:
    """The script that makes the generated pages."""
    spec = importlib.util.spec_from_file_location("make_docs", ROOT / "scripts" / "make_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["docs/reference/cli.md", "docs/reference/params.md"])
def test_generated_pages_are_current(page: str) -> None:
    """A generated page equals what the generator makes now (else run scripts/make_docs.py)."""
    made = maker().PAGES[page]()
    assert (ROOT / page).read_text(encoding="utf-8") == made


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_inside_the_project_lead_somewhere(page: Path) -> None:
    """A relative link of a page names a file that exists."""
    dead = []
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if (
            "://" not in target
            and not target.startswith("mailto:")
            and not (page.parent / target).exists()
        ):
            dead.append(target)
    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_names_a_machine(page: Path) -> None:
    """No page names a path of a machine."""
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"(^|[\s`(\"'])/(work|root|opt|home)/", text)


def test_every_change_fragment_has_a_kind() -> None:
    """A fragment is named for what it does to the user."""
    names = [path.name for path in (ROOT / "changes").glob("*.md") if path.name != "README.md"]
    assert names
    assert all(re.fullmatch(r"[a-z0-9-]+\.(add|fix|break|numbers)\.md", name) for name in names), (
        names
    )

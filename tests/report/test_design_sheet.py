"""The decisions of a design on one page: every table of the evaluation is on it, and it stays small."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from saisei.design.document import load_design
from saisei.design.evaluation import evaluate
from saisei.report.design_sheet import decision_sheet, sheet_tables


class Cells(HTMLParser):
    """Collects the text of table cells, and every tag that is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.tags: set[str] = set()
        self._open = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        self._open = tag in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._open:
            self.cells.append(data)
            self._open = False


@pytest.mark.parametrize(
    "name", ["group-sequential", "tite-boin", "crm", "bop2", "single-arm-shift"]
)
def test_every_decision_is_on_the_page(name: str) -> None:
    """Each cell of the decision table, of the doses and of the stopping rules is printed."""
    document = load_design(name)
    found = evaluate(document)
    page = decision_sheet(found, document.title)
    read = Cells()
    read.feed(page)
    for row in found["decision_table"]["rows"]:
        assert all(cell in read.cells for cell in row if cell)
    assert document.digest in page
    assert "Research use only" in page
    assert not read.tags & {"script", "img", "link", "iframe"}  # opens offline
    more = int(bool(found["inference"])) + int(bool(found["conditional_power"]))
    assert len(sheet_tables(found)) == 1 + more + len(document.safety) + (
        0 if document.dose_finding is None else 2 if name == "tite-boin" else 1
    )


def test_long_tables_stand_side_by_side() -> None:
    """No column of rows is longer than a page."""
    for table in sheet_tables(evaluate(load_design("group-sequential"))):
        assert max(len(chunk) for chunk in table["chunks"]) <= 30

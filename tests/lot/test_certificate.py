"""Certificates: one bad row, one missing, one in another unit; nothing faulty is ever a pass."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from saisei.cli.lot import app
from saisei.errors import DocumentError, InputError
from saisei.lot.certificate import read_certificate, template
from saisei.lot.specifications import PRODUCTS, Kind, Specification, specifications
from saisei.lot.verdict import Verdict, check_certificate

RUN = CliRunner()


def good_value(one: Specification) -> str:
    """A value that keeps the criterion."""
    words = {Kind.ABSENCE: "negative", Kind.PRESENCE: "positive", Kind.JUDGEMENT: "conforms"}
    if one.kind in words:
        return words[one.kind]
    if one.kind is Kind.SHARE:
        return "0" if one.rule in ("<=", "<") else "100"
    if one.kind is Kind.CYCLES and one.rule == ">=":
        return "12"
    return "0.5" if one.kind in (Kind.EXPRESSION, Kind.LEVEL) else "0"


def good_csv(product: str = "nspc") -> str:
    """A certificate that keeps every criterion."""
    lines = ["test,value,unit,read,positive"]
    for one in specifications(product).values():
        lines.append(f"{one.id},{good_value(one)},{one.unit},,")
    return "\n".join(lines) + "\n"


def with_row(test: str, row: str | None) -> str:
    """The good certificate with one row replaced, or left out."""
    lines = [line for line in good_csv().splitlines() if not line.startswith(f"{test},")]
    return "\n".join([*lines, row] if row is not None else lines) + "\n"


def verdict_of(text: str, test: str) -> Verdict:
    """The verdict of one test."""
    found = check_certificate(read_certificate("a.csv", text.encode()))
    return next(one.verdict for one in found if one.test == test)


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_certificate_that_keeps_everything_passes(product: str) -> None:
    """Every criterion kept, of each product."""
    found = check_certificate(read_certificate("a.csv", good_csv(product).encode()))
    assert [one.test for one in found if one.verdict is not Verdict.PASS] == []
    assert len(found) == len(specifications(product))


def test_one_bad_row_one_missing_one_in_another_unit(tmp_path: Path) -> None:
    """Fail, missing, error, each by name; exit code 2; the rest still judged."""
    lines = good_csv().splitlines()
    out = []
    for line in lines:
        if line.startswith("nspc-hucd-stain,"):
            line = "nspc-hucd-stain,43.2,percent,500,216"
        if line.startswith("nspc-endotoxin,"):
            line = "nspc-endotoxin,2.4,EU/dose,,"
        if not line.startswith("nspc-gd2-flow,"):
            out.append(line)
    file = tmp_path / "lot.csv"
    file.write_text("\n".join(out) + "\n", encoding="utf-8")
    answer = RUN.invoke(app, ["check", str(file), "--json"])
    assert answer.exit_code == 2
    verdicts = {one["test"]: one["verdict"] for one in json.loads(answer.stdout)["checks"]}
    assert verdicts.pop("nspc-hucd-stain") == "fail"
    assert verdicts.pop("nspc-gd2-flow") == "missing"
    assert verdicts.pop("nspc-endotoxin") == "error"
    assert set(verdicts.values()) == {"pass"}
    plain = RUN.invoke(app, ["check", str(file)])
    assert plain.exit_code == 2
    assert (
        "EU/dose: unit must be EU/mL (give it in EU/mL; units are never converted)" in plain.stderr
    )
    assert "1 not kept, 1 missing, 1 faulty" in plain.stderr
    assert "releases no lot" in plain.stderr


@pytest.mark.parametrize(("row", "code"), [("nspc-hucd-stain,43.2,percent,,", 1), (None, 1)])
def test_a_fail_or_a_missing_row_leaves_with_1(row: str | None, code: int, tmp_path: Path) -> None:
    """The answer is no."""
    file = tmp_path / "lot.csv"
    file.write_text(with_row("nspc-hucd-stain", row), encoding="utf-8")
    assert RUN.invoke(app, ["check", str(file)]).exit_code == code
    file.write_text(good_csv(), encoding="utf-8")
    assert RUN.invoke(app, ["check", str(file)]).exit_code == 0


NEVER = {
    "nspc-sox1-flow,120,percent,,": "error",
    "nspc-sox1-flow,-1,percent,,": "error",
    "nspc-sox1-flow,nan,percent,,": "error",
    "nspc-sox1-flow,inf,percent,,": "error",
    "nspc-sox1-flow,0.97,fraction,,": "error",
    "nspc-sox1-flow,97,,,": "error",
    "nspc-sox1-flow,97,Percent,,": "error",
    "nspc-sox1-flow,97%,percent,,": "error",
    "nspc-sox1-flow,good,percent,,": "error",
    "nspc-sox1-flow,97,percent,0,": "error",
    "nspc-sox1-flow,97,percent,100,101": "error",
    "nspc-sox1-flow,97,percent,100,50": "error",
    "nspc-sox1-flow,97,percent,,97": "error",
    "nspc-sox1-flow,97,percent,99.5,": "error",
    "nspc-sox1-flow,97,percent,many,": "error",
    "nspc-sox1-flow,<97,percent,,": "fail",
    "nspc-sox1-flow,,percent,,": "missing",
    "nspc-sox1-flow,ND,percent,,": "missing",
    "nspc-sox1-flow,89.99,percent,,": "fail",
    "nspc-oct4-flow,<0.1,percent,,": "fail",
    "nspc-oct4-flow,0.0101,percent,,": "fail",
    "nspc-oct4-flow,<0,percent,,": "error",
    "nspc-oct4-stain,0.00051,percent,,": "fail",
    "nspc-oct4-pcr,7.6,cycles,,": "fail",
    "nspc-oct4-pcr,<8,cycles,,": "fail",
    "nspc-back-culture,1,colonies,,": "fail",
    "nspc-back-culture,0.5,colonies,,": "error",
    "nspc-back-culture,0,colonies,10,": "error",
    "nspc-karyotype-clone,2,cells,20,": "fail",
    "nspc-karyotype-clone,3,cells,2,": "error",
    "nspc-karyotype-clone,1,cells,20,2": "error",
    "nspc-cnv,6,events,,": "fail",
    "nspc-sterility,positive,verdict,,": "fail",
    "nspc-sterility,0,verdict,,": "error",
    "nspc-sterility,negative,,,": "error",
    "nspc-gfap-stain,negative,verdict,,": "fail",
    "nspc-morphology,does not conform,verdict,,": "fail",
    "nspc-morphology,negative,verdict,,": "error",
    "nspc-virus,not detected,verdict,5,": "pass",
}


@pytest.mark.parametrize(("row", "verdict"), NEVER.items())
def test_each_row_has_its_verdict(row: str, verdict: str) -> None:
    """A wrong value, unit or count is a fail or an error; numbers read beside a word do no harm."""
    test = row.split(",")[0]
    assert verdict_of(with_row(test, row), test) == verdict


def test_doi_reports_below_detection_and_that_keeps_its_own_limit() -> None:
    """Doi 2020, table 1: OCT3/4 flow criterion < 0.1%, reported < 0.1%."""
    text = good_csv("dopamine").replace("dopamine-oct34-flow,0,", "dopamine-oct34-flow,<0.1,")
    assert verdict_of(text, "dopamine-oct34-flow") is Verdict.PASS
    assert verdict_of(text.replace("<0.1,", "0.1,"), "dopamine-oct34-flow") is Verdict.FAIL


def test_a_row_that_stands_twice_is_an_error_even_if_both_are_good() -> None:
    """Nobody knows which one counts."""
    text = good_csv() + "nspc-sox1-flow,99,percent,,\n"
    assert verdict_of(text, "nspc-sox1-flow") is Verdict.ERROR


def test_counts_show_what_the_share_hides() -> None:
    """0 of 100,000 keeps 0.0005% on paper and does not show it; 0 of 600,000 does."""
    for read, shown in ((100_000, False), (600_000, True)):
        text = with_row("nspc-oct4-stain", f"nspc-oct4-stain,0,percent,{read},0")
        certificate = read_certificate("a.csv", text.encode())
        found = {one.test: one for one in check_certificate(certificate)}["nspc-oct4-stain"]
        assert found.verdict is Verdict.PASS
        assert found.shown is shown
        assert ("599,145 cells" in found.cannot) is not shown


def test_a_clone_below_a_fifth_of_the_cells_may_pass_a_karyotype_of_20() -> None:
    """At most 1 of 20 the same: a clone of 21.6% passes in 5% (Bin(20, 0.216) <= 1), so smaller ones do."""
    text = with_row("nspc-karyotype-clone", "nspc-karyotype-clone,1,cells,20,1")
    certificate = read_certificate("a.csv", text.encode())
    found = {one.test: one for one in check_certificate(certificate)}["nspc-karyotype-clone"]
    assert found.verdict is Verdict.PASS
    assert "clones below 22% of cells: 20 cells" in found.cannot


def test_the_example_keeps_its_criteria_and_does_not_show_them_all() -> None:
    """The invented certificate that comes with the project."""
    file = Path(__file__).parents[2] / "examples" / "lots" / "invented-certificate.csv"
    found = check_certificate(read_certificate(file.name, file.read_bytes()))
    assert {one.verdict for one in found} == {Verdict.PASS}
    assert {one.test for one in found if one.shown is False} == {
        "nspc-oct4-stain", "nspc-karyotype-giemsa", "nspc-karyotype-banding", "nspc-tetraploid",
    }  # fmt: skip


def test_a_dose_turns_a_bound_into_cells() -> None:
    """0 of 30,000 allows 0.01% at 95%: 200 cells in 2e6."""
    rows = 'saisei_certificate = 1\nproduct = "nspc"\ndose_cells = 2e6\n' + "".join(
        f'[[result]]\ntest = "{one.id}"\nvalue = "{good_value(one)}"\nunit = "{one.unit}"\n'
        + ("read = 30000\npositive = 0\n" if one.id == "nspc-oct4-flow" else "")
        for one in specifications("nspc").values()
    )
    certificate = read_certificate("a.toml", rows.encode())
    found = {one.test: one for one in check_certificate(certificate)}["nspc-oct4-flow"]
    assert found.shown
    assert re.search(r"up to 200 such cells in a dose of 2e\+06", found.cannot)


def test_toml_numbers_are_numbers_and_a_truth_value_is_not() -> None:
    """value = 97.5 counts, value = true is an error, value = inf is an error."""
    for content, verdict in (
        ("97.5", Verdict.PASS),
        ("true", Verdict.ERROR),
        ("inf", Verdict.ERROR),
    ):
        text = (
            'saisei_certificate = 1\nproduct = "nspc"\n[[result]]\ntest = "nspc-sox1-flow"\n'
            f'value = {content}\nunit = "percent"\n'
        )
        found = check_certificate(read_certificate("a.toml", text.encode()))
        assert {one.test: one.verdict for one in found}["nspc-sox1-flow"] is verdict


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("toml", [True, False])
def test_an_empty_template_is_read_and_nothing_passes(product: str, toml: bool) -> None:
    """Every test is there and every one is missing."""
    name = "a.toml" if toml else "a.csv"
    certificate = read_certificate(name, template(product, toml).encode())
    assert certificate.product == product
    assert {one.verdict for one in check_certificate(certificate)} == {Verdict.MISSING}
    assert certificate.faults == ()


@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=6), st.text(max_size=6))
def test_junk_in_a_row_never_passes(value: str, unit: str, read: str, positive: str) -> None:
    """Any text: never a pass unless the unit is right and the value a number that keeps the rule."""
    cells = [f'"{cell.replace(chr(34), "")}"' for cell in (value, unit, read, positive)]
    try:
        verdict = verdict_of(with_row("nspc-cnv", ",".join(["nspc-cnv", *cells])), "nspc-cnv")
    except InputError:
        return
    if verdict is Verdict.PASS:
        assert unit.strip() == "events"
        assert 0 <= float(value.strip().removeprefix("<")) <= 5


def test_rows_that_belong_to_no_test_are_errors(tmp_path: Path) -> None:
    """A typing error in a name is told with the near one; so is a row of another product."""
    file = tmp_path / "lot.csv"
    file.write_text(good_csv() + "nspc-oct4-flw,0,percent,,\n", encoding="utf-8")
    answer = RUN.invoke(app, ["check", str(file), "--product", "nspc"])
    assert answer.exit_code == 2
    assert "did you mean nspc-oct4-flow?" in answer.stderr


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"\xff\xfe", "not UTF-8"),
        ("a.csv", b"", "must begin with a line of columns"),
        ("a.csv", b"test,value\n", "holds no result"),
        ("a.csv", b"test,test,value\nx,y,z\n", "none twice"),
        ("a.csv", b"test,value\nx,1\n", "does not say its product"),
        ("a.csv", b'test,value\n"x,1\n', "is not CSV"),
        ("a.toml", b"=", "is not TOML"),
        ("a.toml", b"saisei_certificate = 1\n", "holds no result"),
        ("a.toml", b'saisei_certificate = 1\nproduct = "x"\n[[result]]\ntest="x"\n', "no product"),
    ],
)
def test_what_is_no_certificate_is_refused_in_one_sentence(
    name: str, content: bytes, words: str
) -> None:
    """Not UTF-8, no columns, no rows, no product."""
    with pytest.raises(InputError, match=words):
        read_certificate(name, content)


def test_a_head_with_faults_lists_all_of_them() -> None:
    """Version, dose and a key that nobody knows."""
    with pytest.raises(DocumentError) as caught:
        read_certificate(
            "a.toml", b"saisei_certificate = 2\ndose_cells = -1\ncolour = 1\n[[result]]\ntest='x'\n"
        )
    assert len(caught.value.faults) == 3

"""`saisei lot` and `saisei cell-line`: the same bits for any chunk and workers, numbers, refusals."""

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from saisei.cli import cell_line, lot_simulate
from saisei.cli.cell_line import app as lines
from saisei.cli.lot import app as lots
from saisei.errors import InputError

RUN = CliRunner()


def test_lots_are_the_same_for_any_chunk_and_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1 and 3 workers, chunks of 10,000 and of 77; 100 lots are the first of 300."""
    frames = []
    for name, n, workers, chunk in (("a", 300, 1, 10_000), ("b", 300, 3, 77), ("c", 100, 2, 9)):
        monkeypatch.setattr(lot_simulate, "_CHUNK", chunk)
        out = tmp_path / f"{name}.parquet"
        answer = RUN.invoke(
            lots,
            ["simulate", "--n", str(n), "--workers", str(workers), "--out", str(out), "--json"],
        )
        assert answer.exit_code == 0, answer.stderr
        frames.append((pl.read_parquet(out), json.loads(answer.stdout)["all_pass"]))
    assert frames[0][0].equals(frames[1][0])
    assert frames[0][1] == frames[1][1]
    assert frames[0][0].head(100).equals(frames[2][0])
    columns = frames[0][0].columns
    assert {"donor_id", "line_id", "residual", "hla", "hidden_potency"} <= set(columns)


def test_lines_are_the_same_for_any_chunk_and_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for lines, as CSV."""
    texts = []
    for workers, chunk in ((1, 10_000), (3, 50)):
        monkeypatch.setattr(cell_line, "_CHUNK", chunk)
        out = tmp_path / f"{chunk}.csv"
        assert RUN.invoke(
            lines, ["simulate", "--n", "200", "--workers", str(workers), "--out", str(out)]
        ).exit_code == 0  # fmt: skip
        texts.append(out.read_bytes())
    assert texts[0] == texts[1]


def test_the_specification_tells_how_many_cells_must_be_read() -> None:
    """599,145 for OCT4 by staining; 10 cells in a dose at the limit; rows without a criterion are listed."""
    answer = RUN.invoke(lots, ["specification", "nspc-oct4-stain", "--json"])
    found = json.loads(answer.stdout)
    assert found["cells to read for 95%"] == 599_145
    assert found["cells in a dose at the limit"] == pytest.approx(10)
    assert found["basis"].endswith("assumed")
    every = json.loads(RUN.invoke(lots, ["specification", "--json"]).stdout)
    assert len(every["tests"]) == 26
    assert every["without_criterion"][0]["test"] == "nspc-cancer-genes"


def test_curves_are_drawn_with_their_numbers(tmp_path: Path) -> None:
    """One curve, all curves, coverage: pictures with data, the same bytes again."""
    for name in ("a.svg", "b.svg", "c.csv", "d.png"):
        assert RUN.invoke(
            lots, ["specification", "nspc-oct4-flow", "--out", str(tmp_path / name)]
        ).exit_code == 0  # fmt: skip
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert (tmp_path / "c.csv").read_text(encoding="utf-8").startswith("truth,passing\n")
    answer = RUN.invoke(
        lots, ["specification", "--product", "stock", "--out", str(tmp_path / "all")]
    )
    assert answer.exit_code == 0
    assert len(list((tmp_path / "all").glob("*.png"))) == 8
    curve = tmp_path / "coverage.svg"
    answer = RUN.invoke(lines, ["coverage", "--donors", "1,6", "--out", str(curve), "--json"])
    assert 0.17 < json.loads(answer.stdout)["coverage"] < 0.23
    assert b"</svg>" in curve.read_bytes()


@pytest.mark.parametrize(
    ("app", "words", "message"),
    [
        (lots, ["simulate", "--n", "0"], "--n is 0"),
        (lots, ["simulate", "--n", "5", "--out", "a.txt"], r"\.parquet or \.csv"),
        (lots, ["simulate", "--n", "5", "--workers", "0"], "--workers is 0"),
        (lots, ["simulate", "--n", "5", "--method", "magic"], "--method is 'magic'"),
        (lots, ["simulate", "--n", "5", "--dose", "-1"], "dose of -1"),
        (lots, ["simulate", "--n", "5", "--seed", "-1"], "seed is -1"),
        (lots, ["specification", "--read", "5"], "belongs to one test"),
        (lots, ["specification", "nspc-oct4-flow", "--read", "0"], "at least 1"),
        (lots, ["specification", "nspc-oct4-flow", "--out", "a.gif"], r"\.svg, \.png or \.csv"),
        (lots, ["specification", "--product", "skin"], "no product"),
        (lots, ["new", "--out", "a.txt"], r"\.toml or \.csv"),
        (lots, ["check", "a.csv", "--dose", "0"], "--dose is 0"),
        (lines, ["simulate", "--donors", "11"], "no haplotype 10"),
        (lines, ["simulate", "--donors", "one"], "ranks of haplotypes"),
        (lines, ["coverage", "--most", "0"], "--most is 0"),
        (lines, ["coverage", "--out", "a.gif"], r"\.svg, \.png or \.csv"),
    ],
)
def test_wrong_words_are_refused_in_one_sentence(
    app: object, words: list[str], message: str
) -> None:
    """What was given, which rule."""
    answer = RUN.invoke(app, words)  # type: ignore[arg-type]
    assert isinstance(answer.exception, InputError)
    with pytest.raises(InputError, match=message):
        raise answer.exception


def test_a_file_that_is_no_certificate_is_refused(tmp_path: Path) -> None:
    """Too large, not there."""
    large = tmp_path / "large.csv"
    large.write_bytes(b"test,value\n" + b"x" * 1_000_001)
    answer = RUN.invoke(lots, ["check", str(large)])
    assert isinstance(answer.exception, InputError)
    assert "larger than 1,000,000 bytes" in str(answer.exception)
    assert isinstance(RUN.invoke(lots, ["check", str(tmp_path / "no.csv")]).exception, OSError)


def test_a_certificate_is_never_overwritten(tmp_path: Path) -> None:
    """`new` writes once."""
    file = tmp_path / "lot.toml"
    assert RUN.invoke(lots, ["new", "--out", str(file)]).exit_code == 0
    before = file.read_bytes()
    again = RUN.invoke(lots, ["new", "--out", str(file)])
    assert isinstance(again.exception, InputError)
    assert file.read_bytes() == before

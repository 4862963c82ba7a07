"""`saisei therapy`: tables that carry their lot, runs taken up again, refusals in one sentence."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from saisei.cli import app
from saisei.errors import InputError, SaiseiError, UnsupportedError


def call(*words: str) -> None:
    """Run a command; a known error comes through."""
    app(args=["therapy", *words], prog_name="saisei", standalone_mode=False)


def simulate(out: Path, *more: str, n: int = 30) -> None:
    """A small run."""
    call("simulate", "--study", "keio-2025", "--n", str(n), "--seed", "5", "--out", str(out), *more)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with care, so three arms."""
    out = tmp_path_factory.mktemp("therapy") / "run"
    simulate(out, "--stimulation", "3")
    return out


def test_every_row_carries_its_donor_and_its_lot(made: Path) -> None:
    """Three tables; ids, residual cells, HLA and potency on each row; three arms, seven visits."""
    for name, rows in (("visits", 30 * 3 * 7), ("people", 30), ("images", 30 * 3)):
        table = pl.read_parquet(made / f"{name}.parquet")
        assert table.height == rows
        for column in (
            "lot_id", "line_id", "donor_id", "donor_hla", "lot_residual_share", "true_lot_potency",
            "world", "extrapolated",
        ):  # fmt: skip
            assert table[column].null_count() == 0
    visits = pl.read_parquet(made / "visits.parquet")
    first = visits.filter(pl.col("person_id") == 0)
    assert first["arm"].to_list() == ["natural"] * 7 + ["care"] * 7 + ["graft"] * 7
    enrolment = visits.filter(pl.col("visit") == "enrolment")
    assert enrolment["reported_ais"].unique().to_list() == ["A"]
    people = pl.read_parquet(made / "people.parquet")
    added = people["uems_graft"] - people["uems_care"]
    assert people["uems_added_by_graft"].to_list() == added.to_list()
    nil = people.filter(pl.col("true_nil"))
    assert (nil["uems_added_by_graft"] == 0).all()
    assert people["lot_id"].n_unique() == 30
    assert "prior:graft.survival" in people.columns


def test_the_tables_read_back_as_exams(made: Path, tmp_path: Path) -> None:
    """`saisei exam grade` on the visits gives the AIS and UEMS that the run reported, in every arm."""
    graded = tmp_path / "graded.csv"
    words = ["exam", "grade", str(made / "visits.parquet"), "--out", str(graded)]
    app(args=words, prog_name="saisei", standalone_mode=False)
    ours, again = pl.read_parquet(made / "visits.parquet"), pl.read_csv(graded)
    assert again["ais"].to_list() == ours["reported_ais"].to_list()
    assert again["uems"].to_list() == ours["reported_uems"].to_list()


def test_a_run_says_how_it_was_made(made: Path) -> None:
    """run.json holds settings, priors, step check and summary, and the mark of a hypothesis."""
    run = json.loads((made / "run.json").read_text(encoding="utf-8"))
    assert run["made"]["use"].startswith("hypothesis")
    assert run["made"]["operation"]["dose_cells"] == 2e6
    assert run["made"]["step_check"]["against_solver"] < run["made"]["step_check"]["tolerance"]
    assert run["made"]["priors"]["graft.survival"]["law"] == "beta"
    assert [row["arm"] for row in run["summary"]["arms"]] == ["natural", "care", "graft"]


def test_a_stopped_run_goes_on_with_the_same_bytes(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunks of 8 people, killed in the third; the same command on one worker gives the same tables."""
    from saisei.patient import treated

    monkeypatch.setattr("saisei.patient.cohort.CHUNK", 8)
    whole = treated.treat_chunk

    def stop(therapy: Any, model: Any, first: int, *rest: Any) -> Any:
        if first == 16:
            raise RuntimeError("killed")
        return whole(therapy, model, first, *rest)

    out = tmp_path / "run"
    monkeypatch.setattr(treated, "treat_chunk", stop)
    with pytest.raises(RuntimeError, match="killed"):
        simulate(out, "--stimulation", "3", "--workers", "1")
    assert not (out / "visits.parquet").exists()
    monkeypatch.setattr(treated, "treat_chunk", whole)
    simulate(out, "--stimulation", "3", "--workers", "1")
    for name in ("visits", "people", "images"):
        one, two = (pl.read_parquet(folder / f"{name}.parquet") for folder in (made, out))
        assert one.equals(two)
    assert not (out / ".parts").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--dose", "1e9"], "outside the data: a dose of 1e"),
        (["--graft-day", "300-330"], "a graft on day 300 to 330"),
        (["--species", "pig"], "species 'pig'"),
        (["--graft-day", "28-14"], "graft day '28-14'"),
        (["--priors", "nowhere.toml"], "cannot be read"),
        (["--study", "nsi566-als-2015"], "knows the injured cord only"),
        (["--line", "magic"], "give episomal, blood, retroviral"),
        (["--fate", "1,1"], "three shares"),
        (["--hla-match", "2"], "HLA match"),
        (["--set", "graft.survival=x"], "write graft.survival=0.3"),
        (["--set", "graft.nonsense=1"], "there is no prior"),
        (["--method", "guess"], "hybrid or deterministic"),
        (["--identity", "liver"], "spinal or forebrain"),
        (["--set", "graft.division_per_day=40"], "the step of"),
    ],
)
def test_what_is_refused(tmp_path: Path, words: list[str], says: str) -> None:
    """One clear sentence, and nothing is written."""
    out = tmp_path / "run"
    with pytest.raises(SaiseiError, match=says):
        simulate(out, *words)
    assert not out.exists()


def test_what_was_extrapolated_stands_on_every_row(tmp_path: Path) -> None:
    """A dose outside the data is let through on purpose, and every table says so."""
    simulate(tmp_path / "run", "--dose", "1e8", "--extrapolate", n=4)
    for name in ("visits", "people", "images"):
        marks = pl.read_parquet(tmp_path / "run" / f"{name}.parquet")["extrapolated"]
        assert marks.str.contains("a dose of 1e\\+08 cells").all()


def test_another_run_or_file_is_never_overwritten(made: Path, tmp_path: Path) -> None:
    """A finished folder, a folder of another run, a folder with other files, a file."""
    with pytest.raises(InputError, match="finished"):
        simulate(made, "--stimulation", "3")
    with pytest.raises(InputError, match="holds another run"):
        simulate(made, "--dose", "3e6")
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="holds other files"):
        simulate(tmp_path)
    with pytest.raises(InputError, match="is a file"):
        simulate(tmp_path / "notes.txt")


def test_priors_are_listed_and_read_from_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every prior with law and meaning; a file of changes shows; a wrong one is an error."""
    file = tmp_path / "mine.toml"
    file.write_text(
        '"graft.survival" = 0.3\n[repair_graft]\nretention = [0.5, 0.2, 1.3]\n', "utf-8"
    )
    call("priors", "--priors", str(file), "--json")
    rows = {row["prior"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["graft.survival"]["law"] == "point"
    assert rows["repair_graft.retention"]["numbers"] == "0.5, 0.2, 1.3"
    assert rows["graft.death_per_day"]["set by you"] == ""
    assert len(rows) > 30
    file.write_text("graft.survival = 'much'\n", "utf-8")
    with pytest.raises(InputError, match="not a number"):
        call("priors", "--priors", str(file))
    with pytest.raises(UnsupportedError):
        simulate(tmp_path / "x", "--dose", "5e8")


def test_the_report_is_written_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Page, data and pictures of a small run; a file in the place of the folder is refused."""
    from saisei.report import therapy_figures

    moving = therapy_figures.moving_course
    monkeypatch.setattr(
        therapy_figures, "moving_course", lambda document: moving(document, frames=2)
    )
    out = tmp_path / "report"
    call("report", "--study", "keio-2025", "--n", "40", "--person", "3", "--out", str(out))
    document = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert document["person"]["number"] == 3
    assert document["use"].startswith("hypothesis")
    names = {one.name for one in (out / "figures").iterdir()}
    assert {"person-year.svg", "cord-map.png", "population.csv", "moving.gif"} <= names
    assert "hypothesis" in (out / "report.html").read_text(encoding="utf-8")
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="not a folder"):
        call("report", "--n", "40", "--out", str(tmp_path / "file"))

"""JSON lines in the form of npm isncsci: in and out, fast and slow alike."""

import io
import json
import random
from pathlib import Path
from typing import Any

import pytest

from saisei.exam.formats import praxis_lines, read_exams
from saisei.exam.formats.praxis_lines import Tally, grade_lines
from saisei.exam.isncsci import classify

Exam = dict[str, Any]


@pytest.fixture(scope="module")
def exams(examples: Path) -> list[Exam]:
    """The six example exams, without the grades that the file reports."""
    lines = (examples / "praxis_lines.jsonl").read_text().splitlines()
    return [{"id": i, "exam": json.loads(line)["exam"]} for i, line in enumerate(lines)]


def graded(data: bytes, **options: Any) -> tuple[list[Any], Tally]:
    """The answers to some lines, and the tally."""
    tally = Tally()
    answers = b"".join(grade_lines(io.BytesIO(data).read, tally=tally, **options))
    return [json.loads(line) for line in answers.splitlines()], tally


def lines_of(exams: list[Exam]) -> bytes:
    """Exams as JSON lines."""
    return b"".join(json.dumps(one).encode() + b"\n" for one in exams)


# What the package itself printed for an exam with 0* everywhere, motor 3*, VAC and DAP No
# (npm isncsci 2.0.6, new ISNCSCI(exam) through JSON.stringify, run on 2026-11-20).
BELOW_C1 = "C2 C3 C4 C5 C6 C7 C8 T1 T2 T3 T4 T5 T6 T7 T8 T9 T10 T11 T12 L1 L2 L3 L4 L5 S1 S2 S3"
NPM_ZONE = "NA,C1," + ",".join(f"{level}*" for level in BELOW_C1.split())
NPM_CLASSIFICATION = {
    "neurologicalLevels": {
        "sensoryRight": "C1",
        "sensoryLeft": "C1",
        "motorRight": "C1",
        "motorLeft": "C1",
    },
    "neurologicalLevelOfInjury": "C1",
    "injuryComplete": "C*,I*",
    "ASIAImpairmentScale": "A*,D",
    "zoneOfPartialPreservations": {
        "sensoryRight": NPM_ZONE,
        "sensoryLeft": NPM_ZONE,
        "motorRight": "S1",
        "motorLeft": "S1",
    },
}
NPM_SIDE = {
    "upperExtremity": "15",
    "lowerExtremity": "15",
    "lightTouch": "0",
    "pinPrick": "0",
    "motor": "30",
}
NPM_TOTALS = {
    "left": NPM_SIDE,
    "right": NPM_SIDE,
    "upperExtremity": "30",
    "lowerExtremity": "30",
    "lightTouch": "0",
    "pinPrick": "0",
}


def test_the_answer_is_that_of_the_package_key_by_key(exams: list[Exam]) -> None:
    """Names, texts and order of keys are those of npm isncsci 2.0.6."""
    exam = json.loads(json.dumps(exams[0]))
    for side in ("right", "left"):
        part = exam["exam"][side]
        for cells in (part["lightTouch"], part["pinPrick"]):
            cells.update(dict.fromkeys(cells, "0*"))
        part["motor"].update(dict.fromkeys(part["motor"], "3*"))
    exam["exam"] |= {"voluntaryAnalContraction": "No", "deepAnalPressure": "No"}
    (answer,), tally = graded(lines_of([exam]))
    assert answer["result"] == {"classification": NPM_CLASSIFICATION, "totals": NPM_TOTALS}
    assert list(answer) == ["id", "result"]
    assert list(answer["result"]["classification"]) == [
        "neurologicalLevels",
        "neurologicalLevelOfInjury",
        "injuryComplete",
        "ASIAImpairmentScale",
        "zoneOfPartialPreservations",
    ]
    assert list(answer["result"]["totals"]) == list(NPM_TOTALS)
    assert (tally.exams, tally.faulty, tally.ais) == (1, 0, {"A,D": 1})


def many(exams: list[Exam], n: int) -> list[Exam]:
    """Many different exams, some with a non-key muscle."""
    rng = random.Random(3)
    found = []
    for i in range(n):
        one = json.loads(json.dumps(rng.choice(exams)["exam"]))
        for side in ("right", "left"):
            for part in ("lightTouch", "pinPrick"):
                for level in rng.sample(sorted(one[side][part]), 3):
                    one[side][part][level] = rng.choice(["0", "1", "2", "NT", "0*", "1**", "NT**"])
            one[side].pop("lowestNonKeyMuscleWithMotorFunction", None)
            if rng.random() < 0.5:
                one[side]["lowestNonKeyMuscleWithMotorFunction"] = rng.choice(["C8", "T1", "L3"])
        found.append({"id": f"exam {i}" if i % 2 else i, "exam": one})
    return found


def test_fast_and_slow_reading_give_the_same_answers(
    exams: list[Exam], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compiled reading by templates, compiled grading, and the plain way agree line by line."""
    data = lines_of(many(exams, 700))
    fast, tally = graded(data)
    monkeypatch.setattr(praxis_lines, "_FEW", 10**9)
    slow, _ = graded(data)
    assert fast == slow
    assert tally.exams == 700
    for answer, row in zip(fast, read_exams(data).rows[:60], strict=False):
        assert row.exam is not None
        result = classify(row.exam, "praxis", reasons=False)
        told = answer["result"]["classification"]
        assert told["ASIAImpairmentScale"] == ",".join(result.ais.labels)
        assert told["neurologicalLevels"]["motorLeft"] == ",".join(result.left_motor_level.labels)


EDITS = [
    ('"C2": "2"', '"C2": "3"'),
    ('"C2": "2"', '"C2": "2*"'),
    ('"C2": "2"', '"C2": " 2"'),
    ('"C2": "2"', '"C2": ""'),
    ('"C2": "2"', '"C2": 2'),
    ('"C2": "2"', '"C2": null'),
    ('"C2": "2"', '"C2": "22222"'),
    ('"C2": "2"', '"C2": "\\u0000"'),
    ('"C2": "2"', '"C2": "2", "C2": "0"'),
    ('"C2": "2", ', ""),
    ('"C2": "2"', '"C1": "2"'),
    ('"C2": "2"', '"C2": "2", "S5": "0"'),
    ('"C5": "', '"C5": "6'),
    ('"Yes"', '"yes"'),
    ("{", "["),
    ("}}", "}"),
    ('"right"', '"Right"'),
    ('"exam"', '"Exam"'),
]


@pytest.mark.parametrize("few", [0, 10**9], ids=["fast", "slow"])
@pytest.mark.parametrize(("old", "new"), EDITS)
def test_a_wrong_line_is_answered_by_an_error_and_the_others_are_graded(
    exams: list[Exam], old: str, new: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever a line is not a whole, valid exam, its answer is an error; no line is dropped."""
    monkeypatch.setattr(praxis_lines, "_FEW", few)
    monkeypatch.setattr(praxis_lines, "_WORTH", 1)
    good = [json.dumps(one) for one in exams * 2]
    bad = good[4].replace(old, new, 1)
    assert bad != good[4]
    data = "\n".join([*good[:8], bad, *good[8:]]).encode()
    answers, tally = graded(data)
    assert [("error" in one) for one in answers] == [i == 8 for i in range(13)]
    assert "input, line 9" in answers[8]["error"]
    assert (tally.exams, tally.faulty) == (12, 1)
    assert answers[0] == answers[6]


@pytest.mark.parametrize(
    "line",
    [b"x", b"\xff\xfe", b"[]", b"7", b"null", b'{"id": 3}', b'{"exam": 5, "id": [1]}', b"{" * 5000,
     b'{"id": "\\ud800", "exam": {}}', b'"' + b"y" * (5 << 20) + b'"'],
)  # fmt: skip
def test_lines_that_are_no_exam_at_all(exams: list[Exam], line: bytes) -> None:
    """Junk of any kind is one error in its place."""
    data = lines_of(exams[:1]) + line + b"\r\n\n" + lines_of(exams[1:2])
    answers, tally = graded(data)
    assert ["error" in one for one in answers] == [False, True, False]
    assert [one["id"] for one in answers][::2] == [0, 1]
    assert tally.faulty == 1


def test_ids_are_handed_back_as_they_are(exams: list[Exam]) -> None:
    """Text, numbers, null and nothing: the id is returned, blank lines and CRLF do not count."""
    ids: list[Any] = ['é "x"', 7, -1.5, None, True, "a\\b"]
    items = [{"id": value, "exam": exams[0]["exam"]} for value in ids]
    items.append({"exam": exams[0]["exam"]})
    data = b"\xef\xbb\xbf\n" + lines_of(items).replace(b"\n", b"\r\n\r\n")
    answers, _ = graded(data)
    assert [one["id"] for one in answers] == [*ids, None]


def test_a_bare_exam_is_told_where_it_belongs(exams: list[Exam]) -> None:
    """An exam that does not stand under the key exam gets a useful error."""
    (answer,), _ = graded(json.dumps(exams[0]["exam"]).encode())
    assert 'write {"id": ..., "exam": {...}}' in answer["error"]


def test_lenient_lines_are_mended_and_listed(exams: list[Exam]) -> None:
    """A number for a score is mended only when asked for."""
    data = json.dumps(exams[0]).replace('"C2": "2"', '"C2": 2', 1).encode()
    assert "error" in graded(data)[0][0]
    answers, tally = graded(data, lenient=True)
    assert "result" in answers[0]
    assert [repair.read_as for repair in tally.repairs] == ["2"]


def test_blocks_do_not_change_the_answers(
    exams: list[Exam], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the size of a block, the answers are the same, in order."""
    data = lines_of(exams * 3)
    whole, _ = graded(data)
    for size in (100, 1000, 5000):
        monkeypatch.setattr(praxis_lines, "BLOCK_BYTES", size)
        assert graded(data)[0] == whole

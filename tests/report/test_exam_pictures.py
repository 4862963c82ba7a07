"""Pictures of the exam: valid, self-contained SVG that shows every score at the right place and side."""

from __future__ import annotations

import random
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saisei.errors import InputError
from saisei.exam.isncsci import DERMATOMES, KEY_MUSCLES, Classification, Exam, Level, classify
from saisei.exam.isncsci.record import COLUMNS
from saisei.report.exam_body import BODY_HEIGHT, DERMATOME_FIELDS, MUSCLE_FIELDS, Field
from saisei.report.exam_canvas import Canvas, Theme, identifier
from saisei.report.exam_change import draw_change
from saisei.report.exam_map import draw_map
from saisei.report.exam_png import png
from saisei.report.exam_sheet import draw_sheet, shade

SVG = "{http://www.w3.org/2000/svg}"


def random_exam(seed: int) -> Exam:
    """Any legal codes: every kind of score and flag occurs."""
    rng = random.Random(seed)
    sensory = (0, 1, 2, 9, 10, 11, 19, 20, 21, 29)
    motor = (0, 1, 2, 3, 4, 5, 9, 13, 19, 24, 29)
    codes = [rng.choice(motor if at % 66 >= 56 else sensory) for at in range(132)]
    codes += [rng.choice((0, 1, 9)), rng.choice((0, 1, 9)), rng.choice((-1, 4, 25)), -1]
    return Exam.from_codes(codes, comments="left arm in a cast & <bandage>")


def plain_exam(**changes: int) -> Exam:
    """A normal exam, but for the changes (column name -> code)."""
    codes = [5 if at % 66 >= 56 else 2 for at in range(132)] + [1, 1, -1, -1]
    for name, code in changes.items():
        codes[COLUMNS.index(name)] = code
    return Exam.from_codes(codes)


def graded(exam: Exam) -> Classification:
    """Its classification without reasons."""
    return classify(exam, reasons=False)


Draw = Callable[[Exam, Theme], str]


def change(exam: Exam, theme: Theme) -> str:
    """The exam against a normal one."""
    other = plain_exam()
    return draw_change(exam, other, (graded(exam), graded(other)), theme=theme)


DRAWN: dict[str, Draw] = {
    "sheet": lambda exam, theme: draw_sheet(exam, graded(exam), theme=theme),
    "map": lambda exam, theme: draw_map(exam, graded(exam), theme=theme),
    "change": change,
}
kinds = pytest.mark.parametrize("kind", DRAWN)


@kinds
@pytest.mark.parametrize("theme", Theme)
def test_a_picture_is_valid_and_stands_alone(kind: str, theme: Theme) -> None:
    """Well-formed XML without script, outside reference, event handler or font file."""
    svg = DRAWN[kind](random_exam(1), theme)
    root = ET.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert {one.tag for one in root.iter()} <= {
        f"{SVG}{name}"
        for name in (
            "svg",
            "title",
            "desc",
            "style",
            "defs",
            "pattern",
            "rect",
            "line",
            "polygon",
            "text",
        )
    }
    assert set(re.findall(r"https?://[^\s\"']+", svg)) == {"http://www.w3.org/2000/svg"}
    assert set(re.findall(r"url\(([^)]*)\)", svg)) <= {f"#{root.get('id')}-hatch"}
    assert not re.search(r"\bon\w+=|@import|@font-face|javascript:|href", svg)


@kinds
def test_a_picture_can_be_read_without_seeing_it(kind: str) -> None:
    """Role, title and description are there, and the description holds every score."""
    root = ET.fromstring(DRAWN[kind](random_exam(2), Theme.AUTO))
    named = {
        one.get("id"): one.text or "" for one in root if one.tag in (f"{SVG}title", f"{SVG}desc")
    }
    assert root.get("role") == "img"
    assert named[root.get("aria-labelledby")]
    words = named[root.get("aria-describedby")]
    assert all(re.search(rf"^{level.label} ", words, re.MULTILINE) for level in DERMATOMES)
    assert "NLI" in words
    assert "Deep anal pressure" in words


@kinds
def test_every_id_and_rule_carries_the_prefix(kind: str) -> None:
    """Two pictures can stand in one page: ids, classes and variables start with the picture's own id."""
    svg = DRAWN[kind](random_exam(3), Theme.AUTO)
    ident = ET.fromstring(svg).get("id") or ""
    assert ident.startswith(f"exam-{kind}-")
    assert all(one.startswith(ident) for one in re.findall(r'\bid="([^"]+)"', svg))
    assert all(
        one.startswith(ident)
        for text in re.findall(r'class="([^"]+)"', svg)
        for one in text.split()
    )
    style = re.findall(r"<style>(.*?)</style>", svg, re.DOTALL)[0]
    assert all(one.startswith(f"--{ident}-") for one in re.findall(r"--[\w-]+", style))
    assert all(one[1:].startswith(ident) for one in re.findall(r"[.#][A-Za-z][\w-]*(?=\{)", style))
    assert ident != ET.fromstring(DRAWN[kind](random_exam(4), Theme.AUTO)).get("id")


@kinds
def test_the_same_exam_gives_the_same_bytes(kind: str) -> None:
    """No clock and no chance in a picture."""
    assert DRAWN[kind](random_exam(5), Theme.AUTO) == DRAWN[kind](random_exam(5), Theme.AUTO)


@kinds
def test_light_and_dark_are_both_there(kind: str) -> None:
    """`auto` carries both sets, the dark one for screens only; a fixed theme carries no variable."""
    auto = DRAWN[kind](random_exam(6), Theme.AUTO)
    assert "@media screen and (prefers-color-scheme:dark)" in auto
    for theme in (Theme.LIGHT, Theme.DARK):
        fixed = DRAWN[kind](random_exam(6), theme)
        assert "var(--" not in fixed
        assert "@media" not in fixed


def texts(svg: str) -> list[tuple[float, float, str]]:
    """All texts with their place."""
    root = ET.fromstring(svg)
    return [
        (float(one.get("x", "0")), float(one.get("y", "0")), one.text or "")
        for one in root.iter(f"{SVG}text")
    ]


@pytest.mark.parametrize(
    ("column", "place"),
    [
        ("right_motor_c5", 0), ("right_light_touch_c5", 1), ("right_pin_prick_c5", 2),
        ("left_light_touch_c5", 3), ("left_pin_prick_c5", 4), ("left_motor_c5", 5),
    ],
)  # fmt: skip
def test_a_score_stands_in_its_column_on_the_sheet(column: str, place: int) -> None:
    """Right motor, LT, PP, then left LT, PP, motor: the person's right on the left, as on paper."""
    svg = draw_sheet(plain_exam(**{column: 1}), graded(plain_exam(**{column: 1})))
    found = texts(svg)
    row = next(y for _, y, words in found if words == "Elbow flexors")
    scores = sorted((x, words) for x, y, words in found if abs(y - row) < 2 and words in "0123459")
    assert [words for _, words in scores].index("1") == place
    assert len(scores) == 6


@pytest.mark.parametrize(("side", "sign"), [("right", -1), ("left", 1)])
@pytest.mark.parametrize("part", ["light_touch", "pin_prick"])
def test_a_score_stands_on_its_side_of_the_body(side: str, sign: int, part: str) -> None:
    """The person's right is left of the midline of its own figure."""
    exam = plain_exam(**{f"{side}_{part}_t8": 0})
    middle = {"light_touch": 142.0, "pin_prick": 400.0}[part]
    places = [
        x - middle
        for x, y, words in texts(draw_map(exam, graded(exam)))
        if words == "0" and 132 < y < 132 + BODY_HEIGHT
    ]
    assert len(places) == 1
    assert 0 < sign * places[0] < 125


@pytest.mark.parametrize("seed", range(5))
def test_all_132_scores_are_printed(seed: int) -> None:
    """Sheet and map print each grade and each NT as often as the exam has it."""
    exam = random_exam(seed)
    sides = (exam.right, exam.left)
    scores = [
        one
        for side in sides
        for part in (side.light_touch, side.pin_prick, side.motor)
        for one in part
    ]
    expected = Counter("NT" if one.grade is None else str(one.grade) for one in scores)
    stars = sum(len(one.flag.value) for one in scores)
    sheet, body = (draw(exam, graded(exam)) for draw in (draw_sheet, draw_map))
    legend = Counter("543210")  # one box of the legend for each motor grade
    for svg, last, more in ((sheet, 700, 0), (body, 132 + BODY_HEIGHT, 4)):
        anal = Counter([exam.vac.value]) if svg is body else Counter()
        printed = Counter(words for _, y, words in texts(svg) if 100 < y < last)
        assert {key: printed[key] - anal[key] for key in expected} == dict(expected), more
        everything = Counter(words for _, _, words in texts(svg))
        assert all(everything[key] >= expected[key] + legend[key] for key in "012345")
    drawn = [
        len(re.findall(r'<polygon points="(?:[^ "]+ ){9}[^ "]+"', svg)) for svg in (sheet, body)
    ]
    assert drawn[0] == stars + 3  # and three in the legend
    assert drawn[1] >= stars + 3


def test_the_map_has_one_field_for_each_dermatome_and_key_muscle() -> None:
    """28 and 10 fields, each on its own side of the midline, and no two centres alike."""
    assert set(DERMATOME_FIELDS) == set(DERMATOMES)
    assert set(MUSCLE_FIELDS) == set(KEY_MUSCLES)
    for fields in (DERMATOME_FIELDS, MUSCLE_FIELDS):
        assert all(x >= 0 for field in fields.values() for x, _ in field.corners)
        assert all(x < 125 and 0 <= y <= BODY_HEIGHT for f in fields.values() for x, y in f.corners)
        assert len({field.at for field in fields.values()}) == len(fields)


def inside(point: tuple[float, float], corners: tuple[tuple[float, float], ...]) -> bool:
    """Ray casting."""
    x, y = point
    crossed = False
    for (ax, ay), (bx, by) in zip(corners, (*corners[1:], corners[0]), strict=True):
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            crossed = not crossed
    return crossed


@pytest.mark.parametrize("fields", [DERMATOME_FIELDS, MUSCLE_FIELDS], ids=["skin", "muscles"])
def test_each_number_stands_in_its_own_field_only(fields: dict[Level, Field]) -> None:
    """The place of a number lies inside its field and inside no other."""
    for level, field in fields.items():
        assert [other for other, one in fields.items() if inside(field.at, one.corners)] == [level]


def test_change_is_signed_and_never_guessed() -> None:
    """+2, a real minus sign for a loss, 0 for none, ? when one of the two was not testable."""
    before = plain_exam(right_light_touch_t4=0, left_motor_l3=5, left_pin_prick_s1=9)
    after = plain_exam(right_light_touch_t4=2, left_motor_l3=2, left_pin_prick_s1=1)
    svg = draw_change(before, after, (graded(before), graded(after)))
    cells = Counter(words for _, y, words in texts(svg) if 120 < y < 660)
    assert (cells["+2"], cells["−3"], cells["?"], cells["0"]) == (1, 1, 1, 130)


def test_further_from_normal_is_darker_in_light_and_lighter_in_dark() -> None:
    """The lightness of the ramp is monotone in both themes, so that it reads in grey."""

    def greys(theme: Theme) -> list[float]:
        canvas = Canvas("a", 10, 10, "t", "d", theme)
        for grade in range(5, -1, -1):
            canvas.rect(0, 0, 1, 1, shade(grade, 5)[0])
        found = dict(re.findall(r"\.a-f-(r\d)\{fill:#([0-9a-f]{6})\}", canvas.svg()))
        rgb = [[int(found[f"r{step}"][at : at + 2], 16) for at in (0, 2, 4)] for step in range(6)]
        return [0.299 * red + 0.587 * green + 0.114 * blue for red, green, blue in rgb]

    light, dark = greys(Theme.LIGHT), greys(Theme.DARK)
    assert light == sorted(light, reverse=True)
    assert dark == sorted(dark)


def _contrast(first: str, second: str) -> float:
    """WCAG 2 contrast ratio of two colours."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_every_number_can_be_read_on_its_colour() -> None:
    """Contrast of at least 4.5 (WCAG AA) for each pair of fill and text in both themes."""
    from saisei.report import exam_canvas

    pairs = [(f"r{n}", f"x{n}") for n in range(6)]
    pairs += [(f"{a}{n}", f"{b}{n}") for a, b in ("gh", "lm") for n in (1, 2, 3)]
    pairs += [("paper", "ink"), ("paper", "muted"), ("wash", "ink"), ("wash", "muted")]
    for colours in (exam_canvas._LIGHT, exam_canvas._DARK):
        assert {
            pair: _contrast(colours[pair[0]], colours[pair[1]]) >= 4.5 for pair in pairs
        } == dict.fromkeys(pairs, True)


@kinds
def test_a_png_is_drawn_at_the_asked_width(kind: str) -> None:
    """PNG signature and width; the picture is not empty."""
    image = png(DRAWN[kind](random_exam(7), Theme.LIGHT), width_px=400)
    assert image[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(image[16:20], "big") == 400
    assert len(image) > 10_000


def test_a_png_refuses_what_it_cannot_draw() -> None:
    """Variables are unknown to the renderer; widths have limits."""
    svg = DRAWN["sheet"](random_exam(8), Theme.AUTO)
    with pytest.raises(InputError, match="light or dark"):
        png(svg)
    with pytest.raises(InputError, match="100 to 10000"):
        png(DRAWN["sheet"](random_exam(8), Theme.LIGHT), width_px=1)


def test_text_is_escaped() -> None:
    """A heading or a comment with markup stays text."""
    exam = random_exam(9)
    svg = draw_sheet(exam, graded(exam), heading='<script>alert("x")</script> & more')
    assert "<script" not in svg
    assert "&lt;bandage&gt;" in svg
    assert ET.fromstring(svg)[0].text == '<script>alert("x")</script> & more'


def test_an_id_that_could_break_a_style_is_refused() -> None:
    """Ids are letters, digits and hyphens."""
    with pytest.raises(ValueError, match="cannot be an id"):
        Canvas("a b{", 1, 1, "t", "d")
    assert identifier("map", 1) != identifier("map", 2)


@given(st.text(max_size=300), st.text(max_size=40))
def test_any_text_gives_well_formed_xml(comments: str, heading: str) -> None:
    """Control characters, surrogates, long words and other scripts never break a picture."""
    exam = Exam.from_codes(plain_exam().codes(), comments=comments)
    svg = draw_sheet(exam, graded(exam), heading=heading, note=heading)
    ET.fromstring(svg)
    svg.encode("utf-8")


@kinds
def test_nothing_leaves_the_sheet(kind: str) -> None:
    """With every cell NT and overlong texts, each text stays inside (widest font, estimated)."""
    exam = Exam.from_codes([9] * 134 + [4, 25], comments="word " * 400 + "x" * 500)
    long = "A heading that is much too long for one line of this picture " * 3
    result = graded(exam)
    svg = {
        "sheet": lambda: draw_sheet(exam, result, heading=long, note=long),
        "map": lambda: draw_map(exam, result, heading=long, note=long),
        "change": lambda: draw_change(
            exam, exam, (result, result), heading=long, labels=(long, long)
        ),
    }[kind]()
    root = ET.fromstring(svg)
    for one in root.iter(f"{SVG}text"):
        bold = one.get("font-weight") == "700"
        width = len(one.text or "") * float(one.get("font-size", "0")) * (0.66 if bold else 0.58)
        x = float(one.get("x", "0"))
        share = {"start": 0.0, "middle": 0.5, "end": 1.0}[one.get("text-anchor", "start")]
        assert x - share * width >= 0, one.text
        assert x + (1 - share) * width <= 800, one.text
        assert 0 < float(one.get("y", "0")) < float(root.get("height", "0"))

"""`saisei exam`: grade, explain, check and convert files of ISNCSCI exams."""

from __future__ import annotations

from saisei.cli.exam_check import check
from saisei.cli.exam_convert import convert
from saisei.cli.exam_draw import draw
from saisei.cli.exam_explain import explain
from saisei.cli.exam_grade import grade
from saisei.cli.output import noun

app = noun(
    "ISNCSCI exams: grade, explain, check, convert, draw. Research use only: never the prognosis of a person."
)
app.command()(grade)
app.command()(explain)
app.command()(check)
app.command()(convert)
app.command()(draw)

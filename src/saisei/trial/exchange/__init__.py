"""In and out: what leaves the store for other programs, and exams that come back.

Every writer takes an `Extract`, what one person may see up to a cut-off, and gives bytes; every reader takes
bytes, never a path or a URL from inside the data, and gives the exams as bodies to be entered. What goes out
and comes back is equal.
"""

from saisei.trial.exchange.extract import ExamFact, Extract, exam_table, extract
from saisei.trial.exchange.forms import READERS, WRITERS, read_exchange, write_exchange

__all__ = [
    "READERS",
    "WRITERS",
    "ExamFact",
    "Extract",
    "exam_table",
    "extract",
    "read_exchange",
    "write_exchange",
]

"""JSON lines in the form of npm `isncsci`: exams in, results out, one line each.

In: `{"id": ..., "exam": {"right": {...}, "left": {...}, "voluntaryAnalContraction": ..., ...}}`. Out:
`{"id": ..., "result": {"classification": {...}, "totals": {...}}}` with the names, texts and order of
keys of that package (version 2.0.6), or `{"id": ..., "error": "..."}` for a line that is not a whole,
valid exam. Every line in that is not blank has one line out, in the same order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saisei.errors import Fault
from saisei.exam.formats import layouts
from saisei.exam.formats.parse import Options, parse_sheet
from saisei.exam.formats.praxis_results import ais_counts, result_lines
from saisei.exam.formats.results import grade_sets
from saisei.exam.formats.source import decoded, flat_record, records_sheet
from saisei.exam.formats.table import ExamRow, Repair
from saisei.exam.isncsci.policy import Policy, policy_named
from saisei.exam.isncsci.record import COLUMNS

__all__ = ["Tally", "grade_lines"]

BLOCK_BYTES = 8 << 20
MAX_LINE = 4 << 20
"""Longest line, in bytes; an exam has some 2,500."""
KEEP = 20
_FEW = 400  # below this many lines, making the fast reader ready costs more than it saves
_TEMPLATES = 8
_WORTH = 50  # lines left over that make another template worth its while
_BOM = b"\xef\xbb\xbf"


@dataclass(slots=True)
class Tally:
    """What was read so far.

    Attributes:
        exams: lines graded.
        faulty: lines answered by an error.
        faults: the first `KEEP` faults.
        repairs: what lenient reading mended.
        ais: how many exams have this AIS; several letters (`C,D`) are an ND.
        bytes_read: how much of the input was read.
    """

    exams: int = 0
    faulty: int = 0
    faults: list[Fault] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)
    ais: dict[str, int] = field(default_factory=dict)
    bytes_read: int = 0


def grade_lines(
    read: Callable[[int], bytes],
    name: str = "input",
    policy: Policy | str = "praxis",
    lenient: bool = False,
    tally: Tally | None = None,
) -> Iterator[bytes]:
    """Grade JSON lines, block by block, in flat memory.

    Args:
        read: returns up to that many bytes, `b""` at the end (the `read` of a binary file).
        name: what messages call the input.
        policy: the reading of the open points; Praxis by default.
        lenient: mend what can mean one thing only; listed in the tally.
        tally: counts, filled as the blocks go by.

    Yields:
        The answers to one block of lines, each ending in a newline.

    >>> from io import BytesIO
    >>> b"".join(grade_lines(BytesIO(b'{"id": 7, "exam": {}}').read)).decode()[:16]
    '{"id":7,"error":'
    """
    policy = policy_named(policy)
    options = Options(lenient, old_5_star=policy.revision != "2019")
    grader = _Grader(name, policy, options, tally if tally is not None else Tally())
    for lines in _blocks(read, grader.tally):
        answers = grader.answer(lines)
        if answers:
            yield answers


def _blocks(read: Callable[[int], bytes], tally: Tally) -> Iterator[bytes]:
    """Whole lines, many at a time. A line that is too long is cut, so that it is refused as broken."""
    rest = b""
    first = True
    while chunk := read(BLOCK_BYTES):
        tally.bytes_read += len(chunk)
        block = rest + chunk
        if first:
            block, first = block.removeprefix(_BOM), False
        end = block.rfind(b"\n") + 1
        if end == 0 and len(block) > MAX_LINE:
            # Keep a stump that is still too long; what follows up to the line end belongs to it.
            rest = block[: MAX_LINE + 1]
            continue
        rest = block[end:]
        if end:
            yield block[:end]
    if rest:
        yield rest


class _Grader:
    """Reads a block of lines, fast where they are alike, and writes the answers in order."""

    def __init__(self, name: str, policy: Policy, options: Options, tally: Tally) -> None:
        self.name, self.policy, self.options, self.tally = name, policy, options, tally
        self.lines_before = 0
        self.templates: list[Any] = []

    def answer(self, block: bytes) -> bytes:
        """The answers to a block of whole lines."""
        starts, stops = _line_spans(block)
        numbers = np.arange(len(starts)) + self.lines_before + 1
        self.lines_before += len(starts)
        written = np.array([bool(block[a:b].strip()) for a, b in zip(starts, stops, strict=True)])
        if not written.any():
            return b""
        starts, stops, numbers = starts[written], stops[written], numbers[written]
        n = len(starts)
        codes = np.zeros((n, len(COLUMNS)), dtype=np.int8)
        ids: list[bytes] = [b"null"] * n
        todo = np.arange(n)
        faults: dict[int, ExamRow] = {}
        if n >= _FEW or self.templates:
            todo = self._fast(block, starts, stops, codes, ids)
        self._slow(block, starts, stops, numbers, todo, codes, ids, faults)
        return self._written(codes, ids, faults)

    def _fast(
        self,
        block: bytes,
        starts: NDArray[np.int64],
        stops: NDArray[np.int64],
        codes: NDArray[np.int8],
        ids: list[bytes],
    ) -> NDArray[np.int64]:
        """Fill what the templates match; returns the lines that are left."""
        from saisei.exam.formats.batch_lines import PADDING, match_lines

        data = np.frombuffer(block + bytes(PADDING), dtype=np.uint8)
        todo = np.arange(len(starts))
        tried = 0
        while len(todo):
            if tried == len(self.templates) and not self._learn(block, starts, stops, todo):
                return todo
            template = self.templates[tried]
            tried += 1
            matched, found, at = match_lines(data, starts[todo], stops[todo], template)
            hit = todo[matched]
            codes[hit] = found[matched]
            for i, (first, last) in zip(hit.tolist(), at[matched].tolist(), strict=True):
                if last:
                    ids[i] = block[first:last]
            todo = todo[~matched]
        return todo

    def _learn(
        self,
        block: bytes,
        starts: NDArray[np.int64],
        stops: NDArray[np.int64],
        todo: NDArray[np.int64],
    ) -> bool:
        """Make a template from the first line left over that the slow way accepts as it stands."""
        from saisei.exam.formats.batch_lines import Template

        if len(self.templates) >= _TEMPLATES or len(todo) < _WORTH:
            return False
        for i in todo[:KEEP].tolist():
            line = block[starts[i] : stops[i]]
            row = self._rows([(0, line)])[0][1]
            slots = _slots(line) if row.codes is not None and not row.repairs else None
            if slots is not None:
                self.templates.append(Template.of(line, slots))
                return True
        return False

    def _slow(
        self,
        block: bytes,
        starts: NDArray[np.int64],
        stops: NDArray[np.int64],
        numbers: NDArray[np.int64],
        todo: NDArray[np.int64],
        codes: NDArray[np.int8],
        ids: list[bytes],
        faults: dict[int, ExamRow],
    ) -> None:
        lines = [(int(numbers[i]), block[starts[i] : stops[i]]) for i in todo]
        for i, (id_text, row) in zip(todo.tolist(), self._rows(lines), strict=True):
            ids[i] = id_text
            self.tally.repairs += row.repairs
            if row.codes is None:
                faults[i] = row
            else:
                codes[i] = row.codes

    def _rows(self, lines: list[tuple[int, bytes]]) -> list[tuple[bytes, ExamRow]]:
        """Read lines the strict way, one by one."""
        if not lines:
            return []
        ids: list[bytes] = []
        items: list[dict[str, Any] | Fault] = []
        for number, raw in lines:
            where = f"{self.name}, line {number}"
            value = _decode(raw, where)
            ids.append(_id_of(value))
            items.append(value if isinstance(value, Fault) else flat_record(value, where))
        sheet = records_sheet(items, [number for number, _ in lines], "json lines", self.name)
        table = parse_sheet(sheet, layouts.WRAPPED, "asked for", self.options)
        skipped = {one.where: one.why for one in table.skipped}
        rows = {row.row: row for row in table.rows}
        for i in range(len(lines)):
            if i + 1 not in rows:
                where = sheet.place(i)
                rows[i + 1] = ExamRow(i + 1, where, {}, faults=(Fault(where, "", skipped[where]),))
        return [(ids[i], rows[i + 1]) for i in range(len(lines))]

    def _written(
        self, codes: NDArray[np.int8], ids: list[bytes], faults: dict[int, ExamRow]
    ) -> bytes:
        sound = np.array([i for i in range(len(ids)) if i not in faults], dtype=np.int64)
        answers: list[bytes] = [b""] * len(ids)
        if len(sound):
            sets, stars = grade_sets(codes[sound], self.policy)
            results = result_lines([ids[i] for i in sound.tolist()], codes[sound], sets, stars)
            for i, line in zip(sound.tolist(), results, strict=True):
                answers[i] = line
            for grade, count in ais_counts(sets).items():
                self.tally.ais[grade] = self.tally.ais.get(grade, 0) + count
        for i, row in faults.items():
            text = "; ".join(str(fault) for fault in row.faults[:KEEP])
            if len(row.faults) > KEEP:
                text += f"; and {len(row.faults) - KEEP} more"
            error = json.dumps(text, ensure_ascii=False).encode()
            answers[i] = b'{"id":%b,"error":%b}\n' % (ids[i], error)
            self.tally.faults += row.faults[: max(0, KEEP - len(self.tally.faults))]
        self.tally.exams += len(sound)
        self.tally.faulty += len(faults)
        return b"".join(answers)


def _line_spans(block: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each line begins and ends, without `\\n` and a `\\r` before it."""
    data = np.frombuffer(block, dtype=np.uint8)
    ends = np.flatnonzero(data == ord("\n"))
    if not block.endswith(b"\n"):
        ends = np.append(ends, len(block))
    starts = np.concatenate(([0], ends[:-1] + 1))
    last = data[np.maximum(ends - 1, 0)]
    stops = np.where((ends > starts) & (last == ord("\r")), ends - 1, ends)
    return starts.astype(np.int64), stops.astype(np.int64)


def _decode(raw: bytes, where: str) -> Any:
    if len(raw) > MAX_LINE:
        return Fault(where, f"{len(raw)} bytes", f"a line has at most {MAX_LINE} bytes")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return Fault(where, "", f"byte 0x{raw[error.start]:02x} is not UTF-8")
    value = decoded(text, where)
    if isinstance(value, dict) and "exam" not in value and "right" in value:
        return Fault(where, "", "the exam stands bare", 'write {"id": ..., "exam": {...}}')
    return value


def _id_of(value: Any) -> bytes:
    """The id of a line as JSON; null where there is none."""
    found = value.get("id") if isinstance(value, dict) else None
    try:
        return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()
    except (UnicodeEncodeError, RecursionError):
        return b"null"


_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_ITEM_AT = {name: i for i, name in enumerate(layouts.WRAPPED.items)}


def _slots(line: bytes) -> list[Any] | None:
    """Where the values of a valid line stand; None when it is written in a way that has no template."""
    from saisei.exam.formats.batch_lines import ID, SKIP, Slot

    slots: list[Slot] = []
    path: list[str] = []
    key: str | None = None
    for match in _TOKEN.finditer(line):
        token = match[0]
        if token in b"[]" or b"\\" in token:
            return None
        if token == b"{":
            path, key = ([*path, key] if key is not None else path), None
        elif token == b"}":
            path = path[:-1]
        elif token == b",":
            key = None
        elif token == b":":
            continue
        elif key is None:
            key = token[1:-1].decode()
        else:
            name = ".".join([*path, key])
            item = _ITEM_AT.get(name)
            quoted = token.startswith(b'"')
            if item is not None and quoted and len(token) > 2:
                slots.append(Slot(match.start() + 1, match.end() - 1, item))
            elif name == "id":
                slots.append(Slot(match.start(), match.end(), ID))
            elif item is None and (quoted or token.lstrip(b"-").isdigit()):
                slots.append(Slot(match.start(), match.end(), SKIP))
    return slots

"""A schematic body of our own: one polygon for each dermatome and one for each key muscle.

Not the ASIA figure and not an atlas: straight-edged fields in the order and on the side where examiners look
for them, each drawn once. The person faces the reader, palms forward, so the right side is on the reader's
left. S2 to S4-5 lie behind; they are drawn below the feet as half rings, as if seen from below.

Where each dermatome is looked for follows the key sensory points of the standard (ISNCSCI 2019): C6 thumb,
C7 middle finger, C8 little finger, T1 inner elbow, T2 armpit (here the first band of the chest), T4 nipple
line, T10 navel, L3 inner knee, L4 inner ankle, L5 back of the foot, S1 outer heel, S2 back of the knee, S3
sitting bone. Coordinates are for one side, in units from the midline (x >= 0) and from the top; the other
side is the mirror image.
"""

from __future__ import annotations

from dataclasses import dataclass

from saisei.exam.isncsci import Level
from saisei.report.exam_canvas import Point

__all__ = ["BODY_HEIGHT", "DERMATOME_FIELDS", "FACE", "MUSCLE_FIELDS", "SEAT", "Field", "mirrored"]

BODY_HEIGHT = 572.0
_SPINE = 12.0  # half the width of the column of labels in the middle


@dataclass(frozen=True, slots=True)
class Field:
    """One region: its corners, where its number stands and where its label stands.

    A label at x = 0 stands in the middle and serves both sides.
    """

    corners: tuple[Point, ...]
    at: Point
    label: Point


def mirrored(points: tuple[Point, ...], middle: float, top: float, side: int) -> list[Point]:
    """Corners on paper: `side` -1 is the person's right (reader's left), +1 the left."""
    return [(middle + side * x, top + y) for x, y in points]


def _centre(corners: tuple[Point, ...]) -> Point:
    return (
        sum(x for x, _ in corners) / len(corners),
        sum(y for _, y in corners) / len(corners),
    )


# The arm hangs away from the trunk; `_arm` cuts pieces out of it along its axis.
_SHOULDER: Point = (74.0, 104.0)
_HAND: Point = (96.0, 290.0)


def _arm(start: float, end: float, inner: float, outer: float) -> tuple[Point, ...]:
    """A piece of the arm from `start` to `end` of its length and `inner` to `outer` across it."""
    (sx, sy), (hx, hy) = _SHOULDER, _HAND
    length = ((hx - sx) ** 2 + (hy - sy) ** 2) ** 0.5
    ax, ay = (hx - sx) / length, (hy - sy) / length
    corners = []
    for part, offset in ((start, inner), (start, outer), (end, outer), (end, inner)):
        corners.append((sx + part * (hx - sx) + offset * ay, sy + part * (hy - sy) - offset * ax))
    return tuple(corners)


def _beside(corners: tuple[Point, ...], dx: float) -> Field:
    """A field with its number in the centre and its label `dx` beside it."""
    x, y = _centre(corners)
    return Field(corners, (x, y), (x + dx, y))


def _banded(corners: tuple[Point, ...]) -> Field:
    """A field of the trunk: its label stands in the column in the middle."""
    x, y = _centre(corners)
    return Field(corners, (x, y), (0.0, y))


# The unit circle in steps of 15 degrees from the top to the bottom.
_COS = (0.0, 0.259, 0.5, 0.707, 0.866, 0.966, 1.0, 0.966, 0.866, 0.707, 0.5, 0.259, 0.0)
_SIN = (1.0, 0.966, 0.866, 0.707, 0.5, 0.259, 0.0, -0.259, -0.5, -0.707, -0.866, -0.966, -1.0)


def _ring(centre: Point, inner: float, outer: float, last: int = 12) -> tuple[Point, ...]:
    """Half a ring on the reader's right, from the top round to step `last`."""
    cx, cy = centre
    out = [(cx + outer * _COS[i], cy - outer * _SIN[i]) for i in range(last + 1)]
    back = [(cx + inner * _COS[i], cy - inner * _SIN[i]) for i in reversed(range(last + 1))]
    return tuple(out + (back if inner else []))


_TRUNK_TOP = 112.0
_BAND = 15.5
# Half the width of the trunk at the top of each band, T2 to L1 and below: shoulder, waist, hip.
_WIDTHS = (55.0, 53.0, 51.5, 50.0, 49.0, 48.0, 47.0, 46.5, 46.5, 47.0, 48.0, 49.5, 51.0)
_SEAT_AT = 524.0
SEAT: Point = (0.0, _SEAT_AT)


def _trunk(at: int) -> tuple[Point, ...]:
    top = _TRUNK_TOP + at * _BAND
    end = top + _BAND - 1.5
    return ((_SPINE, top), (_WIDTHS[at], top), (_WIDTHS[at + 1], end), (_SPINE, end))


FACE: tuple[Point, ...] = _ring((0.0, 32.0), 0.0, 13.5)
_UPPER_OUTER = _arm(0.0, 0.43, 1.0, 18.0)
_UPPER_INNER = _arm(0.03, 0.5, -17.0, -0.8)
_FORE_OUTER = _arm(0.44, 0.86, 1.0, 18.0)
_FORE_INNER = _arm(0.51, 0.86, -17.0, -0.8)
_FINGERS = _arm(0.87, 1.02, -17.0, 18.0)
_THIGH = ((5.0, 300.0), (51.0, 300.0), (48.0, 338.0), (5.0, 338.0))
_KNEE = ((5.0, 340.0), (48.0, 340.0), (44.0, 376.0), (6.0, 376.0))
_SHIN_INNER = ((7.0, 378.0), (24.0, 378.0), (22.0, 444.0), (9.0, 444.0))
_SHIN_OUTER = ((25.5, 378.0), (44.0, 378.0), (38.0, 444.0), (23.5, 444.0))
_SHIN_AND_FOOT = (
    (25.5, 378.0), (44.0, 378.0), (38.0, 446.0), (33.0, 466.0), (7.0, 466.0), (8.5, 446.0), (23.5, 446.0),
)  # fmt: skip
_OUTER_FOOT = ((39.5, 446.0), (47.0, 446.0), (52.0, 466.0), (34.5, 466.0))
_WHOLE_FOOT = ((8.5, 446.0), (40.0, 446.0), (50.0, 466.0), (7.0, 466.0))

DERMATOME_FIELDS: dict[Level, Field] = {
    Level.C2: Field(_ring((0.5, 32.0), 15.0, 32.0, 9), (24.0, 30.0), (46.0, 22.0)),
    Level.C3: _beside(((0.5, 66.0), (18.0, 66.0), (18.0, 83.0), (0.5, 83.0)), 22.0),
    Level.C4: Field(
        ((0.5, 85.0), (20.0, 85.0), (70.0, 96.0), (70.0, 102.0), (55.5, 110.0), (0.5, 110.0)),
        (32.0, 100.0),
        (56.0, 84.0),
    ),
    Level.C5: _beside(_UPPER_OUTER, 19.0),
    Level.C6: _beside(_FORE_OUTER, 19.0),
    Level.C7: Field(_FINGERS, _centre(_FINGERS), (_centre(_FINGERS)[0], 303.0)),
    Level.C8: _beside(_FORE_INNER, -19.0),
    Level.T1: Field(_UPPER_INNER, _centre(_UPPER_INNER), (58.0, 190.0)),
    **{Level(Level.T2 + at): _banded(_trunk(at)) for at in range(12)},
    Level.L2: _beside(_THIGH, 34.0),
    Level.L3: _beside(_KNEE, 32.0),
    Level.L4: Field(_SHIN_INNER, (15.5, 410.0), (0.0, 410.0)),
    Level.L5: Field(_SHIN_AND_FOOT, (33.5, 410.0), (52.0, 410.0)),
    Level.S1: Field(_OUTER_FOOT, (43.5, 457.0), (61.0, 455.0)),
    Level.S2: Field(
        _ring((_SPINE, _SEAT_AT), 32.0, 46.0), (51.0, _SEAT_AT), (0.0, _SEAT_AT - 39.0)
    ),
    Level.S3: Field(
        _ring((_SPINE, _SEAT_AT), 16.5, 30.5), (35.5, _SEAT_AT), (0.0, _SEAT_AT - 23.5)
    ),
    Level.S4_5: Field(_ring((_SPINE, _SEAT_AT), 0.0, 15.0), (18.5, _SEAT_AT), (0.0, _SEAT_AT)),
}

MUSCLE_FIELDS: dict[Level, Field] = {
    Level.C5: _beside(_UPPER_OUTER, 19.0),
    Level.C6: _beside(_FORE_OUTER, 19.0),
    Level.C7: Field(_UPPER_INNER, _centre(_UPPER_INNER), (58.0, 190.0)),
    Level.C8: _beside(_FORE_INNER, -19.0),
    Level.T1: Field(_FINGERS, _centre(_FINGERS), (_centre(_FINGERS)[0], 303.0)),
    Level.L2: _beside(_THIGH, 34.0),
    Level.L3: _beside(_KNEE, 32.0),
    Level.L4: Field(_SHIN_INNER, (15.5, 410.0), (0.0, 410.0)),
    Level.L5: Field(_WHOLE_FOOT, (25.0, 456.5), (60.0, 455.0)),
    Level.S1: _beside(_SHIN_OUTER, 20.0),
}

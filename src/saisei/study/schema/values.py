"""A sourced value: what is known, from whom, and how far to trust it."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from saisei.exam.isncsci.grades import AIS
from saisei.exam.isncsci.levels import Level

__all__ = [
    "Ais",
    "Amount",
    "Confidence",
    "Count",
    "Day",
    "Flag",
    "Key",
    "Number",
    "Part",
    "Percent",
    "Segment",
    "Sex",
    "Sourced",
    "Sources",
    "Text",
    "Years",
    "not_stated",
    "rule",
]

T = TypeVar("T")


class Part(BaseModel):
    """Base of every part of a document: frozen, closed, finite numbers only."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, ser_json_inf_nan="null"
    )


def rule(text: str, mend: str) -> PydanticCustomError:
    """A broken rule with its mend, in the form that the fault writer understands."""
    return PydanticCustomError("saisei_rule", "{rule}", {"rule": text, "mend": mend})


def _grade(value: Any) -> AIS:
    if isinstance(value, str) and value in set(AIS):
        return AIS(value)
    raise rule("is not an AIS grade", "write A, B, C, D or E")


def _segment(value: Any) -> Level:
    if isinstance(value, Level):
        return value
    if isinstance(value, str):
        try:
            return Level.parse(value)
        except ValueError:
            pass
    raise rule(
        "is not a spinal level", "write C1 to C8, T1 to T12, L1 to L5, S1 to S3, S4-5 or INT"
    )


def _day(value: float) -> float:
    if value < 0:
        raise rule(
            "lies before the injury", "count days from the injury; the day of the injury is 0"
        )
    return value


def _percent(value: float) -> float:
    if not 0 <= value <= 100:
        raise rule("is not a percentage", "write a number from 0 to 100")
    return value


class Confidence(StrEnum):
    """How far a value is to be trusted; the last two say that there is none."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NOT_FOUND = "not found"
    NOT_PUBLISHED = "not published"


class Sex(StrEnum):
    """Sex as the source states it."""

    MALE = "male"
    FEMALE = "female"
    OTHER = "other"


class Named(str):
    """The short name of a type of value, used to name the parts of the JSON Schema."""

    __slots__ = ()


Text = Annotated[
    str, StringConstraints(strict=True, strip_whitespace=True, min_length=1), Named("Text")
]
Key = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Flag = Annotated[bool, Field(strict=True), Named("Flag")]
Count = Annotated[int, Field(strict=True, ge=0), Named("Count")]
Number = Annotated[float, Field(strict=True), Named("Number")]
Amount = Annotated[float, Field(strict=True, ge=0), Named("Amount")]
Day = Annotated[float, Field(strict=True), AfterValidator(_day), Named("Day")]
Years = Annotated[float, Field(strict=True, ge=0), Named("Years")]
Percent = Annotated[float, Field(strict=True), AfterValidator(_percent), Named("Percent")]
Ais = Annotated[
    AIS,
    BeforeValidator(_grade),
    WithJsonSchema({"type": "string", "enum": [grade.value for grade in AIS]}),
    Named("AIS"),
]
Segment = Annotated[
    Level,
    BeforeValidator(_segment),
    PlainSerializer(lambda level: level.label, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "enum": [level.label for level in Level]}),
    Named("Level"),
]
Sources = Annotated[tuple[Key, ...], Field(min_length=1)]

_SILENT = frozenset({Confidence.NOT_FOUND, Confidence.NOT_PUBLISHED})


class Sourced(Part, Generic[T]):
    """One value with its source keys and confidence; in TOML an inline table.

    `{ value = "A", source = ["S4"], confidence = "medium" }` is known. `any_of` or `min`/`max` give a
    set or a range; beside `value` they say what else it could be. `{ unknown = true, ... }` says that
    the value was sought and is not there. `note` is a remark, `printed` the words of the source.
    """

    value: T | None = None
    unknown: Annotated[bool, Field(strict=True)] = False
    min: T | None = None
    max: T | None = None
    any_of: tuple[T, ...] = ()
    source: Sources
    confidence: Confidence
    printed: Text | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        ranged = self.min is not None or self.max is not None
        stated = self.value is not None or ranged or bool(self.any_of)
        if self.unknown == stated:
            raise rule(
                "says both unknown and a value" if stated else "states no value",
                "give value, any_of, min/max, or unknown = true",
            )
        if ranged and self.any_of:
            raise rule("gives a range and a set", "keep min/max or any_of")
        if self.unknown != (self.confidence in _SILENT):
            raise rule(
                f"confidence {self.confidence.value!r} does not fit"
                + (" an unknown value" if self.unknown else " a stated value"),
                'write "not found" or "not published" with unknown = true, and only there',
            )
        self._in_order()
        return self

    def _in_order(self) -> None:
        low: Any = self.min
        high: Any = self.max
        value: Any = self.value
        if low is not None and high is not None and low > high:
            raise rule("the range runs backwards: min is above max", "swap min and max")
        if value is not None and (
            (low is not None and value < low) or (high is not None and value > high)
        ):
            raise rule("the value lies outside its own range", "widen the range or mend the value")
        if value is not None and self.any_of and value not in self.any_of:
            raise rule("the value is not in its own set any_of", "add it to any_of")
        if len(set(self.any_of)) != len(self.any_of):
            raise rule("any_of names a value twice", "name each once")

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """`SourcedCount` instead of the whole annotation, so that the JSON Schema can be read."""
        names = [one for one in getattr(params[0], "__metadata__", ()) if isinstance(one, Named)]
        return f"Sourced{names[0] if names else getattr(params[0], '__name__', 'Value')}"

    @property
    def known(self) -> bool:
        """Whether one value is given (it may still carry what else it could be)."""
        return self.value is not None

    @property
    def certain(self) -> bool:
        """Whether one value is given and nothing else is possible."""
        return self.value is not None and self.low == self.high and len(self.options) <= 1

    @property
    def options(self) -> tuple[T, ...]:
        """All values it may take when they can be listed; empty for a range or an unknown."""
        if self.any_of:
            return self.any_of
        if self.value is not None and self.min is None and self.max is None:
            return (self.value,)
        return ()

    @property
    def low(self) -> T | None:
        """Lowest possible value; None when open or unknown."""
        if self.options:
            return min(self.options)  # type: ignore[type-var]
        return self.min

    @property
    def high(self) -> T | None:
        """Highest possible value; None when open or unknown."""
        if self.options:
            return max(self.options)  # type: ignore[type-var]
        return self.max

    @property
    def text(self) -> str:
        """The value as a reader wants it: `A (could be A or B)`, `14 to 28`, `not published`."""
        if self.unknown:
            return self.confidence.value
        others = _spread(self.options if self.any_of else (), self.min, self.max)
        if self.value is None:
            return others
        return f"{_show(self.value)} (could be {others})" if others else _show(self.value)


def _spread(options: tuple[Any, ...], low: Any, high: Any) -> str:
    if options:
        shown = [_show(one) for one in options]
        return " or ".join(([", ".join(shown[:-1])] if len(shown) > 1 else []) + shown[-1:])
    if low is not None and high is not None:
        return f"{_show(low)} to {_show(high)}"
    if low is not None:
        return f"{_show(low)} or more"
    return f"at most {_show(high)}" if high is not None else ""


def _show(value: Any) -> str:
    if isinstance(value, Level):
        return value.label
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value)


@cache
def not_stated() -> Any:
    """The stand-in for a value that the document does not mention; unknown, without a source."""
    return Sourced[Any].model_construct(
        unknown=True,
        source=(),
        confidence=Confidence.NOT_FOUND,
        note="not stated in this document",
    )

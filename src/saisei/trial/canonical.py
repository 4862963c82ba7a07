"""One text for one value: JSON in the canonical form of RFC 8785.

Keys sorted by UTF-16 code units, no blanks, numbers as ECMAScript writes them, text as UTF-8. The audit
chain hashes these bytes, so that anybody can check it with any other program that knows the standard.
"""

from __future__ import annotations

import json
import math
from typing import Any

from saisei.errors import InputError

__all__ = ["canonical"]

_LARGEST = 2**53
_BEYOND = 10**300
_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def canonical(value: Any) -> bytes:
    """The canonical bytes of a JSON value.

    Raises:
        InputError: a number that is not finite or not exact, half a character, a type that JSON lacks.

    >>> canonical({"b": [1.0, 1e21, -0.0, True, None], "a": "é"}).decode()
    '{"a":"é","b":[1,1e+21,0,true,null]}'
    """
    try:
        return _text(value).encode("utf-8")
    except UnicodeEncodeError:
        raise InputError("a text holds half a character (a lone surrogate): mend it") from None
    except RecursionError:
        raise InputError("a value is nested too deeply to be kept") from None


def _text(value: Any) -> str:
    if isinstance(value, str):
        return _ENCODE(value)
    if value is None or value is True or value is False:
        return "null" if value is None else str(value).lower()
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, dict):
        keys = list(value)
        if not all(isinstance(key, str) for key in keys):
            raise InputError("the keys of a record are texts")
        # UTF-16 order differs from Python's only beyond the basic plane.
        keys.sort(key=None if all(map(str.isascii, keys)) else _utf16)
        return "{" + ",".join([f"{_ENCODE(key)}:{_text(value[key])}" for key in keys]) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join([_text(item) for item in value]) + "]"
    raise InputError(f"{type(value).__name__} is no JSON value")


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")


def _integer(value: int) -> str:
    if abs(value) <= _LARGEST:
        return str(int(value))
    if abs(value) < _BEYOND and (text := _number(float(value))) == str(value):
        return text  # a float without a fraction that was read back
    raise InputError(f"{value} is beyond the whole numbers that JSON keeps exactly")


def _number(value: float) -> str:
    """A float as ECMAScript's Number::toString writes it (shortest digits that read back the same)."""
    if not math.isfinite(value):
        raise InputError(f"{value} is not a finite number")
    if value == 0.0:
        return "0"
    digits, point = _split(abs(value))
    return ("-" if value < 0 else "") + _placed(digits, point)


def _split(value: float) -> tuple[str, int]:
    """Shortest digits d1d2... and the place n of the point: value = 0.d1d2... x 10^n."""
    text = repr(value)
    mantissa, _, power = text.partition("e")
    whole, _, part = mantissa.partition(".")
    digits = (whole + part).lstrip("0")
    leading = len(whole + part) - len(digits)
    place = len(whole) - leading + (int(power) if power else 0)
    return digits.rstrip("0"), place


def _placed(digits: str, n: int) -> str:
    k = len(digits)
    if k <= n <= 21:
        return digits + "0" * (n - k)
    if 0 < n <= 21:
        return f"{digits[:n]}.{digits[n:]}"
    if -6 < n <= 0:
        return f"0.{'0' * -n}{digits}"
    sign = "+" if n > 0 else "-"
    rest = f".{digits[1:]}" if k > 1 else ""
    return f"{digits[0]}{rest}e{sign}{abs(n - 1)}"

"""What is refused before anything is read: size, depth, XML entities."""

from __future__ import annotations

import json
from typing import Any

from saisei.errors import DocumentError, Fault, InputError
from saisei.params import value

__all__ = ["faulty", "parse_json", "parse_xml"]


def faulty(name: str, where: str, found: str, rule: str, mend: str = "") -> DocumentError:
    """One fault of a file as the error that is raised."""
    return DocumentError(name, [Fault(where, found[:60], rule, mend)])


def _small_enough(content: bytes, name: str) -> None:
    most = int(value("trial.exchange_most_bytes"))
    if len(content) > most:
        raise InputError(f"{name} is larger than {most:,} bytes: check that this is the right file")


def parse_json(content: bytes, name: str) -> Any:
    """JSON from bytes, within the limits of size and depth.

    Raises:
        InputError: too large. DocumentError: not JSON, or nested too deeply.
    """
    _small_enough(content, name)
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise faulty(name, "the file", "", f"is not JSON: {error}") from None
    _shallow(found, name)
    return found


def _shallow(found: Any, name: str) -> None:
    most, level = int(value("trial.exchange_most_depth")), [found]
    for _ in range(most):
        level = [
            child
            for one in level
            for child in (one.values() if isinstance(one, dict) else one)
            if isinstance(child, dict | list)
        ] if all(isinstance(one, dict | list) for one in level) else []  # fmt: skip
        if not level:
            return
    raise faulty(name, "the file", "", f"is nested deeper than {most} levels")


def parse_xml(content: bytes, name: str) -> Any:
    """The root of an XML document; entities, DTDs and outside references are refused.

    Raises:
        InputError: too large. DocumentError: not XML, forbidden parts, or nested too deeply.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    _small_enough(content, name)
    try:
        root = fromstring(content, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except DefusedXmlException as error:
        rule = f"holds what is never read ({type(error).__name__})"
        raise faulty(name, "the file", "", rule, "export it without DTD and entities") from None
    except (ParseError, ValueError, RecursionError) as error:
        raise faulty(name, "the file", "", f"is not XML: {error}") from None
    most, level = int(value("trial.exchange_most_depth")), [root]
    for _ in range(most):
        level = [child for one in level for child in one]
        if not level:
            return root
    raise faulty(name, "the file", "", f"is nested deeper than {most} levels")

"""Run every case of a file of reference numbers through Saisei's public calls.

    python validation/conformance.py FILE [--page PAGE.md] [--topic TOPIC]

FILE is JSON of the form design-reference/1. Each case is answered from its topic and inputs alone; of
what it expects only the names are looked at, to know what is asked. One JSON line per case (id, topic,
status, got, expected), then a table by topic. Exit code 0 when every answer agrees or is named as
unsupported, 1 when any is wrong, 2 when the file cannot be read.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import math
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import conformance_design_doses  # noqa: F401
import conformance_design_phase2  # noqa: F401
import conformance_design_sequential  # noqa: F401
import conformance_design_tables  # noqa: F401
import conformance_evidence  # noqa: F401
import conformance_priors  # noqa: F401
from conformance_compare import differences, names_of
from conformance_topics import TOPICS

from saisei.errors import SaiseiError

SCHEMA = "design-reference/1"


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the file, run it, print lines and table; returns the exit code."""
    parser = argparse.ArgumentParser(description="Run reference cases through Saisei.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--page", type=Path, help="also write the table as a Markdown page")
    parser.add_argument("--topic", action="append", help="only these topics")
    parser.add_argument("--quiet", action="store_true", help="print only cases that do not pass")
    options = parser.parse_args(arguments)
    try:
        document = read_cases(options.file)
    except ValueError as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 2
    results = []
    for case in document["cases"]:
        if options.topic and case["topic"] not in options.topic:
            continue
        result = run_case(case, document.get("data", {}))
        results.append(result)
        if not (options.quiet and result["status"] == "pass"):
            print(json.dumps(plain(result), ensure_ascii=False, allow_nan=False))
    print(table(results))
    if options.page:
        options.page.write_text(page(results, options.file), encoding="utf-8")
    return 1 if any(result["status"] == "wrong" for result in results) else 0


def read_cases(path: Path) -> dict[str, Any]:
    """The document, checked for its form.

    Raises:
        ValueError: unreadable, not JSON, another schema, or a case without its parts.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(
            f"{path}: cannot be read ({error.strerror}); give an existing file"
        ) from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: is not JSON ({error}); give a file of {SCHEMA}") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ValueError(f"{path}: schema must be {SCHEMA!r}")
    cases = document.get("cases")
    if not isinstance(cases, list) or not cases:
        raise ValueError(f"{path}: cases must be a list of one or more cases")
    for i, case in enumerate(cases):
        parts = {"id": str, "topic": str, "inputs": dict, "expected": dict}
        for name, kind in parts.items():
            if not isinstance(case, dict) or not isinstance(case.get(name), kind):
                raise ValueError(f"{path}: cases[{i}].{name} is missing or not a {kind.__name__}")
    return document


def run_case(case: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """One case answered and compared."""
    result = {"id": case["id"], "topic": case["topic"]}
    handler = TOPICS.get(case["topic"])
    start = time.perf_counter()
    try:
        if handler is None:
            raise LookupError(f"topic {case['topic']!r} is not known")
        got: Any = handler(case["inputs"], names_of(case["expected"]), data)
    except (SaiseiError, LookupError) as error:
        return result | {
            "status": "unsupported", "got": None, "expected": case["expected"], "why": str(error)
        }  # fmt: skip
    except Exception as error:
        return result | {
            "status": "wrong", "got": None, "expected": case["expected"],
            "why": f"{type(error).__name__}: {error}",
        }  # fmt: skip
    got = plain(got)
    off = differences(got, case["expected"], case.get("tolerance", {}))
    unanswered = [line for line in off if line.endswith(": no answer")]
    status = "pass" if not off else "unsupported" if len(unanswered) == len(off) else "wrong"
    seconds = round(time.perf_counter() - start, 4)
    result |= {"status": status, "got": got, "expected": case["expected"], "seconds": seconds}
    return result | ({"why": "; ".join(off[:6])} if off else {})


def plain(value: Any) -> Any:
    """Numbers, texts, lists and mappings that JSON holds; infinities become texts, no number None."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else f"{value}"
    return value


def counts_by_topic(results: Sequence[Mapping[str, Any]]) -> list[tuple[str, int, int, int]]:
    """Topic, passes, wrongs, unsupported; sorted by topic, with a total."""
    words = ("pass", "wrong", "unsupported")
    topics = sorted({r["topic"] for r in results})
    rows = [
        (t, *(sum(r["topic"] == t and r["status"] == w for r in results) for w in words))
        for t in topics
    ]
    rows.append(("all", *(sum(r["status"] == w for r in results) for w in words)))
    return [(str(a), int(b), int(c), int(d)) for a, b, c, d in rows]


def table(results: Sequence[Mapping[str, Any]]) -> str:
    """The closing table."""
    lines = [f"{'topic':34}{'pass':>7}{'wrong':>7}{'unsupported':>13}"]
    lines += [f"{t:34}{p:7d}{w:7d}{u:13d}" for t, p, w, u in counts_by_topic(results)]
    return "\n".join(lines)


def page(results: Sequence[Mapping[str, Any]], path: Path) -> str:
    """The page of the run: date, commit, table, and every case that does not pass."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    lines = [
        "# Conformance with reference numbers",
        "",
        "Written by `python validation/conformance.py FILE --page docs/conformance.md`; do not edit.",
        "",
        f"- Run on {datetime.datetime.now(datetime.UTC).date().isoformat()}, commit {_commit()}",
        f"- File: `{path.name}`, SHA-256 begins {digest}, {len(results)} cases",
        "- A case passes when every number asked agrees within the tolerance of the case. Some of the",
        "  reference programs stop their root searches early; where their printed digits depend on it,",
        "  the run asks Saisei for the same coarse search (`root_tolerance`, `coarse`), which is never",
        "  the default. Figures called `wilson` are those of Hmisc, which mends the interval at 1 of n and",
        "  n - 1 of n (D111).",
        "",
        "| topic | pass | wrong | unsupported |",
        "|---|---:|---:|---:|",
    ]
    lines += [f"| {t} | {p} | {w} | {u} |" for t, p, w, u in counts_by_topic(results)]
    failed = [r for r in results if r["status"] != "pass"]
    lines += ["", "## Cases that do not pass", ""]
    lines += [f"- `{r['id']}` ({r['status']}): {r.get('why', '')}" for r in failed] or ["None."]
    return "\n".join(lines) + "\n"


def _commit() -> str:
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())

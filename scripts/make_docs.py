"""Make the generated pages of docs/reference: the command line and the values with their sources.

Run: `.venv/bin/python scripts/make_docs.py`. A test fails when a page is not current.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from saisei.cli import NOUNS, load_noun
from saisei.params import load

ROOT = Path(__file__).parents[1]
NOTE = "<!-- made by scripts/make_docs.py; do not edit -->\n\n"


def _options(command: Any) -> list[str]:
    lines = []
    for one in command.params:
        if one.name in ("help", "install_completion", "show_completion"):
            continue
        kind = one.param_type_name
        name = f"`{', '.join(one.opts)}`" if kind == "option" else f"`{one.name.upper()}`"
        text = getattr(one, "help", None) or ""
        lines.append(f"- {name} {text}".rstrip())
    return lines


def _command(words: str, command: Any) -> list[str]:
    verbs = getattr(command, "commands", {})
    if verbs:
        lines = [f"## `{words}`", "", (command.help or "").strip(), ""]
        for verb, one in sorted(verbs.items()):
            lines += _command(f"{words} {verb}", one)
        return lines
    title = "##" if words.count(" ") == 1 else "###"
    return [f"{title} `{words}`", "", (command.help or "").strip(), "", *_options(command), ""]


def cli_page() -> str:
    """Every noun and verb with its help and options."""
    lines = [
        "# The command line",
        "",
        "Exit codes: 0 fine, 1 the answer is no, 2 the input or its use is wrong.",
        "",
    ]
    for noun in NOUNS:
        lines += _command(f"saisei {noun}", load_noun(noun))
    return NOTE + "\n".join(lines).rstrip() + "\n"


def params_page() -> str:
    """Every value with meaning, unit, basis and source."""
    lines = [
        "# Values and their sources",
        "",
        "| id | value | unit | basis | meaning | source | why |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in load().values.values():
        shown = (
            ", ".join(f"{item:g}" for item in one.value)
            if isinstance(one.value, tuple)
            else one.value
        )
        basis = f"**{one.mark}**" if one.mark else one.basis.value
        cells = [
            f"`{one.id}`",
            str(shown),
            one.unit,
            basis,
            one.meaning,
            one.source.cite,
            f"{one.why} {one.decision}".strip(),
        ]
        lines.append(
            "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
        )
    lines += ["", "## Sources", "", "| key | source | year | cited for |", "|---|---|---|---|"]
    for source in load().sources.values():
        doi = f" doi:{source.doi}" if source.doi else ""
        lines.append(f"| `{source.key}` | {source.cite}{doi} | {source.year} | {source.used_for} |")
    return NOTE + "\n".join(lines) + "\n"


PAGES = {"docs/reference/cli.md": cli_page, "docs/reference/params.md": params_page}


def main() -> None:
    """Write every page."""
    for name, make in PAGES.items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(make(), encoding="utf-8")
        print(f"made {name}")


if __name__ == "__main__":
    main()

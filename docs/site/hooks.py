"""What MkDocs does beside reading files: the API reference, lists that need no keeping, and links into the repository."""

import json
import logging
import re
import sys
from pathlib import Path
from typing import Any, Final

from mkdocs.structure.files import File

sys.path.insert(0, str(Path(__file__).parent))

import api_pages

log = logging.getLogger("mkdocs.hooks.burnish")

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
REFERENCE: Final = "reference/api"

APART: Final = ("site/", "snippets/")
"""Folders that are no pages."""

LINK: Final = re.compile(r"\[([^\]\n]*)\]\((\.\./[^)\s#]*)(#[^)\s]*)?\)")
"""A link that goes up; whether it leaves the documentation is seen when it is followed."""

HEADING: Final = re.compile(r"^# (.+)$", re.MULTILINE)


def on_config(config: Any, **_: Any) -> Any:
    """The API reference, the decisions, and pages that the list does not name yet are put into it."""
    made = api_pages.pages(json.loads((DOCS / "reference/openapi.json").read_text()))
    config.extra["api_pages"] = made
    areas = [{title: f"{REFERENCE}/{name}"} for name, (title, _) in made.items() if name != "index.md"]
    _section(config.nav, "API reference")[:] = [f"{REFERENCE}/index.md", *areas]
    _section(config.nav, "Decisions")[:] = [
        "decisions/README.md", *(f"decisions/{one.name}" for one in sorted((DOCS / "decisions").glob("[0-9]*.md"))),
    ]  # fmt: skip
    named = set(_named(config.nav))
    there = [one.relative_to(DOCS).as_posix() for one in sorted(DOCS.rglob("*.md"))]
    more = [one for one in there if one not in named and not one.startswith(APART)]
    if more:
        config.nav.append({"More": more})
    return config


def on_files(files: Any, config: Any, **_: Any) -> Any:
    for name, (_title, text) in config.extra["api_pages"].items():
        files.append(File.generated(config, f"{REFERENCE}/{name}", content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links to files of the repository become their text, with the path beside it; one that leads nowhere is a warning."""
    folder = (DOCS / page.file.src_uri).parent

    def followed(found: re.Match[str]) -> str:
        target = (folder / found[2]).resolve()
        if target.is_relative_to(DOCS) or page.file.src_uri.startswith(REFERENCE):
            return found[0]
        if not target.exists():
            log.warning("%s: %s is not in the repository", page.file.src_uri, found[2])
        return f'<span title="{target.relative_to(ROOT)} in the repository">{found[1]}</span>'

    return LINK.sub(followed, markdown)


def _section(nav: list[Any], title: str) -> list[Any]:
    """The entries below a title, wherever it stands; an empty list where there are none yet."""
    for one in nav:
        if isinstance(one, dict):
            for name, below in one.items():
                if name == title:
                    one[name] = below if isinstance(below, list) else []
                    return one[name]
                if isinstance(below, list) and any(isinstance(inner, dict) and title in inner for inner in below):
                    return _section(below, title)
    nav.append({title: []})
    return nav[-1][title]


def _named(nav: Any) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    parts = nav.values() if isinstance(nav, dict) else nav or ()
    return [path for part in parts for path in _named(part)]

"""Pages lead somewhere, and every service's README answers the same questions in the same order."""

import re
from pathlib import Path

from tests.architecture.source import ROOT, SERVICES

HEADINGS = ["Owns", "Consumes", "Publishes", "Tables", "Metrics", "Runbook"]
"""A service may say more in between."""

LINK = re.compile(r"\[[^\]\n]*\]\((?!https?:|mailto:|#)([^)\s#]+)(#[^)]*)?\)")


def test_services_have_readmes_with_the_same_headings() -> None:
    for service in SERVICES:
        page = (ROOT / "services" / service.removeprefix("burnish_") / "README.md").read_text()
        found = re.findall(r"^## (.+)$", page, re.MULTILINE)
        assert [one for one in found if one in HEADINGS] == HEADINGS, service


BUILT = (ROOT / "docs" / "reference" / "api").resolve()
"""Pages that are written when the site is built; `make docs` fails at a dead link to them."""


def test_links_between_pages_lead_somewhere() -> None:
    links = [(page, found[0]) for page in _pages() for found in LINK.findall(page.read_text())]
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page, target in links
        if not (page.parent / target).exists() and BUILT not in (page.parent / target).resolve().parents
    ]
    assert links
    assert not broken, broken


def _pages() -> list[Path]:
    folders = ("docs", "services", "simulator", "deploy", "cli")
    return [*ROOT.glob("*.md"), *(page for folder in folders for page in (ROOT / folder).rglob("*.md"))]

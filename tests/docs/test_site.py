"""The documentation site builds without a warning (dead links and anchors are warnings), and takes nothing from elsewhere."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.capability("K1", "K3")

ROOT = Path(__file__).parents[2]

TAKEN_ALONG = re.compile(
    r"<(?:script|img|iframe|source|audio|video)[^>]*\ssrc=[\"']?(?:https?:)?//[^>]*>|<link[^>]*\shref=[\"']?(?:https?:)?//[^>]*>"
)
"""What a browser fetches by itself from another place. Links that people follow may lead anywhere."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr[-3000:]
    assert not built.stderr.strip(), built.stderr[-3000:]
    return folder


def test_the_site_is_built_without_a_warning_and_every_page_is_in_its_list(site: Path) -> None:
    """Pages that the list does not name stand below `More`."""
    for page in ("quickstart", "guides/connect", "guides/agents", "how-we-measure", "self-hosting", "security", "architecture"):
        assert (site / page / "index.html").is_file(), page
    entry = (site / "index.html").read_text()
    assert all(f'href="{place}/"' in entry for place in ("quickstart", "guides/connect", "guides/moving-from-langfuse", "how-we-measure"))


def test_nothing_comes_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 100
    taken = {str(page.relative_to(site)): found[0] for page in pages if (found := TAKEN_ALONG.search(page.read_text()))}
    assert not {page: tag for page, tag in taken.items() if 'rel="canonical"' not in tag}
    styles = [one for one in site.rglob("*.css") if re.search(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", one.read_text())]
    assert not styles


def test_every_operation_stands_in_the_reference(site: Path) -> None:
    document = json.loads((ROOT / "docs/reference/openapi.json").read_text())
    text = " ".join(page.read_text() for page in (site / "reference/api").rglob("index.html"))
    missing = [
        f"{method} {path}"
        for path, methods in document["paths"].items()
        for method in methods
        if method in {"get", "post", "put", "patch", "delete"} and f"{method.upper()} <code>{path}</code>" not in text
    ]
    assert not missing, missing[:10]


def test_the_reference_says_who_may_and_what_is_given_and_answered(site: Path) -> None:
    page = (site / "reference/api/feedback/index.html").read_text()
    assert "role <code>editor</code>, scope <code>feedback:write</code>" in page
    assert "<code>thumb</code>" in page and "<code>up</code>, <code>down</code>" in page and "<code>feedback_id</code>" in page

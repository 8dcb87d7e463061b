"""`make bench-page`: what the page weighs and how soon it is there, beside its budgets; fails when one is broken.

Starts Burnish in a home of its own with the demo's data, visits each page of tests/page/routes.py in Chromium, stops it.
"""

import argparse
import asyncio
import datetime
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.async_api import async_playwright
from tests.embedded.installation import Installation
from tests.page.browser import launch, why_not
from tests.page.routes import ROUTES
from tests.page.site import close_site, start_site

from benchmarks.page.paint import CLS, FCP_MS, LCP_MS, SLOW_LCP_MS, TBT_MS, Paint, measure
from benchmarks.page.sizes import FIRST_LOAD_KB, Size, sizes
from burnish_gateway.page.built_page import UI

RESULT = Path(__file__).resolve().parents[1] / "results" / "page.md"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="first visits of each page; the median counts")
    parser.add_argument("--only", default="", help="pages whose name contains this")
    options = parser.parse_args()
    if (reason := why_not()) is not None:
        print(f"The page cannot be measured: {reason}.", file=sys.stderr)
        return 1
    began = os.getloadavg()[0]
    weighed = sizes(UI)
    quick, slow = asyncio.run(_paints(options.rounds, options.only))
    broken = [f"{one.what}: {one.kb:.1f} kB of {one.most_kb:.0f}" for one in weighed if not one.is_kept] + _too_late(quick, slow)
    text = _report(weighed, quick, slow, broken, command=" ".join(sys.argv[1:]), load=began)
    print(text)
    if not options.only:
        RESULT.write_text(text)
    return 1 if broken else 0


async def _paints(rounds: int, only: str) -> tuple[list[Paint], list[Paint]]:
    folder = Path(tempfile.mkdtemp(prefix="burnish-bench-page-"))
    installation = Installation(Path(os.environ.get("BURNISH_PAGE_HOME") or folder / "home"))
    try:
        site = await start_site(installation)
        async with async_playwright() as playwright:
            browser = await launch(playwright, whole=True)
            pages = [route for route in ROUTES if route.role != "nobody" and only in route.name]
            quick = [await measure(site, browser, path=one.path, name=one.name, is_slow=False, rounds=rounds) for one in pages]
            slow = [await measure(site, browser, path=one.path, name=one.name, is_slow=True, rounds=rounds) for one in pages]
            await browser.close()
        await close_site(site)
        return quick, slow
    finally:
        if installation.home.is_relative_to(folder):
            installation.down()
        shutil.rmtree(folder, ignore_errors=True)


def _too_late(quick: list[Paint], slow: list[Paint]) -> list[str]:
    limits = (
        ("FCP", "fcp_ms", FCP_MS),
        ("LCP", "lcp_ms", LCP_MS),
        ("TBT", "tbt_ms", TBT_MS),
        ("CLS", "cls", CLS),
        ("first load kB", "kb", FIRST_LOAD_KB),
    )
    broken = [
        f"{one.page}: {name} {getattr(one, field):.3g} of {most:.3g}"
        for one in quick
        for name, field, most in limits
        if getattr(one, field) > most
    ]
    return broken + [f"{one.page}, slow: LCP {one.lcp_ms:.0f} of {SLOW_LCP_MS:.0f}" for one in slow if one.lcp_ms > SLOW_LCP_MS]


def _report(weighed: list[Size], quick: list[Paint], slow: list[Paint], broken: list[str], *, command: str, load: float) -> str:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    lines = [
        "# The web page",
        "",
        f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, commit {commit}, {platform.machine()}, {os.cpu_count()} cores shared with Burnish and the browser, load average {load:.1f}. "
        f"Command: `make bench-page{f' ARGS={command!r}' if command else ''}`.",
        "",
        "| gzip | kB | at most |",
        "|---|---|---|",
        *(f"| {one.what} | {one.kb:.1f} | {one.most_kb:.0f}{'' if one.is_kept else ' **broken**'} |" for one in weighed),
        "",
        f"First visits, loopback (FCP ≤ {FCP_MS:.0f} ms, LCP ≤ {LCP_MS:.0f}, TBT ≤ {TBT_MS:.0f}, CLS ≤ {CLS}, ≤ {FIRST_LOAD_KB:.0f} kB over the wire with fonts and figures):",
        "",
        *_table(quick),
        "",
        f"First visits, fast 4G and a CPU four times slower (LCP ≤ {SLOW_LCP_MS:.0f} ms):",
        "",
        *_table(slow),
        "",
        "All budgets are kept." if not broken else "Broken: " + "; ".join(broken) + ".",
        "",
    ]
    return "\n".join(lines)


def _table(rows: list[Paint]) -> list[str]:
    return [
        "| page | FCP ms | LCP ms | TBT ms | CLS | kB | requests |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {one.page} | {one.fcp_ms:.0f} | {one.lcp_ms:.0f} | {one.tbt_ms:.0f} | {one.cls:.3f} | {one.kb:.0f} | {one.requests} |"
            for one in rows
        ),
    ]


if __name__ == "__main__":
    sys.exit(main())

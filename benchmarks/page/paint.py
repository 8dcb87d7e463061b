"""How soon a page is painted, and what keeps it from answering, as Chromium itself tells."""

import statistics
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Browser
from tests.page.browser import settled
from tests.page.site import Site

FCP_MS = 1_000.0
LCP_MS = 1_500.0
SLOW_LCP_MS = 2_500.0
TBT_MS = 300.0
CLS = 0.02

LONG_TASK_MS = 50
FAST_4G = {"offline": False, "downloadThroughput": 9e6 * 0.9 / 8, "uploadThroughput": 1.5e6 * 0.9 / 8, "latency": 60 * 2.75}
"""The preset of Chromium's own tools; bytes a second, and ms of latency before each answer."""

SLOW_CPU = 4

OBSERVE = """
  window.__seen = { fcp: null, lcp: null, cls: 0, long: [] };
  const on = (type, take) => new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
  on("paint", (one) => { if (one.name === "first-contentful-paint") window.__seen.fcp = one.startTime; });
  on("largest-contentful-paint", (one) => { window.__seen.lcp = one.startTime; });
  on("layout-shift", (one) => { if (!one.hadRecentInput) window.__seen.cls += one.value; });
  on("longtask", (one) => window.__seen.long.push([one.startTime, one.duration]));
"""


@dataclass(frozen=True, slots=True)
class Paint:
    """Medians. `kb`: what came over the wire, headers and the API's answers included."""

    page: str
    fcp_ms: float
    lcp_ms: float
    tbt_ms: float
    cls: float
    kb: float
    requests: int


async def measure(site: Site, browser: Browser, *, path: str, name: str, is_slow: bool, rounds: int) -> Paint:
    """Each round is a first visit: no cache, a browser context of its own."""
    seen = [await _visit(site, browser, path=path, is_slow=is_slow) for _ in range(rounds)]

    def median(key: str) -> float:
        return statistics.median(one[key] for one in seen)

    return Paint(name, median("fcp"), median("lcp"), median("tbt"), median("cls"), median("kb"), int(median("requests")))


async def _visit(site: Site, browser: Browser, *, path: str, is_slow: bool) -> dict[str, float]:
    context = await site.open_context(browser, role="admin")
    page = await context.new_page()
    tools = await context.new_cdp_session(page)
    await tools.send("Network.enable")
    if is_slow:
        await tools.send("Network.emulateNetworkConditions", FAST_4G)
        await tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOW_CPU})
    arrived: list[float] = []
    tools.on("Network.loadingFinished", lambda event: arrived.append(event["encodedDataLength"]))
    await page.add_init_script(OBSERVE)
    await page.goto(site.at(path))
    await settled(page)
    await page.wait_for_function("() => window.__seen.fcp !== null")
    await page.wait_for_timeout(300)  # What shifts or blocks late belongs to the figures too.
    seen: dict[str, Any] = await page.evaluate("window.__seen")
    await context.close()
    fcp = float(seen["fcp"] or 0)
    tbt = sum(max(0.0, length - LONG_TASK_MS) for start, length in seen["long"] if start + length > fcp)
    return {
        "fcp": fcp, "lcp": float(seen["lcp"] or fcp), "tbt": tbt, "cls": float(seen["cls"]), "kb": sum(arrived) / 1_000,
        "requests": float(len(arrived)),
    }  # fmt: skip

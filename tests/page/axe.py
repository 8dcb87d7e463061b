"""axe-core over a page: every rule of WCAG 2.2 A and AA and of good practice, in both themes, and nothing left undecided.

The window is 5,000 px tall while it looks: in a small one axe leaves what is scrolled away undecided, and misses text of 1.83:1 (UI.md 1).
"""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakKeyDictionary

from playwright.async_api import CDPSession, Page

from tests.page.browser import AXE, set_theme, settled

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
TALL_PX = 5_000
DRAWN = 0.05
AXE_SOURCE = AXE.read_text() + "; undefined" if AXE.is_file() else ""

EVERYTHING = {"type": "tag", "values": TAGS}
OF_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""All that a second theme can change."""

DEVTOOLS: WeakKeyDictionary[Page, CDPSession] = WeakKeyDictionary()
"""Each ends with its page. One that ended before would take the window's size along."""

LOOKS = 5

OVERLAPPED = "overlapped by another element"
"""Of what axe is undecided about."""

UNDECIDED_IN_PICTURES = {"imgNode", "bgOverlap", "shortTextContent", "bgGradient"}
"""What axe cannot know of text in a drawing. The contrast of the colours that charts use is tested by number (web/src/styles)."""

WHOLE_PX = """() => Math.max(document.documentElement.scrollHeight,
  ...[...document.querySelectorAll('main, [role=main]')].map((one) => Math.ceil(one.getBoundingClientRect().top) + one.scrollHeight))"""

TWO_FRAMES = "() => new Promise((then) => requestAnimationFrame(() => requestAnimationFrame(then)))"
"""What is placed by the window's size has its place by then: a toast lay over a row still, where it had been in the small window."""

RUN = """
async ([runOnly, without]) => {
  const rules = Object.fromEntries(without.map((rule) => [rule, { enabled: false }]));
  const isBusy = () => document.querySelector("[aria-busy=true], [data-skeleton]") !== null;
  let wasBusy = isBusy(), changed = false;
  const watch = new MutationObserver((seen) => { wasBusy ||= isBusy(); changed ||= seen.some((one) => one.type === "childList"); });
  watch.observe(document, { subtree: true, childList: true, attributeFilter: ["aria-busy", "data-skeleton"] });
  const found = await axe.run(document, { runOnly, rules, resultTypes: ["violations", "incomplete"], elementRef: true });
  watch.disconnect();
  if (wasBusy) return null;
  const told = (results) => results.flatMap((result) => result.nodes.map((node) => ({
    rule: result.id, impact: node.impact, target: node.target.join(" "), html: node.html.slice(0, 200), summary: node.failureSummary,
    isDrawn: node.element instanceof SVGElement || node.element.closest("svg") !== null,
    why: [...node.any, ...node.all, ...node.none].map((check) => check.data && check.data.messageKey).filter(Boolean),
  })));
  return { violations: told(found.violations), incomplete: told(found.incomplete), changed };
}
"""


async def check_axe(
    page: Page, *, without: Collection[str] = (), themes: Collection[str] = ("light", "dark"), over_a_drawer: bool = False
) -> None:
    """Fails with every violation and everything that axe leaves undecided. `without`: rules that do not fit this state of the page.

    `region` is left out while a menu or dialog is open in a portal, by the caller, who knows. `over_a_drawer`: a dialog lies over one, and
    axe is undecided about the drawer's text, which it overlaps.
    """
    found = await axe_findings(page, without=without, themes=themes)
    if over_a_drawer:
        found = [one for one in found if OVERLAPPED not in one]
    assert not found, "\n".join(found)


async def axe_findings(page: Page, *, without: Collection[str] = (), themes: Collection[str] = ("light", "dark")) -> list[str]:
    """One line for each finding: theme, kind, rule, element, what to do.

    Waits for the page's own heading: the frame around it, with what it says of the workspace, stands before the page does. And, in the tall
    window, until nothing loads any more: what comes while axe looks pushes the rest to where something else was, and axe is undecided.
    """
    await page.locator("h1").first.wait_for(state="attached")
    theme_before = await page.evaluate("document.documentElement.dataset.theme ?? 'light'")
    lines: list[str] = []
    async with _tall(page):
        await settled(page)
        await _not_cut(page)
        await page.evaluate(TWO_FRAMES)
        if not await page.evaluate("'axe' in window"):
            await page.evaluate(AXE_SOURCE)
        for number, theme in enumerate(themes):
            await set_theme(page, theme)
            found = await _run(page, OF_COLOURS if number else EVERYTHING, without)
            lines += [_line(theme, "violates", one) for one in found["violations"]]
            lines += [_line(theme, "is undecided about", one) for one in found["incomplete"] if not _is_known(one)]
        await set_theme(page, theme_before)
    return lines


async def _run(page: Page, what: dict[str, Any], without: Collection[str]) -> dict[str, Any]:
    """What axe says of a page that loaded nothing while it looked. What others change comes by live events at any time, and a table that
    waits for it is dimmed. Where an element came or went meanwhile, axe may not find again what it had collected ("Unable to determine
    previous heading", of every heading of a page): what it is undecided about then is looked at once more."""
    found: dict[str, Any] | None = None
    for look in range(LOOKS):
        await settled(page)
        await page.evaluate("() => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => {})))")
        found = await page.evaluate(RUN, [what, list(without)])
        if found is None:
            continue
        is_last = look == LOOKS - 1
        if is_last or not found["changed"] or all(_is_known(one) for one in found["incomplete"]):
            return found
    raise AssertionError(f"something loaded each of the {LOOKS} times that axe looked")


@asynccontextmanager
async def _tall(page: Page) -> AsyncIterator[None]:
    """The window is TALL_PX tall, with the layout that it has then, and drawn DRAWN times as large: axe looks at no pixel, and drawing five
    windows in each theme took an eighth of its CPU."""
    size = page.viewport_size
    assert size is not None
    if page not in DEVTOOLS:
        DEVTOOLS[page] = await page.context.new_cdp_session(page)
    await _resize(DEVTOOLS[page], size["width"], TALL_PX, DRAWN)
    try:
        yield
    finally:
        await _resize(DEVTOOLS[page], size["width"], size["height"], 1)


async def _not_cut(page: Page) -> None:
    """Makes the window of `_tall` as tall as the page where that is more: of a row that the edge cuts in two axe is undecided."""
    whole_px: int = await page.evaluate(WHOLE_PX)
    if whole_px > TALL_PX:
        assert page.viewport_size is not None
        await _resize(DEVTOOLS[page], page.viewport_size["width"], whole_px, DRAWN)


async def _resize(devtools: CDPSession, width_px: int, height_px: int, scale: float) -> None:
    """As `set_viewport_size` of Playwright, which has no scale, and goes by what it last said itself."""
    await devtools.send(
        "Emulation.setDeviceMetricsOverride",
        {
            "width": width_px, "height": height_px, "screenWidth": width_px, "screenHeight": height_px,
            "deviceScaleFactor": 1, "mobile": False, "scale": scale,
        },
    )  # fmt: skip


def _is_known(one: dict[str, Any]) -> bool:
    return one["rule"] == "color-contrast" and one["isDrawn"] and set(one["why"]) <= UNDECIDED_IN_PICTURES


def _line(theme: str, verb: str, one: dict[str, Any]) -> str:
    summary = " ".join(str(one["summary"] or one["why"]).split())[:300]
    return f"[{theme}] {verb} {one['rule']} ({one['impact']}): {one['target']}\n    {one['html']}\n    {summary}"

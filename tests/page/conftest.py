"""Fixtures for tests of the page. Everything that needs `site` bears the mark `page`: `make test-page` runs it, `make test` does not."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from tests.embedded.installation import Installation
from tests.page.browser import WATCHES, launch, screenshot, settled, watch_of, why_not
from tests.page.site import Site, close_site, start_site

AT_ONCE = {
    "BURNISH_WEBHOOK_HOUSEKEEPING_INTERVAL_S": "1",
    "BURNISH_EXPERIMENT_INTERVAL_S": "0.5",
    "BURNISH_WEBHOOK_REPLAYS_PER_SECOND": "2",
}
"""What a test waits for that happens every now and then; and replays so slow that one of a range can be stopped."""

WHOLE_TEST_S = 600
"""The first one of a process starts everything and drives the demo, which takes minutes on a busy machine; and each step of any
may take its PATIENCE_MS. It only ends what hangs."""

SHARED_HOME = "BURNISH_PAGE_SHARED_HOME"
"""Of the installation that pytest-xdist's workers use together: four of them, each with a demo, took a fifth of the processor time."""

OpenPage = Callable[..., Awaitable[Page]]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "page: needs a browser and a whole installation; `make test-page` runs it, `make test` does not")
    if not hasattr(config, "workerinput") and config.getoption("numprocesses", None):
        os.environ[SHARED_HOME] = str(Path(tempfile.mkdtemp(prefix="burnish-page-")) / "home")


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or SHARED_HOME not in os.environ:
        return
    installation = Installation(Path(os.environ.pop(SHARED_HOME)))
    if installation.home.exists():
        installation.down()
    shutil.rmtree(installation.home.parent, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "site" in getattr(item, "fixturenames", ()):
            item.add_marker("page")
            item.add_marker(pytest.mark.timeout(WHOLE_TEST_S))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


FAILED = pytest.StashKey[bool]()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium; each page gets a context of its own in it."""
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    async with async_playwright() as playwright:
        running = await launch(playwright)
        yield running
        await running.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """All services with the simulator, and a workspace that the demo has filled; shared, also with tests that run meanwhile, so change
    only what you made yourself.

    With BURNISH_PAGE_HOME it lies there, goes on running after the tests, and is found again by the next ones.
    """
    kept = os.environ.get("BURNISH_PAGE_HOME") or os.environ.get(SHARED_HOME)
    installation = Installation(Path(kept) if kept else tmp_path_factory.mktemp("page") / "home", environment=AT_ONCE)
    try:
        with _alone(installation.home):
            running = await start_site(installation)
        yield running
        await close_site(running)
    finally:
        if not kept:
            installation.down()
            shutil.rmtree(installation.home, ignore_errors=True)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One process after the other: where two run tests on a kept home, the second finds what the first has started."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with home.with_name(f"{home.name}.starting").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest_asyncio.fixture(loop_scope="session")
async def page_as(site: Site, browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[OpenPage]:
    """`await page_as("editor", "/app/prompts/{prompt}", theme="dark", width=360)`: a page with its figures, signed in as that role.

    Roles: operator, admin, editor, viewer, nobody. `{name}` of the path: see Site.ids. `workspace_id`: of `site.new_workspace()`. `url`:
    another way to the same gateway, such as a proxy that breaks connections. `alone`: what others do meanwhile does not come (`quiet`).
    At the end of the test every page must have kept quiet (`expect_console` says what a test provokes); a test that failed leaves a
    picture in .screenshots/failed.
    """
    opened: list[Page] = []

    async def open_page(
        role: str = "admin", path: str = "/app/", *, theme: str = "light", width: int = 1440, height: int = 900,
        workspace_id: UUID | None = None, settle: bool = True, url: str | None = None, timezone: str = "UTC", touch: bool = False,
        alone: bool = False,
    ) -> Page:  # fmt: skip
        way = site if url is None else replace(site, url=url)
        page = await way.open_page(
            browser, site.at(path), role=role, theme=theme, width=width, height=height, workspace_id=workspace_id, timezone=timezone,
            touch=touch, alone=alone,
        )  # fmt: skip
        opened.append(page)
        if settle:
            await settled(page)
        return page

    yield open_page
    troubles: list[str] = []
    for number, page in enumerate(opened):
        if request.node.stash.get(FAILED, False) and not page.is_closed():
            await screenshot(page, f"failed/{request.node.name[:80]}-{number}")
        troubles += watch_of(page).unexpected()
        del WATCHES[page.context]
        if not page.is_closed():
            await page.unroute_all(behavior="ignoreErrors")  # What a route of its own still does would fail in the test after this one.
        await page.context.unroute_all(behavior="ignoreErrors")
        await page.context.close()
    assert not troubles, "the page complained:\n" + "\n".join(troubles)

"""Real servers for the tests: one packaged PostgreSQL and one NATS for the session, a fresh database for each test that asks.

The template database is migrated once; a test gets a copy of it (CREATE DATABASE … TEMPLATE), which costs about 50 ms. NATS streams
are provisioned once and emptied after each test that used them. Everything async runs on one event loop, the session's.
"""

import gc
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import structlog
from hypothesis import HealthCheck, settings
from structlog.dev import plain_traceback

from burnish.embedded import nats as embedded_nats
from burnish.embedded import postgres as embedded_postgres
from burnish.embedded.nats import ADMINISTRATOR
from burnish_shared.bus.users import USERS
from burnish_shared.garbage import leave_alone_what_stands
from tests.embedded.databases import Cluster, DatabaseUrls
from tests.embedded.documented import check_documented
from tests.embedded.emitted_events import check_events
from tests.embedded.installation import Installation
from tests.embedded.places import make_reachable, servers_place
from tests.embedded.ports import own_port
from tests.embedded.streams import empty_streams
from tests.embedded.supabase import SupabaseCluster
from tests.embedded.workspaces import Workspace, make_workspace
from tests.pace import fair_clock, spare_clock
from tests.rewriting import import_own_share
from tests.skipped import write_down

"""Test runs that go on at once look for their ports in different places."""

FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "log_min_messages": "warning",
    "shared_buffers": "64MB",
    "scram_iterations": "1",
}
"""The test cluster outlives no power cut; a killed process still loses nothing, because the kernel keeps the pages. Its passwords are no
secret, and each of thousands of connections would hash one 4,096 times."""


def pytest_configure() -> None:
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # A slow moment of the machine is no fault of an example. In CI every run looks at the same ones; elsewhere each looks at others.
    settings.register_profile("steady", deadline=None, derandomize=bool(os.environ.get("CI")), suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("steady")
    # structlog's default draws tracebacks with every local variable: seconds of one event loop that all services share here.
    structlog.configure(
        processors=[*structlog.get_config()["processors"][:-1], structlog.dev.ConsoleRenderer(exception_formatter=plain_traceback)]
    )


def pytest_sessionstart(session: pytest.Session) -> None:
    gc.disable()  # As pytest_collection, which follows.
    import_own_share(session.config)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is made while tests are collected stays; to look for garbage in it takes a fifth of the time, in each worker."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Half a million objects of modules and tests live until the end. Each look of the garbage collector through all of them takes half a
    second, in which every service of a test's event loop stands still."""
    leave_alone_what_stands()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # Of pytest-xdist's processes the one that hears of all tests.
        write_down(terminalreporter.stats.get("skipped", []))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Who asked for whole files gets the files of tests/security that share a world together."""
    if config.getvalue("dist") != "loadfile":
        return None
    from tests.security.units import LoadUnits

    return LoadUnits(config, log)


@pytest.fixture(autouse=True)
def _documented() -> Iterator[None]:
    yield
    check_documented()


@pytest.fixture
def fair_now() -> Iterator[Callable[[], float]]:
    """A clock in seconds that leaves out the time in which the machine stood still; see `tests.pace`."""
    with fair_clock() as now:
        yield now


@pytest.fixture
def spare_now() -> Iterator[Callable[[], float]]:
    """As `fair_now`, for upper bounds alone: it leaves out the time, too, in which the machine had no core to spare."""
    with spare_clock() as now:
        yield now


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path]:
    with servers_place("servers") as folder:
        make_reachable(folder)
        yield folder


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres(servers_folder: Path) -> AsyncIterator[Cluster]:
    """A running PostgreSQL with a migrated template database and the login roles of the services."""
    server = embedded_postgres.Postgres(
        data=servers_folder / "pg", port=own_port(), password="superuser", log=servers_folder / "postgres.log", settings=FAST
    )
    process = await embedded_postgres.start(server)
    try:
        cluster = Cluster(server)
        await cluster.prepare()
        yield cluster
        await cluster.close()
    finally:
        await embedded_postgres.stop(process)
        shutil.rmtree(server.data, ignore_errors=True)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def supabase(servers_folder: Path) -> AsyncIterator[SupabaseCluster]:
    """A running PostgreSQL shaped like a Supabase project. `await supabase.clone()`: one that our migrations were run on."""
    server = embedded_postgres.Postgres(
        data=servers_folder / "supabase", port=own_port(), password="superuser", log=servers_folder / "supabase.log",
        settings=FAST,
    )  # fmt: skip
    process = await embedded_postgres.start(server)
    try:
        cluster = SupabaseCluster(server)
        await cluster.prepare()
        yield cluster
        await cluster.close()
    finally:
        await embedded_postgres.stop(process)
        shutil.rmtree(server.data, ignore_errors=True)


@pytest_asyncio.fixture(loop_scope="session")
async def database_urls(postgres: Cluster) -> AsyncIterator[DatabaseUrls]:
    """A fresh database: superuser, owner, and each service → DSN."""
    urls = await postgres.clone()
    yield urls
    await check_events(urls)
    await postgres.drop(urls)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def module_database_urls(postgres: Cluster) -> AsyncIterator[DatabaseUrls]:
    """As `database_urls`, one for all tests of a module: for tests that only read, or that keep to workspaces of their own."""
    urls = await postgres.clone()
    yield urls
    await check_events(urls)
    await postgres.drop(urls)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def nats_server(servers_folder: Path) -> AsyncIterator[embedded_nats.Nats]:
    """A running NATS with the users of the services and the provisioned streams; `.url("gateway")`."""
    from burnish_shared.bus.provision import provision

    server = embedded_nats.Nats(
        folder=servers_folder / "nats",
        port=own_port(),
        log=servers_folder / "nats.log",
        passwords={user: f"password-of-{user}" for user in USERS} | {ADMINISTRATOR: "password-of-administrator"},
        sync_interval="10s",
    )
    process = await embedded_nats.start(server)
    try:
        await provision(server.url("provisioner"))
        yield server
    finally:
        await embedded_nats.stop(process)


@pytest_asyncio.fixture(loop_scope="session")
async def streams(nats_server: embedded_nats.Nats) -> AsyncIterator[None]:
    """Empties every stream before the test (a module's services may have left something) and after it."""
    await empty_streams(nats_server.url(ADMINISTRATOR))
    yield
    await empty_streams(nats_server.url(ADMINISTRATOR))


@pytest_asyncio.fixture(loop_scope="session")
async def bus_for(nats_server: embedded_nats.Nats, streams: None) -> AsyncIterator[Callable[..., Awaitable[Any]]]:
    """`await bus_for("analytics")`: a Bus as that service, closed after the test. `replica` names a second one."""
    from burnish_shared.bus.connect import connect

    async with AsyncExitStack() as stack:

        async def open_bus(service: str, *, replica: str = "0") -> Any:
            bus = await connect(nats_server.url(service), service=service, replica=replica)
            stack.push_async_callback(bus.close)
            return bus

        yield open_bus


@pytest_asyncio.fixture(loop_scope="session")
async def db_for(database_urls: DatabaseUrls) -> AsyncIterator[Callable[..., Awaitable[Any]]]:
    """`await db_for("gateway")`: a Database as that service's login, closed after the test."""
    from burnish_shared.db.session import Database

    async with AsyncExitStack() as stack:

        async def open_database(role: str, *, max_size: int = 4) -> Any:
            database = await Database.open(database_urls[role], application_name=f"test-{role}", max_size=max_size)
            stack.push_async_callback(database.close)
            return database

        yield open_database


@pytest_asyncio.fixture(loop_scope="session")
async def workspace(database_urls: DatabaseUrls) -> Workspace:
    """A fresh workspace in an organization of its own, with a credit account of 100 dollars."""
    return await make_workspace(database_urls["superuser"])


@pytest.fixture
def new_workspace(database_urls: DatabaseUrls) -> Callable[..., Awaitable[Workspace]]:
    """`await new_workspace(credit_nusd=…)`: further workspaces of the same database."""

    async def make(**options: Any) -> Workspace:
        return await make_workspace(database_urls["superuser"], **options)

    return make


@pytest.fixture(scope="session")
def start_installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Installation]]:
    """`start_installation(replicas="gateway=2")`: a whole Burnish of its own through `burnish up`, stopped after the session."""
    started: list[Installation] = []

    def start(*, replicas: str = "", environment: Mapping[str, str] | None = None, prefix: Sequence[str] = ()) -> Installation:
        installation = Installation(tmp_path_factory.mktemp("installation") / "home", environment=environment, prefix=prefix)
        started.append(installation)
        installation.up(replicas=replicas)
        return installation

    yield start
    for installation in started:
        installation.down()
        shutil.rmtree(installation.home, ignore_errors=True)


@pytest.fixture(scope="session")
def installation(start_installation: Callable[..., Installation]) -> Installation:
    """One whole running Burnish that the tests of a session share; keep to workspaces of your own in it. `.connection` as `up --json`."""
    return start_installation()

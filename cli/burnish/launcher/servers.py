"""PostgreSQL and NATS of one run: the packaged ones, or those that DATABASE_URL and NATS_URL name."""

import asyncio
from collections.abc import Mapping
from functools import partial

from burnish.embedded import nats, postgres
from burnish.embedded.child import StartFailed
from burnish.embedded.nats import Nats
from burnish.embedded.postgres import Postgres
from burnish.launcher.database import create_database, login_seed, prepare_logins, prepare_schema
from burnish.launcher.endpoints import DatabaseUrls, external_database, external_nats, packaged_database, packaged_nats
from burnish.launcher.full_disk import FullDisk
from burnish.launcher.home import Home
from burnish.launcher.passwords import Secrets
from burnish.launcher.ports import Ports
from burnish.launcher.report import Report
from burnish.launcher.streams import StreamKeeper
from burnish.launcher.supervisor import Member, Supervisor


class Servers:
    """Starts the two servers side by side and prepares both. Afterwards `database` and `nats_urls` say how to reach them."""

    def __init__(
        self, home: Home, *, secrets: Secrets, ports: Ports, supervisor: Supervisor, report: Report, environment: Mapping[str, str]
    ) -> None:
        self._home = home
        self._secrets = secrets
        self._ports = ports
        self._supervisor = supervisor
        self._report = report
        self._environment = environment
        self._streams = StreamKeeper(report=report)
        self._watching: asyncio.Task[None] | None = None
        self.database: DatabaseUrls
        self.nats_urls: Mapping[str, str]

    async def start(self) -> None:
        """Returns when the schema and the streams are there. Raises StartFailed (in a group when both fail)."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._bring_up_database())
            group.create_task(self._bring_up_nats())

    async def stop(self) -> None:
        """Ends the servers that are ours, after everybody who uses them."""
        await self._streams.stop()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await self._supervisor.stop("nats")
        await self._supervisor.stop("postgres")

    async def _bring_up_database(self) -> None:
        if url := self._environment.get("DATABASE_URL"):
            await self._prepare(admin=url, migrator=url)
            self.database = external_database(url, await login_seed(url, keyring=self._secrets.keyring()))
        else:
            server = await self._start_postgres()
            self._report.say(f"PostgreSQL is ready on port {server.port}")
            await create_database(server, self._secrets)
            self.database = packaged_database(server, self._secrets)
            await self._prepare(admin=self.database.admin, migrator=self.database.migrator)
        await prepare_logins(self.database)

    async def _prepare(self, *, admin: str, migrator: str) -> None:
        if await prepare_schema(admin=admin, migrator=migrator, say=self._report.say):
            self._report.say("the database has the newest schema")

    async def _bring_up_nats(self) -> None:
        from burnish_shared.bus.users import USERS

        if url := self._environment.get("NATS_URL"):
            self.nats_urls = external_nats(url, tuple(USERS), self._environment)
        else:
            server = await self._start_nats(tuple(USERS))
            self.nats_urls = packaged_nats(server)
            self._report.say(f"NATS is ready on port {server.port}")
        await self._streams.start(self.nats_urls["provisioner"], self._environment)

    async def _start_postgres(self) -> Postgres:
        await postgres.await_predecessor(self._home.postgres)
        return await self._ports.start("postgres", self._start_postgres_on)

    async def _start_postgres_on(self, port: int) -> Postgres:
        server = Postgres(
            data=self._home.postgres,
            port=port,
            password=self._secrets.password("postgres superuser"),
            log=self._home.log_of("postgres"),
            settings=postgres_settings(self._environment.get("BURNISH_POSTGRES_SETTINGS", "")),
        )
        await self._supervisor.add(Member("postgres", start=partial(postgres.start, server), stop=postgres.stop))
        return server

    async def _start_nats(self, users: tuple[str, ...]) -> Nats:
        return await self._ports.start("nats", partial(self._start_nats_on, users))

    async def _start_nats_on(self, users: tuple[str, ...], port: int) -> Nats:
        server = Nats(
            folder=self._home.nats,
            port=port,
            log=self._home.log_of("nats"),
            passwords={user: self._secrets.password(f"nats {user}") for user in users},
        )
        member = Member("nats", start=partial(nats.start, server), stop=nats.stop)
        await self._supervisor.add(member)
        disk = FullDisk(member, store=server.store, log=server.log, say=self._report.say)
        self._watching = asyncio.create_task(disk.watch(), name="watch the disk of NATS")
        return server


def postgres_settings(text: str) -> dict[str, str]:
    """Settings of the packaged PostgreSQL beyond ours, such as `shared_buffers=1GB,max_connections=400`. Raises StartFailed."""
    settings = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not name.replace(".", "_").isidentifier():
            raise StartFailed(f"BURNISH_POSTGRES_SETTINGS wants name=value, separated by commas, not {part!r}")
        settings[name] = value
    return settings

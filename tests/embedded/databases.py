"""Copies of a migrated database."""

import asyncio
from itertools import count

import asyncpg

from burnish.embedded.postgres import SUPERUSER, Postgres
from burnish.embedded.roles import GROUP_OF_LOGIN, MIGRATOR, create_login_roles, create_migrator
from burnish_shared.db.migrate import migrate
from tests.embedded.superuser import forget

TEMPLATE = "burnish_template"
PASSWORD = "service"


class DatabaseUrls(dict[str, str]):
    """Role → DSN of one database: superuser, owner (the login that migrates), and each service."""

    @property
    def name(self) -> str:
        return self["superuser"].rpartition("/")[2]


class Cluster:
    """The running test server."""

    def __init__(self, server: Postgres) -> None:
        self.server = server
        self._numbers = count(1)
        self._admin: asyncpg.Connection | None = None

    async def prepare(self) -> None:
        """Makes the template: migrated as the migrator, who is no superuser, like a Supabase `postgres`."""
        self._admin = await asyncpg.connect(self.server.url())
        await self._admin.execute(f"ALTER ROLE {SUPERUSER} PASSWORD '{self.server.password}'")  # initdb hashed it 4,096 times.
        await create_migrator(self._admin, password=PASSWORD)
        await self._admin.execute(f"CREATE DATABASE {TEMPLATE} OWNER {MIGRATOR}")
        await asyncio.to_thread(migrate, self.server.url(TEMPLATE, user=MIGRATOR, password=PASSWORD))
        await create_login_roles(self._admin, {login.removeprefix("burnish_"): PASSWORD for login in GROUP_OF_LOGIN})

    async def clone(self) -> DatabaseUrls:
        """A fresh copy of the template."""
        assert self._admin is not None
        name = f"burnish_test_{next(self._numbers)}"
        await self._admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY OWNER {MIGRATOR}")
        return self.urls(name)

    async def empty(self) -> DatabaseUrls:
        """A database without any schema of ours, for tests of the migrations themselves."""
        assert self._admin is not None
        name = f"burnish_test_{next(self._numbers)}"
        await self._admin.execute(f"CREATE DATABASE {name} OWNER {MIGRATOR}")
        return self.urls(name)

    def urls(self, name: str) -> DatabaseUrls:
        urls = DatabaseUrls(superuser=self.server.url(name), owner=self.server.url(name, user=MIGRATOR, password=PASSWORD))
        for login in GROUP_OF_LOGIN:
            urls[login.removeprefix("burnish_")] = self.server.url(name, user=login, password=PASSWORD)
        return urls

    async def drop(self, urls: DatabaseUrls) -> None:
        assert self._admin is not None
        await forget(urls["superuser"])
        await self._admin.execute(f"DROP DATABASE IF EXISTS {urls.name} WITH (FORCE)")

    async def close(self) -> None:
        if self._admin is not None:
            await self._admin.close()

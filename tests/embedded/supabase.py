"""A PostgreSQL cluster that looks like a Supabase project: `postgres` is no superuser, and `auth` and `vault` are there already."""

import asyncio
from pathlib import Path

import asyncpg

from burnish.embedded.roles import GROUP_OF_LOGIN, create_login_roles
from burnish_shared.db.migrate import migrate
from tests.embedded.databases import PASSWORD, Cluster, DatabaseUrls

BOOTSTRAP = "supabase_admin"
SHAPED = "supabase_shaped"
"""The template before our migrations."""

MIGRATED = "supabase_migrated"
HERE = Path(__file__).parent


class SupabaseCluster(Cluster):
    """As `Cluster`: `clone()` gives a migrated project, `empty()` one that has not met us. Migrations run as its `postgres`.

    The DSN `superuser` is supabase_admin's, `owner` is postgres's; `as_role` logs in as another of its roles.
    """

    async def prepare(self) -> None:
        """Gives the bootstrap superuser Supabase's name, makes the roles, and both templates."""
        await self._rename_bootstrap()
        self._admin = await asyncpg.connect(self.server.url(user=BOOTSTRAP))
        await self._admin.execute((HERE / "supabase_roles.sql").read_text())
        await self._admin.execute(f"CREATE DATABASE {SHAPED} OWNER postgres")
        shaped = await asyncpg.connect(self.server.url(SHAPED, user=BOOTSTRAP))
        await shaped.execute((HERE / "supabase.sql").read_text())
        await shaped.close()
        await self._admin.execute(f"CREATE DATABASE {MIGRATED} TEMPLATE {SHAPED} STRATEGY FILE_COPY OWNER postgres")
        owner = self.urls(MIGRATED)["owner"]
        await asyncio.to_thread(migrate, owner)
        connection = await asyncpg.connect(owner)
        await create_login_roles(connection, {login.removeprefix("burnish_"): PASSWORD for login in GROUP_OF_LOGIN})
        await connection.close()

    async def clone(self) -> DatabaseUrls:
        return await self._copy(MIGRATED)

    async def empty(self) -> DatabaseUrls:
        return await self._copy(SHAPED)

    def urls(self, name: str) -> DatabaseUrls:
        urls = super().urls(name)
        urls["superuser"] = self.server.url(name, user=BOOTSTRAP)
        urls["owner"] = self.server.url(name, user="postgres", password=PASSWORD)
        return urls

    def as_role(self, urls: DatabaseUrls, role: str) -> str:
        return self.server.url(urls.name, user=role, password=PASSWORD)

    async def _copy(self, template: str) -> DatabaseUrls:
        assert self._admin is not None
        name = f"burnish_test_{next(self._numbers)}"
        await self._admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY OWNER postgres")
        return self.urls(name)

    async def _rename_bootstrap(self) -> None:
        """PostgreSQL 16 and later keep the bootstrap role a superuser for ever, so it gets another name."""
        first = await asyncpg.connect(self.server.url())
        await first.execute(f"CREATE ROLE renaming SUPERUSER LOGIN PASSWORD '{PASSWORD}'")
        await first.close()
        renaming = await asyncpg.connect(self.server.url(user="renaming", password=PASSWORD))
        await renaming.execute(f"ALTER ROLE postgres RENAME TO {BOOTSTRAP}")
        await renaming.close()
        again = await asyncpg.connect(self.server.url(user=BOOTSTRAP))
        await again.execute("DROP ROLE renaming")
        await again.close()

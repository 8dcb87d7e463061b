"""A PostgreSQL and a NATS of the benchmark's own, with durable defaults, and a workspace in them."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg

from burnish.embedded import nats as embedded_nats
from burnish.embedded import postgres as embedded_postgres
from burnish.embedded.ports import free_port
from burnish.embedded.roles import GROUP_OF_LOGIN, MIGRATOR, create_login_roles, create_migrator
from burnish_shared.bus.provision import provision
from burnish_shared.bus.users import USERS
from burnish_shared.db.migrate import migrate
from burnish_shared.ids import new_uuid

PASSWORD = "benchmark-password"
FIRST_PORT = 26_000


@dataclass(frozen=True, slots=True)
class Servers:
    postgres: embedded_postgres.Postgres
    nats: embedded_nats.Nats
    pids: tuple[int, int]
    """Of PostgreSQL and NATS, as they were started: everything below them is theirs."""

    def dsn(self, login: str = "") -> str:
        """Of a service's login; the superuser's without one."""
        return self.postgres.url("burnish", user=f"burnish_{login}", password=PASSWORD) if login else self.postgres.url("burnish")

    async def make_workspace(self) -> UUID:
        connection = await asyncpg.connect(self.dsn(), server_settings={"search_path": "burnish"})
        workspace_id = new_uuid()
        await connection.fetchval("SELECT create_workspace($1, $2, true, 'benchmark')", workspace_id, new_uuid())
        await connection.close()
        return workspace_id


@asynccontextmanager
async def servers() -> AsyncIterator[Servers]:
    with tempfile.TemporaryDirectory(prefix="burnish-pipeline-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        postgres = embedded_postgres.Postgres(
            data=folder / "pg", port=free_port(FIRST_PORT), password=PASSWORD, log=folder / "postgres.log", settings={}
        )
        nats = embedded_nats.Nats(
            folder=folder / "nats",
            port=free_port(FIRST_PORT + 500),
            log=folder / "nats.log",
            passwords={user: f"password-of-{user}" for user in USERS},
            sync_interval="10s",
        )
        processes = [await embedded_postgres.start(postgres), await embedded_nats.start(nats)]
        try:
            admin = await asyncpg.connect(postgres.url())
            await create_migrator(admin, password=PASSWORD)
            await admin.execute(f"CREATE DATABASE burnish OWNER {MIGRATOR}")
            await asyncio.to_thread(migrate, postgres.url("burnish", user=MIGRATOR, password=PASSWORD))
            await create_login_roles(admin, {login.removeprefix("burnish_"): PASSWORD for login in GROUP_OF_LOGIN})
            await admin.close()
            await provision(nats.url("provisioner"))
            yield Servers(postgres, nats, (processes[0].pid, processes[1].pid))
        finally:
            for process in processes:
                process.terminate()
                await process.wait()

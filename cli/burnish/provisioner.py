"""`burnish serve provisioner`: keeps streams and consumers as this release wants them, in deployments without the launcher."""

import asyncio

from burnish_shared.bus.connect import connect
from burnish_shared.bus.provision import keep_provisioned
from burnish_shared.db.session import Database
from burnish_shared.process import HealthServer, supervise
from burnish_shared.settings import SharedSettings


async def main(stop: asyncio.Event) -> None:
    """Provisions at start, after each reconnect and every five minutes. NATS_URL is the provisioner's; several may run."""
    settings = SharedSettings()
    dsn = settings.database_url.get_secret_value()
    database = await Database.open(dsn, application_name="burnish-provisioner", max_size=1, pooler=settings.pooler)
    bus = await connect(settings.nats_url.get_secret_value(), service="provisioner", replica=settings.replica)

    async def readiness() -> str | None:
        return None if bus.is_connected else "NATS cannot be reached"

    try:
        health = HealthServer(settings.metrics_port, readiness)
        await supervise(health.run(stop), keep_provisioned(bus, database, stop, ack_wait_s=settings.ack_wait_s), stop=stop)
    finally:
        await bus.close()
        await database.close()

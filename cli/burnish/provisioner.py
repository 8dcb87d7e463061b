"""`burnish serve provisioner`: keeps streams and consumers as this release wants them, in deployments without the launcher."""

import asyncio

from pydantic import Field

from burnish_shared.bus.connect import connect
from burnish_shared.bus.provision import keep_provisioned
from burnish_shared.db.known_schema import check_schema
from burnish_shared.db.session import Database
from burnish_shared.process import HealthServer, at_start, supervise
from burnish_shared.settings import SharedSettings, from_environment


class ProvisionerSettings(SharedSettings):
    """What streams are kept as."""

    stream_replicas: int = Field(default=1, ge=1, le=5, description="Copies of each stream in a cluster of NATS servers: 1, 3 or 5.")


async def main(stop: asyncio.Event) -> None:
    """Provisions at start, after each reconnect and every five minutes. NATS_URL is the provisioner's; several may run."""
    settings = from_environment(ProvisionerSettings)
    dsn = settings.database_url.get_secret_value()
    async with HealthServer(settings.metrics_port, host=settings.metrics_host) as health:
        database = await Database.open(dsn, application_name="burnish-provisioner", max_size=1, pooler=settings.pooler)
        await at_start(lambda: check_schema(database), health=health)
        url = settings.nats_url.get_secret_value()
        bus = await at_start(lambda: connect(url, service="provisioner", replica=settings.replica), health=health, server="NATS")

        async def readiness() -> str | None:
            return None if bus.is_connected else "NATS cannot be reached"

        health.readiness = readiness
        try:
            keep = keep_provisioned(bus, database, stop, replicas=settings.stream_replicas, ack_wait_s=settings.ack_wait_s)
            await supervise(health.run(stop), keep, stop=stop)
        finally:
            await bus.close()
            await database.close()

"""Three nats-servers on this machine that form one cluster, as the chart sets them up."""

import asyncio
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from burnish.embedded.child import spawn
from burnish.embedded.nats import binary
from burnish_shared.bus.users import USERS, authorization
from tests.embedded.ports import own_port

NODES = 3
FORM_S = 180.0

CONFIG = """\
listen: "127.0.0.1:{client}"
http: "127.0.0.1:{monitor}"
server_name: "node-{number}"
max_payload: 1MB
ping_interval: "5s"
ping_max: 2
write_deadline: "10s"
jetstream {{ store_dir: "{folder}/store", max_memory_store: 64MB, max_file_store: 20GB }}
cluster {{
  name: burnish
  listen: "127.0.0.1:{route}"
  routes: [{routes}]
}}
{authorization}
"""


class NatsCluster:
    """`passwords` by user of the bus. A node is 0, 1 or 2."""

    def __init__(self, folder: Path) -> None:
        self.passwords = {user: f"password-of-{user}" for user in USERS}
        self._folder = folder
        self._ports: list[tuple[int, int, int]] = []
        for _ in range(NODES):
            self._ports.append((own_port(), own_port(), own_port()))
        self._running: dict[int, Process] = {}

    @property
    def addresses(self) -> str:
        """For NATS_URL; each service adds its own login."""
        return "nats://" + ",".join(f"127.0.0.1:{client}" for client, _, _ in self._ports)

    def environment(self) -> Mapping[str, str]:
        """What `burnish up` is told of it."""
        passwords = {f"BURNISH_NATS_PASSWORD_{user.upper()}": password for user, password in self.passwords.items()}
        return {"NATS_URL": self.addresses, "BURNISH_STREAM_REPLICAS": str(NODES), **passwords}

    def pids(self) -> dict[int, int]:
        """Node → process, of those that run."""
        return {number: process.pid for number, process in self._running.items()}

    async def start(self, number: int) -> None:
        """Returns when the node runs; it may still be catching up."""
        client, monitor, route = self._ports[number]
        folder = self._folder / f"node-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        routes = ", ".join(f'"nats://127.0.0.1:{other}"' for _, _, other in self._ports)
        login = authorization(self.passwords)
        text = CONFIG.format(client=client, monitor=monitor, route=route, number=number, folder=folder, routes=routes, authorization=login)
        (folder / "nats.conf").write_text(text)
        self._running[number] = await spawn((binary(), "-c", folder / "nats.conf"), log=folder / "nats.log")

    async def kill(self, number: int) -> None:
        """SIGKILL."""
        process = self._running.pop(number)
        process.kill()
        await process.wait()

    async def stop(self) -> None:
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            await process.wait()

    async def leader_of(self, stream: str) -> int | None:
        """The node that leads a stream; without a name (``""``) the one that leads them all. None while there is none."""
        for number in self._running:
            found = await self._ask(number, "/jsz?streams=true")
            if found is None:
                continue
            if not stream:
                leader = found.get("meta_cluster", {}).get("leader")
            else:
                details = [one for account in found.get("account_details", []) for one in account.get("stream_detail", [])]
                leader = next((one.get("cluster", {}).get("leader") for one in details if one["name"] == stream), None)
            if leader in {f"node-{other}" for other in self._running}:
                return int(leader.removeprefix("node-"))
        return None

    async def await_leader(self, stream: str, *, other_than: int | None = None) -> int:
        """The node that leads a stream, once there is one."""
        async with asyncio.timeout(FORM_S):
            while (leader := await self.leader_of(stream)) in (None, other_than):
                await asyncio.sleep(0.1)
        assert leader is not None
        return leader

    async def is_whole(self) -> bool:
        """Whether every node runs and has caught up with its leader."""
        found = [await self._ask(number, "/healthz", is_json=False) for number in range(NODES) if number in self._running]
        return len(found) == NODES and all(one is not None for one in found) and await self.leader_of("") is not None

    async def await_whole(self) -> None:
        async with asyncio.timeout(FORM_S):
            while not await self.is_whole():
                await asyncio.sleep(0.1)

    async def _ask(self, number: int, path: str, *, is_json: bool = True) -> dict | None:  # type: ignore[type-arg]
        """None where the node does not answer, or not well."""
        try:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as http:
                async with http.get(f"http://127.0.0.1:{self._ports[number][1]}{path}") as response:
                    if response.status != 200:
                        return None
                    return await response.json(content_type=None) if is_json else {}
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None


@asynccontextmanager
async def nats_cluster(folder: Path) -> AsyncIterator[NatsCluster]:
    """Three nodes that know each other, empty."""
    cluster = NatsCluster(folder)
    try:
        for number in range(NODES):
            await cluster.start(number)
        await cluster.await_whole()
        yield cluster
    finally:
        await cluster.stop()

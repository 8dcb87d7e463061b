"""KEDA's scaler for JetStream can read what our NATS tells: asked of real servers that run the chart's own configuration.

What the scaler asks and reads is written down here after its source (kedacore/keda, pkg/scalers/nats_jetstream_scaler.go): it looks a
consumer up in `/jsz`, and in a cluster asks every server that `/varz` names until it finds the consumer's leader.
"""

import asyncio
import contextlib
import re
import signal
import sysconfig
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from burnish.embedded.child import end, spawn
from burnish_shared import streams
from burnish_shared.bus.connect import connect
from burnish_shared.bus.provision import provision
from tests.deploy.chart import NAMESPACE, rendered
from tests.deploy.test_chart import GIVEN, of_kind, pods, secrets
from tests.embedded.ports import own_port

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("I1")]

SCALED: Final = GIVEN | {"keda": {"enabled": True}}
ONE: Final = {"nats": {"replicas": 1}}
HEADLESS: Final = "prod-burnish-nats-headless"
PUBLISHERS: Final = {"RECORDS": "executor"}
"""Who writes into a stream, where it is not the gateway."""

WAITING, TAKEN = 3, 1
"""Messages for each consumer, and how many of them are with a reader that has not acknowledged."""


def triggers(manifests: list[dict[str, Any]]) -> list[dict[str, str]]:
    scaled = of_kind(manifests, "ScaledObject")
    return [one["metadata"] for each in scaled for one in each["spec"]["triggers"] if one["type"] == "nats-jetstream"]


async def lag(endpoint: str, trigger: dict[str, str]) -> int:
    """What KEDA makes of a trigger, whose endpoint is this one here. Raises LookupError where it finds no such consumer: it then takes
    the stream's last sequence for its lag, and scales to the utmost."""
    path = f"/jsz?acc={trigger['account']}&consumers=true&config=true"
    async with httpx.AsyncClient(timeout=60) as client:
        told = (await client.get(f"http://{endpoint}{path}")).raise_for_status().json()
        if told.get("meta_cluster", {}).get("cluster_size", 0) <= 1:
            return _sum(_consumer(told, trigger))
        port = endpoint.rpartition(":")[2]
        for url in (await client.get(f"http://{endpoint}/varz")).json()["connect_urls"]:
            node = f"{url.partition(':')[0]}:{port}"  # KEDA: the same port on every server.
            name = (await client.get(f"http://{node}/varz")).json()["server_name"]
            consumer = _consumer((await client.get(f"http://{node}{path}")).json(), trigger)
            if consumer["cluster"]["leader"] == name:
                return _sum(consumer)
    raise LookupError(f"no server leads {trigger['consumer']}")


async def lags(endpoint: str, watched: list[dict[str, str]]) -> dict[str, int]:
    """By consumer. None of those that the server has not heard of yet, or that nobody leads at the moment."""
    found: dict[str, int] = {}
    for trigger in watched:
        with contextlib.suppress(LookupError):
            found[trigger["consumer"]] = await lag(endpoint, trigger)
    return found


def _consumer(told: dict[str, Any], trigger: dict[str, str]) -> dict[str, Any]:
    found = [
        consumer
        for account in told["account_details"]
        if account["name"] == trigger["account"]
        for stream in account.get("stream_detail", ())
        if stream["name"] == trigger["stream"]
        for consumer in stream.get("consumer_detail", ())
        if consumer["name"] == trigger["consumer"]
    ]
    if not found:
        raise LookupError(trigger["consumer"])
    return dict(found[0])


def _sum(consumer: dict[str, Any]) -> int:
    return int(consumer["num_pending"]) + int(consumer["num_ack_pending"])


@contextlib.asynccontextmanager
async def serving(folder: Path, manifests: list[dict[str, Any]], *, servers: int) -> AsyncIterator[tuple[int, int]]:
    """NATS as the chart configures it, each pod at an address of its own (127.0.0.1, .2, .3); the ports of clients and of monitoring."""
    client, monitor, route = (own_port() for _ in range(3))
    (configuration,) = of_kind(manifests, "ConfigMap")
    binary, running = Path(sysconfig.get_path("scripts")) / "nats-server", list[Process]()
    try:
        for number in range(servers):
            text = configuration["data"]["nats.conf"]
            for theirs, ours in ((4222, client), (8222, monitor), (6222, route)):
                text = text.replace(f"0.0.0.0:{theirs}", f"127.0.0.{number + 1}:{ours}")
            path = folder / f"nats-{number}.conf"
            path.write_text(text.replace("/data", str(folder / f"data-{number}")))
            environment = {"POD_NAME": f"prod-burnish-nats-{number}"} | {
                name: re.sub(rf"prod-burnish-nats-(\d)\.{HEADLESS}:6222", lambda at: f"127.0.0.{int(at[1]) + 1}:{route}", value)
                for name, value in secrets(manifests)["nats"].items()
            }
            running.append(await spawn((binary, "-c", path), log=folder / f"nats-{number}.log", env=environment))
        async with httpx.AsyncClient() as http, asyncio.timeout(60):
            for number in range(servers):
                while not await _is_well(http, f"http://127.0.0.{number + 1}:{monitor}/healthz"):
                    await asyncio.sleep(0.1)
        yield client, monitor
    finally:
        for process in running:
            await end(process, signals=(signal.SIGTERM, signal.SIGKILL), grace_s=10)


async def _is_well(http: httpx.AsyncClient, url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return (await http.get(url)).status_code == 200
    return False


async def let_wait(url: str, stream: str, durable: str, *, passwords: dict[str, str]) -> None:
    """Puts messages into the stream for one consumer, and has its service take some without acknowledging."""
    (spec,) = [one for one in streams.CONSUMERS if (one.stream, one.durable) == (stream, durable)]
    (of,) = [one for one in streams.STREAMS if one.name == stream]
    subject = (spec.filter_subjects or of.subjects)[0].replace("*", "0")
    writer = PUBLISHERS.get(stream, "gateway")
    async with await connect(_login(url, writer, passwords), service=writer, replica="0") as bus:
        for _ in range(WAITING):
            await bus.js.publish(subject, b"{}", timeout=60)
    async with await connect(_login(url, spec.service, passwords), service=spec.service, replica="0") as bus:
        reader = await bus.js.pull_subscribe_bind(durable, stream=stream)
        taken = 0
        async with asyncio.timeout(60):
            while taken < TAKEN:  # A server gives what it has: a follower of a cluster may not know of all of them yet.
                with contextlib.suppress(TimeoutError):
                    taken += len(await reader.fetch(TAKEN - taken, timeout=5))


def _login(url: str, user: str, passwords: dict[str, str]) -> str:
    return f"nats://{user}:{passwords[f'BURNISH_NATS_PASSWORD_{user.upper()}']}@{url}"


@pytest.mark.parametrize(("values", "servers"), [(SCALED | ONE, 1), (SCALED, 3)], ids=["one server", "a cluster"])
async def test_keda_reads_how_much_waits_for_each_consumer(tmp_path: Path, values: dict[str, Any], servers: int) -> None:
    manifests = rendered(values)
    passwords, watched = secrets(manifests)["nats"], triggers(manifests)
    assert len(watched) == 6
    async with serving(tmp_path, manifests, servers=servers) as (client, monitor):
        url = f"127.0.0.1:{client}"
        async with await connect(_login(url, "provisioner", passwords), service="provisioner", replica="0") as bus:
            await provision(bus, replicas=servers)
        for trigger in watched:
            await let_wait(url, trigger["stream"], trigger["consumer"], passwords=passwords)
        for number in range(servers):
            wanted = dict.fromkeys((trigger["consumer"] for trigger in watched), WAITING)
            async with asyncio.timeout(60):  # A server of a cluster hears of the others' consumers a moment later.
                while (seen := await lags(f"127.0.0.{number + 1}:{monitor}", watched)) != wanted:
                    assert all(0 <= value <= WAITING for value in seen.values()), seen
                    await asyncio.sleep(0.2)
        with pytest.raises(LookupError):
            await lag(f"127.0.0.1:{monitor}", watched[0] | {"consumer": "nobody"})


async def test_the_endpoint_that_keda_is_given_is_the_servers_monitoring_port() -> None:
    """By the headless service: KEDA goes on from it to each pod's own address, and where servers advertise none to `POD.ENDPOINT`."""
    manifests = rendered(SCALED)
    assert {one["natsServerMonitoringEndpoint"] for one in triggers(manifests)} == {f"{HEADLESS}.{NAMESPACE}.svc.cluster.local:8222"}
    (service,) = [one for one in of_kind(manifests, "Service") if one["metadata"]["name"] == HEADLESS]
    assert service["spec"]["clusterIP"] == "None" and {"name": "monitor", "port": 8222} in service["spec"]["ports"]
    (container,) = pods(manifests)["nats"]["containers"]
    assert {"name": "monitor", "containerPort": 8222} in container["ports"]
    (configuration,) = of_kind(manifests, "ConfigMap")
    assert 'http: "0.0.0.0:8222"' in configuration["data"]["nats.conf"] and "accounts" not in configuration["data"]["nats.conf"]
    (policy,) = [one for one in of_kind(manifests, "NetworkPolicy") if one["metadata"]["name"] == "prod-burnish-nats"]
    (rule,) = [one for one in policy["spec"]["ingress"] if one["ports"] == [{"port": "monitor"}]]
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "keda"}}}]
    assert {one["account"] for one in triggers(manifests)} == {"$G"}, "the account of a server without accounts"

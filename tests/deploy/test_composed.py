"""What the compose file starts, started; and a real Prometheus that scrapes it and answers every query of dashboards and rules."""

import asyncio
import base64
import json
import shutil
import signal
import subprocess
import sysconfig
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import yaml

from burnish.deployment_secrets import Servers, read_environment_file, write_deployment_secrets
from burnish.embedded.child import StartFailed, end, spawn
from burnish.launcher.passwords import new_kek
from burnish.serve import take_port
from tests.deploy.composed import ROOT, SERVICES, Deployment, running_deployment
from tests.deploy.queries import dashboards, metrics_in, rules
from tests.embedded.ports import own_port

NATS_CONF = (ROOT / "deploy/nats/nats.conf").read_text()
PROMETHEUS = shutil.which("prometheus")
PROBED = ("/healthz", "/readyz", "/metrics")
SCRAPED = [name for name in SERVICES if name != "simulator"]
FROM_OUTSIDE = "127.0.0.2"
"""Another address of this machine: whoever listens on 127.0.0.1 alone, which no other container reaches, does not answer here."""

LAG = {
    "burnish_consumer_pending", "burnish_consumer_unacknowledged", "burnish_consumer_full_ratio", "burnish_consumer_readers",
    "burnish_consumer_pending_oldest_seconds", "burnish_consumer_unfinished_oldest_seconds", "burnish_stream_full_ratio",
}  # fmt: skip
"""What the provisioner alone watches in a deployment."""
FROM_NOUGHT = {
    "burnish_stream_losses_total", "burnish_alerts_raised_total", "burnish_housework_failures_total", "burnish_outbox_sent_total",
}  # fmt: skip
"""What rings when it grows is told before it has: a series that begins at 1 has not grown."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def deployment(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Deployment]:
    async with running_deployment(tmp_path_factory.mktemp("composed")) as running:
        yield running


@pytest.mark.capability("I1")
async def test_all_parts_of_the_compose_file_start_with_the_secrets_it_makes_and_answer_a_call(deployment: Deployment) -> None:
    access = json.loads(await deployment.run("workspace", "create", "acme", "--json", part="migrate"))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{deployment.ports['gateway']}", timeout=60) as client:
        answer = await client.post(
            "/v1/chat/completions",
            headers={"Authorization": f"Bearer {access['api_key']}"},
            json={"model": "simulated/chat", "messages": [{"role": "user", "content": "Where is my parcel?"}]},
        )
    assert answer.status_code == 200, answer.text
    assert answer.json()["choices"][0]["message"]["content"]


async def test_the_gateway_shows_metrics_apart_from_its_api_alone(deployment: Deployment) -> None:
    api, own = deployment.ports["gateway"], deployment.metrics_ports["gateway"]
    async with httpx.AsyncClient(timeout=60) as client:
        seen = {(port, path): await client.get(f"http://{FROM_OUTSIDE}:{port}{path}") for port in (api, own) for path in PROBED}
    assert {place for place, answer in seen.items() if answer.status_code != 200} == {(api, "/metrics")}
    assert "burnish_gateway_requests_total" in seen[own, "/metrics"].text


async def test_what_probes_ask_is_answered_from_outside(deployment: Deployment) -> None:
    async with httpx.AsyncClient(timeout=60) as client:
        for place, port in deployment.metrics_ports.items():
            for path in PROBED:
                assert (await client.get(f"http://{FROM_OUTSIDE}:{port}{path}")).status_code == 200, (place, path)


@pytest.mark.promise("S-03")
async def test_the_key_is_changed_by_what_an_operator_writes_and_restarts(deployment: Deployment) -> None:
    """The four steps of docs/guides/key-encryption-key.md, with what `secrets` makes of `.env`."""

    async def given(kek: str, previous: str) -> None:
        environment = {"BURNISH_KEK": kek, "BURNISH_KEK_PREVIOUS": previous}
        servers = Servers(postgres=deployment.postgres, nats=deployment.nats)
        write_deployment_secrets(deployment.folder / "secrets", nats_conf=NATS_CONF, environment=environment, servers=servers)
        await asyncio.gather(*(deployment.restart(place) for place in ("gateway", "executor", "webhooks")))

    await deployment.make_workspace()
    old = json.loads((deployment.folder / "secrets/secrets.json").read_text())["kek"]
    new = base64.b64encode(b"n" * 32).decode()
    await given(old, new)
    await given(new, old)
    done = json.loads(await deployment.run("kek", "rotate", "--json", part="migrate"))
    assert done["complete"] and sum(done["rewrapped"].values()) > 0
    await given(new, "")
    async with httpx.AsyncClient(base_url=deployment.url, headers={"Authorization": f"Bearer {deployment.api_key}"}, timeout=60) as client:
        assert (await client.get("/v1/prompts")).status_code == 200
    assert json.loads(await deployment.run("kek", "rotate", "--json", part="migrate"))["left"] in ({}, [])


@pytest.mark.capability("I1")
@pytest.mark.skipif(PROMETHEUS is None, reason="prometheus is not installed (Debian's package has it)")
async def test_prometheus_scrapes_every_service_and_answers_every_query(deployment: Deployment, tmp_path: Path) -> None:
    port = own_port()
    configuration = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    configuration["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    configuration["rule_files"] = [str(ROOT / "deploy/prometheus/rules/*.yml")]
    jobs = {job["job_name"]: job for job in configuration["scrape_configs"]}
    assert set(jobs) == set(SCRAPED)
    for name, job in jobs.items():
        del job["dns_sd_configs"]
        job["static_configs"] = [{"targets": [f"{FROM_OUTSIDE}:{deployment.metrics_ports[name]}"]}]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    command = (PROMETHEUS, f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data")
    process = await spawn((*map(str, command), f"--web.listen-address=127.0.0.1:{port}"), log=tmp_path / "log")
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=60) as client:
            await _await_targets(client)
            known = await _await_lag(client)
            queries = [*dashboards(), *rules()]
            missing = {name for query in queries for name in metrics_in(query)} - known - await _not_yet_counted(deployment)
            assert not missing, missing
            for query in queries:
                answer = await client.get("/query", params={"query": query.replace("$__rate_interval", "1m")})
                assert answer.json()["status"] == "success", (query, answer.text)
            groups = (await client.get("/rules")).json()["data"]["groups"]
            assert groups and all(rule["health"] != "err" for group in groups for rule in group["rules"])
    finally:
        await end(process, signals=(signal.SIGTERM, signal.SIGKILL), grace_s=5)


async def _await_targets(client: httpx.AsyncClient) -> None:
    """Waits until each service was scraped once without a fault."""
    async with asyncio.timeout(90):
        while True:
            try:
                targets: list[Any] = (await client.get("/targets")).raise_for_status().json()["data"]["activeTargets"]
            except httpx.HTTPError:
                targets = []
            if len(targets) == len(SCRAPED) and all(target["health"] == "up" for target in targets):
                return
            await asyncio.sleep(0.1)


async def _await_lag(client: httpx.AsyncClient) -> set[str]:
    """The names of all series, once what waits in streams was told."""
    async with asyncio.timeout(90):
        while not (known := set((await client.get("/label/__name__/values")).json()["data"])) >= LAG | FROM_NOUGHT:
            await asyncio.sleep(0.2)
    return known


async def _not_yet_counted(deployment: Deployment) -> set[str]:
    """Series with labels begin with their first event: they are announced by HELP and TYPE until then."""
    found: set[str] = set()
    async with httpx.AsyncClient(timeout=60) as client:
        for name in SCRAPED:
            text = (await client.get(f"http://127.0.0.1:{deployment.metrics_ports[name]}/metrics")).text
            for line in text.splitlines():
                if line.startswith("# TYPE "):
                    metric = line.split(" ")[2]
                    found |= {metric, f"{metric}_bucket", f"{metric}_count", f"{metric}_sum"}
    return found


def test_secrets_are_made_once_and_each_part_gets_its_own(tmp_path: Path) -> None:
    def files() -> dict[str, str]:
        return {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}

    write_deployment_secrets(tmp_path, nats_conf=NATS_CONF, environment={})
    first = files()
    write_deployment_secrets(tmp_path, nats_conf=NATS_CONF, environment={})
    assert files() == first
    keys = {name for name, text in first.items() if "BURNISH_KEK=" in text}
    assert keys == {"gateway/env", "executor/env", "webhooks/env", "migrate/env"}
    own = read_environment_file(tmp_path / "optimizer/env")
    assert set(own) == {"DATABASE_URL", "NATS_URL"}
    others = [text for name, text in first.items() if name not in {"optimizer/env", "migrate/env", "nats/nats.conf", "secrets.json"}]
    assert not any(own["NATS_URL"].split("@")[0].rpartition(":")[2] in text for text in others)
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0


def test_the_key_before_goes_to_all_that_have_the_key(tmp_path: Path) -> None:
    new, old = new_kek(), new_kek()
    write_deployment_secrets(tmp_path, nats_conf=NATS_CONF, environment={"BURNISH_KEK": f" {new} ", "BURNISH_KEK_PREVIOUS": old})
    given = {path.parent.name: read_environment_file(path) for path in tmp_path.glob("*/env")}
    keys = {part: (own["BURNISH_KEK"], own.get("BURNISH_KEK_PREVIOUS")) for part, own in given.items() if "BURNISH_KEK" in own}
    assert keys == dict.fromkeys(("gateway", "executor", "webhooks", "migrate"), (new, old))


@pytest.mark.parametrize("given", [{"BURNISH_KEK": "short"}, {"BURNISH_KEK": "x\nNATS_URL=y"}, {"BURNISH_KEK_PREVIOUS": "old"}])
def test_a_key_that_is_none_is_refused_before_anybody_is_given_it(tmp_path: Path, given: dict[str, str]) -> None:
    with pytest.raises(StartFailed, match="32 bytes"):
        write_deployment_secrets(tmp_path, nats_conf=NATS_CONF, environment=given)
    assert not (tmp_path / "gateway").exists()


def test_what_an_earlier_env_file_held_is_taken_instead(tmp_path: Path) -> None:
    given = {"BURNISH_KEK": "a" * 43 + "=", "BURNISH_PG_PASSWORD_GATEWAY": "p@ss/word", "BURNISH_NATS_PASSWORD_GATEWAY": "n#1",
             "BURNISH_NATS_PASSWORD_EXECUTOR": "p\u00e4ss w\u00f6rd"}  # fmt: skip
    write_deployment_secrets(tmp_path, nats_conf=NATS_CONF, environment=given, servers=Servers(postgres="db:1", nats="bus:2"))
    gateway = read_environment_file(tmp_path / "gateway/env")
    assert gateway["BURNISH_KEK"] == given["BURNISH_KEK"]
    assert gateway["DATABASE_URL"] == "postgresql://burnish_gateway:p%40ss%2Fword@db:1/burnish"
    assert gateway["NATS_URL"] == "nats://gateway:n%231@bus:2"
    assert 'BURNISH_NATS_PASSWORD_GATEWAY: "n#1"' in (tmp_path / "nats/nats.conf").read_text()
    server = Path(sysconfig.get_path("scripts")) / "nats-server"
    run = subprocess.run([str(server), "-t", "-c", str(tmp_path / "nats/nats.conf")], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("password", ["two\nlines", 'a"quote', "back\\slash"])
def test_a_password_that_would_break_its_file_is_refused_by_name(tmp_path: Path, password: str) -> None:
    with pytest.raises(StartFailed, match="BURNISH_NATS_PASSWORD_GATEWAY"):
        write_deployment_secrets(tmp_path, nats_conf=NATS_CONF, environment={"BURNISH_NATS_PASSWORD_GATEWAY": password})


@pytest.mark.parametrize(
    ("name", "environment", "expected"),
    [
        ("gateway", {"K_SERVICE": "api", "PORT": "8080"}, {"BURNISH_PORT": "8080", "BURNISH_HOST": "0.0.0.0"}),
        ("analytics", {"K_SERVICE": "analytics", "PORT": "8080"}, {"BURNISH_METRICS_PORT": "8080", "BURNISH_METRICS_HOST": "0.0.0.0"}),
        ("gateway", {"K_SERVICE": "api", "PORT": "8080", "BURNISH_PORT": "9"}, {"BURNISH_PORT": "9", "BURNISH_HOST": "0.0.0.0"}),
        ("gateway", {"PORT": "3000"}, {}),
    ],
)
def test_cloud_run_says_where_to_listen(name: str, environment: dict[str, str], expected: dict[str, str]) -> None:
    given = dict(environment)
    take_port(name, given)
    assert {key: value for key, value in given.items() if key.startswith("BURNISH_")} == expected

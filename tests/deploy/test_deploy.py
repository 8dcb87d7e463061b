"""What `deploy/` says, as far as it can be checked without a Docker engine."""

import importlib.util
import json
import math
import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from burnish.launcher.services import NAMES
from burnish_shared.providers import KEY_VARIABLES
from tests.deploy.composed import configuration
from tests.deploy.queries import dashboards, metrics_in, rules
from tests.deploy.reading import PARTS, lacking

ROOT = Path(__file__).parents[2]
PROMTOOL = shutil.which("promtool")
AMTOOL = shutil.which("amtool")
NEEDS_PROMTOOL = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (Debian's package prometheus has it)")


def load(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.capability("I1")
def test_the_compose_file_is_valid_alone_and_names_every_service() -> None:
    services = configuration()["services"]
    assert set(services) >= {*NAMES, "postgres", "nats", "migrate", "provisioner", "prometheus", "grafana"}
    assert {one["build"]["target"] for one in services.values() if "build" in one} <= set(stages())


def test_each_part_sees_its_own_secrets_alone() -> None:
    services = configuration()["services"]
    seen = {
        name: mount["volume"]["subpath"]
        for name, one in services.items()
        for mount in one.get("volumes", ())
        if mount.get("source") == "secrets" and "volume" in mount and mount["volume"].get("subpath")
    }
    assert all(subpath == name for name, subpath in seen.items()) and set(NAMES) - set(seen) == {"simulator"}
    whole = {name for name, one in services.items() for mount in one.get("volumes", ()) if mount.get("target") == "/secrets"}
    assert whole == {"secrets"}
    assert not [name for name in NAMES if "BURNISH_KEK" in (services[name].get("environment") or {})]


def test_what_env_example_names_reaches_a_part() -> None:
    names = re.findall(r"^([A-Z_]+)=", (ROOT / "deploy/docker/.env.example").read_text(), re.MULTILINE)
    marked = {name: "18123" if name.endswith("PORT") else f"mark-of-{name}" for name in names}
    text = json.dumps(configuration(marked))
    assert not [name for name, mark in marked.items() if mark not in text]


def test_a_setting_that_one_service_is_given_reaches_every_service_that_reads_it() -> None:
    services = configuration()["services"]
    assert not lacking({part: set(services[part]["environment"]) for part in PARTS})


def test_what_stands_in_for_nothing_is_in_brackets_before_it_is_divided() -> None:
    """`a or vector(0) / b` is `a or (vector(0) / b)`: the share would be a rate whenever there is one."""
    assert not [query for query in (*dashboards(), *rules()) if re.search(r"\bor vector\(\d+\)\s*[-+*/<>]", query)]


def test_the_operators_key_of_every_provider_reaches_the_executor_alone() -> None:
    """The compose file names them one by one: a provider that is added is added there too."""
    services = configuration()["services"]
    holders = {name: set(KEY_VARIABLES.values()) & set(one.get("environment") or {}) for name, one in services.items()}
    assert {name: found for name, found in holders.items() if found} == {"executor": set(KEY_VARIABLES.values())}
    offered = re.findall(r"^([A-Z_]+)=", (ROOT / "deploy/docker/.env.example").read_text(), re.MULTILINE)
    assert set(KEY_VARIABLES.values()) <= set(offered)


def stages() -> dict[str, tuple[str, list[str]]]:
    """Stage of the Dockerfile → what it is made from, and its lines, continued ones as one."""
    found: dict[str, tuple[str, list[str]]] = {}
    for line in (ROOT / "deploy/docker/Dockerfile").read_text().replace("\\\n", " ").splitlines():
        if opened := re.match(r"FROM (\S+) AS (\S+)$", line):
            found[opened[2]] = (opened[1], [])
            lines = found[opened[2]][1]
        elif line and not line.startswith("#"):
            lines.append(line)
    return found


def lineage(stage: str) -> list[str]:
    """The lines that make a stage, those of what it is made from first."""
    source, lines = stages()[stage]
    return [*(lineage(source) if source in stages() else []), *lines]


def test_images_are_made_from_locked_dependencies_and_serve_each_service() -> None:
    served = {match[1]: stage for stage in stages() if (match := re.fullmatch(r'CMD \["serve", "(\w+)"\]', lineage(stage)[-1]))}
    assert {name: name for name in NAMES} == served
    installs = [line for stage in stages() for line in lineage(stage) if re.search(r"\b(uv|pip|npm) (sync|install|add|ci)\b", line)]
    exact = re.compile(r"RUN (uv sync --locked --no-dev |npm ci |pip install --no-cache-dir uv==\d+\.\d+\.\d+$)")
    assert installs and all(exact.match(line) for line in installs), installs


def test_every_target_runs_as_somebody_who_is_not_root() -> None:
    users = {stage: [line for line in lineage(stage) if line.startswith("USER ")][-1:] for stage in stages() if stage != "page"}
    assert set(map(tuple, users.values())) == {("USER 10001",)}, users
    services = configuration()["services"]
    assert {one["build"]["target"] for one in services.values() if "build" in one} <= set(users), "the page's stage is only copied from"
    assert {name for name, one in services.items() if str(one.get("user", "10001")).partition(":")[0] == "0"} == {"secrets"}
    assert {"no-new-privileges:true"} == {option for one in services.values() if "build" in one for option in one.get("security_opt", ())}


def test_the_server_of_the_bus_is_given_nothing_that_it_does_not_need() -> None:
    """Its image has no user but root, who may do nothing here that another could not: no capability, no new one, no file but its store."""
    nats = configuration()["services"]["nats"]
    assert (nats["cap_drop"], nats["read_only"], nats["security_opt"]) == (["ALL"], True, ["no-new-privileges:true"])
    writable = [one["target"] for one in nats["volumes"] if not one.get("read_only")]
    assert [f'store_dir: "{place}"' in (ROOT / "deploy/nats/nats.conf").read_text() for place in writable] == [True], writable


def test_litellm_is_in_the_executors_image_alone() -> None:
    assert [stage for stage in stages() if any("--extra litellm" in line for line in lineage(stage))] == ["executor"]
    assert not [line for stage in stages() for line in lineage(stage) if "--all-extras" in line]


def test_every_image_is_named_by_an_exact_version() -> None:
    """PostgreSQL's versions have two parts. What we build ourselves has no tag but the chart's own version."""
    images = [source for source, _ in stages().values() if source not in stages()]
    images += [one["image"] for one in configuration()["services"].values() if "build" not in one]
    values = yaml.safe_load((ROOT / "deploy/helm/burnish/values.yaml").read_text())
    images += [values[part]["image"] for part in ("postgres", "nats")]
    exact = re.compile(r"postgres:\d+\.\d+|[a-z0-9./-]+:v?\d+\.\d+\.\d+(-[a-z0-9-]+)?")
    images = [re.sub("@sha256:[0-9a-f]{64}$", "", image) for image in images]
    assert len(images) == 8 and not [image for image in images if not exact.fullmatch(image)], images
    chart = yaml.safe_load((ROOT / "deploy/helm/burnish/Chart.yaml").read_text())
    assert not values["image"]["tag"] and re.fullmatch(r"\d+\.\d+\.\d+", str(chart["appVersion"]))
    compose = {image.partition(":")[0]: image for image in images[2:6]}
    assert (compose["postgres"], compose["nats"]) == (values["postgres"]["image"], values["nats"]["image"])


def test_the_image_of_nats_is_the_server_that_tests_run_on() -> None:
    said = subprocess.run(
        [Path(sysconfig.get_path("scripts")) / "nats-server", "--version"], capture_output=True, text=True, check=True
    ).stdout
    assert configuration()["services"]["nats"]["image"].partition("@")[0] == f"nats:{said.rpartition('v')[2].strip()}"


def test_nats_conf_is_what_the_users_are_and_the_server_takes_it(tmp_path: Path) -> None:
    conf = ROOT / "deploy/nats/nats.conf"
    assert conf.read_text() == load("deploy/nats/render.py").rendered()
    server = Path(sysconfig.get_path("scripts")) / "nats-server"
    passwords = dict.fromkeys(re.findall(r"\$(BURNISH_NATS_PASSWORD_[A-Z]+)", conf.read_text()), "x" * 32)
    run = subprocess.run(
        [str(server), "-t", "-c", str(conf)], env={"PATH": os.environ["PATH"], **passwords}, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


@NEEDS_PROMTOOL
def test_prometheus_takes_the_configuration_and_the_rules_fire_as_said() -> None:
    for words in (
        ("check", "config", "--syntax-only", "prometheus.yml"),
        ("check", "rules", "rules/burnish.yml"),
        ("test", "rules", "tests/burnish_test.yml"),
    ):
        run = subprocess.run([str(PROMTOOL), *words], cwd=ROOT / "deploy/prometheus", capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr


def test_the_example_for_alertmanager_says_who_hears_of_each_severity() -> None:
    """Debian's package prometheus-alertmanager has amtool, which is asked too where it is installed."""
    path = ROOT / "deploy/prometheus/alertmanager.example.yml"
    example = yaml.safe_load(path.read_text())
    alerts = [
        rule for group in yaml.safe_load((ROOT / "deploy/prometheus/rules/burnish.yml").read_text())["groups"] for rule in group["rules"]
    ]
    routes = {route["matchers"][0]: route["receiver"] for route in example["route"]["routes"]}
    assert set(routes) == {f'severity="{rule["labels"]["severity"]}"' for rule in alerts}
    assert {*routes.values(), example["route"]["receiver"]} == {one["name"] for one in example["receivers"]}
    assert all(hook["url"].partition(".")[2].startswith("example.com/") for one in example["receivers"] for hook in one["webhook_configs"])
    named = set(re.findall(r"Burnish\w+", json.dumps(example["inhibit_rules"])))
    assert named and named <= {rule["alert"] for rule in alerts}
    if AMTOOL is not None:
        run = subprocess.run([AMTOOL, "check-config", str(path)], capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr


def test_the_dashboards_are_what_their_builder_says() -> None:
    written = {path.name: path.read_text() for path in (ROOT / "deploy/grafana/dashboards").glob("*.json")}
    assert written == load("deploy/grafana/build.py").rendered()
    boards = [json.loads(text) for text in written.values()]
    assert len({board["uid"] for board in boards}) == len(boards) == 7
    assert all(panel["fieldConfig"]["defaults"]["unit"] for board in boards for panel in board["panels"])


def test_every_metric_in_a_query_stands_in_the_reference() -> None:
    """docs/reference/metrics.md is generated from the services; test_composed.py asks a running Prometheus for the same."""
    names = set(re.findall(r"`(burnish_[a-z_]+)`", (ROOT / "docs/reference/metrics.md").read_text()))
    known = {name + end for name in names for end in ("", "_bucket", "_count", "_sum")}
    used = {name for query in (*dashboards(), *rules()) for name in metrics_in(query)}
    assert used <= known, used - known


@NEEDS_PROMTOOL
def test_every_query_of_the_dashboards_is_promql(tmp_path: Path) -> None:
    records: Any = [{"record": f"q:{i}", "expr": query.replace("$__rate_interval", "1m")} for i, query in enumerate(dashboards())]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": records}]}))
    run = subprocess.run([str(PROMTOOL), "check", "rules", str(tmp_path / "rules.yml")], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_scale_on_paper_is_what_the_arithmetic_says() -> None:
    from benchmarks.scaling.__main__ import DOCUMENT, rendered
    from benchmarks.scaling.plan import plan
    from benchmarks.scaling.units import CALL_MS, Assumed, read_costs

    from burnish_shared.streams import RECORDS

    assert DOCUMENT.read_text() == rendered()
    costs, assumed = read_costs(), Assumed()
    assert sum(costs.cpu_ms.values()) == pytest.approx(CALL_MS), "the parts of a call are the whole call"
    one, full, more = (plan(rate, costs, assumed) for rate in (1, 10_000, 10_001))
    assert (one.cells, full.cells, more.cells) == (1, 1, 2)
    assert full.replicas["gateway"] == math.ceil(10_000 * costs.cpu_ms["gateway"] / 1000 / 0.5)
    assert (one.replicas["postgres"], full.replicas["postgres"], more.replicas["nats"]) == (1, 2, 6)
    assert "standby" not in one.cores and full.wal_mb_per_s == pytest.approx(10_000 * costs.bytes["wal"] / 1e6)
    assert full.paid_gb["text"] == pytest.approx(2 * 10_000 * 86_400 * 30 * costs.bytes["execution_contents"] / 1e9)
    kept = {name for name in full.paid_gb if name != "streams"}
    assert sum(more.paid_gb[one] for one in kept) == pytest.approx(sum(full.paid_gb[one] for one in kept) * 1.0001, rel=1e-9)
    assert full.stream_gb == RECORDS.max_bytes / 1e9 > one.stream_gb, "a stream holds no more than it may"


def test_scale_on_paper_cuts_the_tables_that_the_schema_cuts_and_keeps_them_as_long_as_the_code_does() -> None:
    from benchmarks.scaling import plan as arithmetic
    from benchmarks.scaling.units import Assumed, read_costs

    from burnish_analytics.forget_old import NUMBERS_DAYS
    from burnish_analytics.housework import PARTITION_DAYS_AHEAD
    from burnish_webhooks.settings import WebhooksSettings

    schema = "".join(path.read_text() for path in (ROOT / "shared/burnish_shared/db/sql").glob("*[a-z].sql"))
    cut = set(re.findall(r"CALL make_day_partitions\('(\w+)'", schema))
    found = arithmetic.plan(1_000, read_costs(), Assumed()).partitions
    assert {name for one in found for name in one.table.split(", ")} == cut
    kept = (arithmetic.NUMBER_DAYS, arithmetic.DAYS_AHEAD, arithmetic.WEBHOOK_DAYS)
    assert kept == (NUMBERS_DAYS, PARTITION_DAYS_AHEAD, WebhooksSettings.model_fields["webhook_retention_days"].default)
    assert sum(one.count for one in found) == 2 * 409 + 374 + 2 * 39

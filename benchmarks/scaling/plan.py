"""The arithmetic: calls a second → cells, partitions, replicas, cores, disk, network, money. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from benchmarks.scaling.units import Assumed, Costs
from burnish_shared.streams import RECORDS

SECONDS_PER_DAY: Final = 86_400
GB: Final = 1_000_000_000
MB: Final = 1_000_000
LEAST_REPLICAS: Final = 2
"""Of each service, so that one may die, where it is more than a trial."""

NUMBER_DAYS: Final = 400
"""Of executions and what is said of them (`NUMBERS_DAYS` of analytics)."""

CONTENT_DAYS: Final = 365
"""Partitions of text go when they are older than the longest plan allows; the rows in them when their workspace's days are over."""

WEBHOOK_DAYS: Final = 30
"""Of deliveries and attempts (the webhooks service's default)."""

DAYS_AHEAD: Final = 7
"""Partitions that are made before their day comes."""

COPIES: Final = 3
"""Of each stream, where NATS is a cluster."""

SCALED: Final = ("gateway", "executor", "analytics", "webhooks", "optimizer")


@dataclass(frozen=True, slots=True)
class Partitions:
    """Tables that are cut by day: how many partitions there are, with those made ahead and the default one; GB of a day; days that are full."""

    table: str
    days: int
    count: int
    gb_each: float

    @property
    def gb(self) -> float:
        return self.days * self.gb_each


@dataclass(frozen=True, slots=True)
class Plan:
    """What so many calls a second need. `cores` by part, filled as assumed; `partitions` of one cell; disk in GB, of all copies.

    `wal_mb_per_s`, `stream_mb_per_s`: of one cell, from its primary to the standby, and from the leader of a stream to its two copies.
    `paid_cores`, `paid_gb` by part: what `usd_per_month` pays, without models and network.
    """

    calls_per_s: int
    cells: int
    cores: Mapping[str, float]
    replicas: Mapping[str, int]
    partitions: tuple[Partitions, ...]
    transfers_gb_per_year: float
    wal_mb_per_s: float
    stream_mb_per_s: float
    stream_gb: float
    paid_cores: Mapping[str, float]
    paid_gb: Mapping[str, float]
    usd_per_month: float

    @property
    def usd_per_million(self) -> float:
        return self.usd_per_month / (self.calls_per_s * SECONDS_PER_DAY * 30 / 1_000_000)

    @property
    def partition_count(self) -> int:
        return sum(one.count for one in self.partitions)


def plan(calls_per_s: int, costs: Costs, assumed: Assumed) -> Plan:
    """Replicas are processes of one core each: a Python process uses no more. Below ten calls a second nothing stands twice."""
    is_trial = calls_per_s < 10
    cells = math.ceil(calls_per_s / assumed.cell_calls_per_s)
    cores = {part: calls_per_s * ms / 1000 / (assumed.load_percent / 100) for part, ms in _cpu_ms(costs, assumed, is_trial).items()}
    least = 1 if is_trial else LEAST_REPLICAS * cells
    replicas = {part: max(math.ceil(cores[part]), least) for part in SCALED}
    replicas["optimizer"] = max(math.ceil(cores["optimizer"]), cells)  # A job waits for the next optimizer; nobody waits for the job.
    replicas |= {"provisioner": cells, "postgres": cells * (1 if is_trial else 2), "nats": cells * (1 if is_trial else COPIES)}
    per_cell = calls_per_s / cells
    partitions = _partitions(per_cell, costs, assumed)
    transfers_gb = calls_per_s * SECONDS_PER_DAY * 365 * costs.bytes["transfers"] / GB
    stream_gb = min(per_cell * assumed.backlog_hours * 3600 * costs.stream_bytes, RECORDS.max_bytes) / GB
    servers = 1 if is_trial else 2
    paid_gb = {
        "numbers": cells * servers * sum(one.gb for one in partitions if one.table != "execution_contents"),
        "text": cells * servers * sum(one.gb for one in partitions if one.table == "execution_contents"),
        "transfers of a year": servers * transfers_gb,
        "streams": stream_gb * replicas["nats"],
    }
    paid_cores = {part: max(cores[part], replicas[part] * assumed.idle_core) for part in (*SCALED, "postgres", "nats")}
    paid_cores["provisioner"] = replicas["provisioner"] * assumed.idle_core
    if not is_trial:
        paid_cores["standby"] = max(cores["standby"], cells * assumed.idle_core)
    usd = sum(paid_cores.values()) * assumed.core_usd + sum(paid_gb.values()) * assumed.gb_usd
    return Plan(
        calls_per_s=calls_per_s, cells=cells, cores=cores, replicas=replicas, partitions=partitions, transfers_gb_per_year=transfers_gb,
        wal_mb_per_s=per_cell * costs.bytes["wal"] / MB, stream_mb_per_s=per_cell * costs.stream_bytes / MB, stream_gb=stream_gb,
        paid_cores=paid_cores, paid_gb=paid_gb, usd_per_month=usd,
    )  # fmt: skip


def _cpu_ms(costs: Costs, assumed: Assumed, is_trial: bool) -> dict[str, float]:
    """CPU-ms of one call by part, with its share of deliveries and evaluations; more than a trial has a standby and copies of streams."""
    ms = {part: costs.cpu_ms[part] for part in ("gateway", "executor", "analytics", "postgres", "nats")}
    ms["webhooks"] = assumed.events_percent / 100 * costs.delivery_ms
    ms["optimizer"] = assumed.search_percent / 100 * costs.evaluation_ms
    if not is_trial:
        ms |= {"nats": costs.nats_three_ms, "postgres": costs.postgres_with_standby_ms, "standby": costs.standby_ms}
    return ms


def _partitions(per_cell: float, costs: Costs, assumed: Assumed) -> tuple[Partitions, ...]:
    """The tables of one cell that are cut by day (`make_day_partitions` of the schema)."""
    per_day = per_cell * SECONDS_PER_DAY / GB
    deliveries = per_day * assumed.events_percent / 100 * costs.bytes["delivery"]  # With their attempts, as they were weighed.
    return (
        Partitions("executions", NUMBER_DAYS, _count(NUMBER_DAYS), per_day * costs.bytes["executions"]),
        Partitions("execution_facts", NUMBER_DAYS, _count(NUMBER_DAYS), per_day * costs.bytes["execution_facts"]),
        Partitions("execution_contents", assumed.text_days, _count(CONTENT_DAYS), per_day * costs.bytes["execution_contents"]),
        Partitions("webhook_deliveries, webhook_attempts", WEBHOOK_DAYS, 2 * _count(WEBHOOK_DAYS), deliveries),
    )


def _count(days: int) -> int:
    """Partitions of so many days: those, today's, those made ahead, and the default one."""
    return days + 1 + DAYS_AHEAD + 1

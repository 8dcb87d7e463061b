"""What one call costs, as `make scaling-units` measured it; what other pages measured; and what is only assumed, said as such."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[1] / "results/units.md"

CALL_MS: Final = 1.38
"""One buffered JSON call over 32 connections, all processes of Burnish with PostgreSQL and NATS: benchmarks/results/gateway.md, commit 3ac2a8ec."""

DELIVERY_MS: Final = 1.14
"""One delivery, of the webhooks service: benchmarks/results/webhooks.md, commit 76a220e."""

STREAM_MS: Final = (2.15, 4.39)
"""A stream of thirty pieces, in a burst and one by one: benchmarks/results/gateway.md, commit 3ac2a8ec."""

PARTS: Final = ("gateway", "executor", "analytics", "postgres", "nats", "webhooks", "optimizer")


@dataclass(frozen=True, slots=True)
class Costs:
    """What one call costs: CPU-ms by part with one server of each kind, and with a standby or three NATS servers in their place;
    `delivery_ms`, `evaluation_ms` of one delivery and one evaluation; `bytes` by table, of the log (`wal`) and of a delivery;
    `stream_bytes`: what it puts into streams."""

    cpu_ms: Mapping[str, float]
    postgres_with_standby_ms: float
    standby_ms: float
    nats_three_ms: float
    delivery_ms: float
    evaluation_ms: float
    bytes: Mapping[str, float]
    stream_bytes: float


def read_costs() -> Costs:
    """The units of the page. How CPU time divides among the parts was measured there, with nothing beside; how much it is in all, by
    `make bench-gateway`, where load and peers share the machine: each part has its share of that."""
    units = read_units(PAGE.read_text())
    calm = CALL_MS / sum(units[f"{part}_ms"] for part in PARTS)
    return Costs(
        cpu_ms={part: units[f"{part}_ms"] * calm for part in PARTS},
        postgres_with_standby_ms=units["postgres_ms"] * calm * max(1.0, units["postgres_with_standby_ms"] / units["postgres_ms"]),
        standby_ms=units["standby_ms"] * calm,
        nats_three_ms=units["nats_three_ms"] * calm,
        delivery_ms=DELIVERY_MS,
        evaluation_ms=units["evaluation_ms"] * calm,
        bytes={name.removesuffix("_bytes"): value for name, value in units.items() if name.endswith("_bytes") and name != "stream_bytes"},
        stream_bytes=units["stream_bytes"],
    )


def read_units(page: str) -> Mapping[str, float]:
    """Unit → value, from the table of the page."""
    return {name: float(value) for name, value in re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", page, re.MULTILINE)}


@dataclass(frozen=True, slots=True)
class Assumed:
    """Not measured by us: change them on the command line.

    `load_percent`: how full a core may be. `cell_calls_per_s`: where one PostgreSQL primary and one NATS cluster end, and a second cell
    with its own begins. `events_percent`: of a hundred calls, how many deliveries of webhooks follow. `search_percent`: of a hundred calls,
    how many are evaluations of the optimizer. `backlog_hours`: how long streams must hold everything while nobody reads them. `idle_core`:
    of a core, what a process is paid for that has little to do. `core_usd`, `gb_usd`: a month of one core and of one GB of fast disk.
    """

    load_percent: int = 50
    cell_calls_per_s: int = 10_000
    text_days: int = 30
    events_percent: float = 1.0
    search_percent: float = 1.0
    backlog_hours: int = 1
    idle_core: float = 0.25
    core_usd: float = 25.0
    gb_usd: float = 0.10

"""The arithmetic: calls a second → cells, replicas, cores, disk, money. Pure."""

import math
from dataclasses import dataclass
from typing import Final

from benchmarks.scaling.units import CPU_MS, NUMBERS_BYTES, TEXT_BYTES, Assumed

SECONDS_PER_DAY: Final = 86_400
NUMBER_DAYS: Final = 400
GB: Final = 1_000_000_000
LEAST_REPLICAS: Final = 2
"""Of each service, so that one may die, where it is more than a trial."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What so many calls a second need. `cores` by part; disk in GB; money in dollars a month, without models and network."""

    calls_per_s: int
    cells: int
    cores: dict[str, float]
    replicas: dict[str, int]
    numbers_gb: float
    text_gb: float
    usd_per_month: float

    @property
    def usd_per_million(self) -> float:
        return self.usd_per_month / (self.calls_per_s * SECONDS_PER_DAY * 30 / 1_000_000)


def plan(calls_per_s: int, assumed: Assumed) -> Plan:
    """Replicas are processes of one core each: a Python process uses no more."""
    cells = math.ceil(calls_per_s / assumed.cell_calls_per_s)
    cores = {part: calls_per_s * ms / 1000 / (assumed.load_percent / 100) for part, ms in CPU_MS.items()}
    least = 1 if calls_per_s < 10 else LEAST_REPLICAS * cells
    replicas = {part: max(math.ceil(cores[part]), least) for part in ("gateway", "executor", "analytics")}
    calls_per_day = calls_per_s * SECONDS_PER_DAY
    numbers_gb = calls_per_day * NUMBER_DAYS * NUMBERS_BYTES / GB
    text_gb = calls_per_day * assumed.text_days * TEXT_BYTES / GB
    paid_cores = sum(max(cores[part], replicas.get(part, 0) * 0.25) for part in cores)
    usd = paid_cores * assumed.core_usd + (numbers_gb + text_gb) * assumed.gb_usd
    return Plan(calls_per_s, cells, cores, replicas, numbers_gb, text_gb, usd)

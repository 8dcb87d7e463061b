"""What one call costs: measured, with where and when; and what is only assumed, said as such."""

from dataclasses import dataclass
from typing import Final

MEASURED_AT: Final = (
    "2026-11-20, commit 5041391, 2 shared cores, Python 3.11: buffered JSON calls of about 200 words, 32 connections, 4,000 calls, quiet"
    " machine; CPU time of each process divided by calls (the classes of `make bench-gateway`). Bytes: `burnish up` with its demo, commit"
    " b67aad7, size of tables with their indexes divided by 3,150 executions."
)

CPU_MS: Final = {"gateway": 0.44, "executor": 0.40, "postgresql": 0.23, "nats": 0.07, "analytics": 0.06, "webhooks and optimizer": 0.01}
"""Milliseconds of one core for one call, in batches as they form at 32 connections; a lone call costs 3.4 in all."""

NUMBERS_BYTES: Final = 827 + 518 + 289
"""Rows of `executions`, `execution_facts` and `transfers` of one call, kept for 400 days."""

TEXT_BYTES: Final = 1_792
"""Prompt, answer and variables of one call of the demo, about 250 words; kept for the workspace's days."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """Not measured by us: change them on the command line.

    `load_percent`: how full a core may be. `cell_calls_per_s`: where one PostgreSQL primary and one NATS cluster end, and a second cell
    with its own begins. `core_usd`, `gb_usd`: a month of one core and of one GB of fast disk.
    """

    load_percent: int = 50
    cell_calls_per_s: int = 10_000
    text_days: int = 30
    core_usd: float = 25.0
    gb_usd: float = 0.10

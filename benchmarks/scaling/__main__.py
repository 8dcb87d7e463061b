"""`make scaling`: docs/scaling.md from measured unit costs, or other rates and assumptions on the screen."""

import argparse
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

from benchmarks.scaling.plan import COPIES, DAYS_AHEAD, NUMBER_DAYS, WEBHOOK_DAYS, Plan, plan
from benchmarks.scaling.units import CALL_MS, DELIVERY_MS, STREAM_MS, Assumed, Costs, read_costs
from burnish_shared.streams import RECORDS

RATES = (1, 1_000, 100_000)
DOCUMENT = Path(__file__).parents[2] / "docs/scaling.md"


def rendered(rates: tuple[int, ...] = RATES, assumed: Assumed = Assumed(), costs: Costs | None = None) -> str:
    """The whole page, in Markdown."""
    costs = costs or read_costs()
    plans = [plan(rate, costs, assumed) for rate in rates]
    head = "| | " + " | ".join(f"{one.calls_per_s:,} a second" for one in plans) + " |\n|---|" + "---|" * len(plans) + "\n"
    return f"""# Scale, on paper

Made by `make scaling` from `benchmarks/scaling`: arithmetic on measured unit costs, not a run of that size. Models, network and people are not in it; a call is one buffered answer of a model, with its hold, its record, its figures.

{head}{"".join(_row(name, plans, say) for name, say in ROWS)}
A *cell* is one PostgreSQL primary with its standby, one NATS cluster of {COPIES} servers whose streams have {COPIES} copies, and the services that work on them. At 1 a second nothing stands twice.

## Partitions
Tables that grow with time are cut by day; a day beyond its time is dropped as a whole. Of one cell, at its share of the calls:

| table | full days | partitions, with {DAYS_AHEAD} made ahead | {" | ".join(f"GB a day at {one.calls_per_s:,}" for one in plans)} |
|---|---|---|{"---|" * len(plans)}
{_partition_rows(plans)}
`transfers`, the ledger, is one table and never deleted from: {", ".join(f"{_amount(one.transfers_gb_per_year / one.cells)} GB a year and cell at {one.calls_per_s:,}" for one in plans)}. It is the first that must be cut too where a cell is full; its rows are only ever added, its ids ascend. Rollups grow with prompts, versions and hours, not with calls.

## PostgreSQL's standby
A call writes {costs.bytes["wal"]:,.0f} bytes of log, which the primary sends to the standby: {", ".join(f"{_amount(one.wal_mb_per_s)} MB/s at {one.calls_per_s:,}" for one in plans[1:])}, for each cell. Replaying costs the standby {costs.standby_ms:.2f} CPU-ms a call, sending raises the primary's from {costs.cpu_ms["postgres"]:.2f} to {costs.postgres_with_standby_ms:.2f} (one connection that streams, asynchronous). It holds the same disk again. Replication that waits for the standby was not measured.

## Copies of streams
A call puts {costs.stream_bytes:,.0f} bytes into streams (records that analytics reads, as batches). With {COPIES} copies all three servers together take {costs.nats_three_ms:.2f} CPU-ms a call, one alone {costs.cpu_ms["nats"]:.2f}; the leader sends {", ".join(f"{_amount(2 * one.stream_mb_per_s)} MB/s to the two others at {one.calls_per_s:,}" for one in plans[1:])}. Streams are read at once, so their disk is what piles up while nobody reads: {assumed.backlog_hours} h are {", ".join(f"{_amount(one.stream_gb)} GB a server at {one.calls_per_s:,}" for one in plans)}, with the {RECORDS.max_bytes >> 30} GiB that the stream of records takes as the most (`streams.py`), which a full cell of {assumed.cell_calls_per_s:,} calls a second fills in {RECORDS.max_bytes / (assumed.cell_calls_per_s * costs.stream_bytes) / 60:.0f} minutes; then records wait in PostgreSQL.

## Cost

| dollars a month | {" | ".join(f"{one.calls_per_s:,} a second" for one in plans)} |
|---|{"---|" * len(plans)}
{_cost_rows(plans, assumed)}
## From what
One call costs {CALL_MS} CPU-ms in all (`benchmarks/results/gateway.md`, commit d47b2dde, JSON over 32 connections), divided as `benchmarks/results/units.md` says, where a quiet machine took 1.23 in all: {", ".join(f"{part} {ms:.2f}" for part, ms in costs.cpu_ms.items())}. Bytes are of that page too: {", ".join(f"`{name}` {value:,.0f}" for name, value in costs.bytes.items())}. A delivery of webhooks takes {DELIVERY_MS} CPU-ms (`benchmarks/results/webhooks.md`, commit 76a220e), an evaluation {costs.evaluation_ms:.2f} of the optimizer, beside the call that it is.

Assumed, to be changed (`make scaling ARGS="--help"`): cores are {assumed.load_percent}% full; a cell takes {assumed.cell_calls_per_s:,} calls a second; of a hundred calls {assumed.events_percent:g} has a delivery of a webhook and {assumed.search_percent:g} is an evaluation of the optimizer; numbers are kept for {NUMBER_DAYS} days, text for {assumed.text_days}, deliveries for {WEBHOOK_DAYS}; a process with little to do is paid as {assumed.idle_core:g} of a core; a core is ${assumed.core_usd:.0f} a month, a GB of disk ${assumed.gb_usd:.2f}.

## What it means
- **A few a second**: one small machine, everything on it (`make up`, or the compose file).
- **A thousand a second**: one cell. Gateways and executors are added by processor; of webhooks, analytics and PostgreSQL two stand for the case that one dies. Disk is what costs, and nearly all of it are the raw rows of numbers, kept for {NUMBER_DAYS} days; dashboards read rollups and need them for the recount of the last days only. Moving old partitions to cheaper disk (a tablespace) is a statement of PostgreSQL; a shorter time is a setting that Burnish does not have yet.
- **A hundred thousand a second**: {plans[-1].cells} cells, each with its own PostgreSQL, NATS and services; workspaces are spread over cells, and a workspace lives in one. What directs a key to its cell stands before them (its prefix names it); Burnish has no such director yet. Budgets, limits and experiments are kept within a workspace, so nothing has to be agreed between cells.
- **The provisioner** makes streams and watches lag: one in each cell, whatever the rate. A second one does no harm and adds nothing; while it is away nothing stops.
- Streams cost more: {STREAM_MS[0]} ms for thirty pieces in a burst, {STREAM_MS[1]} ms where they come one by one (`benchmarks/results/gateway.md`).

## What is not known
How far one PostgreSQL primary goes: {assumed.cell_calls_per_s:,} a second is an assumption ({assumed.cell_calls_per_s * costs.postgres_with_standby_ms / 1000:.1f} cores of it by our figure, and its disk must take {assumed.cell_calls_per_s * costs.bytes["wal"] / 1_000_000:.0f} MB of log a second). We measured 1,000 to 1,400 calls a second on two cores, everything on them. Partitions of {_amount(plans[-1].partitions[0].gb_each)} GB a day are not tested, nor is dropping them under load of that size. A network between the copies: all were on one machine.
"""


def _row(name: str, plans: list[Plan], say: Callable[[Plan], str]) -> str:
    return f"| {name} | " + " | ".join(say(one) for one in plans) + " |\n"


def _partition_rows(plans: list[Plan]) -> str:
    tables = zip(*(one.partitions for one in plans), strict=True)
    lines = [
        f"| {of[0].table.replace('_', chr(92) + '_')} | {of[0].days} | {of[0].count} | {' | '.join(_amount(one.gb_each) for one in of)} |\n"
        for of in tables
    ]
    return "".join(lines)


def _cost_rows(plans: list[Plan], assumed: Assumed) -> str:
    cores = [(part, [one.paid_cores.get(part, 0.0) * assumed.core_usd for one in plans]) for part in plans[-1].paid_cores]
    disk = [(f"disk: {part}", [one.paid_gb[part] * assumed.gb_usd for one in plans]) for part in plans[-1].paid_gb]
    return "".join(f"| {name} | {' | '.join(_amount(usd) for usd in of)} |\n" for name, of in (*cores, *disk))


def _amount(value: float) -> str:
    return f"{value:,.2f}" if value < 10 else f"{value:,.0f}"


ROWS: tuple[tuple[str, Callable[[Plan], str]], ...] = (
    ("cells", lambda one: str(one.cells)),
    ("gateways of one core", lambda one: f"{one.replicas['gateway']:,}"),
    ("executors of one core", lambda one: f"{one.replicas['executor']:,}"),
    ("analytics of one core", lambda one: f"{one.replicas['analytics']:,}"),
    ("webhooks of one core", lambda one: f"{one.replicas['webhooks']:,}"),
    ("optimizers of one core", lambda one: f"{one.replicas['optimizer']:,}"),
    ("provisioners", lambda one: f"{one.replicas['provisioner']:,}"),
    ("PostgreSQL servers", lambda one: f"{one.replicas['postgres']:,}"),
    ("cores of primaries, in all", lambda one: _amount(one.cores["postgres"])),
    ("cores of standbys, in all", lambda one: _amount(one.cores.get("standby", 0.0))),
    ("NATS servers", lambda one: f"{one.replicas['nats']:,}"),
    ("cores of NATS, in all", lambda one: _amount(one.cores["nats"])),
    ("partitions of a cell", lambda one: f"{one.partition_count:,}"),
    ("log to each standby, MB/s", lambda one: _amount(one.wal_mb_per_s) if one.cores.get("standby") else "–"),
    ("disk for numbers, GB, with standbys", lambda one: _amount(one.paid_gb["numbers"])),
    ("disk for text, GB, with standbys", lambda one: _amount(one.paid_gb["text"])),
    ("dollars a month", lambda one: _amount(one.usd_per_month)),
    ("dollars a million calls", lambda one: f"{one.usd_per_million:,.2f}"),
)


def main() -> None:
    """Writes the page; with rates or assumptions of your own it shows them instead."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rates", nargs="*", type=int, metavar="CALLS_PER_S", help="calls a second; 1, 1000 and 100000 when none")
    for one in fields(Assumed):
        parser.add_argument(f"--{one.name.replace('_', '-')}", type=type(one.default), default=one.default)
    given = vars(parser.parse_args())
    rates = tuple(given.pop("rates")) or RATES
    assumed = Assumed(**given)
    text = rendered(rates, assumed)
    if (rates, assumed) == (RATES, Assumed()):
        DOCUMENT.write_text(text)
        print(f"wrote {DOCUMENT}")
    else:
        print(text)


if __name__ == "__main__":
    main()

"""`make scaling`: docs/scaling.md from measured unit costs, or other rates and assumptions on the screen."""

import argparse
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

from benchmarks.scaling.plan import NUMBER_DAYS, Plan, plan
from benchmarks.scaling.units import CPU_MS, MEASURED_AT, NUMBERS_BYTES, TEXT_BYTES, Assumed

RATES = (1, 1_000, 100_000)
DOCUMENT = Path(__file__).parents[2] / "docs/scaling.md"


def rendered(rates: tuple[int, ...] = RATES, assumed: Assumed = Assumed()) -> str:
    """The whole page, in Markdown."""
    plans = [plan(rate, assumed) for rate in rates]
    head = "| | " + " | ".join(f"{one.calls_per_s:,} a second" for one in plans) + " |\n|---|" + "---|" * len(plans) + "\n"
    return f"""# Scale, on paper

Made by `make scaling` from `benchmarks/scaling`: arithmetic on measured unit costs, not a run of that size. Models, network and people are not in it; a call is one buffered answer of a model, with its hold, its record, its figures.

{head}{"".join(_row(name, plans, say) for name, say in ROWS)}
## From what
One call costs {sum(CPU_MS.values()):.2f} ms of one core: {", ".join(f"{part} {ms}" for part, ms in CPU_MS.items())}. Its numbers take {NUMBERS_BYTES:,} bytes of PostgreSQL for {NUMBER_DAYS} days, its text {TEXT_BYTES:,} bytes for {assumed.text_days}. Measured: {MEASURED_AT}

Assumed, to be changed (`make scaling ARGS="--help"`): cores are {assumed.load_percent}% full; one PostgreSQL primary with one NATS cluster takes {assumed.cell_calls_per_s:,} calls a second, above which there is a second *cell*; a core is ${assumed.core_usd:.0f} a month, a GB of disk ${assumed.gb_usd:.2f}.

## What it means
- **A few a second**: one small machine, everything on it (`make up`, or the compose file).
- **A thousand a second**: one cell. Gateways and executors are added by processor; nothing else of Burnish needs a second core. Disk is what costs, and nearly all of it are the raw rows of numbers, kept for {NUMBER_DAYS} days; dashboards read rollups and need them for the recount of the last days only. Moving old partitions to cheaper disk (a tablespace) is a statement of PostgreSQL; a shorter time is a setting that Burnish does not have yet.
- **A hundred thousand a second**: {plans[-1].cells} cells, each with its own PostgreSQL, NATS and services; workspaces are spread over cells, and a workspace lives in one. What directs a key to its cell stands before them (its prefix names it); Burnish has no such director yet. Budgets, limits and experiments are kept within a workspace, so nothing has to be agreed between cells.
- Streams cost more: 1.9 ms for thirty pieces in a burst, 4.6 ms where they come one by one (`benchmarks/results/gateway.md`).

## What is not known
How far one PostgreSQL primary goes: {assumed.cell_calls_per_s:,} a second is an assumption ({assumed.cell_calls_per_s * CPU_MS["postgresql"] / 1000:.1f} cores of it by our figure, and its disk must take their log). We measured 1,000 to 1,400 calls a second on two cores, everything on them.
"""


def _row(name: str, plans: list[Plan], say: Callable[[Plan], str]) -> str:
    return f"| {name} | " + " | ".join(say(one) for one in plans) + " |\n"


def _amount(value: float) -> str:
    return f"{value:,.2f}" if value < 10 else f"{value:,.0f}"


ROWS: tuple[tuple[str, Callable[[Plan], str]], ...] = (
    ("cells", lambda one: str(one.cells)),
    ("gateways of one core", lambda one: f"{one.replicas['gateway']:,}"),
    ("executors of one core", lambda one: f"{one.replicas['executor']:,}"),
    ("analytics of one core", lambda one: f"{one.replicas['analytics']:,}"),
    ("cores of PostgreSQL, in all", lambda one: _amount(one.cores["postgresql"])),
    ("cores of NATS, in all", lambda one: _amount(one.cores["nats"])),
    ("disk for numbers, GB", lambda one: _amount(one.numbers_gb)),
    ("disk for text, GB", lambda one: _amount(one.text_gb)),
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

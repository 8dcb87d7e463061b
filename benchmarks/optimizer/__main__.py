"""Prints what BENCHMARKS section 3 asks of the search: made-up worlds with gepa from PyPI beside it, then real tickets with a simulated model.

`--worlds`, `--methods` and `--seeds` choose; seeds of the figures that count are from 100 on, and nothing was tuned on them.
"""

import argparse
import asyncio
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from statistics import fmean, median

from benchmarks.optimizer import proof, tickets
from benchmarks.optimizer.ours import burnish
from benchmarks.optimizer.peers import climb, gepa, mipro_like
from benchmarks.optimizer.runs import CHECKPOINTS, MARKS, Run
from benchmarks.optimizer.world import KINDS, World

METHODS: dict[str, Callable[..., Run]] = {
    "burnish": burnish,
    "gepa default": gepa,
    "gepa val 20": lambda world, **given: gepa(world, validation=20, name="gepa val 20", **given),
    "hill climb": climb,
    "MIPROv2-like": mipro_like,
}
NEVER = 10**6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", default=",".join(KINDS))
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--first-seed", type=int, default=100)
    parser.add_argument("--budget", type=int, default=3_000)
    parser.add_argument("--null-seeds", type=int, default=60)
    parser.add_argument("--ticket-seeds", type=int, default=5)
    parser.add_argument("--proof", action="store_true", help="only what a job would claim on real tickets (proof.py)")
    given = parser.parse_args()
    started = time.process_time()
    print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}, gepa {version('gepa')}\n")
    methods = [name for name in given.methods.split(",") if name]
    for world in [] if given.proof else given.worlds.split(","):
        null = KINDS[world].nothing_to_gain
        seeds = range(given.first_seed, given.first_seed + (given.null_seeds if null else given.seeds))
        runs = {
            name: [METHODS[name](World(KINDS[world], seed), seed=seed, budget=1_500 if null else given.budget) for seed in seeds]
            for name in methods
        }
        print_null(world, runs) if null else print_world(world, runs)
    if given.ticket_seeds and not given.proof:
        print_tickets(given.ticket_seeds)
    if given.ticket_seeds:
        proof.main(seeds=given.ticket_seeds)
    print(f"\n{time.process_time() - started:.0f} s of one core")


def print_world(world: str, runs: dict[str, list[Run]]) -> None:
    start = fmean(World(KINDS[world], run.seed).accuracy(World(KINDS[world], run.seed).start) for run in next(iter(runs.values())))
    print(f"### {world} (starts at {start:.3f}, {len(next(iter(runs.values())))} seeds)\n")
    heads = [
        *(f"@{n}" for n in CHECKPOINTS),
        *(f"{mark:.0%}" for mark in MARKS),
        "80%: calls + 5 · reflections",
        "stages to 80%",
        "reflections",
        "val − test",
        "overshoot",
    ]
    print(f"| method | {' | '.join(heads)} |\n|{'---|' * (len(heads) + 1)}")
    for name, mine in runs.items():
        cells = [f"{fmean(run.gain_at(n) for run in mine):.2f}" for n in CHECKPOINTS]
        cells += [reach(mine, mark, lambda step: step[0]) for mark in MARKS]
        cells += [reach(mine, 0.8, lambda step: step[0] + 5 * step[1]), reach(mine, 0.8, lambda step: step[2])]
        optimism = [run.validation - run.test for run in mine if run.validation is not None and run.test is not None]
        cells += [
            f"{fmean(run.reflections for run in mine):.0f}",
            f"{fmean(optimism):+.3f}" if optimism else "–",
            str(max(run.overshoot for run in mine)),
        ]
        print(f"| {name} | {' | '.join(cells)} |")
    print(ratios(runs))


def ratios(runs: dict[str, list[Run]]) -> str:
    """Ours against each of the others, by medians; where the other's median run did not get there, a bound."""
    if "burnish" not in runs:
        return ""
    told = []
    for name, mine in runs.items():
        if name == "burnish":
            continue
        parts = []
        for what, of in (("calls", 0), ("stages", 2)):
            ours, theirs = middle(runs["burnish"], 0.8, of), middle(mine, 0.8, of)
            parts.append(
                f"{what} to 80% {'never' if ours >= NEVER / 2 else 'only ours' if theirs >= NEVER / 2 else f'{ours / theirs:.2f} ×'}"
            )
        told.append(f"against {name}: {', '.join(parts)}")
    return "\nOurs " + "; ".join(told) + ".\n"


def middle(runs: list[Run], mark: float, of: int) -> float:
    return median(step[of] if (step := run.reached(mark)) else NEVER for run in runs)


def reach(runs: list[Run], mark: float, of: Callable[[tuple[int, int, int]], int]) -> str:
    """The median over all runs, those that never got there counted as later than any, and how many got there."""
    values = [of(step) if (step := run.reached(mark)) else NEVER for run in runs]
    there = sum(value < NEVER for value in values)
    return f"{'–' if median(values) >= NEVER / 2 else f'{median(values):.0f}'}{f' ({there}/{len(runs)})' if there < len(runs) else ''}"


def print_null(world: str, runs: dict[str, list[Run]]) -> None:
    print(
        f"### {world} (budget 1500)\n\n| method | claims a gain by validation | let through by McNemar on 200 test items | calls | overshoot |\n|---|---|---|---|---|"
    )
    for name, mine in runs.items():
        passed = sum(run.claims and tickets.mcnemar_one_sided(fixed=run.fixed, broken=run.broken) <= 0.05 for run in mine)
        claims = sum(run.claims for run in mine)
        print(
            f"| {name} | {claims}/{len(mine)} | {passed}/{len(mine)} | {fmean(run.calls for run in mine):.0f} | {max(run.overshoot for run in mine)} |"
        )
    print()


def print_tickets(seeds: int) -> None:
    print(
        "### Real tickets, the simulated model\n\n| set | before | after on test, by seed | interval of the gain, mean | shipped | evaluations | reflections | thousand characters read |\n|---|---|---|---|---|---|---|---|"
    )
    for name in (*tickets.SETS, "support_routing with shuffled labels"):
        null = name.endswith("labels")
        splits = tickets.load(name.split(" ")[0])
        rows = [
            asyncio.run(tickets.search(tickets.shuffled(splits, seed) if null else splits, tickets.names_only(splits), seed=seed))
            for seed in range(300, 300 + seeds)
        ]
        told = [row for row in rows if "after" in row]
        after = " ".join(f"{row['after']:.3f}" if "after" in row else str(row["finish"]) for row in rows)
        interval = f"{fmean(row['low'] for row in told):+.3f} … {fmean(row['high'] for row in told):+.3f}" if told else "–"
        before = f"{fmean(row['before'] for row in told):.3f}" if told else "–"
        means = " | ".join(f"{fmean(row[key] for row in rows):.0f}" for key in ("evaluations", "proposals", "thousand_characters"))
        print(f"| {name} | {before} | {after} | {interval} | {sum(bool(row['shipped']) for row in rows)}/{len(rows)} | {means} |")


if __name__ == "__main__":
    main()

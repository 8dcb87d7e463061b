"""How often a search on real tickets ships a gain proven on test, and how much that is over all searches: a table of many seeds.

`python -m benchmarks.optimizer.shipped --seeds 64`. The simulated model and writer of `tickets.py`; what ships nothing gains 0.
"""

import argparse
import asyncio
from collections import Counter
from statistics import fmean
from typing import Any

from benchmarks.optimizer import tickets
from benchmarks.optimizer.proof import NOTHING


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", default=",".join((tickets.DEMO, *tickets.SETS)))
    parser.add_argument("--seeds", type=int, default=64)
    parser.add_argument("--first-seed", type=int, default=1_100)
    parser.add_argument("--budget", type=int, default=2_000)
    given = parser.parse_args()
    print("| set | looked at test | shipped | mean gain over all | validation − test | ended |\n|---|---|---|---|---|---|")
    for name in [NOTHING] if given.sets == "nothing" else given.sets.split(","):
        rows = [one(name, seed=seed, budget=given.budget) for seed in range(given.first_seed, given.first_seed + given.seeds)]
        told = [row for row in rows if "after" in row]
        gain = fmean(row["after"] - row["before"] if row["shipped"] else 0.0 for row in rows)
        optimism = f"{fmean(row['optimism'] for row in told):+.3f}" if told else "–"
        ended = ", ".join(f"{count} {reason}" for reason, count in Counter(str(row["finish"]) for row in rows).most_common())
        shipped = sum(bool(row["shipped"]) for row in rows)
        print(f"| {name} | {len(told)} | {shipped} of {len(rows)} | {gain:+.3f} | {optimism} | {ended} |", flush=True)


def one(name: str, *, seed: int, budget: int) -> dict[str, Any]:
    """One search with one look at test, as a job goes it."""
    if name == tickets.DEMO:
        splits, prompt = tickets.demo()
    else:
        splits = tickets.load(name.partition(",")[0])
        prompt = tickets.names_only(splits)
    if name == NOTHING:
        splits = tickets.shuffled(splits, seed)
    return asyncio.run(tickets.search(splits, prompt, seed=seed, budget=budget))


if __name__ == "__main__":
    main()

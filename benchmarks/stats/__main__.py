"""Prints what BENCHMARKS section 4 asks of detection and of experiments. `--runs` scales the simulations, `--data` names shared/data."""

import argparse
import random
import time
from pathlib import Path

import numpy as np

from benchmarks.stats.experiments_report import experiments
from benchmarks.stats.labelled import compared, load
from benchmarks.stats.planted import planted
from benchmarks.stats.simulated import DELAY_MOST, FALLS, QUIET_LEAST, Figures, as_watched, cusum, falls_short, lasting
from burnish_analytics.core.cusum import THRESHOLD

FALSE_ALARMS = (0, 1, 2, 4, 8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--runs", type=int, default=120, help="simulated runs of the sum alone; as watched takes twice, and delays as many again"
    )
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2].parent / "shared" / "data")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=["experiments", "detection", "lasting"], help="one part; lasting: falls that last, alone")
    parser.add_argument("--experiment-runs", type=int, default=2000, help="simulated experiments a row; users take a quarter")
    given = parser.parse_args()
    started = time.monotonic()
    if given.only in (None, "experiments"):
        experiments(runs=given.experiment_runs, dice=np.random.default_rng(given.seed))
    if given.only in (None, "detection"):
        _detection(given.runs, given.data, random.Random(given.seed))
    if given.only != "experiments":
        _lasting(given.runs, random.Random(given.seed))
    print(f"\n{time.monotonic() - started:.0f} s, seed {given.seed}")


def _detection(runs: int, data: Path, dice: random.Random) -> None:
    print("## Simulated: satisfaction .85, and .75 from observation 2000\n")
    print("| detector | between false alarms | delay mean / p95 | missed | as asked |\n|---|---|---|---|---|")
    one = cusum(runs=runs, dice=dice)
    print(_line(f"cumulative sum h={THRESHOLD} d=.10, each observation, baseline of 1000", one))
    watched = {n: as_watched(runs=2 * runs, dice=dice, period_n=n) for n in (1, 20)}
    for period_n, whole in watched.items():
        print(_line(f"as watched, {period_n} a period", whole))
    short = {period_n: why for period_n, whole in watched.items() if (why := falls_short(whole))}
    told = "; ".join(f"{period_n} a period {why}" for period_n, why in short.items())
    print(f"\nAsked for: at least {QUIET_LEAST:,} and at most {DELAY_MOST}. As it is watched: {f'NOT met: {told}' if short else 'met'}.\n")

    print("## Planted into real ratings\n")
    for share in (0.05, 0.10, 0.20):
        found = planted(data, mixed_in=share, runs=max(20, runs), dice=dice)
        if found is None:
            print("skipped: the data is not there\n")
            break
        print(
            f"{share:.0%} bad ones mixed in (badness before {found.share_before:.3f}): seen after {found.delay_mean:.0f} reactions on average,"
            f" missed {found.missed:.0%}, false alarms in {found.false_alarms} of {found.runs} runs of 2000"
        )
    print("\n## Labelled series: windows found at equal false alarms\n")
    series = load(data / "timeseries")
    if not series:
        print("skipped: the data is not there")
    else:
        print("| false alarms at most | residuals from the season | two-window test | windows |\n|---|---|---|---|")
        for row in compared(series, at_most=FALSE_ALARMS):
            print(
                f"| {row.false_alarms} | {row.ours} (after {row.ours_delay:.0f} values) | {row.two_window} (after"
                f" {row.two_window_delay:.0f}) | {row.windows} |"
            )


def _lasting(runs: int, dice: random.Random) -> None:
    print("\n## Simulated: falls that last for 28,000 observations, and their end\n")
    print("| metric | bad before, after | a period | alerts | just one | ends: the same version is fine again | another version |", end="")
    print(" a second fall 1,000 later: told after | still open |")
    print("|---|---|---|---|---|---|---|---|---|")
    for metric, good, bads in FALLS:
        for bad, period_n in ((bad, period_n) for bad in bads for period_n in (5, 20)):
            one = lasting(runs=max(1, runs // 4), dice=dice, period_n=period_n, metric=metric, good=good, bad=bad)
            print(
                f"| {metric} | {good:.2f}, {bad:.2f} | {period_n} | {one.alerts:.2f} | {one.single:.0%} | {one.same_version:.0f} |", end=""
            )
            print(f" {one.other_version:.0f} | {one.second:.0f} | {one.still_open:.0%} |", flush=True)


def _line(name: str, one: Figures) -> str:
    between = f"{one.between_false_alarms:,.0f} ± {one.standard_error:,.0f}"
    return f"| {name} | {between} | {one.delay_mean:.0f} / {one.delay_p95:.0f} | {one.missed:.0%} | {falls_short(one) or 'met'} |"


if __name__ == "__main__":
    main()

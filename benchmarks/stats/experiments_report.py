"""Prints how often experiments are wrong and how long they take, beside what BENCHMARKS section 4 asks for."""

from collections.abc import Callable

import numpy as np

from benchmarks.stats import experiments as made
from benchmarks.stats.experiments import Course, Looked
from benchmarks.stats.rollouts import FROM_FIVE, RAMP, Ended, rollouts
from burnish_shared.contracts.experiments import Settings
from burnish_shared.experiments.plan import Plan

FALSE_MOST = 0.05
MEAN_MOST = 1.2 * 2920
RATIO_MOST = 0.01
ROLLED_BACK_LEAST = 95
ROLLOUTS = 100

ARMS = ("a", "b")


def plan(method: str, planned: int) -> Plan:
    settings = Settings(planned_units=planned, looks=5)
    return Plan(ARMS, "satisfaction", "higher", method, settings, "execution")  # type: ignore[arg-type]


def sequence() -> Looked:
    return made.by_sequence


def naive() -> Looked:
    return made.by_plain_z


def experiments(*, runs: int, dice: np.random.Generator) -> None:
    _peeking(runs, dice)
    _users_and_ramps(runs, dice)
    _deciding(runs, dice)
    _ratios(runs, dice)
    _rollouts(dice)


def _peeking(runs: int, dice: np.random.Generator) -> None:
    print("## Experiments: false winners among equal arms, looked at every 50 answers up to 10,000\n")
    print("| rule | rate .70 | rate .95 | asked for |\n|---|---|---|---|")
    rules: list[tuple[str, Callable[[], Looked]]] = [
        ("the usual test at 5 %", naive),
        ("confidence sequence (default)", sequence),
        ("group-sequential, 5 looks", made.by_plan(plan("group_sequential", 10_000))),
        ("hybrid, planned 10,000", made.by_plan(plan("hybrid", 10_000))),
        ("fixed, planned 10,000", made.by_plan(plan("fixed", 10_000))),
    ]
    for name, rule in rules:
        rows = [made.independent(rule, control=p, treatment=p, most=10_000, runs=runs, dice=dice) for p in (0.70, 0.95)]
        asked = "by design 5 %"
        if rule is naive or rule is sequence:
            asked = "beside" if rule is naive else _at_most(max(one.stopped for one in rows))
        print(f"| {name} | {' | '.join(_share(one) for one in rows)} | {asked} |")
    print()


def _users_and_ramps(runs: int, dice: np.random.Generator) -> None:
    few = max(50, runs // 4)
    users = {"users": 500, "each": 20, "correlation": 0.3, "runs": few, "dice": dice}
    right, wrong = (made.clustered(by_user=one, **users) for one in (True, False))  # type: ignore[arg-type]
    ramp = made.ramp(runs=runs, dice=dice)
    back = made.ramp_of_users(users=2000, each=5, correlation=0.3, runs=runs, dice=dice)
    print("## The same where answers are not alike\n")
    print("| traffic | ours | beside | asked for |\n|---|---|---|---|")
    print(f"| 500 users, 20 answers each, correlation .3 | {_share(right)} | fed by answer: {_share(wrong)} | {_at_most(right.stopped)} |")
    print(
        f"| ramp 1 → 5 → 25 → 50 % while .85 falls to .75 | {_share(ramp.ours)} | pooled: {_share(ramp.pooled)} | {_at_most(ramp.ours.stopped)} |"
    )
    print(
        f"| the ramp over the same 2,000 users, who stay in their arm | {back.ours:.1%} | as if they were new: {back.as_if_new:.1%} | {_at_most(back.ours)} |"
    )
    print()


def _deciding(runs: int, dice: np.random.Generator) -> None:
    print("## Answers until a decision, and what was decided\n")
    print("| true rates | rule | mean answers | named a winner | named the wrong one | asked for |\n|---|---|---|---|---|---|")
    rows: list[tuple[str, str, Course, str]] = []
    found = made.independent(sequence, control=0.70, treatment=0.75, most=10_000, runs=runs, dice=dice)
    rows.append(("70 / 75", "sequence", found, "met" if found.mean_n <= MEAN_MOST else f"NOT met: at most {MEAN_MOST:,.0f}"))
    rows.append(("70 / 80", "sequence", made.independent(sequence, control=0.70, treatment=0.80, most=10_000, runs=runs, dice=dice), ""))
    for method in ("group_sequential", "hybrid", "fixed"):
        rule = made.by_plan(plan(method, 3000))
        rows.append(
            (
                "70 / 75",
                f"{method}, planned 3,000",
                made.independent(rule, control=0.70, treatment=0.75, most=3000, runs=runs, dice=dice),
                "",
            )
        )
    less = made.independent(sequence, control=0.75, treatment=0.72, most=10_000, runs=runs, dice=dice)
    rows.append(("75 / 72", "sequence", less, f"never better: {less.wrong:.2%}, at most 2.5 % by design"))
    for rates, name, one, asked in rows:
        print(f"| {rates} | {name} | {one.mean_n:,.0f} | {one.stopped:.1%} | {one.wrong:.2%} | {asked} |")
    print()


def _ratios(runs: int, dice: np.random.Generator) -> None:
    one = made.ratios(runs=runs, dice=dice)
    most = max(one.false_alarms, one.of_ramps)
    print("## Sample ratio, looked at every 200 units\n")
    print(f"False alarms of sound splits up to 20,000: {one.false_alarms:.2%}; of ramps in four steps: {one.of_ramps:.2%};"
          f" a chi-square test at 1 %: {one.chi_square:.1%}. Asked for: at most 1 %: {'met' if most <= RATIO_MOST else 'NOT met'}.")  # fmt: skip
    print(f"A split of 52/48 is seen after {one.median_52:,.0f} units (median), 55/45 after {one.median_55:,.0f}.\n")


def _rollouts(dice: np.random.Generator) -> None:
    print("## A hundred guarded rollouts each, 50 answers a minute, steps of an hour at least\n")
    print("| candidate | how they ended | median minutes | asked for |\n|---|---|---|---|")
    for name, ramp, change, heard in (
        ("−15 points", RAMP, -0.15, 1.0), ("−15 points, ramp begins at 5 %", FROM_FIVE, -0.15, 1.0),
        ("−15 points, one answer in five heard, ramp begins at 5 %", FROM_FIVE, -0.15, 0.2), ("−5 points", RAMP, -0.05, 1.0),
        ("as good", RAMP, 0.0, 1.0), ("+5 points", RAMP, 0.05, 1.0),
    ):  # fmt: skip
        one = rollouts(change=change, runs=ROLLOUTS, dice=dice, ramp=ramp, heard=heard)
        how = ", ".join(f"{said} {count}" for said, count in one.how.most_common())
        print(f"| {name} | {how} | {one.median_minutes:,.0f} | {_rolled_back(one) if change == -0.15 and heard == 1 else ''} |")
    print()


def _rolled_back(one: Ended) -> str:
    early = sum(count for how, count in one.how.items() if how in ("rolled back at 1%", "rolled back at 5%"))
    return f"met: {early} before 25 %" if early >= ROLLED_BACK_LEAST else f"NOT met: {early}"


def _share(one: Course) -> str:
    return f"{one.stopped:.1%} ± {one.error:.1%}"


def _at_most(value: float) -> str:
    return "met" if value <= FALSE_MOST else "NOT met"

"""Experiments on simulated traffic: false winners under peeking, answers until a decision, sample ratios, guarded rollouts.

What decides is the product's own code (shared/burnish_shared/experiments), look by look; numpy makes the traffic.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from burnish_shared.experiments.contrast import Share, contrast, influence, shares_of
from burnish_shared.experiments.plan import Plan
from burnish_shared.experiments.rules import moment_of, read
from burnish_shared.experiments.sample_ratio import log_evidence, sample_ratio
from burnish_shared.experiments.sequence import half_width
from burnish_shared.experiments.sums import ArmSums

Counts = npt.NDArray[np.int64]
Bits = npt.NDArray[np.bool_]

ALPHA, HORIZON, LEAST = 0.05, 1000, 100
"""Of the sequence, in units; nothing is decided with fewer units in an arm (SCIENCE section 5)."""

LOOK_EVERY = 50
Z = NormalDist().inv_cdf(1 - ALPHA / 2)


@dataclass(frozen=True, slots=True)
class Course:
    """How runs ended. `stopped`: part that named a winner; `mean_n`: answers until then, or all of them; `wrong`: of all runs, those that
    named the worse arm."""

    runs: int
    stopped: float
    mean_n: float
    wrong: float

    @property
    def error(self) -> float:
        return sqrt(max(self.stopped * (1 - self.stopped), 1 / self.runs) / self.runs)


Looked = Callable[[int, ArmSums, ArmSums], int]
"""(answers so far, control, treatment) → −1, 0 or 1: the arm that is named worse or better, or nothing yet."""


def shares(n: int, good: int) -> ArmSums:
    return ArmSums(n, n, good, n, good, good)


def by_sequence(_: int, control: ArmSums, treatment: ArmSums) -> int:
    if min(control.units, treatment.units) < LEAST:
        return 0
    one = contrast(shares_of([(1, control, treatment)]))
    return 0 if one is None or abs(one.value) <= half_width(one, alpha=ALPHA, horizon=HORIZON) else _sign(one.value)


def by_plain_z(_: int, control: ArmSums, treatment: ArmSums) -> int:
    """The usual test, looked at again and again."""
    n, m = control.units, treatment.units
    pooled = (control.y + treatment.y) / (n + m)
    error = sqrt(max(pooled * (1 - pooled), 1e-12) * (1 / n + 1 / m))
    z = (treatment.y / m - control.y / n) / error
    return _sign(z) if abs(z) > Z else 0


def by_plan(plan: Plan) -> Callable[[], Looked]:
    """A rule with an end. A fresh one for each run: it remembers its looks."""

    def fresh() -> Looked:
        looks: tuple[float, ...] = ()

        def looked(_: int, control: ArmSums, treatment: ArmSums) -> int:
            nonlocal looks
            one = contrast(shares_of([(1, control, treatment)]))
            if one is None or min(control.units, treatment.units) < LEAST:
                return 0
            moment = moment_of(plan, units=one.units, looks=looks)
            looks = moment.looks
            reading = read(one, plan, moment)
            return _sign(one.value) if reading.is_significant else 0

        return looked

    return fresh


def independent(rule: Callable[[], Looked], *, control: float, treatment: float, most: int, runs: int, dice: np.random.Generator) -> Course:
    """Answers that know nothing of one another, in turn to either arm, looked at every 50."""
    half = most // 2
    steps = LOOK_EVERY // 2
    ends, found = [], []
    for _ in range(runs):
        a, b = (np.cumsum(dice.random(half) < rate, dtype=np.int64)[steps - 1 :: steps] for rate in (control, treatment))
        end, said = _run(rule(), a, b, steps)
        ends.append(end)
        found.append(said)
    return _course(ends, found, truth=_sign(treatment - control))


def _run(looked: Looked, a: Counts, b: Counts, steps: int) -> tuple[int, int]:
    n = 0
    for good_a, good_b in zip(a.tolist(), b.tolist(), strict=True):
        n += steps
        said = looked(2 * n, shares(n, good_a), shares(n, good_b))
        if said:
            return 2 * n, said
    return 2 * n, 0


def clustered(*, by_user: bool, users: int, each: int, correlation: float, runs: int, dice: np.random.Generator) -> Course:
    """Equal arms; users who come back `each` times in any order and resemble themselves. Fed by user, or, wrongly, by answer."""
    ends, found = [], []
    a = 1 / correlation - 1
    for _ in range(runs):
        mood = dice.beta(0.7 * a, 0.3 * a, users)
        arm = np.arange(users) % 2
        who = dice.permutation(np.repeat(np.arange(users), each))
        good = dice.random(len(who)) < mood[who]
        x, y = np.zeros(users), np.zeros(users)
        end, said = len(who), 0
        for at in range(0, len(who), LOOK_EVERY):
            seen = slice(at, at + LOOK_EVERY)
            np.add.at(x, who[seen], 1)
            np.add.at(y, who[seen], good[seen])
            said = by_sequence(0, *(_sums(x[arm == one], y[arm == one], by_user=by_user) for one in (0, 1)))
            if said:
                end = at + LOOK_EVERY
                break
        ends.append(end)
        found.append(said)
    return _course(ends, found, truth=0)


def _sums(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], *, by_user: bool) -> ArmSums:
    if not by_user:
        return shares(int(x.sum()), int(y.sum()))
    return ArmSums(int((x > 0).sum()), *(float(one.sum()) for one in (x, y, x * x, y * y, x * y)))


RAMP = ((0.01, 1000, 0.85), (0.05, 2000, 0.825), (0.25, 3000, 0.80), (0.5, 4000, 0.75))
"""(share of the treatment, answers, rate of both arms): a ramp while the base rate falls."""


@dataclass(frozen=True, slots=True)
class Ramped:
    """False winners of equal arms across the ramp: inside epochs, and pooled over them."""

    ours: Course
    pooled: Course


def ramp(*, runs: int, dice: np.random.Generator) -> Ramped:
    """Answers that know nothing of one another."""
    ours: tuple[list[int], list[int]] = ([], [])
    pooled: tuple[list[int], list[int]] = ([], [])
    for _ in range(runs):
        rows: list[tuple[int, ArmSums, ArmSums]] = []
        looks = []
        for number, (share, answers, rate) in enumerate(RAMP):
            to_b, good = dice.random(answers) < share, dice.random(answers) < rate
            sums = [np.cumsum(one)[LOOK_EVERY - 1 :: LOOK_EVERY].tolist() for one in (to_b, to_b & good, good)]
            for place, (b, good_b, whole) in enumerate(zip(*sums, strict=True), start=1):
                row = (number, shares(place * LOOK_EVERY - b, whole - good_b), shares(b, good_b))
                looks.append([*rows, row])
            rows.append(row)
        for held, rule in ((ours, _inside), (pooled, _pooled)):
            end, said = next(((n, said) for n, one in enumerate(looks, start=1) if (said := rule(one))), (len(looks), 0))
            held[0].append(end * LOOK_EVERY)
            held[1].append(said)
    return Ramped(_course(*ours, truth=0), _course(*pooled, truth=0))


def _inside(rows: list[tuple[int, ArmSums, ArmSums]]) -> int:
    one = contrast(shares_of(rows))
    if one is None or min(one.control_units, one.treatment_units) < LEAST:
        return 0
    return 0 if abs(one.value) <= half_width(one, alpha=ALPHA, horizon=HORIZON) else _sign(one.value)


def _pooled(rows: list[tuple[int, ArmSums, ArmSums]]) -> int:
    return by_sequence(0, sum((one for _, one, _ in rows), ArmSums()), sum((one for *_, one in rows), ArmSums()))


@dataclass(frozen=True, slots=True)
class Returning:
    """False winners of equal arms when the same users stay in their arm from step to step: with their comebacks counted in, and without."""

    ours: float
    as_if_new: float
    runs: int


def ramp_of_users(*, users: int, each: int, correlation: float, runs: int, dice: np.random.Generator) -> Returning:
    """The ramp over users: at each step everybody comes `each` times, and the treatment keeps whom it has. The hardest case: nobody new."""
    ours = as_new = 0
    a = 1 / correlation - 1
    for _ in range(runs):
        mood = dice.beta(0.75 * a, 0.25 * a, users)
        place = dice.permutation(users) / users
        found = [_step_of_users(dice, mood=mood, in_b=place < share, each=each, fall=0.9**n) for n, (share, *_) in enumerate(RAMP)]
        is_new = is_ours = False
        for n in range(1, len(found) + 1):
            rows = shares_of([(number, *found[number][0]) for number in range(n)])
            one = contrast(rows)
            if one is None or min(one.control_units, one.treatment_units) < LEAST:
                continue
            is_new = is_new or abs(one.value) > half_width(one, alpha=ALPHA, horizon=HORIZON)
            wide = one.widened(max(1.0, _moved(rows, [units for _, units in found[:n]], users) / one.spread))
            is_ours = is_ours or abs(wide.value) > half_width(wide, alpha=ALPHA, horizon=HORIZON)
        ours, as_new = ours + is_ours, as_new + is_new
    return Returning(ours / runs, as_new / runs, runs)


_Units = tuple[Bits, npt.NDArray[np.float64], npt.NDArray[np.float64]]


def _step_of_users(
    dice: np.random.Generator, *, mood: npt.NDArray[np.float64], in_b: Bits, each: int, fall: float
) -> tuple[tuple[ArmSums, ArmSums], _Units]:
    x = np.full(len(mood), float(each))
    y = dice.binomial(each, mood * fall).astype(float)
    return (_sums(x[~in_b], y[~in_b], by_user=True), _sums(x[in_b], y[in_b], by_user=True)), (in_b, x, y)


def _moved(rows: list[Share], units: list[_Units], users: int) -> float:
    """Σ over users of (what they moved in all epochs)², as the monitor asks the database."""
    by = influence(rows)
    moves = np.zeros(users)
    for number, (in_b, x, y) in enumerate(units):
        for arm, members in (("control", ~in_b), ("treatment", in_b)):
            if (number, arm) in by:
                c, r = by[(number, arm)]
                moves[members] += c * (y[members] - r * x[members])
    return float((moves**2).sum())


@dataclass(frozen=True, slots=True)
class Ratios:
    """False alarms of sound splits, ours and a chi-square test at 1 % that is looked at as often; units until skewed ones are seen."""

    false_alarms: float
    of_ramps: float
    chi_square: float
    median_52: float
    median_55: float
    runs: int


def ratios(*, runs: int, dice: np.random.Generator, most: int = 20_000, every: int = 200) -> Ratios:
    looks = np.arange(every, most + 1, every)
    alarms = chi = 0
    for _ in range(runs):
        came = np.cumsum(dice.binomial(every, 0.5, len(looks)))
        alarms += any(
            not sample_ratio([(1, {"a": int(k), "b": int(n - k)}, {"a": 0.5, "b": 0.5})]).is_sound for k, n in zip(came, looks, strict=True)
        )
        chi += bool((((came - looks / 2) ** 2 / (looks / 4)) > NormalDist().inv_cdf(0.995) ** 2).any())
    ramps = sum(_ramp_alarms(dice) for _ in range(runs))
    even, off = (float(np.median([_until_alarm(dice, share) for _ in range(max(100, runs // 10))])) for share in (0.52, 0.55))
    return Ratios(alarms / runs, ramps / runs, chi / runs, even, off, runs)


def _ramp_alarms(dice: np.random.Generator) -> bool:
    done: list[tuple[int, dict[str, int], dict[str, float]]] = []
    for number, share in enumerate((0.01, 0.05, 0.25, 0.5), start=1):
        planned = {"a": 1 - share, "b": share}
        for n, k in enumerate(np.cumsum(dice.binomial(200, share, 25)).tolist(), start=1):
            row = (number, {"a": 200 * n - k, "b": k}, planned)
            if not sample_ratio([*done, row]).is_sound:
                return True
        done.append(row)
    return False


def _until_alarm(dice: np.random.Generator, share: float) -> int:
    k = n = 0
    while n < 200_000:
        k, n = k + int(dice.binomial(200, share)), n + 200
        if log_evidence([k, n - k], [0.5, 0.5]) > 5.1:  # 100 odds by the weight of a first epoch, 6/π²
            return n
    return n


def _course(ends: list[int], found: list[int], *, truth: int) -> Course:
    return Course(
        len(ends), sum(one != 0 for one in found) / len(found), sum(ends) / len(ends),
        sum(one == -truth for one in found) / len(found) if truth else 0.0,
    )  # fmt: skip


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)

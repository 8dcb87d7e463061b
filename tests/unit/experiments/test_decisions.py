"""What is decided and said: experiments and guarded rollouts as pure functions of sums."""

from dataclasses import replace

import pytest

from burnish_shared.contracts.experiments import Guardrail, Method, PastCost, Rollout, Settings
from burnish_shared.experiments.analysis import Analysis, Epoch, Memory, analyse
from burnish_shared.experiments.conclude import Concluded, GoOn, as_result, as_rule, conclude
from burnish_shared.experiments.figures import figures
from burnish_shared.experiments.guardrails import USUAL
from burnish_shared.experiments.plan import Plan
from burnish_shared.experiments.rollout import Advance, Finish, Hold, RollBack, Standing, Wait, next_move
from burnish_shared.experiments.sums import ArmSums

pytestmark = pytest.mark.capability("X2")

PLAN = Plan(("a", "b"), "satisfaction", "higher", "sequential", Settings())


def shares(n: int, good: float) -> ArmSums:
    return ArmSums(n, n, good, n, good, good)


def arm(n: int, good: int, *, heard: int | None = None, failed: int = 0) -> dict[str, ArmSums]:
    return {"success": shares(n, n - failed), "satisfaction": shares(heard if heard is not None else n, good)}


def epoch(number: int = 1, *, share: float = 0.5, **arms: dict[str, ArmSums]) -> Epoch:
    return Epoch(number, {"a": 1 - share, "b": share}, arms)


def decided(plan: Plan, *epochs: Epoch, days: float = 1.0) -> GoOn | Concluded:
    return conclude(plan, analyse(plan, epochs), days=days, days_left={"b": 3.0})


def test_a_winner_is_said_with_its_interval_and_that_one_may_stop() -> None:
    found = decided(PLAN, epoch(a=arm(2100, 1470), b=arm(2110, 1600)))
    assert found == Concluded("better", "b", "B is better: +5.8 points, 95% sure between +1.5 and +10.1; 4,210 answers; you may stop.")


def test_three_points_less_is_never_called_better() -> None:
    for n in range(100, 40_000, 100):
        found = decided(PLAN, epoch(a=arm(n, round(0.75 * n)), b=arm(n, round(0.72 * n))))
        assert isinstance(found, GoOn) or found.outcome in ("worse", "no_difference")
    assert isinstance(found, Concluded) and found.outcome == "worse" and found.winner == "a"
    assert found.sentence.startswith("B is worse: −3.0 points")


def test_equal_arms_end_with_no_difference() -> None:
    found = decided(PLAN, epoch(a=arm(12_000, 9_000), b=arm(12_000, 9_010)))
    assert isinstance(found, Concluded) and (found.outcome, found.winner) == ("no_difference", "a")
    assert "within ±2.0 points" in found.sentence


def test_too_few_and_not_yet_are_said_with_what_is_missing() -> None:
    found = decided(PLAN, epoch(a=arm(60, 40), b=arm(41, 30)))
    assert found == GoOn("Too few to say anything: 41 end users of the 100 that each arm needs; about 3 days left.")
    soon = conclude(PLAN, analyse(PLAN, [epoch(a=arm(60, 40), b=arm(41, 30))]), days=1.0, days_left={"b": 1 / 24})
    assert soon.sentence.endswith("; about 1 hour left.")
    found = decided(PLAN, epoch(a=arm(600, 420), b=arm(640, 461)))
    assert found.sentence.startswith("Not decided yet: +2.0 points, 95% sure between −") and found.sentence.endswith("about 3 days left.")


def test_a_gap_between_too_few_is_not_called_found_however_wide_it_is() -> None:
    few, enough = (analyse(PLAN, [epoch(a=arm(n, n // 10), b=arm(n, n - n // 10))]).differences[0] for n in (90, 100))
    assert few.low is not None and few.low > 0, "the interval alone would leave nothing open"
    assert (few.state, few.is_significant, few.p_value is not None) == ("too_few", False, True)
    assert (enough.state, enough.is_significant) == ("better", True)


def test_between_two_looks_that_were_planned_nothing_is_found() -> None:
    """Their boundaries share the error of so many looks; to read one of them again as answers come in would be another look."""
    plan = replace(PLAN, method="group_sequential", settings=Settings(planned_units=4000, looks=4))
    first = analyse(plan, [epoch(a=arm(500, 350), b=arm(500, 352))])
    assert first.memory.looks == (0.25,) and first.differences[0].is_significant is False
    between = analyse(plan, [epoch(a=arm(900, 500), b=arm(900, 800))], first.memory)
    assert between.memory.looks == (0.25,), "no look is due"
    assert (between.differences[0].state, between.differences[0].is_significant, between.differences[0].p_value) == ("not_yet", None, None)
    second = analyse(plan, [epoch(a=arm(1000, 555), b=arm(1000, 888))], between.memory)
    assert second.memory.looks == (0.25, 0.5) and (second.differences[0].state, second.differences[0].is_significant) == ("better", True)


def test_units_are_told_also_where_nothing_varies_between_them() -> None:
    plan = replace(PLAN, metric="cost_nusd", direction="lower")

    def fixed(n: int, nusd: int) -> dict[str, ArmSums]:
        return arm(n, n) | {"cost_nusd": ArmSums(n, n, nusd * n, n, nusd * nusd * n, nusd * n)}

    few = decided(plan, epoch(a=fixed(70, 100), b=fixed(60, 130)))
    assert few == GoOn("Too few to say anything: 60 end users of the 100 that each arm needs; about 3 days left.")
    many = analyse(plan, [epoch(a=fixed(700, 100), b=fixed(600, 130))])
    assert (many.differences[0].units, many.differences[0].control_units) == (600, 700)
    said = decided(plan, epoch(a=fixed(200, 100), b=fixed(190, 130)))
    assert said == GoOn(
        "Not decided yet: cost never varied inside an arm, and B has exactly +30.0% so far. A rare one may still differ, so that it is 95%"
        " sure between −17.5% and +77.5%; 390 answers; about 3 days left."
    )
    said = decided(plan, epoch(a=fixed(2000, 100), b=fixed(2000, 130)))
    assert isinstance(said, Concluded) and said.outcome == "worse" and said.sentence.startswith("B is worse: +30.0% cost, 95% sure between")
    said = decided(plan, epoch(a=fixed(300, 100), b=fixed(300, 100)))
    assert said.sentence.startswith("Not decided yet: cost is exactly the same in each answer of A and B so far. A rare one may still")
    said = decided(plan, epoch(a=fixed(30_000, 100), b=fixed(30_000, 100)))
    assert isinstance(said, Concluded) and said.outcome == "no_difference"
    free = decided(plan, epoch(a=fixed(300, 0), b=fixed(300, 0)))
    assert free == GoOn("Not decided yet: cost is exactly the same in each answer of A and B so far: 600 end users seen.")


def test_an_own_figure_that_never_varies_is_told_as_it_was_seen() -> None:
    plan = replace(PLAN, metric="metric:words", direction="lower")

    def fixed(n: int, words: int) -> dict[str, ArmSums]:
        return arm(n, n) | {"metric:words": ArmSums(n, n, words * n, n, words * words * n, words * n)}

    said = decided(plan, epoch(a=fixed(700, 100), b=fixed(600, 130)))
    assert said == GoOn("Not decided yet: words never varied inside an arm, and B has exactly +30.0% so far: 1,300 end users seen.")


def test_what_never_varies_inside_an_epoch_is_not_compared_over_all_of_them() -> None:
    """The price of the model halved in a ramp: both arms always cost the same, and over all the candidate, which came later, costs less."""
    plan = replace(PLAN, metric="cost_nusd", direction="lower")

    def fixed(n: int, nusd: int) -> dict[str, ArmSums]:
        return arm(n, n) | {"cost_nusd": ArmSums(n, n, nusd * n, n, nusd * nusd * n, nusd * n)}

    ramp = [epoch(1, share=0.05, a=fixed(1900, 100), b=fixed(100, 100)), epoch(2, a=fixed(1000, 50), b=fixed(1000, 50))]
    said = decided(plan, *ramp)
    assert said == GoOn("Nothing varies inside an arm, so no difference can be proven yet: 4,000 end users seen.")


def test_a_skewed_split_is_refused_whatever_it_shows() -> None:
    found = decided(PLAN, epoch(a=arm(6000, 4200), b=arm(5000, 4000)))
    assert isinstance(found, Concluded) and (found.outcome, found.winner) == ("refused", None)
    assert found.sentence.startswith("No verdict: A 6,000, B 5,000 came, where A 5,500, B 5,500 were to come")


def test_a_winner_that_breaks_a_guardrail_is_rolled_back() -> None:
    plan = replace(PLAN, guardrails=USUAL)
    found = decided(plan, epoch(a=arm(3000, 2100), b=arm(3000, 2400, failed=300)))
    assert isinstance(found, Concluded) and (found.outcome, found.winner) == ("rolled_back", "a")
    assert "errors +10.0 points beside the control, at most 2 are allowed" in found.sentence


def test_a_gain_that_may_be_who_reacted_is_not_called_one() -> None:
    found = decided(PLAN, epoch(a=arm(5000, 1750, heard=2500), b=arm(5000, 2700, heard=3600)))
    assert isinstance(found, GoOn) and "heard from 72% of its units and the control from 50%" in found.sentence
    fixed = replace(PLAN, method="fixed", settings=Settings(planned_units=6000))
    found = decided(fixed, epoch(a=arm(5000, 1750, heard=2500), b=arm(5000, 2700, heard=3600)))
    assert isinstance(found, Concluded) and (found.outcome, found.winner) == ("not_enough_data", None)


def test_of_several_arms_the_largest_proven_gain_wins_and_each_pays_for_the_others() -> None:
    plan = Plan(("a", "b", "c"), "satisfaction", "higher", "sequential", Settings())
    one = Epoch(1, {"a": 0.34, "b": 0.33, "c": 0.33}, {"a": arm(4000, 2800), "b": arm(4000, 3060), "c": arm(4000, 3150)})
    assert plan.alpha == pytest.approx(0.025)
    found = conclude(plan, analyse(plan, [one]), days=1)
    assert isinstance(found, Concluded) and found.winner == "c" and "97.5% sure" in found.sentence


@pytest.mark.parametrize("method", ["sequential", "fixed", "hybrid"])
def test_a_p_below_alpha_is_told_where_a_difference_is_significant_and_nowhere_else(method: Method) -> None:
    """A hybrid rule spends a fifth of α on its sequence and the rest at its end: one p of both counts what either may spend."""
    plan = replace(PLAN, method=method, settings=Settings(planned_units=None if method == "sequential" else 2_500))
    kinds = set()
    for n in (1_000, 1_251):
        for better in range(90):
            [told] = analyse(plan, [epoch(a=arm(n, n * 7 // 10), b=arm(n, n * 7 // 10 + better))]).differences
            assert (told.p_value is None) == (told.is_significant is None)
            if told.p_value is not None:
                kinds.add((told.is_significant, told.p_value < plan.alpha))
    assert kinds == {(True, True), (False, False)}


@pytest.mark.parametrize("method", ["sequential", "fixed"])
def test_an_arm_that_was_taken_out_before_anything_was_known_of_it_keeps_nobody_waiting(method: Method) -> None:
    """Somebody gave it nobody any more, so nothing will come of it: without it the others never ended, and a rule with one look at its
    end looked again and again."""
    plan = Plan(("a", "b", "c"), "satisfaction", "higher", method, Settings(planned_units=8_000 if method == "fixed" else None))
    given, out = {"a": 0.4, "b": 0.3, "c": 0.3}, {"a": 0.5, "b": 0.5, "c": 0.0}

    def after(c: float, b: dict[str, ArmSums]) -> tuple[Epoch, Epoch]:
        return Epoch(1, given, {}), Epoch(2, out if not c else given, {"a": arm(6_000, 4_500), "b": b})

    worse, equal = arm(6_000, 4_100), arm(6_000, 4_520)
    found = conclude(plan, analyse(plan, after(0, worse)), days=1)
    assert isinstance(found, Concluded) and (found.outcome, found.winner) == ("worse", "a")
    assert found.sentence.endswith("C gets nobody any more, and was not decided.")
    if method == "fixed":
        found = conclude(plan, analyse(plan, after(0, equal)), days=1)
        assert isinstance(found, Concluded) and (found.outcome, found.winner) == ("not_enough_data", None)


def test_an_experiment_whose_arms_were_all_taken_out_waits_for_who_did_that() -> None:
    found = conclude(PLAN, analyse(PLAN, [epoch(a=arm(300, 200), b=arm(300, 205)), Epoch(2, {"a": 1.0, "b": 0.0}, {})]), days=1)
    assert isinstance(found, GoOn)


def test_less_is_better_where_it_was_said() -> None:
    plan = Plan(("a", "b"), "cost_nusd", "lower", "sequential", Settings(past_cost=PastCost(part=0.02, units=2_000)))
    cost = {"a": ArmSums(500, 500, 5e8, 500, 5.05e14, 5e8), "b": ArmSums(500, 500, 4.5e8, 500, 4.1e14, 4.5e8)}
    one = Epoch(1, {"a": 0.5, "b": 0.5}, {name: {"success": shares(500, 500), "cost_nusd": sums} for name, sums in cost.items()})
    found = conclude(plan, analyse(plan, [one]), days=1)
    assert isinstance(found, Concluded) and found.winner == "b" and found.sentence.startswith("B is better: −10.0% cost, 95% sure")


@pytest.mark.parametrize("method", ["fixed", "group_sequential", "hybrid"])
def test_rules_with_an_end_decide_then_and_hide_significance_until_then(method: Method) -> None:
    plan = replace(PLAN, method=method, settings=Settings(planned_units=2500, looks=5))
    half = analyse(plan, [epoch(a=arm(400, 290), b=arm(400, 300))])
    before = analyse(plan, [epoch(a=arm(700, 490), b=arm(700, 525))], half.memory)
    assert before.differences[0].is_significant in ((None,) if method == "fixed" else (None, False))
    after = analyse(plan, [epoch(a=arm(1251, 876), b=arm(1251, 938))], before.memory)
    assert after.differences[0].is_significant and after.differences[0].is_last
    assert conclude(plan, after, days=9).winner == "b"  # type: ignore[union-attr]
    none = analyse(plan, [epoch(a=arm(1251, 876), b=arm(1251, 880))], before.memory)
    found = conclude(plan, none, days=9)
    assert isinstance(found, Concluded) and found.outcome == "not_enough_data" and found.winner is None
    assert found.sentence.startswith("No difference was found: +0.3 points")


def test_looks_are_taken_when_they_are_due_and_kept() -> None:
    plan = replace(PLAN, method="group_sequential", settings=Settings(planned_units=1000, looks=4))
    memory = Memory()
    for n in range(20, 520, 20):
        memory = analyse(plan, [epoch(a=arm(n, n // 2), b=arm(n, n // 2))], memory).memory
    assert memory.looks == (0.28, 0.52, 0.76, 1.0) and Memory.of(memory.stored()) == memory


def test_the_least_p_so_far_stays() -> None:
    first = analyse(PLAN, [epoch(a=arm(1000, 700), b=arm(1000, 770))])
    second = analyse(PLAN, [epoch(a=arm(1100, 770), b=arm(1100, 800))], first.memory)
    assert second.differences[0].p_value == first.differences[0].p_value


def test_an_experiment_ends_after_the_days_that_were_said() -> None:
    plan = replace(PLAN, settings=Settings(max_days=14))
    found = decided(plan, epoch(a=arm(600, 420), b=arm(600, 432)), days=14)
    assert isinstance(found, Concluded) and found.outcome == "not_enough_data" and "after 14 days" in found.sentence


def test_no_interval_of_shares_says_what_shares_cannot_be() -> None:
    one = epoch(a=arm(17, 5), b=arm(13, 13))
    found = analyse(PLAN, [one])
    [difference] = found.differences
    assert difference.value == pytest.approx(12 / 17) and difference.high == 1.0 and difference.low is not None and difference.low < 0
    for figure in figures(PLAN, [one], found.memory, found.differences):
        for beside in figure.differences:
            assert beside.low is not None and beside.high is not None and -1 <= beside.low <= beside.high <= 1, figure.metric


def test_no_interval_of_a_time_begins_before_nothing() -> None:
    slow = ArmSums(13, 13, 260, 13, 60_000, 260)  # 20 ms in the mean, and one of them far more.
    one = Epoch(1, {"a": 0.5, "b": 0.5}, {"a": arm(13, 5) | {"latency_ms": slow}, "b": arm(13, 5) | {"latency_ms": slow}})
    found = analyse(PLAN, [one])
    [latency] = [it for it in figures(PLAN, [one], found.memory, found.differences) if it.metric == "latency_ms"]
    assert [(it.value, it.low) for it in latency.arms] == [(20.0, 0.0)] * 2
    assert latency.differences[0].low is not None and latency.differences[0].low < 0  # A difference of times may be.


def test_units_in_several_epochs_widen_the_interval() -> None:
    one = epoch(a=arm(2000, 1400), b=arm(2000, 1480))
    plain, wide = analyse(PLAN, [one]).differences[0], analyse(PLAN, [one], Memory(widening={"b": 2.0})).differences[0]
    assert plain.high is not None and plain.low is not None and wide.high is not None and wide.low is not None
    assert 1.3 < (wide.high - wide.low) / (plain.high - plain.low) < 1.5


def test_units_in_several_epochs_prove_less_harm_too() -> None:
    one = epoch(share=0.05, a=arm(7600, 6460), b=arm(400, 280))
    states = [
        [found.state for found in analyse(ROLLOUT, [one], Memory(widening={"b": by})).guardrails if found.metric == "satisfaction"]
        for by in (1.0, 0.1, 25.0)
    ]
    assert states == [["harm"], ["harm"], ["doubt"]]


def test_a_unit_that_came_back_in_another_epoch_is_one_unit() -> None:
    epochs = [epoch(n, a=arm(60, 20), b=arm(80, 70)) for n in (1, 2)]
    assert analyse(PLAN, epochs).differences[0].state == "better"  # Of 120 and 160 who came once each.
    memory = Memory(widening={"b": 2.0}, different={"a": 0.5, "b": 0.5})
    found = analyse(PLAN, epochs, memory)
    assert [(one.units, one.observations) for one in found.arms] == [(60, 120), (80, 160)]
    assert (found.differences[0].control_units, found.differences[0].units, found.differences[0].state) == (60, 80, "too_few")
    assert conclude(PLAN, found, days=1.0).sentence == "Too few to say anything: 60 end users of the 100 that each arm needs."
    assert Memory.of(found.memory.stored()) == found.memory
    planned = replace(PLAN, method="fixed", settings=Settings(planned_units=200))
    assert isinstance(conclude(planned, analyse(planned, epochs), days=1.0), Concluded)
    assert isinstance(conclude(planned, analyse(planned, epochs, memory), days=1.0), GoOn)


def test_what_is_kept_of_a_verdict_is_json() -> None:
    import json

    plan, one = replace(PLAN, guardrails=USUAL), epoch(a=arm(2100, 1470), b=arm(2110, 1600))
    json.dumps([as_result(plan, analyse(plan, [one]), [one]), as_rule(plan)], allow_nan=False)


# Guarded rollouts

RAMP = Rollout()
ROLLOUT = replace(PLAN, kind="rollout", guardrails=USUAL, limit_ms=900)


def analysed(n: int, good: int, *, share: float = 0.05) -> Analysis:
    many = round(n * (1 - share) / share)
    return analyse(ROLLOUT, [epoch(share=share, a=arm(many, round(0.85 * many)), b=arm(n, good))])


@pytest.mark.capability("X3")
def test_a_step_lasts_its_bake_time_and_until_enough_were_seen_and_nothing_is_in_doubt() -> None:
    calm = analysed(200, 171)
    assert isinstance(next_move(ROLLOUT, RAMP, Standing(1, 1800, 200), calm), Wait)
    assert isinstance(next_move(ROLLOUT, RAMP, Standing(1, 3600, 29), calm), Wait)
    move = next_move(ROLLOUT, RAMP, Standing(1, 3600, 200), calm)
    assert isinstance(move, Advance) and (move.step, move.share) == (2, 0.25)
    doubt = next_move(ROLLOUT, RAMP, Standing(1, 3600, 60), analysed(60, 45))
    assert isinstance(doubt, Wait) and doubt.why == "It may be that satisfaction got worse; more is waited for."
    assert isinstance(next_move(ROLLOUT, RAMP, Standing(1, 90_000, 60), analysed(60, 45)), Hold)


@pytest.mark.capability("X3")
def test_proven_harm_takes_everything_back_at_once_even_while_somebody_is_asked() -> None:
    for standing in (Standing(1, 0, 400), Standing(1, 99, 400, is_held=True)):
        move = next_move(ROLLOUT, RAMP, standing, analysed(400, 280))
        assert isinstance(move, RollBack) and "satisfaction −15.0 points beside the control, at most 3 are allowed" in move.why


@pytest.mark.capability("X3")
def test_a_candidate_that_is_proven_worse_by_its_own_metric_goes_back_though_no_guardrail_is_broken() -> None:
    plan = replace(ROLLOUT, guardrails=(Guardrail(metric="error_rate", margin=0.02),))
    worse = analyse(plan, [epoch(a=arm(4000, 3400), b=arm(4000, 3000))])
    assert [one.state for one in worse.guardrails] == ["ok"] and worse.differences[0].state == "worse"
    move = next_move(plan, RAMP, Standing(1, 0, 4000), worse)
    assert isinstance(move, RollBack) and "−10.0 points" in move.why


@pytest.mark.capability("X3")
def test_who_wants_to_be_asked_is_asked_and_the_last_step_ends_it() -> None:
    calm = analysed(200, 171)
    assert isinstance(next_move(ROLLOUT, Rollout(advances=False), Standing(1, 3600, 200), calm), Hold)
    assert isinstance(next_move(ROLLOUT, RAMP, Standing(1, 3600, 200, is_held=True), calm), Wait)
    assert isinstance(next_move(ROLLOUT, RAMP, Standing(4, 3600, 200), calm), Finish)


@pytest.mark.capability("X3")
def test_without_a_control_the_candidate_is_held_against_what_the_control_was_and_it_is_said() -> None:
    before = epoch(a=arm(4000, 3400), b=arm(4000, 3420))
    alone = Epoch(2, {"b": 1.0}, {"b": arm(5000, 4260)})
    held = analyse(ROLLOUT, [before, alone])
    assert {one.against for one in held.guardrails if one.metric in ("satisfaction", "error_rate")} == {"baseline"}
    move = next_move(ROLLOUT, RAMP, Standing(4, 3600, 5000), held)
    assert isinstance(move, Finish) and "what the control was before" in move.why
    worse = analyse(ROLLOUT, [before, Epoch(2, {"b": 1.0}, {"b": arm(5000, 3700)})])
    move = next_move(ROLLOUT, RAMP, Standing(4, 60, 5000), worse)
    assert isinstance(move, RollBack) and "what the control was" in move.why


@pytest.mark.capability("X3")
def test_what_the_candidate_did_beside_the_control_hides_nothing_of_what_it_does_alone() -> None:
    """It answered fast while few got it, and is slow for all."""

    def timed(n: int, slow: int) -> dict[str, ArmSums]:
        return arm(n, round(0.85 * n)) | {"slow": shares(n, slow)}

    before = epoch(a=timed(40_000, 2_000), b=timed(40_000, 400))
    held = analyse(ROLLOUT, [before, Epoch(2, {"b": 1.0}, {"b": timed(4_000, 480)})])
    (latency,) = [one for one in held.guardrails if one.metric == "latency_p95_ms"]
    assert (latency.state, latency.against, latency.units) == ("harm", "baseline", 4_000)


@pytest.mark.capability("X3")
def test_a_margin_in_percent_of_errors_is_one_of_the_errors() -> None:
    """Half as many errors again, of 2 %: 3 %. Taken of successes it would let half of the answers fail."""
    plan = replace(ROLLOUT, guardrails=(Guardrail(metric="error_rate", margin=0.5, relative=True),))

    def judged(of_control: int, of_candidate: int) -> tuple[str, str]:
        held = analyse(plan, [epoch(a=arm(5000, 4250, failed=of_control), b=arm(5000, 4250, failed=of_candidate))])
        move = next_move(plan, RAMP, Standing(1, 3600, 5000), held)
        return held.guardrails[0].state, move.why

    assert judged(100, 100)[0] == "ok"
    state, why = judged(100, 500)
    assert state == "harm" and "errors +400.0% beside the control, at most 50% is allowed" in why
    state, why = judged(0, 500)
    assert state == "harm" and "errors +10.0 points beside the control, which had none, and at most 50% more is allowed" in why
    alone = analyse(
        plan, [epoch(a=arm(4000, 3400, failed=80), b=arm(4000, 3400)), Epoch(2, {"b": 1.0}, {"b": arm(5000, 4250, failed=500)})]
    )
    (found,) = alone.guardrails
    assert (found.state, found.against) == ("harm", "baseline")
    assert (found.control, found.treatment) == (pytest.approx(0.02), pytest.approx(0.1))


@pytest.mark.capability("X3")
def test_a_skewed_split_asks_somebody() -> None:
    skewed = analyse(ROLLOUT, [epoch(share=0.05, a=arm(9000, 7650), b=arm(900, 765))])
    assert isinstance(next_move(ROLLOUT, RAMP, Standing(1, 3600, 900), skewed), Hold)


@pytest.mark.capability("X3")
def test_a_guardrail_that_nobody_can_know_keeps_nobody_waiting() -> None:
    plan = replace(
        ROLLOUT,
        limit_ms=None,
        guardrails=(Guardrail(metric="latency_p95_ms", margin=0.2, relative=True), Guardrail(metric="metric:sold", margin=0.1)),
    )
    calm = analyse(plan, [epoch(share=0.05, a=arm(4000, 3400), b=arm(200, 171))])
    assert isinstance(next_move(plan, RAMP, Standing(1, 3600, 200), calm), Advance)
    done = next_move(plan, RAMP, Standing(4, 3600, 200), calm)
    assert isinstance(done, Finish) and "Of slow answers and sold nothing could be known." in done.why
    known = replace(ROLLOUT, guardrails=(Guardrail(metric="error_rate", margin=0.02),))
    held = analyse(known, [epoch(share=0.05, a=arm(4000, 3400), b=arm(200, 171))])
    assert "nothing could be known" not in next_move(known, RAMP, Standing(4, 3600, 200), held).why


@pytest.mark.capability("X3")
def test_a_guardrail_of_which_something_is_heard_is_waited_for_until_enough_is() -> None:
    plan = replace(ROLLOUT, guardrails=(Guardrail(metric="satisfaction", margin=0.03, direction="higher"),))
    few = analyse(plan, [epoch(share=0.05, a=arm(3800, 3230), b=arm(200, 4, heard=5))])
    assert [one.state for one in few.guardrails] == ["no_data"]
    for step in (1, 4):
        move = next_move(plan, RAMP, Standing(step, 3600, 200), few)
        assert isinstance(move, Wait) and move.why == "Too little is known of satisfaction: 5 units."
    assert isinstance(next_move(plan, RAMP, Standing(1, 90_000, 200), few), Hold)


@pytest.mark.capability("X3")
@pytest.mark.parametrize(("left_s", "said"), [(0.2, "second"), (39.5, "40 seconds"), (60, "minute"), (1_800, "30 minutes")])
def test_what_is_left_of_a_bake_is_said_in_a_unit_that_fits(left_s: float, said: str) -> None:
    move = next_move(ROLLOUT, RAMP, Standing(1, 3600 - left_s, 200), analysed(200, 171))
    assert isinstance(move, Wait) and move.why == f"Bakes for another {said}."


@pytest.mark.capability("X3")
def test_answers_that_all_cost_the_same_are_taken_back_only_where_they_cost_too_much() -> None:
    def fixed(n: int, nusd: int) -> dict[str, ArmSums]:
        return arm(n, round(0.85 * n)) | {"cost_nusd": ArmSums(n, n, nusd * n, n, nusd * nusd * n, nusd * n)}

    for nusd, state, moved in ((100, "ok", Advance), (119, "ok", Advance), (130, "harm", RollBack)):
        held = analyse(ROLLOUT, [epoch(share=0.05, a=fixed(4000, 100), b=fixed(200, nusd))])
        assert [one.state for one in held.guardrails if one.metric == "cost_nusd"] == [state]
        assert isinstance(next_move(replace(ROLLOUT, limit_ms=None), RAMP, Standing(1, 3600, 200), held), moved)
    few = analyse(ROLLOUT, [epoch(share=0.05, a=fixed(4000, 100), b=fixed(10, 100))])
    assert [one.state for one in few.guardrails if one.metric == "cost_nusd"] == ["no_data"]

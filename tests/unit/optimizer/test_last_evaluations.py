"""The last evaluations of a search: no more is kept than its end asks for, and no edit is asked for that cannot be raced."""

import numpy as np
import pytest
from benchmarks.optimizer.ours import items, proposer
from benchmarks.optimizer.world import KINDS
from benchmarks.optimizer.world import World as MadeUp

from burnish_optimizer.search import Budget, Contract, Edit, Item, Proposal, Reflection, Scored, SearchResult, Settings, Task, optimize
from burnish_optimizer.search.gate import gain_gate
from burnish_optimizer.search.memo import Memo
from burnish_optimizer.search.pace import BACKLOG_TRIED_IN, evaluations_to_try, pace_of
from burnish_optimizer.search.patch_racing import Racing
from burnish_optimizer.search.race import Race
from burnish_optimizer.search.reflective import Reflective
from burnish_optimizer.search.trial import Trial
from burnish_shared.search_budget import evaluations_to_begin, evaluations_to_measure

ROUND = 48
VALIDATION = 60


class Search:
    """One in the made-up base world, which writes down after how many evaluations each proposal was asked for."""

    def __init__(self, *, seed: int, budget: int, train: int | None = None, contract: Contract | None = None) -> None:
        self.world, self.seed, self.budget = MadeUp(KINDS["base"], seed), seed, budget
        self.train, self.contract = items(self.world.train[:train]), contract or Contract()
        self.asked_at: list[int] = []
        self._cases = {case.id: case for case in (*self.world.train, *self.world.validation)}
        self._propose = proposer(self.world, seed)

    async def evaluate(self, prompt: str, item: Item) -> Scored:
        right = self.world.answer(prompt, self._cases[item.id])
        return Scored(score=float(right), output=item.expected if right else "no idea")

    async def propose(self, reflection: Reflection) -> Proposal:
        self.asked_at.append(self.world.calls)
        return await self._propose(reflection)  # type: ignore[no-any-return, operator]

    async def run(self, **options: object) -> SearchResult:
        return await optimize(
            Task(self.world.start, self.train, items(self.world.validation), contract=self.contract),
            evaluate=self.evaluate,
            propose=self.propose,
            budget=Budget(self.budget),
            rng=np.random.Generator(np.random.PCG64(self.seed)),
            **options,  # type: ignore[arg-type]
        )


@pytest.mark.parametrize("seed", [0, 1])
async def test_a_race_spends_what_its_last_look_does_not_need(seed: int) -> None:
    """A leader of a few edits is every set that would be looked at: 120 of 600 evaluations used to be kept for the others, and left."""
    search = Search(seed=seed, budget=600)
    result = await search.run()
    assert 600 - ROUND < result.evaluations <= 600
    assert result.finish_reason == "confirmed"


@pytest.mark.parametrize("budget", range(280, 520, 40))
async def test_the_last_look_can_always_be_paid(budget: int) -> None:
    result = await Search(seed=1, budget=budget).run()
    assert result.evaluations <= budget
    assert result.finish_reason in ("confirmed", "not_confirmed"), "nothing_found: there was a leader, and nothing left to look at it with"


async def test_other_methods_keep_the_last_look_and_no_more() -> None:
    search = Search(seed=1, budget=600)
    result = await search.run(method=Reflective())
    assert result.evaluations > 600 - 2 * VALIDATION
    assert result.finish_reason in ("confirmed", "not_confirmed")


async def test_nothing_is_asked_for_that_no_round_can_try() -> None:
    """It would be paid, and shown to nobody; or lead for no other reason than that hopes are high."""
    search = Search(seed=1, budget=600)
    await search.run()
    assert search.asked_at[-1] <= 600 - 2 * VALIDATION - ROUND


@pytest.mark.parametrize("seed", [0, 2])
async def test_where_few_lines_may_change_new_edits_do_not_keep_a_search_going(seed: int) -> None:
    """Each round asked for one more edit, and bought two evaluations at most: 74 to 103 proposals, and hundreds in a job."""
    search = Search(seed=seed, budget=1_500, train=30, contract=Contract(changed_lines_most=3))
    result = await search.run()
    assert len(search.asked_at) < 70
    assert any(note.startswith("saturated") for note in result.notes)


@pytest.mark.parametrize("scale", [None, 0.2, 0.1, 0.02])
def test_a_backlog_is_asked_for_only_where_there_is_time_to_try_it(scale: float | None) -> None:
    pace = pace_of(Settings(), scale)
    told = [evaluations_to_try(proposals, pace, scale) for proposals in (0, 8, 9)]
    assert told == [ROUND, ROUND, ROUND if scale == 0.02 else BACKLOG_TRIED_IN]


@pytest.mark.parametrize(("edits", "sets"), [(0, 0), (3, 0), (16, 0), (17, 1), (41, 2)])
def test_a_race_keeps_as_much_as_there_are_sets_to_look_at(edits: int, sets: int) -> None:
    train = tuple(Item(id=f"t{n}", input=f"ticket {n}", expected="amber") for n in range(40))
    task = Task(prompt="Sort the ticket.", train=train, validation=train)
    search = Search(seed=1, budget=600)
    memo = Memo(evaluate=search.evaluate, propose=search.propose, budget=Budget(1_000))
    trial = Trial.of(task, memo, rng=np.random.Generator(np.random.PCG64(1)), settings=Settings(), report=None)
    race = Race(task, memo, trial.rng, trial.settings, trial.champion, trial.guard)
    race.sow([Edit("rules", f'- "word{n}" stands in tickets of kind{n}') for n in range(edits)])
    race.model.mean = race.model.sd * 1.0
    assert len(race.edits) == edits
    assert race._keep(80) == 80 + 40 * sets
    race.scale = 0.02
    assert race._keep(80) == 160, "where effects are tiny, all that validation may be asked stays kept"


async def test_sets_that_meet_in_the_end_leave_what_the_anchors_need() -> None:
    """The seventeenth edit came in the last round, and what is left pays for one more set or for the anchors."""
    train = tuple(Item(id=f"t{n}", input=f"ticket {n}", expected="amber", is_anchor=n < 12) for n in range(40))
    validation = tuple(Item(id=f"v{n}", input=f"ticket {n}", expected="amber") for n in range(20))
    task = Task(prompt="Sort the ticket.", train=train, validation=validation)

    async def evaluate(prompt: str, item: Item) -> Scored:
        right = prompt != task.prompt or item.is_anchor
        return Scored(score=float(right), output="amber" if right else "no idea")

    keep = 2 * len(validation) + 2 * 12
    memo = Memo(evaluate=evaluate, propose=Search(seed=1, budget=600).propose, budget=Budget(keep))
    trial = Trial.of(task, memo, rng=np.random.Generator(np.random.PCG64(1)), settings=Settings(), report=None)
    race = Race(task, memo, trial.rng, trial.settings, trial.champion, trial.guard)
    race.sow([Edit("rules", f'- "word{n}" stands in tickets of kind{n}') for n in range(17)])
    race.model.mean = race.model.sd * 1.0
    race._follow()
    assert len({race.champion_arm, *race.finalists()}) == 2
    await Racing()._finals(race, trial, keep=keep - len(validation))
    assert (await gain_gate(trial))[0] == "confirmed"


async def with_ten_items(*, seed: int, evaluations: int) -> SearchResult:
    search = Search(seed=seed, budget=evaluations)
    task = Task(search.world.start, items(search.world.train)[:10], items(search.world.validation)[:10])
    budget, rng = Budget(evaluations, reserved_evaluations=evaluations_to_measure(20)), np.random.Generator(np.random.PCG64(seed))
    return await optimize(task, evaluate=search.evaluate, propose=search.propose, budget=budget, rng=rng)


async def test_the_least_budget_of_the_least_data_still_asks_for_edits_and_tries_them() -> None:
    least = evaluations_to_begin(train_items=10, validation_items=10, test_items=20)
    assert least is not None
    result = await with_ten_items(seed=4000, evaluations=least)
    assert result.proposals > 0
    assert any(effect.observations for effect in result.effects)


async def test_a_search_that_asks_no_more_for_want_of_evaluations_does_not_say_that_nothing_new_came() -> None:
    assert [result.notes for seed in range(4000, 4020) if (result := await with_ten_items(seed=seed, evaluations=130)).notes] == []

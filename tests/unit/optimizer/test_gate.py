"""The last look before test: what confirms a winner, where a proof on test follows and where none does."""

import numpy as np
import pytest

from burnish_optimizer.search import BEFORE_PROOF, Budget, Item, Proposal, Reflection, Scored, Settings, Task
from burnish_optimizer.search.gate import gain_gate
from burnish_optimizer.search.memo import Memo
from burnish_optimizer.search.patch_racing import Racing
from burnish_optimizer.search.trial import Trial
from tests.unit.optimizer.world import World

ITEMS = tuple(Item(id=f"v{n}", input=f"ticket {n}", expected="amber") for n in range(40))
Pairs = list[tuple[float, float]]


def pairs(*, fixed: int, broken: int) -> Pairs:
    return [(0.0, 1.0)] * fixed + [(1.0, 0.0)] * broken + [(1.0, 1.0)] * 30


async def verdict(on_validation: Pairs, met_first: Pairs, settings: Settings) -> str:
    answers = {(prompt, item.id): one[place] for item, one in zip(ITEMS, on_validation, strict=False) for place, prompt in enumerate("ab")}

    async def evaluate(prompt: str, item: Item) -> Scored:
        return Scored(score=answers.get((prompt, item.id), 1.0), output="")

    async def propose(reflection: Reflection) -> Proposal:
        raise AssertionError

    memo = Memo(evaluate=evaluate, propose=propose, budget=Budget(1_000))
    trial = Trial.of(Task("a", ITEMS, ITEMS), memo, rng=np.random.default_rng(1), settings=settings, report=None)
    trial.champion.prompt = "b"
    return (await gain_gate(trial, met_first=met_first))[0]


@pytest.mark.capability("O4")
async def test_train_items_that_were_new_to_the_leader_confirm_what_validation_leaves_open() -> None:
    """Four fixed and two broken is p = 0.34."""
    little, much, against = pairs(fixed=4, broken=2), pairs(fixed=20, broken=6), pairs(fixed=2, broken=8)
    assert await verdict(little, [], BEFORE_PROOF) == "not_confirmed"
    assert await verdict(little, much, BEFORE_PROOF) == "confirmed"
    assert await verdict(little, against, BEFORE_PROOF) == "not_confirmed"


@pytest.mark.capability("O4")
async def test_train_items_never_speak_for_what_is_no_better_on_validation_and_never_where_no_proof_follows() -> None:
    much = pairs(fixed=30, broken=0)
    assert await verdict(pairs(fixed=3, broken=3), much, BEFORE_PROOF) == "not_confirmed"
    assert await verdict(pairs(fixed=4, broken=2), much, Settings(confirm_p=0.15)) == "not_confirmed"


async def test_what_validation_confirms_alone_is_confirmed_whatever_the_train_items_say() -> None:
    """An early leader that lost is no word against the one of the end."""
    assert await verdict(pairs(fixed=12, broken=2), pairs(fixed=0, broken=30), BEFORE_PROOF) == "confirmed"


async def test_only_items_count_that_nobody_had_answered_before_and_each_of_them_once() -> None:
    """Else lines that were learned by heart from an item would be proven on it."""
    world = World(gain=0.5)
    task, memo = world.task(), Memo(evaluate=world.evaluate, propose=world.propose, budget=Budget(2_400))
    trial = Trial.of(task, memo, rng=np.random.Generator(np.random.PCG64(1)), settings=Settings(), report=None)
    trial.begins_with = task.train[:12]
    _, race = await Racing().run(trial, keep=400)
    assert race.rounds * 6 > 2 * len(task.train), "each item was asked more than once"
    answers = await memo.score([(task.prompt, item) for item in task.train[12:]])
    assert sorted(old for old, _ in race.met_first) == sorted(one.score for one in answers)
    assert sum(new for _, new in race.met_first) > sum(old for old, _ in race.met_first), "rules that help are led with"


@pytest.mark.capability("O4")
async def test_where_nothing_is_to_be_gained_few_searches_come_to_a_look_at_test() -> None:
    results = [await World(gain=0.0, seed=seed).search(seed=seed, settings=BEFORE_PROOF) for seed in range(20)]
    assert sum(result.finish_reason == "confirmed" for result in results) <= 3

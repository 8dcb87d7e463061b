"""Which train items a round asks about: those that undecided edits came of, and the next ones in turn (decision 86)."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from burnish_optimizer.search import Budget, Edit, Item, Proposal, Reflection, Scored, Settings, Task
from burnish_optimizer.search.memo import Memo
from burnish_optimizer.search.next_items import NextItems
from burnish_optimizer.search.race import Race
from burnish_optimizer.search.trial import Trial

TRAIN = tuple(Item(id=f"t{n:02}", input=f"ticket {n}", expected="amber") for n in range(30))


def dice() -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(7))


def test_without_an_edit_every_item_has_its_turn_before_any_has_its_second() -> None:
    order, rng = NextItems(TRAIN), dice()
    rounds = [order.next(6, undecided=(), alive=(), rng=rng) for _ in range(10)]
    assert not any(returning for returning, _ in rounds)
    seen = Counter(item.id for _, in_turn in rounds for item in in_turn)
    assert set(seen.values()) == {2} and len(seen) == 30


def test_a_race_begins_with_what_is_answered_already() -> None:
    order = NextItems(TRAIN)
    order.begin_with(TRAIN[20:26])
    assert order.next(6, undecided=(), alive=(), rng=dice()) == ([], [*TRAIN[20:26]])


def test_half_of_a_round_is_what_undecided_edits_came_of_the_most_asked_for_first() -> None:
    order = NextItems(TRAIN)
    order.note(TRAIN[:4])
    order.note(TRAIN[2:6])
    order.note()
    order.note(TRAIN[8:9])
    returning, in_turn = order.next(6, undecided=(0, 1, 2), alive=(0, 1, 2, 3), rng=dice())
    assert [item.id for item in returning] == ["t02", "t03", "t00"], "what two came of, then by id; of a decided edit none"
    assert len(in_turn) == 3 and not {*returning} & {*in_turn}


def test_what_was_asked_about_often_makes_way() -> None:
    order, rng = NextItems(TRAIN), dice()
    order.note(TRAIN[:4])
    rounds = [order.next(4, undecided=(0,), alive=(0,), rng=rng)[0] for _ in range(4)]
    assert [[item.id for item in one] for one in rounds] == [["t00", "t01"], ["t02", "t03"]] * 2


def test_items_that_are_not_to_be_asked_about_do_not_return() -> None:
    order = NextItems(TRAIN)
    order.note([Item(id="gone", input="", expected="")])
    assert order.next(4, undecided=(0,), alive=(0,), rng=dice())[0] == []


@given(
    st.integers(1, 40),
    st.lists(st.sets(st.integers(0, 29), max_size=12), max_size=8),
    st.integers(1, 12),
)
def test_a_round_is_full_and_asks_about_no_item_twice(count: int, came_of: list[set[int]], rounds: int) -> None:
    order, rng = NextItems(TRAIN), dice()
    for shown in came_of:
        order.note([TRAIN[n] for n in sorted(shown)])
    edits = range(len(came_of))
    for _ in range(rounds):
        returning, in_turn = order.next(count, undecided=edits, alive=edits, rng=rng)
        ids = [item.id for item in (*returning, *in_turn)]
        assert len(ids) == len(set(ids)) == min(count, 30)
        assert len(returning) <= count / 2 + 1


async def test_every_item_has_its_turn_though_half_of_each_round_returns() -> None:
    """Else the pairs that help to confirm (decision 54) would end with the first failures."""
    order, rng = NextItems(TRAIN), dice()
    order.note(TRAIN[:12])
    seen = {item.id for _ in range(10) for item in order.next(6, undecided=(0,), alive=(0,), rng=rng)[1]}
    assert len(seen) >= 27


class OneLineHelps:
    """Ten of thirty items need a line that is proposed at once; each fails until the prompt holds it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.shown: list[set[str]] = []

    async def evaluate(self, prompt: str, item: Item) -> Scored:
        self.asked.append((prompt, item.id))
        right = int(item.id[1:]) % 3 or "stands" in prompt
        return Scored(score=float(bool(right)), output="amber" if right else "no idea")

    async def propose(self, reflection: Reflection) -> Proposal:
        self.shown.append({failure.item.id for failure in reflection.failed})
        lines = ("amber stands on its own", "birch: never alone", "cedar: never alone", "elder: twice", "fir: in the end")
        return Proposal(edits=(Edit("rules", f"- {lines[reflection.number % 5]}"),))


async def test_the_round_after_a_reflection_asks_about_what_it_was_shown_and_takes_no_gain_from_there() -> None:
    world = OneLineHelps()
    memo = Memo(evaluate=world.evaluate, propose=world.propose, budget=Budget(1_000))
    task = Task(prompt="Sort the ticket.", train=TRAIN, validation=TRAIN)
    trial = Trial.of(task, memo, rng=dice(), settings=Settings(), report=None)
    race = Race(task, memo, trial.rng, trial.settings, trial.champion, trial.guard)
    leader = await race._round(keep=0)
    await race._reflect(leader, is_stuck=False, keep=0)
    asked, shown = len(world.asked), set().union(*world.shown)
    assert shown and shown <= {item for _, item in world.asked} and race.edits
    await race._round(keep=0)
    again = {item for _, item in world.asked[asked:]}
    back = again & shown
    assert back and len(back) <= 3 and len(again - shown) >= 3
    assert len(race._newest_leads()) == race.pace.items + len(again - back), "what returned failed before: to get it right is no lead"

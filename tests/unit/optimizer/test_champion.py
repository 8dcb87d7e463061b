"""Who would be returned now: what a model expects and what validation says, weighed together; and how a race begins."""

import numpy as np
import pytest
from benchmarks.optimizer.ours import burnish
from benchmarks.optimizer.world import KINDS
from benchmarks.optimizer.world import World as MadeUp
from scipy.stats import norm

from burnish_optimizer.search import Budget, Edit, Item, Proposal, Reflection, Scored, Settings, Task, optimize
from burnish_optimizer.search.champion import Champion, chance_to_be_better
from burnish_optimizer.search.memo import Memo
from burnish_optimizer.search.race import Race
from burnish_optimizer.search.trial import Trial
from tests.unit.optimizer.world import World

ITEMS = tuple(Item(id=f"v{n}", input=f"ticket {n}", expected="amber") for n in range(40))


class Meeting:
    """The champion "old" and a challenger, whose answers are given: the challenger's score less the champion's, by item."""

    def __init__(self, differences: list[int]) -> None:
        self.asked: list[str] = []
        self.differences = dict(zip((item.id for item in ITEMS), differences, strict=True))
        task = Task(prompt="old", train=ITEMS, validation=ITEMS)
        self.champion = Champion(task, Memo(evaluate=self.evaluate, propose=self.propose, budget=Budget(1_000)), Settings(), "old")

    async def evaluate(self, prompt: str, item: Item) -> Scored:
        self.asked.append(item.id)
        return Scored(score=0.5 + self.differences[item.id] / 2 * (1 if prompt == "new" else -1), output="")

    async def propose(self, reflection: Reflection) -> Proposal:
        raise AssertionError

    async def ends_last(self, *, mean: float, sd: float) -> bool:
        return await self.champion.final("new", expected=(mean, sd), keep=0)

    async def ends(self, *, mean: float, sd: float) -> tuple[bool, int]:
        won = await self.champion.challenge_expected("new", expected=(mean, sd), keep=0)
        return won, len(set(self.asked))


async def test_a_large_and_sure_gain_asks_for_a_handful_of_items() -> None:
    assert await Meeting([0] * 40).ends(mean=0.3, sd=0.08) == (True, 5)


async def test_nobody_wins_whom_validation_speaks_against_however_sure_the_model_is() -> None:
    won, seen = await Meeting([-1] * 5 + [0] * 35).ends(mean=0.5, sd=0.03)
    assert not won and seen == 40, "it had the chance to make up for it"
    won, seen = await Meeting([-1] * 5 + [1] * 10 + [0] * 25).ends(mean=0.5, sd=0.03)
    assert won and seen == 10


async def test_an_unsure_gain_is_decided_by_validation() -> None:
    assert await Meeting([1] * 40).ends(mean=0.03, sd=0.1) == (True, 10)
    won, seen = await Meeting([-1] * 40).ends(mean=0.03, sd=0.1)
    assert not won and seen == 15
    won, seen = await Meeting([0] * 40).ends(mean=0.01, sd=0.1)
    assert not won and seen == 40


async def test_who_lost_is_not_asked_again_until_somebody_else_has_won() -> None:
    meeting = Meeting([-1] * 40)
    await meeting.ends(mean=0.03, sd=0.1)
    before = len(meeting.asked)
    assert await meeting.ends(mean=0.5, sd=0.01) == (False, 15) and len(meeting.asked) == before


async def test_in_the_end_what_the_race_knows_counts_beside_a_few_validation_items() -> None:
    ahead, even, behind = [1] * 2 + [0] * 38, [1, -1] + [0] * 38, [-1] + [0] * 39
    assert await Meeting(ahead).ends_last(mean=0.01, sd=0.05)
    assert not await Meeting(ahead).ends_last(mean=-0.15, sd=0.05), "two items are luck where the race saw the opposite"
    assert await Meeting(even).ends_last(mean=0.05, sd=0.05)
    assert not await Meeting(even).ends_last(mean=-0.01, sd=0.05)
    assert not await Meeting(behind).ends_last(mean=0.5, sd=0.01), "nobody wins against what was seen"


@pytest.mark.parametrize(("mean", "sd"), [(0.1, 0.05), (-0.1, 0.2), (0.0, 0.1)])
def test_without_a_difference_seen_hardly_more_than_what_was_expected_counts(mean: float, sd: float) -> None:
    """Against two normals multiplied on a grid."""
    seen = [1.0, 0.0, -1.0, 1.0, 0.0]
    at = np.linspace(-3, 3, 60_001)
    density = norm.pdf(at, mean, (sd**2 + 0.03**2) ** 0.5) * norm.pdf(at, 0.2, (3 + 1) ** 0.5 / 5)
    assert chance_to_be_better(seen, expected=(mean, sd), doubt=0.03) == pytest.approx(density[at > 0].sum() / density.sum(), abs=2e-4)


async def test_a_race_reflects_on_the_first_failures_before_it_evaluates_anything_else() -> None:
    world = World(gain=0.5)
    asked_at: list[int] = []

    async def propose(reflection: Reflection) -> Proposal:
        asked_at.append(world.evaluations)
        return await world.propose(reflection)

    task = world.task()
    rng = np.random.Generator(np.random.PCG64(1))
    await optimize(task, evaluate=world.evaluate, propose=propose, budget=Budget(evaluations=700), rng=rng)
    assert asked_at[:6] == [12] * 6, "a prompt that fails a third of the time needs no 36 items to have headroom"
    assert {prompt for prompt, _ in world.asked[:12]} == {task.prompt}
    assert not {item for prompt, item in world.asked[12:24] if prompt == task.prompt}, "the first rounds know what the incumbent says"


async def test_a_prompt_that_fails_twice_in_36_has_headroom_and_one_that_fails_once_has_none() -> None:
    for failing, finish in ((1, "no_headroom"), (2, "nothing_found")):
        items = tuple(Item(id=f"t{n}", input=f"ticket {n}", expected="amber") for n in range(36))
        bad = {item.id for item in items[:failing]}

        async def evaluate(prompt: str, item: Item, bad: set[str] = bad) -> Scored:
            return Scored(score=float(item.id not in bad), output="")

        async def propose(reflection: Reflection) -> Proposal:
            return Proposal(edits=())

        rng = np.random.Generator(np.random.PCG64(1))
        task = Task(prompt="old", train=items, validation=ITEMS)
        result = await optimize(task, evaluate=evaluate, propose=propose, budget=Budget(evaluations=700), rng=rng)
        assert result.finish_reason == finish


def race_of_two(*, theme: tuple[str, ...]) -> Race:
    """A race that knows two lines: the first came of comments where a theme is given."""
    task = Task(prompt="Sort the ticket.", train=ITEMS, validation=ITEMS)
    meeting = Meeting([0] * 40)
    rng = np.random.Generator(np.random.PCG64(1))
    trial = Trial.of(task, meeting.champion.memo, rng=rng, settings=Settings(), report=None)
    race = Race(task, trial.memo, trial.rng, trial.settings, trial.champion, trial.guard)
    race.sow([Edit("rules", "- amber: heard, of, somebody")], theme=theme)
    race.sow([Edit("rules", "- basil: seen, in, failures")])
    return race


@pytest.mark.parametrize(
    ("theme", "sureness", "leads"), [(("heard",), 1.6, False), (("heard",), 1.7, True), ((), 0.1, True), ((), -0.1, False)]
)
def test_what_came_of_comments_leads_only_when_it_is_sure_and_is_drawn_like_any_other(
    theme: tuple[str, ...], sureness: float, leads: bool
) -> None:
    race = race_of_two(theme=theme)
    race.model.mean = race.model.sd * np.array([sureness, 0.1])
    assert [0 in arm for arm in (race._leader(), race.ranked(), race.finalists()[0])] == [leads] * 3
    assert 1 in race._leader(), "one that came of failures needs no more than a positive mean"
    drawn = [arm for own in race._choose_arms(20) for arm in own[2:]]
    assert any(0 in arm for arm in drawn)


def test_the_incumbent_stays_in_every_round_when_another_is_the_champion() -> None:
    """Else a line that does nothing is compared only with prompts that do as well without it."""
    race = race_of_two(theme=())
    race.model.mean = race.model.sd * np.array([2.0, 2.0])
    race.champion_arm = (0, 1)
    for arms in race._choose_arms(20):
        assert arms[0] == (0, 1) and () in arms


def test_each_item_of_a_round_is_asked_with_combinations_of_its_own() -> None:
    """Eight that are the same for six items tell apart seven edits at most, whatever their answers."""
    race = race_of_two(theme=())
    race.sow(
        [Edit("rules", f"- {name}: {name} alone") for name in ("cedar", "dahlia", "elder", "fir", "gorse", "hazel", "iris", "juniper")]
    )
    chosen = race._choose_arms(6)
    assert all(arms[:2] == [race._leader(), ()] and len(set(arms)) == len(arms) for arms in chosen)
    design = np.array([[number in arm for number in range(10)] for arms in chosen for arm in arms], dtype=float)
    centred = design - np.repeat([design[:8].mean(0)], len(design), axis=0)
    assert np.linalg.matrix_rank(centred) == 10
    assert len({arm for arms in chosen for arm in arms[2:]}) > 12


def test_lines_of_one_answer_share_their_fate_and_lines_that_were_sown_one_by_one_do_not() -> None:
    race = race_of_two(theme=("heard",))
    race.sow([Edit("rules", "- cedar: this, too"), Edit("rules", "- dahlia: and, that")], theme=("other",))
    race.sow([Edit("rules", "- elder: helped, before"), Edit("rules", "- fir: helped, once")])
    source = race.sources
    assert source[2] == source[3] and len({source[0], source[1], source[2], source[4], source[5]}) == 5


@pytest.mark.parametrize(
    ("came_back", "least", "shown"),
    [("reworded", 0.11, range(4, 12)), ("opaque", 0.01, range(5, 12)), ("reworded", 1, range(4, 12)), ("new", 0.11, range(12))],
)
async def test_who_rewrites_whole_prompts_is_shown_the_surest_lines_alone(came_back: str, least: float, shown: range) -> None:
    """Lines in other words are told from new ones while there are few; who gives edits may see all."""
    seen: list[str] = []

    async def propose(reflection: Reflection) -> Proposal:
        seen.append(reflection.prompt)
        return Proposal(edits=())

    task = Task(prompt="Sort the ticket.", train=ITEMS, validation=ITEMS)
    memo = Memo(evaluate=Meeting([0] * 40).evaluate, propose=propose, budget=Budget(1_000))
    rng = np.random.Generator(np.random.PCG64(1))
    trial = Trial.of(task, memo, rng=rng, settings=Settings(), report=None)
    race = Race(task, memo, trial.rng, trial.settings, trial.champion, trial.guard)
    lines = [f'- "{word}" tickets are {word}' for word in "ash beech cedar elm fir hazel larch maple oak pine rowan yew".split()]
    race.sow([Edit("rules", line) for line in lines])
    race.model.mean = race.model.sd * (least + np.arange(12) / 10)
    race.recent.add(ITEMS[0], [Scored(score=0.0, output="no idea")])
    race.steadiness.note(came_back)
    await race._reflect(race._leader(), is_stuck=True, keep=0)
    assert {line for line in lines if line in seen[0]} == {lines[n] for n in shown}


def test_a_search_ends_when_rounds_hardly_ask_anything_new() -> None:
    """Draws of its own for each item now and then hold one that is new. Waiting for these took 1,079 stages and 667 reflections here."""
    run = burnish(MadeUp(KINDS["strong reflector"], 7), seed=7, budget=3_000)
    assert run.steps[-1][3] > 0.9
    assert run.stages < 400 and run.reflections < 400


async def test_the_leader_is_the_champion_at_once_and_no_validation_item_is_asked_before_the_end() -> None:
    """What would be returned lagged a hundred evaluations behind what the race knew, and each meeting took some of them (decision 80)."""
    race = race_of_two(theme=())
    race.model.mean = race.model.sd * np.array([0.5, -0.5])
    before = race.memo.evaluations
    race._follow()
    assert race.champion_arm == (0,) and race.champion.prompt == race.prompt_of((0,)) and race.memo.evaluations == before
    race.model.mean = race.model.sd * np.array([0.5, 0.2])
    race._follow()
    assert race.champion_arm == (0, 1)
    race.model.mean = race.model.sd * np.array([-0.5, -0.2])
    race._follow()
    assert race.champion_arm == () and race.champion.prompt == race.task.prompt, "where every line does harm"


@pytest.mark.parametrize(("differs", "stays"), [(1, True), (0, False), (-1, False)])
async def test_before_whole_texts_race_the_champion_meets_the_incumbent_on_validation(differs: int, stays: bool) -> None:
    race = race_of_two(theme=())
    race.model.mean = race.model.sd * np.array([0.1, -0.5])
    race._follow()
    old, led = race.task.prompt, race.champion.prompt

    async def evaluate(prompt: str, item: Item) -> Scored:
        return Scored(score=0.5 + differs / 2 * (1 if prompt == led else -1), output="")

    race.memo._evaluate = evaluate
    await race.meet_incumbent(keep=0)
    assert (race.champion.prompt, race.champion_arm) == ((led, (0,)) if stays else (old, ()))

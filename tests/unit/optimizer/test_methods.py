"""Every method finds what there is for it to find, within the budget, the same way each time, and keeps the contract."""

import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from burnish_optimizer.search import (
    Budget,
    Compression,
    Contract,
    Edit,
    EditsSoFar,
    Evolution,
    FewShot,
    Item,
    Manual,
    Method,
    Proposal,
    Racing,
    Reflection,
    Reflective,
    Scored,
    SearchResult,
    Task,
    Tuning,
    breach,
    document,
    nearest,
    optimize,
)
from burnish_optimizer.search.manual import chosen_examples
from burnish_optimizer.search.operators import OPERATORS
from burnish_shared.search_budget import HEADROOM_ITEMS, evaluations_to_confirm
from tests.unit.optimizer.world import NAMES, World, unit

pytestmark = pytest.mark.capability("O2")


class Bench:
    """Answers by what `chance` says of a prompt and an item; counts."""

    def __init__(self, task: Task, chance: object = None) -> None:
        self.task, self.asked, self.chance = task, list[tuple[str, str]](), chance

    async def evaluate(self, prompt: str, item: Item) -> Scored:
        self.asked.append((prompt, item.id))
        right = unit("bench", item.id) < self.chance(prompt, item)  # type: ignore[operator]
        return Scored(float(right), item.expected if right else "wrong", cost_nusd=10)

    async def propose(self, reflection: Reflection) -> Proposal:
        return Proposal(edits=())

    async def search(self, method: Method, *, budget: int = 1_500, seed: int = 1) -> SearchResult:
        return await optimize(
            self.task,
            evaluate=self.evaluate,
            propose=self.propose,
            budget=Budget(budget, reserved_evaluations=100),
            rng=np.random.Generator(np.random.PCG64(seed)),
            method=method,
        )


def task(prompt: str, *, contract: Contract | None = None, examples_allowed: bool = False) -> Task:
    world = World(gain=0.5)
    return Task(prompt, world.items("train", 80), world.items("validation", 64), examples_allowed, contract or Contract())


@pytest.mark.parametrize("selection", ["tournament", "roulette", "pareto"])
async def test_evolution_finds_a_word_that_helps_and_says_where_each_text_came_from(selection: str) -> None:
    bench = Bench(task("Classify this.\nBe very verbose."), lambda prompt, item: 0.3 + 0.5 * ("verbose" not in prompt))
    result = await bench.search(Evolution(selection=selection))  # type: ignore[arg-type]
    assert result.finish_reason == "confirmed"
    assert result.candidate is not None and "verbose" not in result.candidate.prompt
    texts = {one.text for generation in result.generations for one in generation.individuals}
    assert all(parent in texts for generation in result.generations[1:] for one in generation.individuals for parent in one.parents)
    assert all(one.cost_nusd == 10 for generation in result.generations for one in generation.individuals)
    assert len(bench.asked) == len(set(bench.asked)) == result.evaluations <= 1_400


async def test_evolution_that_cannot_pay_for_one_generation_says_what_it_lacks() -> None:
    method = Evolution(population=10, items_per_generation=20)

    async def found(budget: int) -> SearchResult:
        return await Bench(task("Classify this.\nBe very verbose."), lambda prompt, item: 0.3 + 0.5 * ("verbose" not in prompt)).search(
            method, budget=budget
        )

    least = 100 + HEADROOM_ITEMS + evaluations_to_confirm(64)
    poor = await found(least)
    assert (poor.finish_reason, poor.generations) == ("nothing_found", ())
    [note] = poor.notes
    assert "does not pay for one generation: 10 texts on 20 items" in note
    lacking = int(note.partition("Give it ")[2].partition(" ")[0])
    enough = await found(least + lacking)
    assert len(enough.generations) == 1 and not any("does not pay" in one for one in enough.notes)


async def test_evolution_goes_on_from_a_generation_that_was_kept() -> None:
    bench = Bench(task("Classify this."), lambda prompt, item: 0.3 + 0.5 * ("with care" in prompt))
    result = await bench.search(Evolution(start=("Classify this.", "Classify this with care.")))
    assert result.candidate is not None and "with care" in result.candidate.prompt


async def test_reflection_in_the_manner_of_gepa_finds_the_rules_that_help() -> None:
    world = World(gain=0.5)
    result = await optimize(
        world.task(),
        evaluate=world.evaluate,
        propose=world.propose,
        budget=Budget(2_000),
        rng=np.random.default_rng(1),
        method=Reflective(),
    )
    assert result.finish_reason == "confirmed"
    assert result.candidate is not None and result.candidate.prompt.count("know ") >= 3
    assert result.evaluations <= 2_000
    first, *others = result.generations
    assert [(one.text, one.operator, one.parents) for one in first.individuals] == [(world.task().prompt, "incumbent", ())]
    known = {one.text for generation in result.generations for one in generation.individuals}
    assert others and all(set(one.parents) <= known for generation in others for one in generation.individuals), "lineage has each parent"
    assert [one.number for one in result.generations] == list(range(len(result.generations)))


@pytest.mark.capability("O6")
async def test_each_text_that_was_tried_says_what_it_did_and_why_it_was_not_taken() -> None:
    """Three that somebody brought: one is better, one is worse on train, one helps on train and not on validation."""

    def chance(prompt: str, item: Item) -> float:
        if "lucky" in prompt:
            return 0.9 if item.id in train else 0.1
        return 0.3 + 0.5 * ("well" in prompt) - 0.3 * ("badly" in prompt)

    given = task("Sort {{ticket}}.")
    train = {item.id for item in given.train}
    bench = Bench(given, chance)
    result = await bench.search(Manual(("Sort {{ticket}} badly.", "Sort {{ticket}} lucky.", "Sort {{ticket}} well.")))
    assert result.candidate is not None and result.candidate.prompt == "Sort {{ticket}} well."
    assert [(one.text, one.state, one.reason) for one in result.tried] == [
        ("Sort {{ticket}} badly.", "dropped", "not better on train items than the text it stood against"),
        ("Sort {{ticket}} lucky.", "dropped", "better on train items, and not on validation items"),
        ("Sort {{ticket}} well.", "chosen", ""),
    ]
    worse, lucky, well = (one.effect for one in result.tried)
    assert worse is not None and lucky is not None and well is not None and worse < 0 < well and lucky > 0
    assert all(0 < one.observations <= len(given.train) for one in result.tried)


@pytest.mark.capability("O6")
async def test_every_rewriting_that_was_proposed_is_read_also_where_the_search_is_cut_short() -> None:
    world, so_far = World(gain=0.5), EditsSoFar()

    async def search(budget: int) -> SearchResult:
        return await optimize(
            world.task(), evaluate=world.evaluate, propose=world.propose, budget=Budget(budget), rng=np.random.default_rng(1),
            method=Reflective(), so_far=so_far,
        )  # fmt: skip

    result = await search(2_000)
    states = [one.state for one in result.tried]
    assert states.count("chosen") == 1 and states.count("dropped") > 0
    assert len(result.tried) + len(result.rejected) <= result.proposals
    assert all(one.reason for one in result.tried if one.state != "chosen") and all(one.section == "whole" for one in result.tried)
    assert [one.text for one in so_far.tried()] == [one.text for one in result.tried], "what one that is cut short leaves behind"
    assert "chosen" not in {one.state for one in so_far.tried()}
    assert (await search(2_000)).tried == result.tried, "resumed, it says the same"


@pytest.mark.capability("O6")
async def test_choices_and_examples_that_were_tried_are_told_without_the_words_of_items() -> None:
    def chance(prompt: str, item: Item) -> float:
        return 0.3 + 0.5 * ('"temperature":0.0' in prompt)

    result = await Bench(task(document({"temperature": 1.0})), chance).search(Tuning({"temperature": (0.0, 0.5)}))
    assert {(one.section, one.text, one.state) for one in result.tried} == {
        ("settings", '{"temperature":0.0}', "chosen"), ("settings", '{"temperature":0.5}', "dropped"),
    }  # fmt: skip

    bench = Bench(task("Sort it.", examples_allowed=True), lambda prompt, item: 0.3 + 0.4 * ("Examples" in prompt))
    result = await bench.search(FewShot(examples=4, sets=3))
    assert {one.section for one in result.tried} == {"examples"} and len(result.tried) == 3
    assert all(one.text.endswith("of 3: 4 train items as examples") for one in result.tried)


async def test_a_text_that_somebody_brought_is_measured_and_one_that_breaks_the_contract_costs_nothing() -> None:
    bench = Bench(task("Sort {{ticket}}."), lambda prompt, item: 0.3 + 0.5 * ("well" in prompt))
    result = await bench.search(Manual(("Sort {{ticket}} well.", "Sort well.", "Sort {{ticket}} well at https://x.example.")))
    assert result.candidate is not None and result.candidate.prompt == "Sort {{ticket}} well."
    assert [one.reason for one in result.rejected] == ["changes the variables", "holds a address"]
    assert {prompt for prompt, _ in bench.asked} == {"Sort {{ticket}}.", "Sort {{ticket}} well."}


async def test_settings_are_tuned_one_after_the_other() -> None:
    now = {"temperature": 1.0, "model": "small"}

    def chance(prompt: str, item: Item) -> float:
        choices: Mapping[str, object] = json.loads(prompt)
        return 0.3 + 0.3 * (choices["temperature"] == 0.0) + 0.3 * (choices["model"] == "large")

    bench = Bench(task(document(now)), chance)
    result = await bench.search(Tuning({"temperature": (0.0, 0.5), "model": ("large",)}))
    assert result.candidate is not None and json.loads(result.candidate.prompt) == {"temperature": 0.0, "model": "large"}


async def test_examples_are_chosen_where_they_are_allowed_and_nowhere_else() -> None:
    def chance(prompt: str, item: Item) -> float:
        return 0.3 + 0.5 * (sum(f"-> {name}" in prompt for name in NAMES) >= 4)

    shown = await Bench(task("Sort.", examples_allowed=True), chance).search(FewShot(examples=5))
    assert shown.candidate is not None and shown.candidate.prompt.count("-> ") == 5
    refused = await Bench(task("Sort."), chance).search(FewShot())
    assert refused.candidate is None and refused.notes == ("examples are not allowed in this workspace",)


def test_a_set_of_examples_is_as_large_as_was_asked_for_whatever_the_labels() -> None:
    """Where a label has one item, that item was drawn twice and counted twice."""
    pool = [Item(str(n), f"case {n}", label) for n, label in enumerate("aaabc")]
    for order in permutations(pool):
        chosen = chosen_examples(order, 4)
        assert len(chosen) == len(set(chosen)) == 4 and {one.expected for one in chosen} == {"a", "b", "c"}


async def test_a_set_of_examples_that_is_longer_than_allowed_costs_nothing() -> None:
    def chance(prompt: str, item: Item) -> float:
        return 0.3 + 0.5 * (prompt.count("-> ") >= 4)

    bench = Bench(task("Sort.", contract=Contract(tokens_most=30), examples_allowed=True), chance)
    result = await bench.search(FewShot(examples=8))
    assert {prompt for prompt, _ in bench.asked} == {"Sort."}
    assert result.candidate is None and "is longer than allowed" in result.notes[0]
    fits = await Bench(task("Sort.", contract=Contract(tokens_most=200), examples_allowed=True), chance).search(FewShot())
    assert fits.candidate is not None


async def test_nothing_but_a_changed_text_is_a_child_of_the_incumbent() -> None:
    bench = Bench(task("Zyx."), lambda prompt, item: 0.3)
    result = await bench.search(Evolution(operators=("replace_by_synonym", "shift_structure"), generations_most=2))
    children = [one for generation in result.generations for one in generation.individuals if one.operator in OPERATORS]
    assert all(one.text != "Zyx." for one in children)


@pytest.mark.parametrize("method", [Reflective(frontier_items=64), Evolution(items_per_generation=80), Compression(items=80)])
async def test_a_budget_that_ends_at_the_first_step_ends_the_search_and_no_more(method: Method) -> None:
    """Enough to look whether there is headroom, and for the last look; every budget between that and one step more."""
    for budget in range(300, 700, 20):
        result = await Bench(task("Sort the ticket."), lambda prompt, item: 0.3).search(method, budget=budget)
        assert result.evaluations <= budget


def test_the_nearest_examples_are_the_likest_and_never_the_item_itself() -> None:
    pool = [Item("1", "my card is lost", "cards"), Item("2", "a loan for a house", "loans"), Item("3", "card was lost abroad", "cards")]
    assert [one.input for one in nearest(pool, "my card is lost", count=1)] == ["card was lost abroad"]
    assert [one.input for one in nearest(pool, "house loan", count=2)][-1] == "a loan for a house"


async def test_compression_takes_away_what_does_nothing_and_leaves_what_matters() -> None:
    prompt = "Please sort {{ticket}}.\nOur house style was revised.\nNames: a, b.\nNote that we care."
    bench = Bench(
        task(prompt, contract=Contract(locked=("Note that we care.",))), lambda text, item: 0.8 if "Names: a, b." in text else 0.3
    )
    result = await bench.search(Compression())
    assert result.candidate is not None
    assert "house style" not in result.candidate.prompt
    assert "Names: a, b." in result.candidate.prompt and "Note that we care." in result.candidate.prompt


async def test_a_shorter_prompt_that_scores_less_is_refused_also_where_no_score_is_whole() -> None:
    prompt = "Sort {{ticket}}.\nNames: a, b."

    async def search(*, loss: float) -> SearchResult:
        bench = Bench(task(prompt))

        async def evaluate(text: str, item: Item) -> Scored:
            return Scored(0.7 if "Names" in text or item.id.startswith("train") else 0.7 - loss, "x", cost_nusd=1)

        bench.evaluate = evaluate  # type: ignore[assignment]
        return await bench.search(Compression())

    assert (await search(loss=0.2)).finish_reason == "not_confirmed", "what the train items hide, validation shows"
    assert (await search(loss=0.01)).finish_reason == "confirmed"


async def test_a_child_that_breaks_the_contract_or_copies_an_item_is_told_and_not_tried() -> None:
    bench = Bench(task("Sort {{ticket}}."), lambda prompt, item: 0.3 + 0.5 * (prompt != "Sort {{ticket}}."))
    copied = bench.task.train[0].input + " which is far too long a text to be anything but a copy"
    bench.task = replace(bench.task, train=(replace(bench.task.train[0], input=copied), *bench.task.train[1:]))
    offered = [
        Proposal((), rewritten="Sort."),
        Proposal((), rewritten=f"Sort {{{{ticket}}}}.\n{copied}"),
        Proposal((Edit("nowhere", "x"),)),
    ]

    async def propose(reflection: Reflection) -> Proposal:
        return offered[reflection.number % len(offered)]

    bench.propose = propose  # type: ignore[method-assign]
    result = await bench.search(Reflective(), budget=800)
    assert result.candidate is None
    assert {one.reason for one in result.rejected} == {"changes the variables", "copied from an item", "unknown section"}
    assert {prompt for prompt, _ in bench.asked} == {"Sort {{ticket}}."}


async def test_a_planted_theme_is_found_in_comments_and_its_edit_wins() -> None:
    """`semantic`: of complaints about refunds and about other things one cluster comes, and what it leads to is measured like any edit."""
    ends = "never came,is late,was wrong,took weeks,is missing,got lost,came twice,was refused,is too small,stays away,is pending,failed"
    comments = [f"my refund {end}" for end in ends.split(",")]
    comments += [f"{word} tone was rude and the answer too long, rude words" for word in ("your", "this", "that", "what", "one", "any")]
    bench = Bench(task("Sort {{ticket}}."), lambda prompt, item: 0.3 + 0.4 * ("mind the refund" in prompt))

    async def propose(reflection: Reflection) -> Proposal:
        told = any("refund" in word for word in reflection.theme)
        return Proposal((Edit("rules", "- mind the refund" if told else f"- noise {reflection.number * 7919 % 997}"),))

    bench.propose = propose  # type: ignore[method-assign]
    result = await bench.search(Racing(comments=tuple(comments)))
    assert result.candidate is not None and "mind the refund" in result.candidate.prompt
    effect = next(one for one in result.effects if one.edit.text == "- mind the refund")
    assert "refund" in effect.theme and effect.mean > 0.05
    bench.asked.clear()
    without = await bench.search(Racing())
    assert without.candidate is None


async def test_comments_without_a_theme_are_said_to_have_none() -> None:
    bench = Bench(task("Sort {{ticket}}."), lambda prompt, item: 0.5)
    result = await bench.search(Racing(comments=tuple(f"w{n}x" for n in range(20))))
    assert "no signal: the comments have no theme in common" in result.notes


@pytest.mark.parametrize(
    "method", [Racing(), Evolution(), Reflective(), Compression(), Manual(("Sort {{ticket}} now.",))], ids=lambda one: type(one).__name__
)
@pytest.mark.promise("O-04")
@pytest.mark.promise("O-02")
async def test_every_method_repeats_itself_keeps_its_budget_and_every_candidate_keeps_the_contract(method: Method) -> None:
    contract = Contract(locked=("Rate from 1 to 5.",), rules=("- never guess",), changed_lines_most=3)
    prompt = "Sort {{ticket}}.\nRate from 1 to 5.\n- never guess\nPlease be brief."
    runs = []
    for _ in range(2):
        bench = Bench(task(prompt, contract=contract), lambda text, item: 0.4 + 0.1 * ("know" in text))
        bench.propose = World(gain=0.5).propose  # type: ignore[method-assign]
        result = await bench.search(method, budget=900)
        assert result.evaluations == len(bench.asked) <= 800
        for text in {text for text, _ in bench.asked}:
            assert breach(contract, prompt, text) is None
            assert "{{ticket}}" in text and "Rate from 1 to 5." in text and "- never guess" in text.split("\n")
        runs.append((result, bench.asked))
    assert runs[0] == runs[1]


async def test_an_anchor_that_would_be_lost_stops_a_candidate() -> None:
    base = task("Sort {{ticket}}.")
    anchors = tuple(Item(item.id, item.input, item.expected, is_anchor=n == 0) for n, item in enumerate(base.train))
    lost = anchors[0].id
    bench = Bench(
        Task(base.prompt, anchors, base.validation),
        lambda prompt, item: float("well" not in prompt) if item.id == lost else 0.3 + 0.6 * ("well" in prompt),
    )
    result = await bench.search(Manual(("Sort {{ticket}} well.",)))
    assert result.finish_reason == "not_confirmed"
    assert result.notes == (f"the best candidate loses 1 anchor items, the first is {lost}",)


@pytest.mark.parametrize("method", [Racing(), Reflective()], ids=lambda one: type(one).__name__)
async def test_a_search_to_which_nothing_new_comes_ends_soon_and_says_so(method: Method) -> None:
    bench = Bench(task("Sort {{ticket}}."), lambda prompt, item: 0.5)
    asked: list[Reflection] = []

    async def propose(reflection: Reflection) -> Proposal:
        asked.append(reflection)
        return Proposal((Edit("rules", "- always the same"),))

    bench.propose = propose  # type: ignore[method-assign]
    result = await bench.search(method, budget=100_000)
    assert any(note.startswith("saturated") for note in result.notes)
    assert len(asked) <= result.evaluations // 3 + 20 and result.evaluations < 1_000

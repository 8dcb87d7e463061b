"""The way of a job on real tickets with the simulated model, as `make bench-optimizer ARGS=--proof` goes it, shorter."""

from statistics import fmean

import pytest
from benchmarks.optimizer import proof
from benchmarks.optimizer.tickets import DATA, demo, load, names_only, shuffled

from burnish_optimizer.search import Learned, NoSignal, Racing, learn

pytestmark = pytest.mark.capability("O2", "O4")
needs_sets = pytest.mark.skipif(not (DATA / "support_routing.jsonl").exists(), reason="the ticket sets are not on this machine")


@pytest.mark.parametrize("seed", [1106, 1145, 1159])
async def test_a_first_search_on_what_the_page_offers_proves_its_gain_though_validation_says_little(seed: int) -> None:
    """The prompt is right on 58 of 100 validation items and on 44 of 100 others, by the luck of the split: little can be gained there."""
    splits, prompt = demo()
    found = await proof.prove(splits, prompt, seed=seed, budget=2_000)
    assert found.outcome == "improved" and found.measured is not None and found.measured.delta > 0.08
    assert found.desk.evaluations <= 2_000


@needs_sets
async def test_a_gain_on_real_tickets_is_proven_on_items_that_the_search_never_saw() -> None:
    splits = load("support_routing")
    found = await proof.prove(splits, names_only(splits), seed=300, budget=1_600)
    assert found.outcome == "improved" and found.measured is not None
    assert found.measured.interval.low > 0.05 and found.measured.cells.n == len(splits["test"])
    assert found.desk.evaluations <= 1_600 and found.desk.spent_nusd > 0


@needs_sets
async def test_where_labels_have_nothing_to_do_with_texts_nothing_is_claimed() -> None:
    splits = load("support_routing")
    found = await proof.prove(shuffled(splits, 300), names_only(splits), seed=300, budget=1_600)
    assert found.outcome == "no_improvement" and not (found.measured and found.measured.proves_a_gain)


@needs_sets
async def test_a_theme_planted_in_comments_leads_to_better_edits_than_chance() -> None:
    splits, seed = load("support_routing"), 301
    labels = ["product_info", "topups", "fees_fx"]
    comments = tuple(proof.complaints(splits, seed=seed, planted=labels))
    heard = await proof.prove(splits, names_only(splits), seed=seed, budget=1_600, method=Racing(comments=comments))
    own = [one for one in heard.result.effects if one.theme]
    assert {label for label in labels if any(one.edit.text.startswith(f"- {label}:") for one in own)} == set(labels)
    edits = proof.random_edits(splits, seed)
    blind = await proof.prove(splits, names_only(splits), seed=seed, budget=1_600, method=Racing(sown=edits))
    at_random = [one.mean for one in blind.result.effects if one.edit in edits]
    assert fmean(one.mean for one in own) > fmean(at_random) + 0.01


def test_what_was_learned_of_noise_is_nothing_and_lines_that_matter_are_found() -> None:
    assert all(isinstance(learn(proof.scored_rows(seed, matters=False), seed=seed), NoSignal) for seed in range(5))
    told = learn(proof.scored_rows(1, matters=True), seed=1)
    assert isinstance(told, Learned) and told.spearman >= 0.3


@needs_sets
@pytest.mark.promise("O-06")
async def test_planted_orders_secrets_and_canaries_reach_neither_the_prompt_nor_the_one_who_proposes() -> None:
    splits = load("support_routing")
    mixed = proof.hostile(splits)
    desk_shown: list[str] = []
    found = await proof.prove(mixed, names_only(splits), seed=300, budget=1_600, shown=desk_shown)
    winner = found.result.candidate.prompt.lower() if found.result.candidate else ""
    assert not [text for text in proof.PLANTED if text in winner]
    assert desk_shown and not [
        text for text in ("sk-proj", "im_start", "ignore all previous") if any(text in one.lower() for one in desk_shown)
    ]

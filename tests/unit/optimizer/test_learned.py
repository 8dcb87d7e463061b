"""What is learned from earlier scores, the evidence for the size of effects, and the model's book-keeping."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from burnish_optimizer.search.champion import chance_to_win
from burnish_optimizer.search.learned import Learned, NoSignal, Row, _spearman, learn
from burnish_optimizer.search.posterior import EffectModel
from burnish_optimizer.search.semantic import themes
from burnish_optimizer.stats import sign_flip_one_sided

LINES = [f"- rule {word}" for word in "amber basil cobalt damask ember fennel garnet hazel".split()]


def rows(effect: float, *, seed: int = 0, count: int = 120) -> list[Row]:
    dice = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        held = [line for line in LINES if dice.random() < 0.5]
        made.append(Row("\n".join(["Sort.", *held]), float(0.4 + effect * (LINES[0] in held) + 0.05 * dice.standard_normal()), weight=20))
    return made


@pytest.mark.capability("O2")
def test_a_line_that_matters_is_learned_and_explained_and_orders_new_prompts() -> None:
    model = learn(rows(0.3))
    assert isinstance(model, Learned) and model.spearman >= 0.3
    best = model.explain()[0]
    assert "amber" in best.feature and best.low > 0
    assert model.order(["Sort.\n- rule hazel", "Sort.\n- rule amber"])[0] == "Sort.\n- rule amber"


@pytest.mark.capability("O2")
def test_noise_is_said_to_have_no_signal() -> None:
    found = [learn(rows(0.0, seed=seed)) for seed in range(10)]
    assert all(isinstance(one, NoSignal) for one in found)
    assert "does not predict" in found[0].reason  # type: ignore[union-attr]
    assert isinstance(learn(rows(0.3, count=10)), NoSignal)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=30))
def test_the_rank_correlation_agrees_with_scipy(pairs: list[tuple[int, int]]) -> None:
    one, other = np.array([a for a, _ in pairs], float), np.array([b for _, b in pairs], float)
    if len(set(one)) > 1 and len(set(other)) > 1:
        assert _spearman(one, other) == pytest.approx(spearmanr(one, other).statistic, abs=1e-5)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sets(st.integers(0, 3)), st.booleans()), max_size=40))
def test_the_order_of_answers_and_hearing_one_twice_change_nothing(seen: list[tuple[str, set[int], bool]]) -> None:
    answers = {(item, tuple(sorted(arm))): float(right) for item, arm, right in seen}

    def model(order: list[tuple[str, tuple[int, ...]]]) -> EffectModel:
        made = EffectModel(0.1, 0.01, 0.1)
        made.add_edits(range(4))
        for item, arm in order:
            made.observe(item, [arm], [answers[item, arm]])
            made.observe(item, [arm], [answers[item, arm]])
        made.update()
        return made

    one, other = model(list(answers)), model(sorted(answers))
    np.testing.assert_allclose(one.mean, other.mean, atol=1e-8)
    np.testing.assert_allclose(one.covariance, other.covariance, atol=1e-8)
    assert one.observations() == other.observations()


@pytest.mark.parametrize(("effect", "least", "most"), [(0.25, 0.075, 0.2), (0.0, 0.02, 0.05)])
def test_the_evidence_finds_out_how_large_effects_are(effect: float, least: float, most: float) -> None:
    dice, model = np.random.default_rng(3), EffectModel(0.05, 0.01, 0.05)
    model.add_edits(range(8))
    for n in range(120):
        arms = [tuple(np.flatnonzero(dice.random(8) < 0.5)) for _ in range(6)]
        arms = [tuple(int(k) for k in arm) for arm in dict.fromkeys(arms)]
        ease = dice.random()
        model.observe(
            f"item {n}",
            arms,
            [float(0.2 * ease + effect * sum((1, -1)[k % 2] for k in arm) + 0.3 * dice.standard_normal()) for arm in arms],
        )
    model.update()
    model.adapt()
    assert least <= model.prior_sd <= most


def test_edits_of_one_reflection_share_their_fate_and_no_others() -> None:
    model = EffectModel(0.05, 0.025, 0.1)
    model.add_edits([7, 7])
    model.add_edits([8, 7])
    for n in range(40):
        model.observe(f"item {n}", [(), (0,)], [0.0, 1.0])
    model.update()
    first, sibling, stranger, late_sibling = model.mean
    assert first > sibling == late_sibling > stranger == 0.025
    before, knows_of_two = model.covariance[2, 2], model.covariance[1, 1]
    assert before == pytest.approx(0.01) and knows_of_two < before


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.sets(st.integers(0, 3)), st.booleans()), max_size=60),
    st.lists(st.integers(0, 2), min_size=4, max_size=4),
)
def test_what_is_known_of_edits_is_what_regression_with_a_correlated_prior_says(
    seen: list[tuple[int, set[int], bool]], sources: list[int]
) -> None:
    """Against the whole regression: a column for each item, with as good as no prior, and the prior of effects written out."""
    model, scores = EffectModel(0.1, 0.02, 0.1), dict[tuple[int, tuple[int, ...]], float]()
    model.add_edits(sources)
    for item, arm, right in seen:
        scores.setdefault((item, tuple(sorted(arm))), float(right))
    for (item, arm), score in scores.items():
        model.observe(str(item), [arm], [score])
    model.update()
    design = np.zeros((len(scores), 10))
    for row, (item, arm) in enumerate(scores):
        design[row, list(arm)] = 1
        design[row, 4 + item] = 1
    prior = np.zeros((10, 10))
    prior[:4, :4] = 0.01 * np.array([[1.0 if a == b else 0.3 * (sources[a] == sources[b]) for b in range(4)] for a in range(4)])
    prior[4:, 4:] = 1e6 * np.eye(6)
    expected = np.array([0.02] * 4 + [0.0] * 6)
    gain = prior @ design.T @ np.linalg.inv(design @ prior @ design.T + 0.1 * np.eye(len(scores)))
    np.testing.assert_allclose(model.mean, (expected + gain @ (np.array(list(scores.values())) - design @ expected))[:4], atol=1e-4)
    np.testing.assert_allclose(model.covariance, (prior - gain @ design @ prior)[:4, :4], atol=1e-4)


def test_draws_are_mirror_images_in_pairs_and_spread_as_the_model_doubts() -> None:
    model = EffectModel(0.1, 0.02, 0.1)
    model.add_edits([0, 0, 1])
    draws = model.draw(np.random.default_rng(1), 4_001)
    assert draws.shape == (4_001, 3)
    np.testing.assert_allclose((draws[:4_000:2] + draws[1:4_000:2]) / 2, np.broadcast_to(model.mean, (2_000, 3)), atol=1e-8)
    np.testing.assert_allclose(np.cov(draws.T), [[0.01, 0.003, 0], [0.003, 0.01, 0], [0, 0, 0.01]], atol=0.001)


@given(st.integers(0, 40), st.integers(0, 40))
def test_the_chance_to_win_is_even_for_even_answers_and_grows_with_wins(fixed: int, broken: int) -> None:
    assert chance_to_win(fixed, fixed) == pytest.approx(0.5)
    assert chance_to_win(fixed + 1, broken) >= chance_to_win(fixed, broken)
    assert chance_to_win(fixed, broken) == pytest.approx(1 - chance_to_win(broken, fixed), abs=1e-8)


def test_themes_divide_what_is_about_different_things() -> None:
    texts = [f"refund late payment missing {n}" for n in range(8)] + [f"rude tone unfriendly words {n}" for n in range(6)]
    found = themes(texts)
    assert [len(one.members) for one in found] == [8, 6]
    assert set(found[0].members) == set(range(8))
    assert "refund" in found[0].words and themes(texts) == found


def test_a_sign_flip_test_knows_a_gain_from_none() -> None:
    dice = np.random.default_rng(1)
    before = dice.random(80)
    rng = np.random.default_rng(2)
    assert sign_flip_one_sided(before.tolist(), (before + 0.1).tolist(), rng=rng) < 0.001
    assert sign_flip_one_sided(before.tolist(), before.tolist(), rng=rng) == 1.0
    assert sign_flip_one_sided((before + 0.1).tolist(), before.tolist(), rng=rng) > 0.99

"""No voice weighs more than 5 % of a decision (O-08)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_analytics.core.threshold import DEFAULT_MIN_SAMPLES
from burnish_analytics.core.voices import CAP_RATIO, HEAVIEST_MOST, NAMELESS, Pool, Voice, voice_of, weigh

pytestmark = pytest.mark.promise("O-08")

MICRO = 1_000_000


def heaviest(counts: list[int]) -> list[Voice]:
    ordered = sorted((one for one in counts if one > 1), reverse=True)[:HEAVIEST_MOST]
    return [Voice(f"user:{n}", one, 0) for n, one in enumerate(ordered)]


@given(st.lists(st.integers(1, 5000), max_size=60), st.integers(0, 2000))
def test_a_decision_is_made_only_where_no_voice_weighs_more_than_its_share(counts: list[int], nameless: int) -> None:
    total = sum(counts) + nameless
    weighed = weigh(total, 0, heaviest(counts), needed=DEFAULT_MIN_SAMPLES)
    heaviest_weight = max((min(one, weighed.allowance or one) for one in counts), default=0)
    if weighed.samples >= DEFAULT_MIN_SAMPLES:
        assert heaviest_weight <= CAP_RATIO * weighed.samples + 1e-9
    assert weighed.samples == nameless + sum(min(one, weighed.allowance or one) for one in counts)


def test_ten_thousand_thumbs_of_one_key_weigh_five_percent() -> None:
    named = [Voice("key:other", 10_000, 0), *(Voice(f"user:{n}", 2, 2 * MICRO) for n in range(20))]
    weighed = weigh(10_000 + 380, 380 * MICRO, named, needed=100)
    assert (weighed.samples, weighed.satisfied_micro, weighed.held_back, weighed.allowance) == (400, 380 * MICRO, 1, 20)


def test_what_a_held_voice_weighs_has_its_own_share_of_satisfied_ones() -> None:
    weighed = weigh(1195, 95 * MICRO + 550 * MICRO, [Voice("user:ann", 1100, 550 * MICRO)], needed=100)
    assert (weighed.samples, weighed.satisfied_micro) == (100, 95 * MICRO + 5 * MICRO // 2)


def test_a_few_voices_decide_nothing_and_a_single_collector_does() -> None:
    few = [Voice(f"user:{n}", 1000, 0) for n in range(5)]
    assert weigh(5000, 0, few, needed=100).samples == 25
    assert weigh(5000, 0, [Voice("key:widget", 5000, 0)], needed=100).samples == 5000
    assert weigh(5001, 0, [Voice("key:widget", 5000, 0)], needed=100).samples == 6


def test_where_fewer_than_twenty_reactions_are_asked_for_each_voice_weighs_one() -> None:
    assert weigh(1_014, 0, [Voice("user:0", 1_000, 0)], needed=10).samples == 15


def test_whose_voice_a_reaction_is() -> None:
    own = {"sent_by": "a", "ran_by": "a"}
    assert voice_of(**own, end_user="ann", made_for=None) == "user:ann"
    assert voice_of(**own, end_user="", made_for=None) is None
    assert voice_of(sent_by="b", ran_by="a", end_user="ann", made_for="ann") == "user:ann"
    assert voice_of(sent_by="b", ran_by="a", end_user="bob", made_for="ann") == "key:b"
    assert voice_of(sent_by="b", ran_by="a", end_user="", made_for=None) == "key:b"
    assert voice_of(sent_by="inbound:1", ran_by="a", end_user="", made_for=None) is None


def pool_of(counts: list[int], nameless: int = 0) -> Pool:
    pool = Pool()
    for n, count in enumerate(counts):
        pool.add(f"user:{n}", count, 0)
    pool.add(NAMELESS, nameless, nameless * MICRO)
    return pool


@given(st.lists(st.integers(1, 5000), max_size=60), st.integers(0, 2000))
def test_detectors_hear_no_block_of_which_one_voice_is_more_than_its_share(counts: list[int], nameless: int) -> None:
    pool = pool_of(counts, nameless)
    block = pool.taken()
    if block is None:
        assert sum(one.samples for one in pool.waiting()) == sum(counts) + nameless, "what waits is kept"
        assert len(counts) + nameless < 20
        return
    assert block.most_of_one <= CAP_RATIO * block.samples + 1e-9
    assert block.samples == nameless + sum(min(one, block.most_of_one) for one in counts)
    assert block.held_back == sum(one > block.most_of_one for one in counts)
    assert (block.satisfied_micro, block.reactions) == (nameless * MICRO, nameless + sum(counts))
    assert list(pool.waiting()) == [], "nothing is heard twice"


def test_a_voice_that_speaks_alone_or_beside_few_waits_for_others() -> None:
    pool = pool_of([10_000])
    assert pool.taken() is None
    pool.add(NAMELESS, 18, 18 * MICRO)
    assert pool.taken() is None
    pool.add(NAMELESS, 1, MICRO)
    block = pool.taken()
    assert block is not None and (block.samples, block.held_back, block.held_samples, block.reactions) == (20, 1, 1, 10_019)

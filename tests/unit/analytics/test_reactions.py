"""Any order and any number of deliveries of the same feedback ends in the same state (F1)."""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_analytics.core.reactions import (
    NOTHING,
    Entry,
    ReactionKey,
    Standing,
    current_of,
    entries_with,
    entry_of,
    key_of,
    refusal,
    standing_of_entry,
)
from burnish_shared.contracts.feedback import FeedbackItem

pytestmark = pytest.mark.capability("F1")

START = datetime(2026, 11, 1, tzinfo=UTC)
WORKSPACE = UUID(int=1)


def item(second: int, *, feedback: int, value: float | None, user: str = "ann", target: int = 7, kind: str = "thumb") -> FeedbackItem:
    """`value` None: it is taken back."""
    return FeedbackItem(
        feedback_id=UUID(int=feedback),
        workspace_id=WORKSPACE,
        target_kind="execution",
        target_id=str(UUID(int=target)),
        kind=kind,
        value=value,
        user_id=user,
        accepted_at=START + timedelta(seconds=second),
        is_taken_back=value is None,
    )


items = st.builds(
    item,
    st.integers(0, 5),
    feedback=st.integers(0, 3),
    value=st.sampled_from([0.0, 1.0, None]),
    user=st.sampled_from(["ann", "bob"]),
    target=st.integers(0, 1),
    kind=st.sampled_from(["thumb", "score"]),
)


def end_state(deliveries: list[FeedbackItem]) -> tuple[dict[ReactionKey, Entry], Standing]:
    """What a store holds after these deliveries, and the sum that was moved step by step."""
    held: dict[ReactionKey, list[Entry]] = {}
    total = NOTHING
    for one in deliveries:
        key = key_of(one)
        before = held.get(key, [])
        after = entries_with(before, entry_of(one))
        old = standing_of_entry(key.kind, current_of(before)) if before else NOTHING
        total = total + (standing_of_entry(key.kind, current_of(after)) - old)
        held[key] = after
    return {key: current_of(entries) for key, entries in held.items()}, total


@pytest.mark.promise("A-03")
@given(st.lists(items, max_size=12), st.data())
def test_any_order_and_any_duplication_of_deliveries_gives_the_same_end_state(sent: list[FeedbackItem], data: st.DataObject) -> None:
    repeats = data.draw(st.lists(st.sampled_from(sent), max_size=12)) if sent else []
    shuffled = [*sent, *repeats]
    random.Random(data.draw(st.integers())).shuffle(shuffled)
    assert end_state(shuffled) == end_state(sent)


@given(st.lists(items, max_size=12))
def test_moving_by_differences_is_counting_the_current_reactions(sent: list[FeedbackItem]) -> None:
    current, total = end_state(sent)
    counted = NOTHING
    for key, entry in current.items():
        counted = counted + standing_of_entry(key.kind, entry)
    assert total == counted


def test_a_retry_with_the_same_content_does_not_overtake_a_later_change() -> None:
    current, _ = end_state([item(1, feedback=1, value=1), item(2, feedback=2, value=0), item(3, feedback=1, value=1)])
    assert [entry.value for entry in current.values()] == [0.0]


@pytest.mark.promise("A-07")
@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"kind": "thumb", "value": 0.5}, "thumb_value"),
        ({"kind": "thumb", "value": None}, "thumb_value"),
        ({"kind": "score", "value": 1.01}, "score_range"),
        ({"kind": "score", "value": -0.01}, "score_range"),
        ({"kind": "metric:", "value": 1.0}, "metric_value"),
        ({"kind": "metric:converted", "value": None}, "metric_value"),
        ({"kind": "comment", "comment": ""}, "comment_empty"),
        ({"kind": "correction", "correction": None}, "correction_empty"),
        ({"kind": "applause"}, "kind_unknown"),
        ({"comment": "\x00"}, "nul"),
        ({"context": {"a": ["\x00"]}}, "nul"),
        ({"target_id": "x"}, "target_id"),
        ({"target_id": str(UUID(int=0xABC)).upper()}, "target_id"),
        ({}, None),
        ({"kind": "score", "value": 0.0}, None),
        ({"target_kind": "session", "target_id": "any text"}, None),
    ],
)
def test_what_can_never_count_is_refused_with_its_reason(changed: dict[str, object], reason: str | None) -> None:
    assert refusal(item(1, feedback=1, value=1).model_copy(update=changed)) == reason


def test_what_is_taken_back_is_what_its_id_said_until_then_and_nothing_else() -> None:
    first, second = item(1, feedback=1, value=1.0), item(2, feedback=2, value=0.0)
    assert end_state([first, item(3, feedback=1, value=None)])[1] == NOTHING
    assert end_state([first, second, item(3, feedback=1, value=None)])[1].thumbs_down == 1  # Another took its place meanwhile.
    assert end_state([first, item(3, feedback=1, value=None), item(4, feedback=1, value=0.0)])[1].thumbs_down == 1
    assert end_state([first, item(3, feedback=1, value=None), item(4, feedback=2, value=0.0)])[1].thumbs_down == 1
    assert end_state([first, second, item(3, feedback=2, value=None)])[1] == NOTHING  # And not what was said before.
    again = [item(4, feedback=1, value=0.0), item(5, feedback=1, value=None)]
    assert end_state([first, item(3, feedback=1, value=None), *again])[1] == NOTHING

"""Feedback as gateways of version 1 put it on the stream is read for as long as there are gateways of version 1 (PROMISES M-12)."""

from pathlib import Path

import pytest

from burnish_analytics.core.reactions import Standing, entry_of, refusal, standing_of
from burnish_gateway.feedback.bodies import FeedbackBody
from burnish_gateway.feedback.record import items_of
from burnish_gateway.wire import parse_model
from burnish_shared.contracts.feedback import FeedbackBatch

pytestmark = pytest.mark.promise("M-12")

GOLDEN = Path(__file__).parent / "feedback_batch_v1.json"


def test_version_1_parses_with_fields_that_a_later_version_added() -> None:
    batch = FeedbackBatch.model_validate_json(GOLDEN.read_bytes())
    first, second = batch.items
    assert [refusal(one) for one in batch.items] == [None, None]
    assert (first.kind, first.value, first.comment, first.user_id) == ("thumb", 0.0, "wrong queue", "ann")
    assert (second.target_kind, second.kind, second.user_id, second.context) == ("session", "metric:converted", None, {})
    assert standing_of(first.kind, first.value) == Standing(reactions=1, thumbs_down=1)


def test_the_digest_of_a_content_stays_what_it_was() -> None:
    """A digest that changes between releases would make a redelivered reaction look like a changed one."""
    batch = FeedbackBatch.model_validate_json(GOLDEN.read_bytes())
    assert [entry_of(one).digest.hex() for one in batch.items] == ["bd1105c96e4685243a7261c6c0ee2c35", "4c28b6fc4328b08a1a78fad85b28b79e"]


def test_what_the_gateway_makes_of_a_post_is_what_version_1_says() -> None:
    batch = FeedbackBatch.model_validate_json(GOLDEN.read_bytes())
    first, second = batch.items
    ids = {"workspace_id": first.workspace_id, "sent_by": first.api_key_id}
    thumb = parse_model(
        FeedbackBody,
        b'{"execution_id": "%s", "thumb": "down", "comment": "wrong queue", "user_id": "ann", "context": {"page": "inbox"}}'
        % first.target_id.encode(),
    )
    assert items_of(thumb, feedback_id=first.feedback_id, now=first.accepted_at, **ids) == [first]
    metric = parse_model(FeedbackBody, b'{"session_id": "chat-1", "metric": {"name": "converted", "value": 1.5}}')
    [made] = items_of(metric, feedback_id=second.feedback_id, now=second.accepted_at, **ids)
    assert made.model_copy(update={"api_key_id": None}) == second

"""Errors of bodies say which field, as the caller wrote it, and what it may be."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from burnish_gateway.alerts.channel_bodies import NewChannel
from burnish_gateway.batches.bodies import NewBatch
from burnish_gateway.evaluators.bodies import NewEvaluator
from burnish_gateway.feedback.bodies import COMMENT_MOST, FeedbackBody
from burnish_gateway.wire import invalid_field
from burnish_shared.errors import InvalidField


@pytest.mark.parametrize(
    ("model", "body", "param", "says"),
    [
        (NewChannel, {"kind": "slack", "name": "x"}, "url", "url: is needed by a channel of kind slack"),
        (NewEvaluator, {"name": "x", "settings": {"kind": "llm_judge", "model": "a/b"}}, "settings.rubric", "settings.rubric: is needed"),
        (FeedbackBody, {"comment": "x" * (COMMENT_MOST + 1)}, "comment", "comment: may have at most 10000 characters; it has 10001"),
        (NewBatch, {"inputs": []}, "inputs", "inputs: may not be empty"),
        (NewBatch, {"inputs": [{}], "models": ["m"] * 1000}, "models", "models: may have at most"),
        (FeedbackBody, {"metric": {"name": "1", "value": 1}}, "metric.name", "metric.name: must be a letter, then letters, digits"),
    ],
)
def test_a_field_that_is_wrong_is_named_in_words(model: Any, body: dict[str, Any], param: str, says: str) -> None:
    with pytest.raises(InvalidField) as refused:
        TypeAdapter(model).validate_python(body)
    assert (refused.value.param, refused.value.message[: len(says)]) == (param, says)


def test_a_body_that_is_missing_is_called_the_body() -> None:
    with pytest.raises(ValidationError) as refused:
        raise ValidationError.from_exception_data("body", [{"type": "missing", "loc": (), "input": None}])
    assert invalid_field(refused.value).message == "body: is needed"

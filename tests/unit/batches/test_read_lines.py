"""Lines of a batch as orders."""

import json
from typing import Any

import pytest

from burnish_gateway.batches.bodies import NewBatch
from burnish_gateway.batches.read_lines import LINE_MOST_BYTES, read_lines
from burnish_gateway.wire import parse_model
from burnish_shared.errors import InvalidField
from burnish_shared.ids import new_uuid


def batch(**fields: Any) -> NewBatch:
    return parse_model(NewBatch, json.dumps(fields).encode())


@pytest.mark.capability("E15")
def test_an_input_adds_to_the_request_and_is_multiplied_by_versions_and_models() -> None:
    request = {"prompt": "greet", "label": "beta", "variables": {"tone": "kind", "name": "?"}, "metadata": {"run": 1}, "app": "night"}
    body = batch(request=request, inputs=[{"custom_id": "a", "variables": {"name": "Ada"}}, {}], versions=[1, 2], models=["x", "y"])
    lines = list(read_lines(body, None))
    assert [(one.number, one.custom_id) for one in lines] == [(1, "a")] * 4 + [(2, None)] * 4
    orders = [one.order for one in lines if one.order is not None]
    assert [(one.version, one.model) for one in orders] == [(1, "x"), (1, "y"), (2, "x"), (2, "y")] * 2
    assert orders[0].variables == {"tone": "kind", "name": "Ada"} and orders[4].variables["name"] == "?"
    assert {(one.slug, one.label, one.app) for one in orders} == {("greet", None, "night")} and orders[0].metadata == {"run": 1}


@pytest.mark.capability("E15", "E2")
def test_whole_requests_and_inputs_may_stand_in_one_file() -> None:
    chat = {"model": "simulated/chat", "messages": [{"role": "user", "content": "Hello."}]}
    content = b"\n".join(
        json.dumps(one).encode() for one in ({"custom_id": "whole", "body": chat}, {"custom_id": "input", "variables": {"name": "Ada"}})
    )
    whole, given = read_lines(batch(input_file_id=str(new_uuid()), request={"prompt": "greet"}), content)
    assert whole.order is not None and (whole.order.slug, whole.order.model) == (None, "simulated/chat")
    assert given.order is not None and (given.order.slug, given.order.variables) == ("greet", {"name": "Ada"})
    as_chat = list(read_lines(batch(input_file_id=str(new_uuid()), endpoint="/v1/chat/completions"), content))
    assert as_chat[0].order is not None and as_chat[0].order.messages == chat["messages"]
    assert as_chat[1].error is not None and as_chat[1].error.param == "body"
    other = json.dumps({"url": "/v1/executions", "body": chat}).encode()
    (refused,) = read_lines(batch(input_file_id=str(new_uuid()), endpoint="/v1/chat/completions"), other)
    assert refused.error is not None and refused.error.param == "url"


@pytest.mark.capability("E15")
def test_a_file_that_begins_with_a_mark_of_its_encoding_loses_no_line() -> None:
    content = b'\xef\xbb\xbf{"custom_id": "first", "variables": {"name": "Ada"}}\r\n{"custom_id": "second"}\r\n'
    lines = list(read_lines(batch(input_file_id=str(new_uuid()), request={"prompt": "greet"}), content))
    assert [(one.custom_id, one.error) for one in lines] == [("first", None), ("second", None)]


def test_ids_that_stand_twice_and_too_many_calls_are_refused_as_a_whole() -> None:
    with pytest.raises(InvalidField, match="lines 1 and 3"):
        list(read_lines(batch(request={"prompt": "greet"}, inputs=[{"custom_id": "a"}, {}, {"custom_id": "a"}]), None))
    with pytest.raises(InvalidField, match="10000"):
        list(read_lines(batch(request={"prompt": "greet"}, inputs=[{}] * 5001, models=["x", "y"]), None))


@pytest.mark.capability("E15")
def test_a_line_that_is_too_long_to_be_a_call_is_not_read_and_costs_no_other_one_anything() -> None:
    good = json.dumps({"custom_id": "good", "body": {"model": "simulated/chat", "messages": [{"role": "user", "content": "Hello."}]}})
    content = b'{"custom_id": "long", "body": {"x": [' + b"[]," * LINE_MOST_BYTES + b"]}}\n" + good.encode()
    long, other = read_lines(batch(input_file_id=str(new_uuid())), content)
    assert long.error is not None and long.error.code == "payload_too_large" and long.order is None
    assert other.custom_id == "good" and other.order is not None

"""Null for an optional field that can't be null is as if it were not there; anything else is refused as before."""

import json
from typing import Any

import pytest
from pydantic import Field

from burnish_gateway.execution.routes import NewExecution
from burnish_gateway.webhooks.bodies import EndpointChange
from burnish_gateway.wire import ApiModel, parse_model
from burnish_shared.errors import InvalidField

pytestmark = pytest.mark.promise("G-08")


class Inner(ApiModel):
    count: int = 3


class Body(ApiModel):
    name: str
    is_on: bool = True
    kinds: list[str] = Field(default_factory=list)
    since: int = Field(default=7, alias="from")
    either: int | str = 1
    note: str | None = "none"
    inner: Inner = Field(default_factory=Inner)
    by: dict[str, int] = Field(default_factory=dict)


def read(**given: Any) -> Body:
    return parse_model(Body, json.dumps({"name": "n"} | given).encode())


def test_null_is_the_default_where_it_can_be_nothing_else() -> None:
    made = read(is_on=None, kinds=None, either=None, inner=None, by=None, **{"from": None})
    assert (made.is_on, made.kinds, made.since, made.either, made.inner.count, made.by) == (True, [], 7, 1, 3, {})
    assert made.model_fields_set == {"name"}


def test_null_stays_null_where_it_may_be_one() -> None:
    made = read(note=None, is_on=None)
    assert made.note is None and made.model_fields_set == {"name", "note"}


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"name": None, "is_on": None}, "name"),
        ({"is_on": 1}, "is_on"),
        ({"kinds": [None]}, "kinds[0]"),
        ({"inner": {"count": None}}, "inner.count"),
        ({"by": {"a": None}}, "by.a"),
        ({"since": None}, "since"),
        ({"nothing": None}, "nothing"),
    ],
)
def test_what_is_needed_or_stands_deeper_is_refused(given: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidField) as refused:
        read(**given)
    assert refused.value.param == param


def test_bodies_of_routes_take_it_and_changes_keep_what_null_means_to_them() -> None:
    said = {"model": "simulated/chat", "messages": [{"role": "user", "content": "x"}]}
    whole = NewExecution.model_validate({**said, "stream": None, "mode": None, "metadata": None, "overrides": None, "variables": None})
    assert (whole.stream, whole.mode, whole.metadata, whole.variables) == (False, "sync", {}, {})
    assert EndpointChange.model_validate({"headers": None}).model_fields_set == {"headers"}

"""What a person is told of a field that is wrong."""

import ast
import base64
import importlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

import burnish_gateway
from burnish_gateway.app import build_app
from burnish_gateway.batches.bodies import InputLine, NewBatch
from burnish_gateway.execution.routes import NewExecution
from burnish_gateway.guardrails.bodies import NewGuardrail
from burnish_gateway.moments import Moment
from burnish_gateway.optimization.bodies import OptimizationBody
from burnish_gateway.registry.bodies import AddVersion
from burnish_gateway.settings import GatewaySettings
from burnish_gateway.wire import ApiModel, invalid_field, parse_model
from burnish_gateway.wording import PATTERNS, in_words
from burnish_shared.errors import InvalidField
from burnish_shared.moments import in_utc, in_utc_us


class Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    name: Annotated[str, Field(max_length=3)] = ""


class A(BaseModel):
    kind: Literal["a"]


class B(BaseModel):
    kind: Literal["b", "c"]


Tagged = Annotated[A | B, Field(discriminator="kind")]

CASES = [
    (Annotated[str, Field(min_length=1)], "", "may not be empty"),
    (Annotated[str, Field(min_length=3)], "x", "must have at least 3 characters"),
    (Annotated[str, Field(max_length=3)], "xxxx", "may have at most 3 characters; it has 4"),
    (Annotated[list[int], Field(min_length=1)], [], "may not be empty"),
    (Annotated[list[int], Field(max_length=1)], [1, 2], "may have at most 1 items; it has 2"),
    (Annotated[float, Field(le=3_600_000.0)], 4e9, "must be at most 3600000"),
    (Annotated[float, Field(ge=0.5)], 0.1, "must be at least 0.5"),
    (Annotated[int, Field(gt=0)], 0, "must be above 0"),
    (bool, "perhaps", "must be true or false"),
    (int, "many", "must be a whole number"),
    (str, 7, "must be text"),
    (list[int], "x", "must be a list"),
    (dict[str, int], "x", "must be an object"),
    (UUID, "x", "must be a UUID, such as 01930000-0000-7000-8000-000000000000"),
    (date, "yesterday", "must be a date, such as 2026-11-20"),
    (AwareDatetime, "2026-11-20T08:00:00", "must say its time zone, such as 2026-11-20T08:00:00Z"),
    (AwareDatetime, "2026-11-20T08:00:00+99:00", "must be a date and time as RFC 3339 writes it, such as 2026-11-20T08:00:00Z"),
    (Literal["a", "b"], "c", "must be 'a' or 'b'"),
    (Literal[True], False, "must be true"),
    (Tagged, {"kind": "d"}, "kind must be 'a', 'b' or 'c'"),
    (Tagged, {}, "kind is needed"),
    (Strict, {"nome": ""}, "is no field of this call; see /openapi.json"),
]


@pytest.mark.parametrize(("kind", "given", "said"), CASES, ids=[said for *_, said in CASES])
def test_a_problem_is_told_in_words_without_the_value(kind: Any, given: object, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(given)
    assert in_words(caught.value.errors()[0]) == said


def test_the_field_stands_before_what_is_wrong_with_it() -> None:
    with pytest.raises(ValidationError) as caught:
        Strict.model_validate({"name": "xxxx"})
    refused = invalid_field(caught.value)
    assert (refused.message, refused.param) == ("name: may have at most 3 characters; it has 4", "name")


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("max_tokens", 'max_tokens: belongs into overrides here: "overrides": {"max_tokens": …}'),
        ("modell", "modell: is no field of this call; did you mean 'model'?"),
        ("Messages", "Messages: is no field of this call; did you mean 'messages'?"),
        ("fallbackModels", "fallbackModels: is no field of this call; did you mean 'fallback_models'?"),
    ],
)
def test_a_setting_that_other_apis_have_at_the_top_is_told_where_it_belongs(field: str, said: str) -> None:
    body = {"model": "simulated/chat", "messages": [{"role": "user", "content": "Hi."}], field: 7}
    with pytest.raises(InvalidField) as refused:
        parse_model(NewExecution, json.dumps(body).encode())
    assert (refused.value.message, refused.value.param) == (said, field)


def test_a_label_that_stands_behind_the_slug_is_told_where_it_belongs() -> None:
    with pytest.raises(InvalidField) as refused:
        parse_model(NewExecution, b'{"prompt": "greeting@staging"}')
    assert refused.value.param == "prompt" and "label" in refused.value.message and "version" in refused.value.message


def test_who_names_no_field_hears_which_there_are() -> None:
    body = {"model": "simulated/chat", "messages": [{"role": "user", "content": "Hi."}], "zzz": 7}
    with pytest.raises(InvalidField) as refused:
        parse_model(NewExecution, json.dumps(body).encode())
    said, _, listed = refused.value.message.partition("; there are ")
    assert said == "zzz: is no field of this call"
    assert listed.split(", ") == [field.alias or name for name, field in NewExecution.model_fields.items()]


class Short(ApiModel):
    kind: Literal["short"]
    words_most: int = 3


class Long(ApiModel):
    kind: Literal["long"]
    pages_least: int = 3


class Nested(ApiModel):
    one: Short | None = None
    told_apart: Annotated[Short | Long, Field(discriminator="kind")] | None = None
    any_of: Short | Strict | None = None
    listed: list[Annotated[Short | Long, Field(discriminator="kind")]] | None = None
    named: dict[str, Long] | None = None


CHECK = {"name": "a", "settings": {"kind": "size", "most_tokens": 0}}


@pytest.mark.parametrize(
    ("model", "body", "param"),
    [
        (Nested, {"one": {"kind": "short", "short": 1}}, "one.short"),
        (Nested, {"told_apart": {"kind": "long", "pages_least": "x"}}, "told_apart.pages_least"),
        (Nested, {"told_apart": {"kind": "long", "long": 1}}, "told_apart.long"),
        (Nested, {"listed": [{"kind": "short"}, {"kind": "long", "pages_least": "x"}]}, "listed[1].pages_least"),
        (Nested, {"named": {"long": {"kind": "long", "pages_least": "x"}}}, "named.long.pages_least"),
        (NewGuardrail, {"name": "g", "sides": ["in"], "settings": {"kind": "size"}}, "settings"),
        (NewGuardrail, {"name": "g", "sides": ["in"], "settings": {"kind": "size", "most_characters": 0}}, "settings.most_characters"),
        (AddVersion, {"input_validators": [CHECK]}, "input_validators[0].settings.most_tokens"),
        (OptimizationBody, {"prompt": "p", "method": "settings", "settings": {"space": {"temperature": []}}}, "settings.space.temperature"),
    ],
)  # fmt: skip
def test_a_field_is_named_as_the_caller_wrote_it(model: type[BaseModel], body: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidField) as refused:
        parse_model(model, json.dumps(body).encode())
    assert isinstance(refused.value.details, dict)
    assert param in [one["param"] for one in refused.value.details["problems"]]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"one": {"kind": "short", "zzz": 1}}, "is no field here; there are kind, words_most"),
        ({"one": {"kind": "short", "word_most": 1}}, "is no field here; did you mean 'words_most'?"),
        ({"told_apart": {"kind": "long", "zzz": 1}}, "is no field here; there are kind, pages_least"),
        ({"listed": [{"kind": "short"}, {"kind": "long", "zzz": 1}]}, "is no field here; there are kind, pages_least"),
        ({"named": {"a": {"kind": "long", "zzz": 1}}}, "is no field here; there are kind, pages_least"),
        ({"any_of": {"kind": "short", "zzz": 1}}, "is no field here; there are kind, words_most, name"),
        ({"zzz": 1}, "is no field of this call; there are one, told_apart, any_of, listed, named"),
    ],
    ids=["one", "near", "told apart", "in a list", "by name", "any of", "top"],
)
def test_the_fields_told_are_those_of_the_place(body: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidField) as refused:
        parse_model(Nested, json.dumps(body).encode())
    assert next(one["message"] for one in refused.value.details["problems"] if "no field" in one["message"]) == said


def test_a_variable_at_the_top_of_a_batchs_input_is_told_where_it_belongs() -> None:
    body = {"request": {"prompt": "greeting"}, "inputs": [{"variables": {"name": "Ada"}}, {"name": "Grace"}]}
    with pytest.raises(InvalidField) as refused:
        parse_model(NewBatch, json.dumps(body).encode())
    said = 'inputs[1].name: is no field of an input; a variable of the prompt goes into "variables": {"name": …}'
    assert (refused.value.message, refused.value.param) == (said, "inputs[1].name")
    with pytest.raises(InvalidField) as of_a_line:
        parse_model(InputLine, b'{"Order No": 7}')
    assert '"variables": {"Order No": \u2026}' in of_a_line.value.message


class Ends(ApiModel):
    expires_at: Moment


@pytest.mark.parametrize(
    "beyond",
    ["9999-12-31T23:59:59.9999999Z", "9999-12-31T23:00:00-12:00", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"],
)
def test_a_moment_that_no_column_gives_back_as_it_was_is_refused(beyond: str) -> None:
    """The first is what .NET calls MaxValue: PostgreSQL would hold infinity, which compares with no other moment."""
    with pytest.raises(InvalidField) as refused:
        parse_model(Ends, json.dumps({"expires_at": beyond}).encode())
    assert refused.value.message == "expires_at: lies beyond the calendar; the last moment is 9999-12-31T23:59:59Z"
    assert parse_model(Ends, b'{"expires_at": "9999-12-31T23:59:59Z"}').expires_at.year == 9999


class Kept(ApiModel):
    mode: Literal["off", "always"] | None = None
    ttl_s: Annotated[int, Field(ge=1)] | None = None


class Call(ApiModel):
    cache: bool | Kept | None = None
    stop: Annotated[str, Field(min_length=1)] | list[Annotated[str, Field(min_length=1)]] | None = None
    choice: Literal["none", "auto"] | dict[str, Any] | None = None
    size: int = 0


SIDES = [
    ({"cache": {"ttl_s": 0}}, [("cache.ttl_s", "must be at least 1")]),
    ({"cache": {"mode": "x"}}, [("cache.mode", "must be 'off' or 'always'")]),
    ({"cache": "yes"}, [("cache", "must be true or false, or an object")]),
    ({"stop": [""]}, [("stop[0]", "may not be empty")]),
    ({"stop": ""}, [("stop", "may not be empty")]),
    ({"stop": 5}, [("stop", "must be text, or a list")]),
    ({"choice": "some"}, [("choice", "must be 'none' or 'auto', or an object")]),
    ({"stop": 5, "size": "x"}, [("stop", "must be text, or a list"), ("size", "must be a whole number")]),
]


@pytest.mark.parametrize(("given", "said"), SIDES, ids=[json.dumps(given) for given, _ in SIDES])
def test_of_a_field_that_may_be_several_things_it_is_said_what_is_wrong_with_what_it_is(
    given: dict[str, Any], said: list[tuple[str, str]]
) -> None:
    with pytest.raises(InvalidField) as refused:
        parse_model(Call, json.dumps(given).encode())
    assert refused.value.details is not None
    assert [(one["param"], one["message"]) for one in refused.value.details["problems"]] == said
    assert refused.value.message == f"{said[0][0]}: {said[0][1]}"


def test_moments_that_a_clock_gave_have_as_texts_the_order_of_the_moments() -> None:
    whole = datetime(2026, 11, 27, 9, 0, 5, tzinfo=UTC)
    moments = [whole - timedelta(microseconds=1), whole, whole + timedelta(milliseconds=1), whole + timedelta(seconds=1)]
    told = [in_utc_us(one) for one in moments]
    assert sorted(told) == told
    assert [datetime.fromisoformat(one) for one in told] == moments
    there = whole.astimezone(timezone(timedelta(hours=2)))
    assert (in_utc(there), in_utc_us(there)) == ("2026-11-27T09:00:05Z", "2026-11-27T09:00:05.000000Z")


def asked_for() -> Iterator[tuple[str, str]]:
    """Module → pattern of a field or parameter of the gateway's."""
    package = Path(burnish_gateway.__file__).parent
    for path in sorted(package.rglob("*.py")):
        name = ".".join(("burnish_gateway", *path.relative_to(package).with_suffix("").parts))
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in {"Field", "Query", "Path"}:
                for one in call.keywords:
                    if one.arg == "pattern" and isinstance(one.value, ast.Constant):
                        yield name, str(one.value.value)
                    elif one.arg == "pattern" and isinstance(one.value, ast.Name):
                        yield name, getattr(importlib.import_module(name), one.value.id)


def test_what_a_name_may_hold_is_told_in_words() -> None:
    """The page shows these sentences below fields."""
    found = [(module, pattern) for module, pattern in asked_for() if module != "burnish_gateway.settings"]
    assert len(found) > 25
    assert [one for one in found if one[1] not in PATTERNS] == []
    assert "pattern" not in in_words({"type": "string_pattern_mismatch", "ctx": {"pattern": r"^[a-z][a-z0-9_]{0,30}$"}})


def test_no_parameter_of_a_query_takes_what_is_no_finite_number() -> None:
    """NaN is neither below a bound nor above one, so that the first that is looked at would be told as the fault."""
    settings = GatewaySettings(database_url="postgresql://nowhere", nats_url="nats://nowhere", kek=base64.b64encode(bytes(32)).decode())
    routes = [one for one in iter_route_contexts(build_app(settings).routes) if isinstance(one.original_route, APIRoute)]
    takers = [one for route in routes for one in _parameters_of(route.dependant)]
    numbers = [one for one in takers if _is_float(one.field_info.annotation)]
    assert len(numbers) >= 5, "scores from and to, and waits"
    for one in numbers:
        for given in ("nan", "inf", "-inf", "1e999"):
            _, errors = one.validate(given, loc=("query", one.alias))
            assert [in_words(error) for error in errors] == ["must be a finite number"], (one.alias, given, errors)


def _parameters_of(dependant: Any) -> Iterator[Any]:
    yield from dependant.query_params
    for one in dependant.dependencies:
        yield from _parameters_of(one)


def _is_float(annotation: Any) -> bool:
    return annotation is float or float in get_args(annotation)

"""What a simulated model puts into a JSON schema fits it."""

import enum
from typing import Annotated, Any

import jsonschema_rs
import pytest
from pydantic import AwareDatetime, BaseModel, Field

from burnish_simulator.schema_answer import CHARS_MOST, Unfillable, fill


class Mood(enum.StrEnum):
    GOOD = "good"
    BAD = "bad"


class Place(BaseModel):
    name: Annotated[str, Field(max_length=5)]
    stars: Annotated[int, Field(ge=1, le=5)]
    share: Annotated[float, Field(gt=0, lt=1)]
    opened: AwareDatetime


class Trip(BaseModel):
    first: Place
    mood: Mood
    others: Annotated[list[Place], Field(min_length=2)]
    before: "Trip | None" = None


def test_a_schema_of_pydantic_with_references_is_filled() -> None:
    trip = Trip.model_validate(fill(Trip.model_json_schema(), "It was bad in Rome"))
    assert (trip.first.name, trip.first.stars, trip.mood, len(trip.others)) == ("It wa", 1, Mood.BAD, 2)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer", "minimum": -9007199254740991, "maximum": 9007199254740991}, 0),
        ({"type": "integer", "minimum": 3}, 3),
        ({"type": "integer", "exclusiveMinimum": 3}, 4),
        ({"type": "integer", "maximum": -2}, -2),
        ({"type": "number", "exclusiveMaximum": 0}, -1),
        ({"allOf": [{"$ref": "#/$defs/a"}, {"minLength": 1}], "$defs": {"a": {"type": "string"}}}, "said"),
        ({"type": "array", "items": {"$ref": "#"}, "minItems": 0}, []),
        ({"anyOf": [{"type": "string", "format": "email"}, {"type": "null"}]}, "someone@example.com"),
        ({"type": ["string", "null"]}, "said"),
        ({"const": 4}, 4),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.1}, 0.05),
        ({"type": "number", "minimum": 2.5}, 2.5),
        ({"type": "integer", "minimum": 0.5}, 1),
        ({"type": "integer", "minimum": 7, "multipleOf": 5}, 10),
        ({"type": "integer", "exclusiveMaximum": 0, "multipleOf": 5}, -5),
        ({"type": "integer", "exclusiveMinimum": 0}, 1),
        ({"type": "string", "minLength": 6}, "said.."),
        (
            {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 3, "items": {"type": "null"}},
            [0, "said", None],
        ),
        (
            {
                "allOf": [{"$ref": "#/$defs/a"}],
                "properties": {"b": {"type": "integer"}},
                "required": ["a", "b"],
                "$defs": {"a": {"type": "object", "properties": {"a": {"type": "string"}}}},
            },
            {"a": "said", "b": 0},
        ),
    ],
)
def test_values_fit(schema: dict[str, Any], value: Any) -> None:
    assert fill(schema, "said") == value
    jsonschema_rs.validate(schema, value)


class Leaf(BaseModel):
    value: int


class Node(BaseModel):
    left: "Node | Leaf"


def test_a_choice_that_ends_is_taken_deep_inside() -> None:
    Node.model_validate(fill(Node.model_json_schema(), "said"))


MANY: Any = {"type": "object", "properties": {name: {"$ref": "#"} for name in "abcdef"}}
DOUBLED: Any = {"$defs": {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)}, "$ref": "#/$defs/d0"}
HUNDREDS: Any = {"type": "array", "minItems": 100, "items": {"type": "array", "minItems": 100, "items": {"type": "string"}}}


@pytest.mark.parametrize(
    "schema",
    [
        MANY,
        DOUBLED,
        HUNDREDS,
        {"allOf": [{"$ref": "#"}]},
        {"type": "string", "maxLength": "5"},
        {"type": "string", "format": ["a"]},
        {"type": "object", "properties": None},
        {"type": "integer", "minimum": float("inf")},
        {"type": "integer", "minimum": "1"},
        {"enum": 3},
    ],
)
def test_a_schema_that_is_none_or_asks_for_millions_is_refused(schema: Any) -> None:
    with pytest.raises(Unfillable):
        fill(schema, "said")


def test_a_schema_that_only_means_itself_or_wants_a_huge_text_is_bounded() -> None:
    assert fill({"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}, "said") is None
    assert len(fill({"type": "string", "minLength": 10**9}, "said")) == CHARS_MOST


@pytest.mark.parametrize("schema", [{"$ref": "#/nowhere"}, {"$ref": "#"}, {"$ref": "https://example.com/a"}, {"allOf": [7]}, {"items": 3}])
def test_a_schema_that_means_nothing_ends_in_a_text(schema: dict[str, Any]) -> None:
    assert fill(schema, "said") == "said"

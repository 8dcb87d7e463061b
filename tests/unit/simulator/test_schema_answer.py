"""What a simulated model puts into a JSON schema fits it."""

import enum
from typing import Annotated, Any

import jsonschema_rs
import pytest
from pydantic import AwareDatetime, BaseModel, Field

from burnish_simulator.schema_answer import fill


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
        ({"type": "number", "exclusiveMaximum": 0}, -0.5),
        ({"allOf": [{"$ref": "#/$defs/a"}, {"minLength": 1}], "$defs": {"a": {"type": "string"}}}, "said"),
        ({"type": "array", "items": {"$ref": "#"}, "minItems": 0}, []),
        ({"anyOf": [{"type": "string", "format": "email"}, {"type": "null"}]}, "someone@example.com"),
        ({"type": ["string", "null"]}, "said"),
        ({"const": 4}, 4),
    ],
)
def test_values_fit(schema: dict[str, Any], value: Any) -> None:
    assert fill(schema, "said") == value
    jsonschema_rs.validate(schema, value)


@pytest.mark.parametrize("schema", [{"$ref": "#/nowhere"}, {"$ref": "#"}, {"$ref": "https://example.com/a"}, {"allOf": [7]}, {"items": 3}])
def test_a_schema_that_means_nothing_ends_in_a_text(schema: dict[str, Any]) -> None:
    assert fill(schema, "said") == "said"

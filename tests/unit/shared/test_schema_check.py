"""What is said of a value that is not as its schema wants it (E11)."""

import pytest

from burnish_shared.schema_check import SchemaCheck

pytestmark = pytest.mark.capability("E11")

SCHEMA = {
    "type": "object", "required": ["city", "people"], "properties": {"city": {"type": "string"}, "people": {"type": "integer"}},
    "dependentRequired": {"city": ["country"]}, "additionalProperties": False,
}  # fmt: skip


def test_a_field_that_lacks_is_named_since_the_schema_names_it() -> None:
    assert [(one.path, one.message) for one in SchemaCheck(SCHEMA).flaws({"city": "Bern"})] == [
        ("", "lacks `people`"),
        ("", "lacks `country`"),
    ]


def test_what_the_value_holds_is_not_quoted() -> None:
    found = SchemaCheck(SCHEMA).flaws({"city": "Bern", "country": "secret", "people": "secret", "secret": 1})
    assert {one.message for one in found} == {"breaks `type`", "breaks `additionalProperties`"}
    assert not any("secret" in one.message + one.path for one in found) and any("secret" in one.detail for one in found)

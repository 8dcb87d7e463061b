"""Which model a label would call with what was measured with another one."""

from typing import Any

import pytest

from burnish_gateway.optimization.measured_with import measured_with, text_in, unmeasured_model

pytestmark = pytest.mark.capability("O6")

OLD, NEW = [{"role": "system", "content": "Sort it."}], [{"role": "system", "content": "Sort it well."}]
ALONE: dict[str, Any] = {"models": {"task": "b"}}
SEVERAL = ALONE | {"model": "b", "variants": [{"model": "a", "outcome": "no_improvement"}, {"model": "c", "outcome": "improved"}]}


@pytest.mark.parametrize(
    ("content", "evidence", "base", "unmeasured"),
    [
        ({"messages": NEW}, ALONE, {"model": "b", "messages": OLD}, None),
        ({"messages": NEW}, ALONE, {"model": "a", "messages": OLD}, "a"),
        ({"messages": NEW}, ALONE, {"model": "a", "messages": OLD, "variants": [{"model": "a", "messages": OLD}]}, None),
        ({"variants": [{"model": "b", "messages": NEW}]}, ALONE, {"model": "a", "messages": OLD}, None),
        ({"variants": [{"model": "*", "messages": NEW}]}, ALONE, {"model": "a", "messages": OLD}, "a"),
        ({"examples": {"count": 1}}, ALONE, {"model": "a", "messages": OLD}, "a"),
        ({"temperature": 0.5}, ALONE, {"model": "a", "messages": OLD}, "a"),
        ({"temperature": 0.5}, {"models": {"task": "a"}, "model": "b"}, {"model": "b", "messages": OLD}, None),
        ({"temperature": 0.5}, {"models": {"task": "a"}, "model": "b"}, {"model": "a", "messages": OLD}, "a"),
        ({"messages": NEW}, ALONE, {"model": "auto", "messages": OLD}, None),
        ({"model": "b", "temperature": 0.5}, {"models": {"task": "a"}}, {"model": "a", "messages": OLD}, None),
        ({"messages": NEW, "variants": [{"model": "a", "messages": OLD}]}, SEVERAL, {"model": "a", "messages": OLD}, None),
        ({"messages": NEW, "variants": [{"model": "c", "messages": NEW}]}, SEVERAL, {"model": "c", "messages": OLD}, None),
        ({"messages": NEW, "variants": [{"model": "c", "messages": NEW}]}, SEVERAL, {"model": "d", "messages": OLD}, "d"),
        ({"messages": NEW}, ALONE | {"chain": {"slug": "support"}}, {"model": "a", "messages": OLD}, None),
        ({"messages": NEW}, {}, {"model": "a", "messages": OLD}, None),
    ],
)
def test_a_model_that_would_get_something_new_which_was_measured_with_others_is_named(
    content: dict[str, Any], evidence: dict[str, Any], base: dict[str, Any], unmeasured: str | None
) -> None:
    assert unmeasured_model(content, evidence, base=base) == unmeasured


def test_a_gain_was_measured_with_the_models_that_had_one() -> None:
    assert measured_with({"messages": NEW}, SEVERAL) == ["b", "c"]
    assert text_in({"examples": {}}, "a") is None and text_in({"messages": NEW}, "a") == NEW

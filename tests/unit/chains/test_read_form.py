"""The JSON form of a chain: what is wrong with it is named by its place (PRODUCT P8)."""

from typing import Any

import pytest

from burnish_gateway.chains.bodies import ChainContent
from burnish_gateway.wire import parse_model
from burnish_shared.chains.form import NESTING_MOST, STEPS_MOST, Chain
from burnish_shared.chains.read_form import read_chain
from burnish_shared.errors import InvalidField

pytestmark = pytest.mark.capability("P8")


def read(*steps: dict[str, Any], **more: Any) -> Chain:
    import json

    return read_chain(parse_model(ChainContent, json.dumps({"steps": list(steps), **more}).encode()).content())


def faults(*steps: dict[str, Any], **more: Any) -> dict[str, str]:
    """Place → message."""
    with pytest.raises(InvalidField) as refused:
        read(*steps, **more)
    return {one["param"]: one["message"] for one in refused.value.details["problems"]}


def call(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "prompt": "greeting", **more}


def test_a_chain_of_every_kind_of_step_is_read() -> None:
    chain = read(
        call("triage", variables={"ticket": "variables.ticket"}),
        {"id": "facts", "parallel": [[call("order")], [call("mood", fallback=[call("mood_again")])]]},
        {"id": "way", "choose": [{"if": "steps.triage.json.team == 'billing'", "steps": [call("bill")]}, {"steps": [call("other")]}]},
        {"id": "enough", "if": "steps.way.status == 'skipped'", "stop": {"output": "steps.order.output"}},
        call("reply", variables={"draft": "steps.way.output", "mood": "steps.mood.output"}, values={"tone": "warm"}, on_error="continue"),
        parameters={"ticket": {"type": "string"}},
        output={"reply": "steps.reply.output", "team": "steps.triage.json.team"},
    )
    assert [one.id for one in chain.steps] == ["triage", "facts", "way", "enough", "reply"]


def test_every_fault_is_named_at_once_by_its_place() -> None:
    found = faults(
        call("a", variables={"x": "steps.b.output", "y": "nobody", "z": "steps.a.output"}),
        call("a"),
        {"id": "c"},
        {"id": "d", "prompt": "greeting", "stop": {}},
        {"id": "e", "parallel": [[call("f")], [call("g", variables={"x": "steps.f.output"})]]},
        {"id": "h", "choose": [{"steps": [call("i")]}, {"if": "1 + 1", "steps": [call("j")]}]},
        {"id": "k", "stop": {"status": "error", "output": "variables.x"}, "retries": 1},
        call("l", variables={"x": "steps.a.mood"}, values={"x": 1}),
        output="steps.l",
    )
    assert found.keys() == {
        "steps[0].variables.x", "steps[0].variables.y", "steps[0].variables.z", "steps[1].id", "steps[2]", "steps[3]",
        "steps[4].parallel[1][0].variables.x", "steps[5].choose[0].if", "steps[5].choose[1].if", "steps[6].stop.output", "steps[6].retries",
        "steps[7].values.x", "steps[7].variables.x", "output",
    }  # fmt: skip
    assert "no step 'b' has ended before" in found["steps[0].variables.x"]
    assert "exactly one of prompt, parallel, choose, stop; it has none of them" in found["steps[2]"]
    assert "it has prompt and stop" in found["steps[3]"]
    assert "fields of a JSON answer lie in .json" in found["steps[7].variables.x"]


def test_a_variable_that_is_not_declared_is_a_fault_where_any_are() -> None:
    assert read(call("a", variables={"x": "variables.anything"}))
    assert "declare it" in faults(call("a", variables={"x": "variables.other"}), parameters={"ticket": {}})["steps[0].variables.x"]


def test_what_stands_in_a_fallback_sees_the_step_that_failed() -> None:
    assert read(call("a", fallback=[call("b", variables={"why": "steps.a.error.message"})]), output="steps.b.output")


def test_size_and_nesting_are_bounded() -> None:
    assert "at most" in faults(*[{"id": f"p{n}", "parallel": [[call(f"a{n}")], [call(f"b{n}")]]} for n in range(STEPS_MOST // 2)])["steps"]
    assert len(read(*[call(f"a{n}") for n in range(STEPS_MOST)]).steps) == STEPS_MOST
    one_more = {"id": "p", "parallel": [[call(f"a{n}") for n in range(STEPS_MOST // 2)], [call(f"b{n}") for n in range(STEPS_MOST // 2)]]}
    assert "there are 51" in faults(one_more)["steps"]
    deep: dict[str, Any] = call("inner")
    for level in range(NESTING_MOST):
        assert read(deep)
        deep = {"id": f"level{level}", "choose": [{"steps": [deep]}]}
    assert any("nested more than" in one for one in faults(deep).values())

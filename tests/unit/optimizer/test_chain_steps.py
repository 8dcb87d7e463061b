"""What a chain says is scored as it is served (PRODUCT O2): the walk is the gateway's, and so is what of an answer counts as JSON."""

from typing import Any

import pytest

from burnish_gateway.chains.step_end import ended_by
from burnish_optimizer.core.chain_steps import ChainSteps, StepPrompt, expected_of, output_of, result_of
from burnish_optimizer.core.scoring import is_right
from burnish_shared.asked_json import json_asked_for
from burnish_shared.chains.form import Chain
from burnish_shared.chains.read_form import read_chain
from burnish_shared.chains.walk import Finished, advance
from burnish_shared.contracts.executions import Outcome
from burnish_shared.contracts.searches import ChainPrompt, ChainSearch
from burnish_shared.ids import new_uuid

pytestmark = pytest.mark.capability("O2", "P8")

STEPS: list[dict[str, Any]] = [{"id": "a", "prompt": "p"}]
LAST = {"steps": STEPS}
TEXT = LAST | {"output": "steps.a.output"}
PARTS = LAST | {"output": {"queue": "steps.a.output"}}
SCHEMA = {"response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": {}}}}
JSON = {"output_format": "json"}


def served(chain: Chain, fields: dict[str, Any], text: str) -> Finished:
    """As the gateway goes on from what an executor says."""
    usage = {"input_tokens": 3, "output_tokens": 2, "source": "estimated"}
    body = Outcome.model_validate({
        "status": "success", "id": new_uuid(), "output": text, "output_json": json_asked_for(text, fields, fields.get("output_format")),
        "prompt": "p", "version": 1, "model": "m", "provider": "simulated", "finish_reason": None, "usage": usage, "cost_nusd": 7,
        "credits": "0.0000", "latency_ms": 1, "first_token_ms": None, "simulated": True, "error": None,
    }).model_dump_json().encode()  # fmt: skip
    ended = advance(chain, {}, {"a": ended_by(body, keeps_text=True).result})
    assert isinstance(ended, Finished)
    return ended


def measured(chain: Chain, fields: dict[str, Any], text: str) -> Finished:
    ended = advance(chain, {}, {"a": result_of(text, None, prompt=StepPrompt(None, fields, "m", None))})  # type: ignore[arg-type]
    assert isinstance(ended, Finished)
    return ended


@pytest.mark.parametrize(
    ("form", "fields", "text", "said", "right", "wrong"),
    [
        (LAST, {"output_format": "markdown"}, "# Hello", "# Hello", "# Hello", "Hello"),
        (LAST, {"output_format": "code"}, "x = y +", "x = y +", "x = y +", "x = y"),
        (LAST, {}, '{"queue": "a"}', '{"queue": "a"}', '{"queue":"a"}', '{"queue": "b"}'),
        (LAST, {"output_format": "markdown"}, "[1, 2]", "[1, 2]", "[1,2]", "[2, 1]"),
        (LAST, SCHEMA, '{"queue": "a"}', {"queue": "a"}, '{\n "queue": "a"}', '{"queue": "b"}'),
        (LAST, JSON, '{"queue": "a"}', {"queue": "a"}, '{"queue":"a"}', '{"queue": "a", "more": 1}'),
        (LAST, JSON, "no JSON", "no JSON", "no JSON", "{}"),
        (LAST, JSON, "null", "null", "null", '""'),
        (LAST, JSON, "5", 5, " 5 ", '"5"'),
        (LAST, JSON, '"billing"', "billing", "billing", "spam"),
        (LAST, {"response_format": {"type": "text"}}, "5", "5", "5", "5.0"),
        (TEXT, JSON, '{"queue": "a"}', '{"queue": "a"}', '{"queue":"a"}', '{"queue": "b"}'),
        (LAST | {"output": "steps.a.json.none"}, JSON, '{"none": null}', None, "null", "none"),
        (PARTS, {}, "billing", {"queue": "billing"}, '{"queue":"billing"}', "billing"),
    ],
)
def test_what_a_chain_says_is_scored_as_it_is_served(
    form: dict[str, Any], fields: dict[str, Any], text: str, said: Any, right: str, wrong: str
) -> None:
    chain = read_chain(form)
    ended = measured(chain, fields, text)
    assert ended.output == said and ended.output == served(chain, fields, text).output
    assert is_right(output_of(ended), expected=expected_of(right, finished=ended))
    assert not is_right(output_of(ended), expected=expected_of(wrong, finished=ended))


def test_a_chain_that_failed_says_nothing() -> None:
    ended = advance(read_chain(LAST), {}, {"a": result_of(None, None, prompt=StepPrompt(None, {}, "m", None))})  # type: ignore[arg-type]
    assert isinstance(ended, Finished) and output_of(ended) is None
    assert expected_of("[1, 2]", finished=ended) == "[1, 2]"


def test_a_step_sets_one_cap_over_what_its_version_says() -> None:
    form: dict[str, Any] = {"steps": [*STEPS, {"id": "b", "prompt": "q", "overrides": {"max_tokens": 8000, "temperature": None}}]}
    prompts = {name: ChainPrompt(prompt_id=new_uuid(), slug=slug, version=1, model="m") for name, slug in (("a", "p"), ("b", "q"))}
    asked = ChainSearch(chain_id=new_uuid(), slug="support", version=1, step="a", form=form, prompts=prompts)
    content = {"messages": [{"role": "user", "content": "Hi."}], "model": "m", "max_completion_tokens": 100, "temperature": 0.5}
    fields = ChainSteps.of(asked, {"b": (content, {})}).others["b"].fields
    assert fields["max_tokens"] == 8000 and "max_completion_tokens" not in fields and fields["temperature"] == 0.5


@pytest.mark.parametrize(
    ("steps", "goes_on"),
    [
        ([{"id": "b", "prompt": "q"}], False),
        ([{"id": "b", "prompt": "q", "on_error": "continue"}], True),
        ([{"id": "b", "prompt": "q", "fallback": [{"id": "c", "prompt": "r"}]}], True),
        ([{"id": "c", "prompt": "r", "fallback": [{"id": "b", "prompt": "q"}]}], False),
        ([{"id": "c", "parallel": [[{"id": "b", "prompt": "q"}], [{"id": "d", "prompt": "r"}]], "on_error": "continue"}], True),
        ([{"id": "c", "parallel": [[{"id": "b", "prompt": "q"}], [{"id": "d", "prompt": "r"}]]}], False),
    ],
)
def test_a_step_that_no_model_read_fails_the_job_unless_the_chain_goes_on_without_it(steps: list[dict[str, Any]], goes_on: bool) -> None:
    chain = read_chain({"steps": [*STEPS, *steps]})
    assert ChainSteps("s", chain, "a", {}, {}).has_way_out("b") is goes_on
    assert not ChainSteps("s", chain, "b", {}, {}).has_way_out("b"), "nothing is known of the searched step's candidate"

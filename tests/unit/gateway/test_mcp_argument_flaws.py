"""What a model is told of arguments that a tool cannot take: each one, and how to put it right."""

import json
from typing import Any

import pytest

from burnish_gateway.mcp.argument_flaws import ArgumentCheck
from burnish_gateway.mcp.arguments import PROMPT, identifier
from burnish_gateway.mcp.tools import BY_NAME, TOOLS, BadArguments

pytestmark = pytest.mark.capability("K3")


def told(tool: str, **arguments: Any) -> list[str]:
    with pytest.raises(BadArguments) as refused:
        BY_NAME[tool].call(arguments)
    return [line.partition(" (")[0] for line in str(refused.value).splitlines()]


def test_every_flaw_is_told_not_the_first_few() -> None:
    budget = {"evaluations": 3, "coins": 1, "credits": 0}
    said = told("start_optimization", budget=budget, models={"tsk": "x"}, method="best", version=0, z=1)
    assert {one.partition(":")[0] for one in said} == {
        "prompt", "budget.evaluations", "budget.coins", "budget.credits", "models.tsk", "method", "version", "z",
    }  # fmt: skip
    assert "budget.coins: is no field of budget, which takes evaluations, credits, seconds" in said
    assert "method: must be racing, reflective, evolutionary, semantic, learned, few_shot or compression" in said


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("get_prompt", {}, "prompt: is needed"),
        ("get_prompt", {"prompt": None}, "prompt: must be text"),
        ("get_prompt", {"prompt": "a", "label": None}, "label: must be text; leave it out where there is none"),
        ("get_prompt", {"prompt": "a", "version": "2"}, "version: must be a whole number"),
        ("get_prompt", {"prompt": "a", "label": "l" * 64}, "label: may have at most 63 characters; it has 64"),
        ("execute_prompt", {"prompt": "a", "variables": []}, "variables: must be an object"),
        ("execute_prompt", {"prompt": "a", "deadline_s": 0}, "deadline_s: must be above 0"),
        ("give_feedback", {"metric": {"name": "x"}}, "metric.value: is needed"),
        ("give_feedback", {"thumb": "up"}, "execution_id: give one of execution_id, session_id; it must be about something"),
        (
            "give_feedback",
            {"thumb": "up", "execution_id": "019c2f40-0000-7000-8000-000000000911", "session_id": "s"},
            "session_id: give one of execution_id, session_id; not several",
        ),
        ("list_datasets", {"a\nb": 1}, "a\\nb: is no argument of list_datasets, which takes limit, cursor"),
    ],
)
def test_a_flaw_names_the_argument_and_the_fix(tool: str, arguments: dict[str, Any], said: str) -> None:
    assert told(tool, **arguments) == [said]


def test_a_place_in_a_list_is_written_as_everywhere_else() -> None:
    case = {"type": "object", "properties": {"n": {"type": "integer", "description": "Its number."}}, "required": ["n"]}
    cases = {"type": "array", "items": case | {"additionalProperties": False}}
    check = ArgumentCheck({"type": "object", "properties": {"cases": cases}}, tool="t")
    assert check.flaws({"cases": [{"n": 1}, {"n": "x"}, {}, {"n": 2, "m": 3}, 5]}) == [
        "cases[1].n: must be a whole number (Its number)",
        "cases[2].n: is needed (Its number)",
        "cases[3].m: is no field of cases[3], which takes n",
        "cases[4]: must be an object",
    ]


def test_the_words_are_ours_for_every_argument_of_every_tool() -> None:
    for tool in TOOLS:
        for name in tool.takes:
            with pytest.raises(BadArguments) as refused:
                tool.call({name: ["neither"]})
            assert "schema" not in str(refused.value) and f"{name}: must be" in str(refused.value)


def test_a_whole_number_may_be_written_with_a_point_wherever_it_goes() -> None:
    budget = {"evaluations": 100.0, "credits": 2.0}
    call = BY_NAME["start_optimization"].call({"prompt": "a", "version": 3.0, "budget": budget})
    assert call.body is not None and json.dumps([call.body["version"], call.body["budget"]["evaluations"]]) == "[3, 100]"
    call = BY_NAME["execute_prompt"].call({"prompt": "a", "version": 2.0, "variables": {"share": 1.0}})
    assert call.body is not None and json.dumps([call.body["version"], call.body["variables"]]) == '[2, {"share": 1.0}]', "as it is said"
    assert BY_NAME["get_prompt"].call({"prompt": "a", "version": 2.0}).parameters() == [("version", "2")]


def test_an_empty_text_is_as_one_that_was_left_out() -> None:
    call = BY_NAME["search_prompts"].call({"q": "", "tag": "", "cursor": "", "label": "", "limit": 1, "model": "m"})
    assert call.parameters() == [("limit", "1"), ("model", "m")]
    assert BY_NAME["get_prompt"].call({"prompt": "a", "label": ""}).parameters() == []


def test_a_pattern_is_told_in_words() -> None:
    schema = {"type": "object", "properties": {"execution_id": identifier("`id` of execute_prompt."), "prompt": {**PROMPT}}}
    flaws = ArgumentCheck(schema, tool="get_execution").flaws({"execution_id": "the first", "prompt": "a/b"})
    assert flaws == [
        "execution_id: must be a UUID, such as 01930000-0000-7000-8000-000000000000 (`id` of execute_prompt)",
        "prompt: must be a slug: letters, digits, - and _, at most 63, a letter or digit first "
        "(Slug of the prompt, as search_prompts names it)",
    ]

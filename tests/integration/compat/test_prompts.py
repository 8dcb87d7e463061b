"""`burnish::prompt::…` as the model of an OpenAI-style call."""

import json
from typing import Any

import openai
import pytest
import pytest_asyncio
from openai import AsyncOpenAI

from tests.embedded.stack import Caller
from tests.fakes.tool_caller import ToolCaller

pytestmark = pytest.mark.capability("E2", "P3")


@pytest_asyncio.fixture(loop_scope="session")
async def greet(caller: Caller) -> Caller:
    """The prompt `greet`: `production` is version 1, `staging` version 2."""
    spec = {
        "slug": "greet",
        "messages": [{"role": "system", "content": "First: greet {{name}}."}],
        "model": "simulated/chat",
        "max_tokens": 60,
    }
    assert (await caller("POST", "/v1/prompts", spec)).status == 201
    second = {"base_version": 1, "messages": [{"role": "system", "content": "Second: greet {{name}}."}]}
    assert (await caller("POST", "/v1/prompts/greet/versions", second)).status == 201
    assert (await caller("PUT", "/v1/prompts/greet/labels/staging", {"version": 2})).status == 200
    return caller


async def booked(caller: Caller, execution_id: str) -> Any:
    return (await caller("GET", f"/v1/executions/{execution_id}")).body


@pytest.mark.parametrize(
    ("model", "version", "label"),
    [
        ("burnish::prompt::greet", 1, "production"),
        ("burnish::prompt::greet@staging", 2, "staging"),
        ("burnish::prompt::greet@latest", 2, "latest"),
        ("burnish::prompt::greet@2", 2, None),
        ("burnish::prompt::Greet@1", 1, None),
    ],
)
async def test_a_prompt_is_called_by_name_label_or_number(
    client: AsyncOpenAI, greet: Caller, model: str, version: int, label: str | None
) -> None:
    raw = await client.chat.completions.with_raw_response.create(
        model=model, messages=[{"role": "user", "content": "Please."}], metadata={"variables": '{"name": "Ada"}', "plan": "pro"}
    )
    answer = raw.parse()
    row = await booked(greet, answer.id)
    assert (row["prompt"], row["version"], row["label"], row["model"]) == ("greet", version, label, "simulated/chat")
    word = {1: "First", 2: "Second"}[version]
    assert row["messages"] == [{"role": "system", "content": f"{word}: greet Ada."}, {"role": "user", "content": "Please."}]
    assert row["variables"] == {"name": "Ada"} and row["metadata"] == {"plan": "pro"}
    assert raw.headers["x-burnish-prompt"] == "greet" and raw.headers["x-burnish-version"] == str(version)
    assert answer.model_extra is not None and answer.model_extra["burnish"]["version"] == version and answer.model == "simulated/chat"


@pytest.mark.parametrize(
    "extra",
    [
        {"variables": {"name": "Ada"}},
        {"metadata": {"variables": {"name": "Ada"}}},
        {"prompt": {"variables": {"name": "Ada"}}},
        {"variables": {"name": "Ada"}, "metadata": {"variables": '{"name": "Bob"}'}},
    ],
    ids=["variables", "metadata as an object", "prompt.variables", "the nearest wins"],
)
async def test_variables_come_by_every_documented_way(client: AsyncOpenAI, greet: Caller, extra: dict[str, Any]) -> None:
    answer = await client.chat.completions.create(model="burnish::prompt::greet", messages=[], extra_body=extra)
    assert (await booked(greet, answer.id))["messages"] == [{"role": "system", "content": "First: greet Ada."}]


@pytest.mark.parametrize(
    ("named", "expected"), [({"version": "2"}, 2), ({"version": 2}, 2), ({"version": "staging"}, 2), ({"label": "staging"}, 2), ({}, 1)]
)
async def test_openais_prompt_object_names_a_prompt_and_the_model_stands_for_its_own(
    client: AsyncOpenAI, greet: Caller, tool_caller: ToolCaller, named: dict[str, Any], expected: int
) -> None:
    prompt = {"id": "greet", "variables": {"name": "Ada"}} | named
    answer = await client.chat.completions.create(
        model="own/tools", messages=[{"role": "user", "content": "Please."}], extra_body={"prompt": prompt}
    )
    row = await booked(greet, answer.id)
    assert (row["prompt"], row["version"], row["model"]) == ("greet", expected, "own/tools")
    assert tool_caller.bodies[-1]["max_tokens"] == 60


async def test_the_callers_cap_replaces_the_versions_under_either_name(client: AsyncOpenAI, greet: Caller, tool_caller: ToolCaller) -> None:
    await client.chat.completions.create(
        model="own/tools", messages=[], max_completion_tokens=7, extra_body={"prompt": {"id": "greet", "variables": {"name": "Ada"}}}
    )
    assert tool_caller.bodies[-1]["max_completion_tokens"] == 7 and "max_tokens" not in tool_caller.bodies[-1]


async def test_a_placeholder_called_messages_takes_the_callers_messages(client: AsyncOpenAI, caller: Caller) -> None:
    around = [
        {"role": "system", "content": "Be kind."},
        {"role": "placeholder", "name": "messages"},
        {"role": "user", "content": "Answer now."},
    ]
    assert (await caller("POST", "/v1/prompts", {"slug": "around", "messages": around, "model": "simulated/chat"})).status == 201
    own: Any = [{"role": "user", "content": "Hi {{name}}"}, {"role": "assistant", "content": "Yes?"}]
    answer = await client.chat.completions.create(model="burnish::prompt::around", messages=own)
    row = await booked(caller, answer.id)
    assert row["messages"] == [around[0], *own, around[2]], "what a caller says is never read as a template"
    with pytest.raises(openai.UnprocessableEntityError):
        await client.chat.completions.create(model="burnish::prompt::around", messages=[])


async def test_a_prompt_streams_and_its_headers_name_the_version(client: AsyncOpenAI, greet: Caller) -> None:
    stream = await client.chat.completions.create(
        model="burnish::prompt::greet@staging",
        messages=[{"role": "user", "content": "Say hello to Ada."}],
        stream=True,
        extra_body={"variables": {"name": "Ada"}},
    )
    assert stream.response.headers["x-burnish-version"] == "2"
    text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
    assert text == (await booked(greet, stream.response.headers["x-execution-id"]))["output"] != ""


async def test_missing_variables_are_named(client: AsyncOpenAI, greet: Caller) -> None:
    with pytest.raises(openai.UnprocessableEntityError) as refused:
        await client.chat.completions.create(model="burnish::prompt::greet", messages=[])
    assert refused.value.code == "missing_variables"
    assert isinstance(refused.value.body, dict) and refused.value.body["details"] == {"missing": ["name"]}


@pytest.mark.promise("G-17", "T-01")
async def test_an_absent_prompt_and_a_foreign_one_are_told_alike(client: AsyncOpenAI, caller: Caller, stack: Any) -> None:
    other = await stack.caller()
    spec = {"slug": "theirs", "messages": [{"role": "user", "content": "Hi"}], "model": "simulated/chat"}
    assert (await other("POST", "/v1/prompts", spec)).status == 201
    said = []
    for slug in ("theirs", "absent"):
        with pytest.raises(openai.NotFoundError) as refused:
            await client.chat.completions.create(model=f"burnish::prompt::{slug}", messages=[])
        assert isinstance(refused.value.body, dict)
        said.append(json.dumps({**refused.value.body, "request_id": ""}).replace(slug, "SLUG"))
    assert said[0] == said[1]


DOORS: list[tuple[str, dict[str, Any]]] = [
    ("/v1/chat/completions", {"messages": [{"role": "user", "content": "Please."}]}),
    ("/v1/completions", {"prompt": "Please."}),
    ("/v1/completions", {"prompt": ["Please.", "Thanks."]}),
    ("/v1/responses", {"input": "Please."}),
    ("/v1/responses/input_tokens", {"input": "Please."}),
    ("/v1/messages", {"messages": [{"role": "user", "content": "Please."}], "max_tokens": 50}),
    ("/v1/messages/count_tokens", {"messages": [{"role": "user", "content": "Please."}]}),
]


@pytest.mark.parametrize(("path", "body"), DOORS)
async def test_a_prompt_that_is_not_there_is_a_model_that_is_not_found(greet: Caller, path: str, body: dict[str, Any]) -> None:
    """What the caller wrote is `model`; the fields of `POST /v1/executions` are not theirs."""
    for name, said in (("absent", "no prompt 'absent'"), ("greet@unknown", "no label 'unknown'"), ("greet@9", "no version 9")):
        refused = await greet("POST", path, body | {"model": f"burnish::prompt::{name}", "variables": {"name": "Ada"}})
        error = refused.body["error"]
        assert (refused.status, error["param"], error["code"]) == (404, "model", "model_not_found"), (name, error)
        assert said in error["message"]
    missing = await greet("POST", path, body | {"model": "burnish::prompt::greet", "metadata": {"variables": '{"other": "x"}'}})
    assert (missing.status, missing.body["error"]["param"]) == (422, "metadata.variables"), missing.body
    assert (await greet("POST", "/v1/prompts/greet/archive", {})).status == 200
    archived = await greet("POST", path, body | {"model": "burnish::prompt::greet", "variables": {"name": "Ada"}})
    assert (archived.status, archived.body["error"]["param"], archived.body["error"]["code"]) == (409, "model", "conflict")


@pytest.mark.parametrize(("path", "body"), [DOORS[0], DOORS[3], DOORS[4]])
async def test_a_prompt_named_by_openais_object_is_told_by_it(greet: Caller, path: str, body: dict[str, Any]) -> None:
    for prompt, param in (
        ({"id": "absent"}, "prompt.id"), ({"id": "absent", "version": "2"}, "prompt.id"), ({"id": "greet@9"}, "prompt.id"),
        ({"id": "greet", "label": "unknown"}, "prompt.label"),
        ({"id": "greet", "version": "9"}, "prompt.version"), ({"id": "greet", "version": "unknown"}, "prompt.version"),
    ):  # fmt: skip
        refused = await greet("POST", path, body | {"prompt": prompt})
        assert (refused.status, refused.body["error"]["param"], refused.body["error"]["code"]) == (404, param, "not_found"), refused.body
    for variables in ({"other": "x"}, {}):
        missing = await greet("POST", path, body | {"prompt": {"id": "greet", "variables": variables}})
        assert (missing.status, missing.body["error"]["param"]) == (422, "prompt.variables"), missing.body


@pytest.mark.parametrize(("path", "body"), [DOORS[0], DOORS[3], DOORS[4]])
async def test_a_field_that_no_prompt_object_has_is_refused_by_its_name(greet: Caller, path: str, body: dict[str, Any]) -> None:
    for name in ("lable", "slug", "ü" * 5000):
        refused = await greet("POST", path, body | {"prompt": {"id": "greet", "variables": {"name": "Ada"}, name: "staging"}})
        assert refused.status == 400 and refused.body["error"]["param"].startswith(f"prompt.{name[:5]}"), refused.body
        assert "id, version, label, variables" in refused.body["error"]["message"]
    refused = await greet("POST", path, body | {"model": "burnish::prompt::greet@0"})
    assert (refused.status, refused.body["error"]["param"]) == (400, "model") and "begin at 1" in refused.body["error"]["message"]


async def test_a_setting_is_refused_by_the_name_that_its_format_has(caller: Caller) -> None:
    refused = await caller("POST", "/v1/responses", {"model": "simulated/chat", "input": "Hi", "max_output_tokens": 10**9})
    error = refused.body["error"]
    assert (refused.status, error["param"]) == (400, "max_output_tokens") and error["message"].startswith("max_output_tokens: "), error


async def test_a_line_of_a_batch_names_what_it_says(greet: Caller) -> None:
    lines = [{"custom_id": "a", "body": {"model": "burnish::prompt::absent", "messages": [{"role": "user", "content": "x"}]}}]
    refused = await greet("POST", "/v1/batches", {"endpoint": "/v1/chat/completions", "requests": lines})
    assert refused.status == 404 and refused.body["error"]["param"] == "model", refused.body

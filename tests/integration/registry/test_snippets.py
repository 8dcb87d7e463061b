"""Prompts that include others (PRODUCT P2): put together from memory, refused where they would break, told before they change."""

import asyncio
import time
from typing import Any

import pytest

from tests.integration.registry.conftest import Bench, Caller, RunningGateway

pytestmark = pytest.mark.capability("P2")


async def made(call: Caller, slug: str, template: str, **more: Any) -> dict[str, Any]:
    answer = await call("POST", "/v1/prompts", {"slug": slug, "template": template, "model": "simulated/chat"} | more)
    assert answer.status == 201, answer.body
    return answer.body  # type: ignore[no-any-return]


async def saved(call: Caller, slug: str, template: str, *, base: int = 1, label: str | None = "production") -> int:
    answer = await call("POST", f"/v1/prompts/{slug}/versions", {"template": template, "base_version": base})
    assert answer.status == 201, answer.body
    version: int = answer.body["version"]
    if label is not None:
        assert (await call("PUT", f"/v1/prompts/{slug}/labels/{label}", {"version": version})).status == 200
    return version


async def text(call: Caller, slug: str, **variables: Any) -> Any:
    answer = await call("POST", f"/v1/prompts/{slug}/render", {"variables": variables})
    return answer.body["messages"][0]["content"] if answer.status == 200 else (answer.status, answer.body["error"]["message"])


async def test_a_prompt_is_put_together_with_what_it_includes(call: Caller) -> None:
    await made(call, "tone", "Be {{tone}}.", parameters={"tone": {"type": "string", "default": "kind"}})
    await made(call, "outer", "[{{> tone}}]")
    body = await made(call, "hello", "{{> outer}} Hello {{name}}. {{> tone@1}}")
    assert await text(call, "hello", name="Ada") == "[Be kind.] Hello Ada. Be kind."
    assert await text(call, "hello", name="Ada", tone="brief") == "[Be brief.] Hello Ada. Be brief."
    read = (await call("GET", "/v1/prompts/hello")).body
    assert read["messages"] == body["messages"], "what was written is what is read"
    assert read["snippets"] == {"outer": 1, "tone": 1, "tone@1": 1}
    assert {one["name"]: one["required"] for one in read["variables"]} == {"tone": False, "name": True}


async def test_a_moved_snippet_is_served_and_changes_the_etag(call: Caller, second: RunningGateway) -> None:
    await made(call, "tone", "Be kind.")
    await made(call, "hello", "{{> tone}} Hello.")
    elsewhere = call.at(second.url)
    before = await elsewhere("GET", "/v1/prompts/hello?label=production")
    await saved(call, "tone", "Be brief.")
    began = time.monotonic()
    while await text(elsewhere, "hello") != "Be brief. Hello.":
        assert time.monotonic() - began < 60, "the other gateway still serves the old snippet"
        await asyncio.sleep(0.02)
    after = await elsewhere("GET", "/v1/prompts/hello?label=production", headers={"if-none-match": before.headers["etag"]})
    assert after.status == 200
    assert after.headers["etag"] != before.headers["etag"]
    same = await elsewhere("GET", "/v1/prompts/hello?label=production", headers={"if-none-match": after.headers["etag"]})
    assert same.status == 304


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{> nowhere}}", "no prompt 'nowhere' with the label 'production'"),
        ("{{> tone@canary}}", "label 'canary'"),
        ("{{> tone@9}}", "version 9"),
        ("{{> two}}", "one message"),
        ("{{> hello}}", "no prompt 'hello'"),
        ("{{tone: number}} {{> tone}}", "declared as"),
        ("{{> tone@latest}}", "unseen"),
    ],
)
async def test_what_cannot_be_included_is_refused_when_it_is_saved(call: Caller, template: str, words: str) -> None:
    await made(call, "tone", "Be {{tone: string}}.")
    both = [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]
    assert (await call("POST", "/v1/prompts", {"slug": "two", "messages": both, "model": "m"})).status == 201
    answer = await call("POST", "/v1/prompts", {"slug": "hello", "template": template, "model": "m"})
    assert answer.status == 422
    assert words in answer.body["error"]["message"]


async def test_a_circle_is_refused_whichever_end_closes_it(call: Caller) -> None:
    await made(call, "a", "A")
    await made(call, "b", "B {{> a}}")
    answer = await call("POST", "/v1/prompts/a/versions", {"template": "A {{> b}}", "base_version": 1})
    assert (answer.status, "a → b → a" in answer.body["error"]["message"]) == (422, True)
    for depth, slug in enumerate(("c", "d", "e"), start=2):
        await made(call, slug, f"{{{{> {chr(ord(slug) - 1)}}}}}")
        assert await text(call, slug) == "B A", depth
    deep = await call("POST", "/v1/prompts", {"slug": "f", "template": "{{> e}}", "model": "m"})
    assert (deep.status, "At most 4" in deep.body["error"]["message"]) == (422, True)
    deeper = await call("POST", "/v1/prompts/a/versions", {"template": "{{> g}}", "base_version": 1})
    assert deeper.status == 422


async def test_the_graph_shows_what_includes_what_and_what_a_move_would_change(call: Caller) -> None:
    await made(call, "tone", "Be kind.")
    await made(call, "outer", "({{> tone}})")
    await made(call, "hello", "{{> outer}} {{name}}")
    two = await saved(call, "tone", "Be {{mood}}.", label=None)

    graph = (await call("GET", "/v1/prompts/tone/uses")).body
    assert graph["uses"] == []
    assert [(one["prompt"], one["labels"], one["through"]) for one in graph["used_by"]] == [
        ("outer", ["production"], ["tone"]),
        ("hello", ["production"], ["outer", "tone"]),
    ]
    assert (await call("GET", "/v1/prompts/hello/uses")).body["uses"] == [{"version": 1, "name": "outer", "prompt": "outer"}]

    effects = (await call("GET", f"/v1/prompts/tone/labels/production/effects?version={two}")).body
    assert (effects["refused"], [(one["prompt"], one["new_required"]) for one in effects["changed"]]) == (
        False, [("outer", ["mood"]), ("hello", ["mood"])],
    )  # fmt: skip
    assert (await call("GET", f"/v1/prompts/tone/labels/staging/effects?version={two}")).status == 404

    moved = (await call("PUT", "/v1/prompts/tone/labels/production", {"version": two, "retest": True})).body
    assert [one["prompt"] for one in moved["changed"]] == ["outer", "hello"]
    assert moved["retested"] == []
    assert [one["because"] for one in moved["not_retested"]] == ["There is no completed test run of this version."] * 2
    assert await text(call, "hello", name="x") == (422, "These variables are missing: mood.")


async def test_a_move_that_would_break_a_served_prompt_is_refused(call: Caller) -> None:
    await made(call, "tone", "Be {{n: number}}.")
    await made(call, "hello", "{{> tone}} {{n: number}}")
    bad = await saved(call, "tone", "Be {{n: string}}.", label=None)
    answer = await call("PUT", "/v1/prompts/tone/labels/production", {"version": bad})
    assert answer.status == 409
    assert "hello, version 1" in answer.body["error"]["message"]
    assert (await call("GET", f"/v1/prompts/tone/labels/production/effects?version={bad}")).body["refused"] is True
    for method, path in (("DELETE", "/v1/prompts/tone/labels/production"), ("POST", "/v1/prompts/tone/archive")):
        refused = await call(method, path)
        assert (refused.status, "hello" in refused.body["error"]["message"]) == (409, True), path
    assert await text(call, "hello", n=3) == "Be 3. 3"
    await call("POST", "/v1/prompts/hello/archive")
    assert (await call("PUT", "/v1/prompts/tone/labels/production", {"version": bad})).status == 200


async def test_an_old_version_whose_snippet_went_is_read_and_not_rendered(call: Caller) -> None:
    await made(call, "tone", "Be kind.")
    await made(call, "hello", "{{> tone}} Hello.")
    await saved(call, "hello", "Hello.")
    assert (await call("DELETE", "/v1/prompts/tone/labels/production")).status == 200
    assert (await call("GET", "/v1/prompts/hello/versions/1")).status == 200
    answer = await call("POST", "/v1/prompts/hello/render", {"version": 1})
    assert (answer.status, answer.body["error"]["code"]) == (409, "conflict")
    assert "tone" in answer.body["error"]["message"]


async def test_another_workspace_s_prompt_cannot_be_included(bench: Bench, first: RunningGateway, call: Caller) -> None:
    other = await bench.caller(first)
    await made(other, "tone", "Secret.")
    answer = await call("POST", "/v1/prompts", {"slug": "hello", "template": "{{> tone}}", "model": "m"})
    absent = await call("POST", "/v1/prompts", {"slug": "hello", "template": "{{> none}}", "model": "m"})
    assert answer.status == absent.status == 422
    assert answer.body["error"]["message"].replace("tone", "none") == absent.body["error"]["message"]
    assert (await call("GET", "/v1/prompts/tone/uses")).status == 404


@pytest.mark.capability("P6")
async def test_a_model_gets_its_own_text(call: Caller) -> None:
    await made(call, "tone", "Be kind.")
    variants = [
        {"model": "openai/gpt-5", "template": "Exact {{> tone}} {{x}}"},
        {"model": "openai/*", "template": "Any {{x}} {{y}}"},
        {"model": "anthropic/*", "messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "{{x}}"}]},
    ]
    body = await made(call, "hello", "Usual {{x}}", variants=variants)
    assert {one["name"]: one["required"] for one in body["variables"]} == {"x": True, "y": True}
    for model, expected in (
        ("simulated/chat", ["Usual 1"]),
        ("openai/gpt-5", ["Exact Be kind. 1"]),
        ("openai/gpt-5-mini", ["Any 1 2"]),
        ("anthropic/x", ["S", "1"]),
    ):
        answer = await call("POST", "/v1/prompts/hello/render", {"variables": {"x": 1, "y": 2}, "model": model})
        assert [one["content"] for one in answer.body["messages"]] == expected
    assert (await call("GET", "/v1/prompts/tone/uses")).body["used_by"][0]["prompt"] == "hello"


async def test_no_label_moves_to_what_cannot_be_put_together_any_more(call: Caller) -> None:
    await call("POST", "/v1/prompts", {"slug": "tone", "template": "Be kind.", "model": "simulated/chat"})
    await call("POST", "/v1/prompts", {"slug": "hello", "template": "{{> tone}}", "model": "simulated/chat"})
    await call("POST", "/v1/prompts/hello/versions", {"template": "plain", "base_version": 1})
    assert (await call("PUT", "/v1/prompts/hello/labels/production", {"version": 2})).status == 200
    assert (await call("POST", "/v1/prompts/tone/archive")).status == 200, "no version that is served includes it"
    for method, path, body in (("POST", "production/rollback", None), ("PUT", "staging", {"version": 1})):
        refused = await call(method, f"/v1/prompts/hello/labels/{path}", body)
        assert (refused.status, refused.body["error"]["param"]) == (409, "version"), refused.body
        assert "'tone'" in refused.body["error"]["message"]
    assert (await call("POST", "/v1/prompts/tone/restore")).status == 200
    assert (await call("POST", "/v1/prompts/hello/labels/production/rollback")).body["version"] == 1

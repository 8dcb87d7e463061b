"""Files that people wrote: what is wrong in them is named by its place, what is not taken is said (PRODUCT P10)."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from burnish_gateway.bundle import routes
from burnish_shared.errors import Unavailable
from tests.embedded.stack import Answer, Caller
from tests.integration.library.test_moving import bring, rendered

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("P10")]


def langfuse(name: str, version: int, text: str, *labels: str) -> dict[str, Any]:
    config = {"model": "simulated/chat"}
    return {"name": name, "version": version, "type": "text", "prompt": text, "config": config, "labels": list(labels), "tags": []}


SHAPES = [
    ("openai", {"id": "p", "instructions": 5}, "instructions"),
    ("openai", {"id": "p", "input": 7}, "input"),
    ("openai", {"id": "p", "instructions": "x", "tools": 5}, "tools"),
    ("openai", {"data": [{"id": "p", "instructions": "x", "tools": [5]}]}, "data[0].tools[0]"),
    ("openai", {"id": "p", "instructions": "x", "text": {"format": {"type": "json_schema"}}}, "text.format.schema"),
    ("openai", {"id": "p", "instructions": "x", "versions": [5]}, "versions[0]"),
    ("promptfoo", {"prompts": ["hi"], "tests": [{"vars": {"x": 1}, "assert": ["x"]}]}, "tests[0].assert[0]"),
    ("promptfoo", {"prompts": ["hi"], "tests": [{"vars": {"x": 1}, "assert": {"type": "equals"}}]}, "tests[0].assert"),
    ("promptfoo", {"prompts": ["hi"], "tests": [{"vars": 5}]}, "tests[0].vars"),
    ("promptfoo", {"prompts": ["hi"], "tests": [], "defaultTest": {"assert": [1]}}, "defaultTest.assert[0]"),
    ("promptfoo", ["hi"], None),
    ("dspy", ["hi"], None),
    ("dspy", {"signature": {"instructions": "x", "fields": [{"description": "no prefix"}]}}, "signature.fields[0]"),
    ("litellm", ["hi"], None),
    ("litellm", {"model_list": [{"model_name": 5}]}, "model_list[0]"),
    ("litellm", {"model_list": [], "router_settings": 5}, "router_settings"),
    ("tensorzero", {"functions": {"f": {"variants": {"a": 5}}}}, "functions.f.variants.a"),
    ("langfuse", [langfuse("a", 1, "x"), langfuse("b", 1, "x") | {"labels": "production"}], "[1].labels"),
    ("langfuse", [langfuse("a", 1, "x") | {"tags": [None]}], "[0].tags[0]"),
    ("langfuse", {"data": [langfuse("a", 1, "x") | {"config": []}]}, "data[0].config"),
    ("source", {"ai_prompts": [{"name": "a", "template": {"x": 1}}]}, "ai_prompts[0].template"),
    ("source", [{"name": "a", "template": "t", "parameters": 5}], "[0].parameters"),
]


@pytest.mark.parametrize(("kind", "file", "place"), SHAPES)
async def test_a_file_of_another_shape_is_refused_by_the_place_in_it(call: Caller, kind: str, file: Any, place: str | None) -> None:
    for query in (f"format={kind}", f"format={kind}&dry_run=true"):
        error = (await bring(call, file, query, status=422))["error"]
        assert error["param"] == place, error


ODD: list[Any] = [None, 5, "x", "", [], {}, [5], ["x"], [None], {"x": 5}, {"id": []}, [[]], True, [{"role": []}], [{"role": "user"}]]
FILES: dict[str, dict[str, Any]] = {
    "openai": {"id": "p", "name": "p", "version": "1", "instructions": "x", "input": "y", "tools": [], "text": {"format": {"type": "text"}},
               "reasoning": {"effort": "low"}, "model": "m", "versions": [{"version": "1"}], "temperature": 1},
    "dspy": {"signature": {"instructions": "x", "fields": [{"prefix": "A:", "description": "${a}"}, {"prefix": "B:", "description": ""}]},
             "demos": [{"a": 1, "b": 2}], "lm": {"model": "openai/m", "temperature": 1}, "metadata": {}, "traces": []},
    "langfuse": langfuse("a", 1, "x") | {"commitMessage": "m"},
    "promptfoo": {"prompts": ["x"], "providers": ["openai:m"], "tests": [{"vars": {"a": "b"}}], "defaultTest": {"vars": {}},
                  "description": "d", "targets": ["x"]},
    "litellm": {"model_list": [{"model_name": "a", "litellm_params": {"model": "openai/a", "api_base": "http://h"}, "model_info": {}}],
                "router_settings": {"fallbacks": [{"a": ["b"]}], "model_group_alias": {"c": "a"}}, "litellm_settings": {}, "data": []},
    "tensorzero": {
        "functions": {"f": {
            "type": "json", "tools": ["t"], "output_schema": {"text": "{}"}, "schemas": {"user": {"path": {"text": "{}"}}},
            "experimentation": {"candidate_variants": ["a"]},
            "variants": {"a": {"model": "openai::m", "temperature": 1, "weight": 1, "json_mode": "on", "retries": {"num_retries": 1},
                               "templates": {"user": {"path": {"text": "Say {{ x }}"}}}}},
        }},
        "models": {"m": {"routing": ["p"], "providers": {"p": {"type": "vllm", "model_name": "q", "api_base": "http://h/v1", "cost": []}}}},
        "tools": {"t": {"description": "d", "parameters": {"text": "{}"}}}, "metrics": {"liked": {"type": "boolean"}}, "gateway": {},
    },
    "source": {"name": "a", "template": "t", "system_prompt": "s", "version": 1, "parameters": {}, "tags": ["x"], "category": "c",
               "messages": [], "ai_models": []},
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(FILES))
async def test_no_shape_of_a_field_is_a_fault_of_the_gateway(call: Caller, kind: str) -> None:
    for name in FILES[kind]:
        for odd in ODD:
            answer = await call("POST", f"/v1/import?format={kind}&dry_run=true", raw=json.dumps(FILES[kind] | {name: odd}).encode())
            assert answer.status in (200, 422), (name, odd, answer.body)


async def test_a_reference_of_langfuse_is_the_prompt_of_that_very_name(call: Caller) -> None:
    rows = [
        langfuse("legal/footer", 1, "LEGAL", "production"),
        langfuse("footer", 1, "plain", "production"),
        langfuse("mail", 1, "@@@langfusePrompt:name=footer|label=production@@@", "production"),
        langfuse("letter", 1, "@@@langfusePrompt:name=legal/footer@@@", "production"),
    ]
    assert (await bring(call, rows, "format=langfuse"))["notes"] == []
    assert (await rendered(call, "mail"), await rendered(call, "letter")) == ("plain", "LEGAL")
    # … one at a time, in any order, they are the same prompts.
    for row in reversed(rows):
        assert (await bring(call, row, "format=langfuse"))["prompts"][0]["outcome"] == "unchanged"


async def test_names_that_are_one_slug_are_told_apart_and_said(call: Caller) -> None:
    rows = [
        langfuse("Sign Off", 1, "spaced", "production"),
        langfuse("sign-off", 1, "dashed", "production"),
        langfuse("note", 1, "@@@langfusePrompt:name=Sign Off@@@ @@@langfusePrompt:name=sign-off@@@", "production"),
    ]
    told = await bring(call, rows, "format=langfuse")
    assert any("Sign Off" in note and "sign-off-2" in note for note in told["notes"])
    assert await rendered(call, "note") == "spaced dashed"


async def test_prompt_objects_of_one_name_are_told_apart_by_their_ids(call: Caller) -> None:
    def object_of(their_id: str | None, text: str) -> dict[str, Any]:
        return {"name": "Greeting", "instructions": text, "model": "simulated/chat"} | ({"id": their_id} if their_id else {})

    rows = [object_of(None, "Hi"), object_of("pmpt_1", "Hello"), object_of("pmpt_2", "Bye"), object_of("pmpt_1", "Good day"),
            object_of(None, "Good evening")]  # fmt: skip
    told = await bring(call, rows, "format=openai")
    assert [(one["slug"], one["versions_added"]) for one in told["prompts"]] == [("greeting", 4), ("greeting-2", 1)]
    assert any("greeting-2" in note for note in told["notes"])
    assert (await call("GET", "/v1/prompts/greeting-2/versions/1")).body["messages"][0]["content"] == "Bye"


async def test_a_reference_by_version_follows_the_numbers_given_here(call: Caller) -> None:
    rows = [
        *(langfuse("sig", number, text) for number, text in ((2, "two"), (3, "three"), (4, "two"), (6, "six"))),
        # Both are the same once it is known that versions 2 and 4 are one.
        langfuse("mid", 1, "<@@@langfusePrompt:name=sig|version=2@@@>"), langfuse("mid", 2, "<@@@langfusePrompt:name=sig|version=4@@@>"),
        langfuse("mid", 5, "<@@@langfusePrompt:name=sig|version=6@@@>"),
        langfuse("mail", 1, "@@@langfusePrompt:name=sig|version=3@@@ @@@langfusePrompt:name=mid|version=5@@@", "production"),
        langfuse("lost", 1, "@@@langfusePrompt:name=sig|version=5@@@", "production"),
    ]  # fmt: skip
    told = await bring(call, rows, "format=langfuse")
    assert {one["slug"]: one["versions_added"] for one in told["prompts"]} == {"sig": 3, "mid": 2, "mail": 1}
    assert any("lost" in note and "version 5 of 'sig'" in note for note in told["notes"])
    assert await rendered(call, "mail") == "three <six>"
    assert {one["outcome"] for one in (await bring(call, rows, "format=langfuse"))["prompts"]} == {"unchanged"}


async def test_latest_is_the_newest_of_theirs_where_it_repeats_an_older_one(call: Caller) -> None:
    await bring(call, [langfuse("lt", 1, "one"), langfuse("lt", 2, "two"), langfuse("lt", 3, "one")], "format=langfuse")
    assert (await call("GET", "/v1/prompts/lt?label=latest")).body["version"] == 1


async def test_snippets_that_never_render_are_said(call: Caller) -> None:
    two = [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]
    rows = [
        langfuse("a", 1, "@@@langfusePrompt:name=b@@@", "production"), langfuse("b", 1, "@@@langfusePrompt:name=a@@@", "production"),
        langfuse("pair", 1, "", "production") | {"type": "chat", "prompt": two},
        langfuse("uses", 1, "@@@langfusePrompt:name=pair@@@", "production"),
    ]  # fmt: skip
    notes = (await bring(call, rows, "format=langfuse"))["notes"]
    assert any("a, b" in note and "itself" in note for note in notes), notes
    assert any(note.startswith("uses") and "'pair'" in note and "2 messages" in note for note in notes), notes


async def test_names_of_files_are_no_prompts(call: Caller) -> None:
    for prompts in (["a.txt", "prompts/*.json", "prompts.py:fn", "file://a.txt", "Say {{x}} in a.txt"], {"p.txt": "one", "q.json": "two"}):
        told = await bring(call, {"description": "files", "prompts": prompts}, "format=promptfoo&dry_run=true")
        left = [note for note in told["notes"] if "another file" in note]
        assert (len(told["prompts"]), len(left)) == ((1, 4) if isinstance(prompts, list) else (0, 2)), told
    assert (await bring(call, {"prompts": "prompts.txt"}, "format=promptfoo"))["prompts"] == []
    told = await bring(call, {"prompts": ["Say {{x}}"], "tests": [{"vars": "file://v*.yaml"}, "file://t.yaml"]}, "format=promptfoo")
    assert len(told["prompts"]) == 1 and sum(note.startswith("tests[") for note in told["notes"]) == 2


LEFT: list[tuple[str, Any, list[str]]] = [
    ("openai", {"id": "p", "instructions": "x", "tools": [{"type": "web_search_preview"}], "text": {"verbosity": "low"},
                "reasoning": {"summary": "auto"}, "store": True, "variables": {"a": 1}},
     ["web_search_preview", "text.verbosity", "reasoning.summary", "store", "variables"]),
    ("promptfoo", {"prompts": ["x"], "providers": ["openai:a", "openai:b"], "scenarios": [{}], "defaultTest": "file://d.yaml",
                   "tests": [{"vars": {"x": 1}}]}, ["first of 2", "scenarios", "defaultTest"]),
    ("source", {"ai_prompts": [{"name": "a", "template": "t", "app_context": "web", "parameters": {"zeal": 1, "temperature": 0.5}}],
                "ai_prompt_templates": [{"name": "b", "template_text": "t"}], "ai_models": [{}, {}],
                "ai_prompt_executions": [{}] * 3, "extra": 1},
     ["app_context", "parameters.zeal", "ai_models[1]: left out. model", "ai_prompt_executions[2]: left out. finished_at", "extra"]),
    ("source", [{"run_id": "r", "prompt_id": "router", "results": []}], ["Of 1 runs", "their figures are not"]),
    ("promptfoo", {"prompts": ["x"], "tests": [{"vars": {"x": [], "y": 1}}, {"vars": {"x": list(range(40)), "y": list(range(40))}}],
                   "defaultTest": {"assert": [{"type": "equals", "value": "z"}]}},
     ["tests[0]: left out", "tests[1]: left out: its values make 1,600"]),
    ("langfuse", {"prompts": [langfuse("a", 1, "x")], "datasets": [{"name": "d"}], "exportedBy": "me"}, ["datasets", "exportedBy"]),
    ("openai", {"data": [{"id": "p", "instructions": "x"}], "has_more": False, "vector_stores": [{}]}, ["not taken: vector_stores."]),
    ("source", [{"name": "lonely"}], ["[0] (lonely)"]),
    ("source", [{"nothing": n} for n in range(300)], ["100 more"]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "file", "words"), LEFT)
async def test_nothing_is_left_out_in_silence(call: Caller, kind: str, file: Any, words: list[str]) -> None:
    notes = "\n".join((await bring(call, file, f"format={kind}&dry_run=true"))["notes"])
    assert [word for word in words if word not in notes] == [], notes


async def test_pages_of_langfuse_and_lists_of_items_come_in_whole(call: Caller) -> None:
    item = {"datasetName": "asked", "input": "Where?", "expectedOutput": "Here."}
    for file in (
        {"data": [langfuse("page", 1, "x")], "meta": {"page": 1}},
        {"prompts": [langfuse("page", 1, "x")], "datasetItems": [item]},
    ):
        told = await bring(call, file, "format=langfuse&dry_run=true")
        assert (told["notes"], told["left_out"], len(told["prompts"])) == ([], 0, 1), told
        assert [one["items_added"] for one in told["datasets"]] == ([1] if "datasetItems" in file else [])


@pytest.mark.parametrize("text", ["a: &a [*a]", "prompts: &p {b: *p}", "tests: [{vars: {y: 0x" + "f" * 5000 + "}}]"])
async def test_a_file_without_an_end_is_refused(call: Caller, text: str) -> None:
    """An alias within what it names, and a number that Python would not write."""
    told = await bring(call, text, "format=promptfoo", status=400)
    assert told["error"]["code"] == "invalid_body" and "configuration" in told["error"]["message"]


async def test_a_model_whose_limits_nobody_says_is_refused_and_the_rest_comes_in(call: Caller) -> None:
    at = {"provider": "vllm", "base_url": "http://127.0.0.1:9/v1"}
    models = [{"name": "own-1", "context_window": 1000, **at}, {"name": "own-2", "max_tokens": 5, **at}]
    file = {"ai_models": models, "ai_prompts": [{"name": "beside", "prompt_text": "Say {x}"}]}
    for query in ("format=source&dry_run=true", "format=source"):
        told = await bring(call, file, query)
        assert [one["outcome"] for one in told["models"]] == ["refused", "refused"], told
        assert [one["reason"].split(":")[0] for one in told["models"]] == ["output_tokens", "context_tokens"]
        assert [one["outcome"] for one in told["prompts"]] == ["created"]


async def test_a_price_that_no_number_holds_is_left_out_by_its_field(call: Caller) -> None:
    notes = (
        await bring(call, {"ai_models": [{"name": "dear", "provider": "openai", "input_cost_per_1k_tokens": 1e308}]}, "format=source")
    )["notes"]
    assert any("input_price_nusd_per_million" in note for note in notes), notes


async def sent(call: Caller, text: str, query: str) -> Answer:
    return await call("POST", f"/v1/import?{query}", raw=text.encode(), headers={"content-type": "application/json"})


async def test_lines_are_named_by_their_numbers(call: Caller) -> None:
    item, odd = json.dumps({"datasetName": "d", "input": "a", "expectedOutput": "x"}), json.dumps({"neither": 1})
    told = await sent(call, f"{item}\n\n{odd}\n", "format=langfuse")
    assert (told.status, [note.split(".")[0] for note in told.body["notes"]]) == (
        200, ["line 3: left out: it is neither a prompt with its text nor a dataset item, trace or score"],
    ), told.body  # fmt: skip
    bad = json.dumps(langfuse("a", 1, "x") | {"labels": "production"})
    assert (await sent(call, f"{item}\n{bad}\n", "format=langfuse")).body["error"]["message"].startswith("line 2: labels")
    broken = (await sent(call, f"{item}\n\n{{oops\n", "format=langfuse")).body["error"]["message"]
    assert broken.startswith("Line 3 is not valid JSON") and "line 1" not in broken
    whole = (await sent(call, '[\n{"a": 1},\n{oops}\n]', "format=langfuse")).body["error"]["message"]
    assert whole.startswith("The body is not valid JSON") and "line 3" in whole


@pytest.mark.parametrize("kind", ["bundle", "langfuse", "openai", "promptfoo"])
async def test_a_file_of_executions_is_told_where_it_belongs(call: Caller, kind: str) -> None:
    line = json.dumps({"source": "desk", "id": "1", "model": "gpt-5", "provider": "openai", "finished_at": "2026-11-20T12:00:00Z"})
    for text in (line, f"{line}\n{line}\n"):
        told = await sent(call, text, f"format={kind}")
        assert told.status == 400 and "POST /v1/executions/import" in told.body["error"]["message"], told.body


async def test_every_table_of_a_dump_is_read(call: Caller) -> None:
    dump = {
        "ai_prompts": [{"name": "one", "system_prompt": "You are one"}, {"prompt_name": "two", "prompt_text": "Two {{x}}"}],
        "ai_prompt_templates": [{"name": "three", "system_prompt": "S", "user_prompt_template": "U {{x}}"}],
        "test_cases": [{"input": "hello", "expected_category": "billing"}],
    }
    told = await bring(call, dump, "format=source&model=simulated/chat")
    assert [one["slug"] for one in told["prompts"]] == ["one", "two", "three"] and told["datasets"][0]["items_added"] == 1
    for slug, text in (("one", "You are one"), ("two", "Two 1"), ("three", "S\nU 1")):
        made = await call("POST", f"/v1/prompts/{slug}/render", {"version": 1, "variables": {"x": "1"}})
        assert "\n".join(one["content"] for one in made.body["messages"]) == text


NOW = datetime.now(UTC).replace(microsecond=0)
ROUTER = "6a4c7f0e3f5e4d659b0c0f3d5c1f1d11"
DUMP: dict[str, Any] = {
    "ai_prompts": [
        {"id": ROUTER, "name": "Ticket Router", "version": 3, "template": "Route {{ticket}}", "is_active": True},
        {"id": "9", "name": "Other", "version": 1, "template": "Other"},
    ],
    "ai_prompt_executions": [
        {"id": "e1", "prompt_id": ROUTER, "model": "gpt-4o", "input_variables": {"ticket": "My card"}, "response": "billing",
         "input_tokens": 12, "output_tokens": 2, "cost_usd": 0.0015, "execution_time_ms": 640, "status": "completed",
         "user_id": "ada", "created_at": str(NOW - timedelta(days=2))},
        {"id": "e2", "prompt_id": ROUTER, "model_name": "gpt-4o", "rendered_prompt": "Route it", "error_message": "It broke" * 200,
         "created_at": (NOW - timedelta(days=1)).timestamp()},
        {"id": "e3", "prompt_id": ROUTER[::-1], "model": "m", "response": {"a": 1}, "created_at": NOW.isoformat()},
        {"id": "e4", "prompt_id": ROUTER, "model": "m", "created_at": str(NOW - timedelta(days=500))},
        {"id": "e5", "prompt_id": ROUTER, "model": "m", "created_at": "yesterday"},
    ],
    "runs": [{"run_id": "r1", "prompt_name": "Ticket Router", "version": 3, "model": "gpt-4o", "timestamp": NOW.isoformat(),
              "overall_accuracy": 0.5, "latency_ms": 9_999, "input_tokens": 800, "results": [
                  {"input": "Where is it?", "expected": "shipping", "predicted": "shipping", "correct": True},
                  {"input": {"ticket": "Refund"}, "expected": "billing", "predicted": "other", "correct": False}]}],
    "ai_models": [
        {"model_name": "house-model", "provider": "House", "base_url": "http://127.0.0.1:9/v1", "context_window": 8000,
         "max_tokens": 1000, "input_cost_per_1k_tokens": 0.002, "output_price_per_million": 6},
        {"model_name": "gpt-foreign", "provider": "nobody", "context_window": 8000, "max_tokens": 1000},
        {"model_name": "simulated/chat", "provider": "simulated", "context_window": 8000, "max_tokens": 1000},
    ],
}  # fmt: skip


async def test_calls_runs_and_models_of_the_source_systems_come_along(call: Caller) -> None:
    planned = await bring(call, DUMP, "format=source&model=simulated/chat&dry_run=true")
    told = await bring(call, DUMP, "format=source&model=simulated/chat")
    assert planned == told | {"dry_run": True}
    assert told["executions"] == {"found": 5, "added": 5}
    assert [(one["model"], one["outcome"]) for one in told["models"]] == [
        ("house-model", "created"), ("gpt-foreign", "refused"), ("simulated/chat", "unchanged"),
    ]  # fmt: skip
    assert [next(name for name in ("e4", "[3]", "[4]", "runs") if name in note) for note in told["notes"]] == ["runs", "[3]", "[4]"]
    house = (await call("GET", "/v1/models/house-model")).body
    assert (house["input_price_nusd_per_million"], house["output_price_nusd_per_million"]) == (2 * 10**9, 6 * 10**9)

    listed = (await call("GET", "/v1/executions?lane=imported")).body["data"]
    whole = {one["imported"]["id"]: one for row in listed if (one := (await call("GET", f"/v1/executions/{row['id']}")).body)}
    assert sorted(whole) == ["e1", "e2", "e3", "r1:0", "r1:1"]
    first, failed, foreign, answer = whole["e1"], whole["e2"], whole["e3"], whole["r1:1"]
    assert (first["prompt"], first["version"], first["variables"], first["output"]) == (
        "ticket-router",
        1,
        {"ticket": "My card"},
        "billing",
    )
    assert (first["cost_nusd"], first["imported"]["reported_cost_nusd"], first["latency_ms"], first["user_id"]) == (
        0,
        1_500_000,
        640,
        "ada",
    )
    assert (failed["status"], failed["messages"]) == ("error", [{"role": "user", "content": "Route it"}])
    assert (foreign["prompt"], json.loads(foreign["output"])) == (None, {"a": 1})
    assert (answer["latency_ms"], answer["usage"]["input_tokens"], answer["model"]) == (0, 0, "gpt-4o"), "those of a run are sums"
    assert answer["metadata"] == {"run_id": "r1", "expected": "billing", "correct": False} and answer["version"] == 1
    assert (await call("GET", "/v1/test-runs")).body["data"] == [], "nothing here was measured here"

    again = await bring(call, DUMP, "format=source&model=simulated/chat")
    assert again["executions"] == {"found": 5, "added": 0} and {one["outcome"] for one in again["models"]} == {"unchanged", "refused"}


@pytest.mark.promise("G-02")
async def test_what_broke_off_behind_the_commit_is_brought_in_by_a_repeat_with_the_same_key(
    call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reactions are told to the bus once the rest is written: a gateway that ends there leaves them to the repeat."""
    calls = [
        {"id": f"e{n}", "prompt": "x", "model": "gpt-4o", "rendered_prompt": "Route it", "response": "billing", "rating": rating,
         "created_at": str(NOW - timedelta(days=1))}
        for n, rating in enumerate(("up", "down", "up"))
    ]  # fmt: skip
    way, key = "/v1/import?format=source&model=simulated/chat", {"idempotency-key": "broke-off"}
    bring_in, brought = routes.bring_reactions, []

    async def broken(gateway: Any, principal: Any, reactions: Any) -> None:
        if not brought:
            brought.append(0)
            raise Unavailable("The bus is away.")
        await bring_in(gateway, principal, reactions)
        brought.append(len(reactions))

    monkeypatch.setattr(routes, "bring_reactions", broken)
    assert (await call("POST", way, {"ai_prompt_executions": calls}, headers=key)).status == 503
    again = await call("POST", way, {"ai_prompt_executions": calls}, headers=key)
    assert again.status == 200 and again.headers["idempotent-replayed"] == "true"
    assert again.body["executions"]["added"] == again.body["feedback"]["found"] == 3 and brought == [0, 3]


async def test_a_file_of_runs_and_one_of_executions_are_told_by_what_they_hold(call: Caller) -> None:
    for file in (
        DUMP["runs"][0],
        DUMP["runs"],
        {"execution_id": "x", "model": "m", "output": "o", "created_at": NOW.isoformat()},
        [one | {"content": "what was asked"} for one in DUMP["ai_prompt_executions"]],
    ):
        assert (await bring(call, file, "format=source&dry_run=true"))["executions"]["added"] >= 1, file
    assert (await bring(call, DUMP["ai_models"], "format=source&dry_run=true"))["models"][0]["outcome"] == "created"


async def test_answers_of_runs_without_an_id_are_all_brought_in_once(call: Caller) -> None:
    def run(day: int, **ids: Any) -> dict[str, Any]:
        return {"timestamp": str(NOW - timedelta(days=day)), "model": "m", "results": [{"input": "a", "predicted": "b"}]} | ids

    file = {"runs": [run(1), run(2), run(3, id="r-3"), run(4, id="r-4"), run(5, run_id="r-5", id=7)]}
    assert (await bring(call, file, "format=source"))["executions"] == {"found": 5, "added": 5}
    assert (await bring(call, file, "format=source"))["executions"] == {"found": 5, "added": 0}
    listed = (await call("GET", "/v1/executions?lane=imported")).body["data"]
    runs = [(await call("GET", f"/v1/executions/{row['id']}")).body["metadata"]["run_id"] for row in listed]
    assert {"r-3", "r-4", "r-5"} < set(runs) and len(set(runs)) == 5


async def test_each_combination_of_values_is_a_test_and_the_call_may_name_the_file(call: Caller) -> None:
    file = {
        "prompts": ["Say {{word}} in {{language}}"],
        "tests": [{"vars": {"word": ["a", "b"], "language": ["de", "es"], "n": 1}}],
        "defaultTest": {"assert": [{"type": "equals", "value": "x"}]},
    }
    told = await bring(call, file, "format=promptfoo&name=Two languages")
    assert (told["prompts"][0]["slug"], told["datasets"]) == (
        "two-languages", [{"name": "Two languages tests", "outcome": "created", "items_added": 4}]
    )  # fmt: skip
    found = next(one for one in (await call("GET", "/v1/datasets")).body["data"] if one["name"] == "Two languages tests")
    items = (await call("GET", f"/v1/datasets/{found['id']}/items")).body["data"]
    assert sorted((one["input"]["word"], one["input"]["language"]) for one in items) == [("a", "de"), ("a", "es"), ("b", "de"), ("b", "es")]
    whole = await bring(
        call, file | {"defaultTest": file["defaultTest"] | {"options": {"disableVarExpansion": True}}}, "format=promptfoo&name=three"
    )
    assert whole["datasets"][0]["items_added"] == 1
    assert (await bring(call, [], "format=langfuse&name=x", status=422))["error"]["param"] == "name"


async def test_one_bad_setting_costs_one_note(call: Caller) -> None:
    bad = langfuse("bad", 1, "x {{y}}", "production")
    bad["config"] = {"model": "simulated/chat", "temperature": 3, "max_tokens": "100", "top_p": 0.5}
    told = await bring(call, [langfuse("good", 1, "x"), bad, langfuse("worse", 1, "x" * 2_000_000)], "format=langfuse")
    assert {one["slug"]: one["outcome"] for one in told["prompts"]} == {"good": "created", "bad": "created"}
    assert [next(name for name in ("temperature", "max_tokens", "worse") if name in note) for note in told["notes"]] == [
        "temperature", "max_tokens", "worse",
    ]  # fmt: skip
    made = (await call("GET", "/v1/prompts/bad/versions/1")).body
    assert (made["top_p"], made.get("temperature")) == (0.5, None)


async def test_a_false_answer_is_an_answer(call: Caller) -> None:
    told = await bring(call, [{"datasetName": "d", "input": "a", "expectedOutput": 0}], "format=langfuse")
    found = next(one for one in (await call("GET", "/v1/datasets")).body["data"] if one["name"] == "d")
    items = (await call("GET", f"/v1/datasets/{found['id']}/items")).body["data"]
    assert told["datasets"][0]["items_added"] == 1 and items[0]["expected"] == "0"


BLANK: list[tuple[str, Any, str, int]] = [
    ("bundle", {"format": "burnish.bundle", "version": 1, "prompts": [], "datasets": [{"name": "d", "items": [
        {"input": "a", "expected": "x"}, {"input": "b", "expected": ""}, {"input": "c", "expected": " \n"}]}]},
     "datasets[0] 'd': items 1, 2 are left out", 1),
    ("promptfoo", {"prompts": ["Say {{x}}"], "tests": [
        {"vars": {"x": 1}, "assert": [{"type": "equals", "value": "x"}]},
        {"vars": {"x": 2}, "assert": [{"type": "equals", "value": " "}]}]},
     "tests[1]: left out", 1),
    ("langfuse", [{"datasetName": "d", "input": "a", "expectedOutput": "x"}, {"datasetName": "d", "input": "b", "expectedOutput": ""},
                  {"datasetName": "d", "input": "c", "expectedOutput": "y"}],
     "[1]: left out", 2),
    ("source", [{"input": "a", "expected": "x"}, {"input": "b", "expected": "  "}], "[1]: left out", 1),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "file", "note", "kept"), BLANK)
async def test_an_item_that_expects_nothing_is_left_out_by_its_name_whatever_the_file(
    call: Caller, kind: str, file: Any, note: str, kept: int
) -> None:
    """As an upload refuses it: every answer to it would count as wrong."""
    told = await bring(call, file, f"format={kind}")
    assert any(one.startswith(note) and "nothing is expected" in one for one in told["notes"]), told["notes"]
    assert sum(one["items_added"] for one in told["datasets"]) == kept
    for dataset in (await call("GET", "/v1/datasets")).body["data"]:
        items = (await call("GET", f"/v1/datasets/{dataset['id']}/items?limit=200")).body["data"]
        assert all(one["expected"].strip() for one in items), items


OPEN = [
    ("promptfoo",
     {"description": "d", "prompts": ["Say {{x}}"], "tests": [
         {"vars": {"x": ["1", "2"]}, "assert": [{"type": "llm-rubric", "value": "is kind"}]},
         {"vars": {"x": "3"}, "assert": [{"type": "javascript", "value": "output"}, {"type": "equals", "value": "c"}]},
         {"vars": {"x": "4"}}]},
     {"d tests": [("3", "c")], "d tests, to be judged": [("1", None), ("2", None), ("4", None)]}),
    ("langfuse",
     [{"datasetName": "d", "input": {"x": "1"}, "expectedOutput": "a"}, {"datasetName": "d", "input": {"x": "2"}, "expectedOutput": None},
      {"datasetName": "d", "input": {"x": "3"}}],
     {"d": [("1", "a")], "d, to be judged": [("2", None), ("3", None)]}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "file", "kept"), OPEN)
async def test_items_without_a_right_answer_come_into_a_dataset_of_their_own(
    call: Caller, kind: str, file: Any, kept: dict[str, list[tuple[str, str | None]]]
) -> None:
    """Most tests of promptfoo are judged and not compared. A run over the others asks for no evaluator because of them."""
    planned = await bring(call, file, f"format={kind}&dry_run=true")
    told = await bring(call, file, f"format={kind}")
    assert planned == told | {"dry_run": True} and told["left_out"] == 0
    assert any("no right answer and come into the dataset" in one for one in told["notes"]), told["notes"]
    found: dict[str, list[tuple[str, str | None]]] = {}
    for dataset in (await call("GET", "/v1/datasets")).body["data"]:
        items = (await call("GET", f"/v1/datasets/{dataset['id']}/items?limit=200")).body["data"]
        found[dataset["name"]] = sorted((one["input"]["x"], one["expected"]) for one in items)
        if kind == "promptfoo" and dataset["name"].endswith("judged"):
            assert "is kind" in str([one["metadata"] for one in items])
    assert found == kept
    again = await bring(call, file, f"format={kind}")
    assert {one["outcome"] for one in again["datasets"]} == {"unchanged"}


LITELLM = """
model_list:
  - {model_name: llm-house, litellm_params: {model: openai/own, api_base: http://127.0.0.1:9/v1, api_key: sk-plain, input_cost_per_token: 0.000001},
     model_info: {max_input_tokens: 8000, max_output_tokens: 500, mode: chat}}
  - {model_name: llm-house, litellm_params: {model: hosted_vllm/own, api_base: "http://127.0.0.1:9"}, model_info: {max_input_tokens: 8000, max_output_tokens: 500}}
  - {model_name: llm-embeds, litellm_params: {model: openai/e, api_base: http://127.0.0.1:9/v1}, model_info: {mode: embedding, max_input_tokens: 512}}
  - {model_name: llm-unlimited, litellm_params: {model: azure/x, api_base: http://127.0.0.1:9}}
router_settings: {fallbacks: [{llm-house: [llm-embeds]}]}
"""  # noqa: E501


async def test_models_of_a_litellm_proxy_come_with_prices_and_fallbacks_and_without_keys(call: Caller) -> None:
    planned = await bring(call, LITELLM, "format=litellm&dry_run=true")
    told = await bring(call, LITELLM, "format=litellm")
    assert planned == told | {"dry_run": True}
    assert [(one["model"], one["outcome"]) for one in told["models"]] == [
        ("llm-embeds", "created"), ("llm-house@2", "created"), ("llm-house", "created"), ("llm-unlimited", "refused"),
    ]  # fmt: skip
    assert "without its fallback" in told["models"][1]["reason"], "embeddings answer no chat"
    assert "sk-plain" not in json.dumps(told) and "context_tokens" in told["models"][3]["reason"]
    house = (await call("GET", "/v1/models/llm-house")).body
    assert (house["fallback_model"], house["provider"], house["input_price_nusd_per_million"]) == (
        "llm-house@2",
        "openai_compatible",
        10**9,
    )
    again = await bring(call, LITELLM, "format=litellm")
    assert {one["outcome"] for one in again["models"]} == {"unchanged", "refused"}


async def test_a_deployment_that_is_refused_is_passed_over_by_the_one_before_it(call: Caller) -> None:
    takes = "model_info: {max_input_tokens: 8000, max_output_tokens: 500}"
    file = f"""
model_list:
  - {{model_name: past, litellm_params: {{model: hosted_vllm/a, api_base: "http://127.0.0.1:9"}}, {takes}}}
  - {{model_name: past, litellm_params: {{model: hosted_vllm/unknown, api_base: "http://127.0.0.1:9"}}}}
  - {{model_name: past, litellm_params: {{model: hosted_vllm/c, api_base: "http://127.0.0.1:9"}}, {takes}}}
"""
    planned = await bring(call, file, "format=litellm&dry_run=true")
    told = await bring(call, file, "format=litellm")
    assert planned == told | {"dry_run": True}
    came = {one["model"]: (one["outcome"], one["reason"]) for one in told["models"]}
    assert came["past"] == ("created", "It falls back to 'past@3': 'past@2' is not here.") and came["past@2"][0] == "refused"
    assert (await call("GET", "/v1/models/past")).body["fallback_model"] == "past@3"


async def test_rates_of_deployments_are_told_for_the_models_that_come_and_not_for_those_that_are_refused(call: Caller) -> None:
    takes = "model_info: {max_input_tokens: 8000, max_output_tokens: 500}"
    file = f"""
model_list:
  - {{model_name: rate-house, rpm: 20, litellm_params: {{model: hosted_vllm/a, api_base: "http://127.0.0.1:9", tpm: 900}}, {takes}}}
  - {{model_name: rate-unlimited, litellm_params: {{model: hosted_vllm/b, api_base: "http://127.0.0.1:9", rpm: 7}}}}
  - {{model_name: rate-inside, litellm_params: {{model: hosted_vllm/c, api_base: "http://169.254.169.254", rpm: 8}}, {takes}}}
"""
    for asked in ("format=litellm&dry_run=true", "format=litellm", "format=litellm"):
        told = await bring(call, file, asked)
        assert {one["model"]: one["outcome"] == "refused" for one in told["models"]} == {
            "rate-house": False, "rate-unlimited": True, "rate-inside": True,
        }  # fmt: skip
        [note] = [one for one in told["notes"] if "in a minute" in one]
        assert "allows rate-house in a minute" in note and "requests_per_minute 20 and tokens_per_minute 900 (" in note
        assert "Others there" not in note

"""Prompts and datasets move between installations byte for byte, and come in out of foreign files (PRODUCT P10)."""

import json
from typing import Any

import pytest

from tests.embedded.held_back import one_behind_the_other
from tests.embedded.stack import Caller, Stack

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("P10")]


async def export(call: Caller, query: str = "") -> bytes:
    answer = await call("GET", f"/v1/export?scope=prompts{query}")
    assert answer.status == 200, answer.body
    return answer.raw


async def bring(call: Caller, raw: bytes | dict[str, Any] | list[Any] | str, query: str = "", *, status: int = 200) -> Any:
    body = raw if isinstance(raw, bytes) else raw.encode() if isinstance(raw, str) else json.dumps(raw).encode()
    answer = await call("POST", f"/v1/import?{query}", raw=body)
    assert answer.status == status, answer.body
    return answer.body


async def rendered(call: Caller, slug: str, **variables: Any) -> str:
    answer = await call("POST", f"/v1/prompts/{slug}/render", {"variables": variables})
    assert answer.status == 200, answer.body
    return "\n".join(one["content"] for one in answer.body["messages"])


STEPS: list[dict[str, Any]] = [
    {"id": "both", "parallel": [[{"id": "a", "variables": {"ticket": "variables.t"}, "prompt": "router"}], [
        {"id": "b", "prompt": "router@staging", "values": {"ticket": {"z": 1, "a": 2}}, "if": "1 == 1"}]],
     "on_error": "continue"},
]  # fmt: skip


async def furnished(call: Caller) -> None:
    schema = {"type": "object", "properties": {"b": {"type": "string"}, "a": {"type": "number"}}}
    first = {"slug": "router", "template": "Route {{ticket}} “so”", "model": "simulated/chat", "temperature": 0,
             "json_schema": schema, "output_format": "structured",
             "tags": ["x"], "folder": "desk/eu", "categories": ["classification"], "description": "d"}  # fmt: skip
    for method, path, body in (
        ("POST", "/v1/prompts", first),
        ("POST", "/v1/prompts/router/versions", {"base_version": 1, "temperature": 0.5, "message": "warmer"}),
        ("PUT", "/v1/prompts/router/labels/staging", {"version": 2, "reason": "try"}),
        ("PUT", "/v1/prompts/router/labels/production", {"version": 2}),
        ("POST", "/v1/templates/chat_analysis/use", {"slug": "analysis"}),
        ("POST", "/v1/chains", {"slug": "desk", "steps": STEPS, "folder": "desk/eu", "tags": ["b", "a"], "deadline_s": 30}),
        ("POST", "/v1/chains/desk/versions", {"base_version": 1, "steps": [*STEPS, {"id": "end", "stop": {"status": "success"}}]}),
        ("PUT", "/v1/chains/desk/labels/production", {"version": 2, "reason": "“better”"}),
        ("POST", "/v1/datasets", {"name": "tickets", "items": [{"input": {"ticket": f"t {n}"}, "expected": "a"} for n in range(20)]}),
        ("POST", "/v1/datasets", {"name": "without variables", "items": [{"input": {}, "expected": "a"}]}),
    ):
        answer = await call(method, path, body)
        assert answer.status < 300, answer.body


async def test_export_import_export_gives_the_same_bytes_and_twice_changes_nothing(stack: Stack, call: Caller) -> None:
    await furnished(call)
    bundle = await export(call)
    other = await stack.caller()
    told = await bring(other, bundle, "dry_run=true")
    assert told["dry_run"] and [one["outcome"] for one in told["prompts"] + told["datasets"] + told["chains"]] == ["created"] * 5
    assert (await other("GET", "/v1/prompts")).body["data"] == []
    assert await bring(other, bundle) == told | {"dry_run": False}
    assert await export(other) == bundle
    again = await bring(other, bundle)
    assert {one["outcome"] for one in again["prompts"] + again["datasets"] + again["chains"]} == {"unchanged"}
    assert await export(other) == bundle
    assert await rendered(other, "router", ticket="t") == "Route t “so”"
    assert (await other("GET", "/v1/prompts/router")).body["labels"] == {"production": 2, "staging": 2, "latest": 2}
    assert [one["kind"] for one in (await other("GET", "/v1/prompts/analysis/lineage")).body["data"]] == ["cloned_from"]
    assert (await other("GET", "/v1/prompts?q=route")).body["data"][0]["slug"] == "router"
    assert (await other("GET", "/v1/audit?action=workspace.imported")).body["data"][0]["after"]["prompts"] in (0, 2)
    ran = await other("POST", "/v1/chains/desk/runs", {"variables": {"t": "late"}})
    assert ran.status == 200 and (ran.body["version"], ran.body["status"]) == (2, "success"), ran.body
    # … and it can be worked on.
    saved = await other("POST", "/v1/prompts/router/versions", {"base_version": 2, "temperature": 1})
    assert (saved.status, saved.body["version"]) == (201, 3)


async def test_a_prompt_that_is_there_goes_on_or_is_left_alone(stack: Stack, call: Caller) -> None:
    await furnished(call)
    old = await export(call)
    other = await stack.caller()
    await bring(other, old)
    assert (await call("POST", "/v1/prompts/router/versions", {"base_version": 2, "temperature": 1})).status == 201
    assert (await call("PUT", "/v1/prompts/router/labels/production", {"version": 3})).status == 200
    assert (await call("POST", "/v1/chains/desk/versions", {"base_version": 2, "steps": STEPS})).status == 201
    assert (await call("PUT", "/v1/chains/desk/labels/production", {"version": 3})).status == 200
    told = await bring(other, await export(call))
    found = {one["slug"]: one for one in told["prompts"] + told["chains"]}
    assert (found["desk"]["outcome"], found["desk"]["versions_added"]) == ("extended", 1)
    assert (await other("GET", "/v1/chains/desk")).body | {"version": 2, "latest_version": 3} == (
        await other("GET", "/v1/chains/desk")
    ).body
    assert (found["router"]["outcome"], found["router"]["versions_added"]) == ("extended", 1)
    there = (await other("GET", "/v1/prompts/router")).body
    assert (there["labels"]["production"], there["latest_version"]) == (2, 3), "labels stay"
    alone = {"slug": "lost", "versions": [{"version": 1, "content": {"steps": STEPS}}]}
    told = await bring(await stack.caller(), {"chains": [alone]})
    assert (told["chains"][0]["outcome"], told["left_out"], told["notes"]) == (
        "created",
        0,
        ["lost: runs the prompt 'router', which is not here."],
    )
    poem = {"id": "a", "prompt": "router", "overrides": {"response_format": {"type": "poem"}}}
    for content, param in (
        ({"steps": []}, "content.steps"),
        ({"steps": [{"id": "a"}]}, "content.steps[0]"),
        ({"steps": [poem]}, "content.steps.a.overrides.response_format"),
    ):
        wrong = await bring(call, {"chains": [alone | {"versions": [{"version": 1, "content": content}]}]}, status=422)
        assert wrong["error"]["param"].startswith(f"chains[0].versions[0].{param}"), wrong
    third = await stack.caller()
    made = {"slug": "router", "template": "Mine {{x}}", "model": "simulated/chat"}
    assert (await third("POST", "/v1/prompts", made)).status == 201
    found = {one["slug"]: one for one in (await bring(third, old))["prompts"]}
    assert found["router"]["outcome"] == "conflict" and "Version 1" in found["router"]["reason"]
    assert await rendered(third, "router", x="1") == "Mine 1"


@pytest.mark.parametrize("first_is_import", [True, False])
async def test_who_brings_something_in_while_another_makes_it_makes_nothing_twice(
    stack: Stack, call: Caller, *, first_is_import: bool
) -> None:
    """Both are at work at once: the first waits for the change sequence, its last statement, and the second for the first."""
    bundle = {"format": "burnish.bundle", "version": 1,
              "prompts": [{"slug": "twin"} | _saying("Hi")],
              "datasets": [{"name": "twins", "items": [{"split": "train", "input": "a", "expected": "b"}]}]}  # fmt: skip
    bring_in = ("POST", "/v1/import", bundle)
    by_hand = ("POST", "/v1/prompts", {"slug": "twin", "template": "Ho", "model": "simulated/chat"})
    _, second = await one_behind_the_other(stack, call, bring_in if first_is_import else by_hand, bring_in)
    if first_is_import:
        assert second.status == 200, second.body
        assert [one["outcome"] for one in (*second.body["prompts"], *second.body["datasets"])] == ["unchanged", "unchanged"]
    else:
        assert second.status == 409, second.body
        assert "Bring the file in again" in second.body["error"]["message"]


async def test_lines_stand_where_they_stood_after_a_move(stack: Stack, call: Caller) -> None:
    for method, path, body in (
        ("POST", "/v1/prompts", {"slug": "ff", "template": "one", "model": "simulated/chat"}),
        ("POST", "/v1/prompts/ff/branches", {"branch": "dev", "version": 1}),
        ("POST", "/v1/prompts/ff/branches", {"branch": "gone", "version": 1}),
        ("POST", "/v1/prompts/ff/branches", {"branch": "bare", "version": 1}),
        ("POST", "/v1/prompts/ff/versions", {"base_version": 1, "branch": "dev", "template": "two"}),
        ("POST", "/v1/prompts/ff/merge", {"branch": "dev", "base_version": 1}),
        ("POST", "/v1/prompts/ff/versions", {"base_version": 1, "branch": "gone", "template": "three"}),
        ("DELETE", "/v1/prompts/ff/branches/gone", None),
    ):
        answer = await call(method, path, body)
        assert answer.status < 300, answer.body
    bundle = await export(call)
    other = await stack.caller()
    await bring(other, bundle)
    assert await export(other) == bundle
    assert (await other("GET", "/v1/prompts/ff?label=latest")).body["version"] == 2

    async def lines(caller: Caller) -> dict[str, tuple[int, int | None]]:
        found = (await caller("GET", "/v1/prompts/ff/branches")).body["data"]
        return {one["branch"]: (one["version"], one["from_version"]) for one in found}

    assert await lines(other) == await lines(call) == {"main": (2, None), "dev": (2, 1), "bare": (1, 1)}
    # Numbers that were given are not given again, and a longer file moves the lines that went on.
    for caller in (call, other):
        saved = await caller("POST", "/v1/prompts/ff/versions", {"base_version": 2, "branch": "dev", "template": "four"})
        assert (saved.status, saved.body["version"]) == (201, 4)
    third = await stack.caller()
    await bring(third, bundle)
    told = await bring(third, await export(call))
    assert told["prompts"][0]["outcome"] == "extended"
    assert await lines(third) == await lines(call)


async def test_what_a_file_lacks_is_said_beforehand(call: Caller) -> None:
    contents = [{"messages": [{"role": "user", "content": text}], "model": "m"} for text in ("x", "y")]
    edges = [("derived_from", "two", 1), ("derived_from", "lost", 3), ("crossover_of", "one", 1)]
    file = {"prompts": [
        {"slug": "one", "versions": [{"version": n, "content": content} for n, content in enumerate(contents, 1)],
         "lineage": [{"version": 2, "kind": kind, "parent": {"slug": slug, "version": version}} for kind, slug, version in edges]},
        {"slug": "two", "versions": [{"version": 1, "content": contents[0]}]},
    ]}  # fmt: skip
    planned = await bring(call, file, "dry_run=true")
    assert planned["left_out"] == 1 and planned["notes"] == [
        "one@2: its lineage names lost@3, which is not here.",
        "Models that prompts of the file name are not here: m. Calls of them are refused until you add these (POST /v1/models).",
    ]
    assert await bring(call, file) == planned | {"dry_run": False}
    lineage = (await call("GET", "/v1/prompts/one/lineage")).body["data"]
    assert len([one for one in lineage if one["version"] == 2]) == 2


async def test_models_that_are_not_here_are_named_unless_they_come_along_or_their_prompts_stay_out(call: Caller) -> None:
    said = [{"name": one, "version": 1, "type": "text", "prompt": one, "labels": [], "config": {"model": f"away-{one}"}} for one in "ab"]
    told = await bring(call, said, "format=langfuse&dry_run=true")
    assert told["left_out"] == 0 and [note for note in told["notes"] if "away-a, away-b. Calls of them are refused" in note]
    limits = {"provider": "vllm", "base_url": "http://127.0.0.1:9/v1", "context_tokens": 4000, "output_tokens": 400}
    assert (await call("POST", "/v1/models", {"model": "away-a", **limits})).status == 201
    assert "not here: away-b." in str((await bring(call, said, "format=langfuse"))["notes"])
    assert (await bring(call, said, "format=langfuse"))["notes"] == [], "nothing of them comes in"
    at = {"provider": "vllm", "base_url": "http://127.0.0.1:9/v1"}
    brought = {"model": "brought", **at, "context_window": 4000, "max_output_tokens": 400}
    comes_along = {"prompts": [{"name": "f", "template": "x", "model": "brought"}], "ai_models": [brought]}
    for query in ("format=source&dry_run=true", "format=source"):
        told = await bring(call, comes_along, query)
        assert told["models"][0]["outcome"] == "created" and "not here" not in str(told["notes"]), told


async def test_an_item_that_expects_another_answer_here_stays_and_is_told(call: Caller) -> None:
    items = [{"input": "t 0", "expected": "a"}, {"input": "t 1", "expected": "b"}, {"input": "t 2"}]
    assert (await call("POST", "/v1/datasets", {"name": "tickets", "items": items})).status == 201
    file = json.loads(await export(call))
    assert (await bring(call, file))["notes"] == []
    [dataset] = file["datasets"]
    next(one for one in dataset["items"] if one["input"] == "t 0")["expected"] = "c"
    next(one for one in dataset["items"] if one["input"] == "t 2")["expected"] = "d"
    told = await bring(call, file, "dry_run=true")
    assert told["datasets"] == [{"name": "tickets", "outcome": "unchanged", "items_added": 0}]
    assert told["left_out"] == 1 and told["notes"] == [
        "The dataset 'tickets' expects another answer here of 2 of these inputs: what is here stays. Correct the items here where the file "
        "is right."
    ]
    assert await bring(call, file) == told | {"dry_run": False}
    [kept] = json.loads(await export(call))["datasets"]
    assert sorted(str(one["expected"]) for one in kept["items"]) == ["None", "a", "b"]


async def test_an_archived_dataset_moves_as_it_is_and_takes_no_more_items(stack: Stack, call: Caller) -> None:
    items = [{"input": f"t {n}", "expected": "a"} for n in range(3)]
    made = (await call("POST", "/v1/datasets", {"name": "aside", "items": items[:2]})).body["id"]
    before = await export(call)
    assert (await call("PATCH", f"/v1/datasets/{made}", {"archived": True})).status == 200
    away = await export(call)
    other = await stack.caller()
    await bring(other, away)
    assert await export(other) == away
    [copy] = (await other("GET", "/v1/datasets?archived=true")).body["data"]
    assert copy["archived_at"] and copy["name"] == "aside" and (await other("GET", "/v1/datasets")).body["data"] == []

    longer = json.loads(before)
    longer["datasets"][0]["items"].append({"split": "train", **items[2]})
    told = await bring(call, longer)
    assert told["datasets"] == [{"name": "aside", "outcome": "unchanged", "items_added": 0}]
    assert told["left_out"] == 1 and told["notes"] == [
        "The dataset 'aside' is archived here: 1 of its items were left out; restore it, and import again."
    ]
    assert await bring(call, longer, "dry_run=true") == told | {"dry_run": True}
    del longer["datasets"][0]["created_at"]
    assert (await bring(call, longer))["datasets"] == [{"name": "aside", "outcome": "created", "items_added": 3}], "its name is free"


async def test_what_is_archived_here_goes_on_with_nothing_until_it_is_restored(stack: Stack, call: Caller) -> None:
    def file(*texts: str) -> dict[str, Any]:
        contents = [{"template": text, "model": "simulated/chat"} for text in texts]
        steps = [[{"id": text, "prompt": "aside"}] for text in texts]
        return {
            "prompts": [{"slug": "aside", "versions": [{"version": n, "content": one} for n, one in enumerate(contents, 1)]}],
            "chains": [{"slug": "row", "versions": [{"version": n, "content": {"steps": one}} for n, one in enumerate(steps, 1)]}],
        }

    assert [one["outcome"] for one in (await bring(call, file("one")))["prompts"]] == ["created"]
    assert (await call("PATCH", "/v1/chains/row", {"archived": True})).status == 200
    assert (await call("POST", "/v1/prompts/aside/archive")).status == 200
    for query in ("dry_run=true", ""):
        told = await bring(call, file("one", "two"), query)
        for one in (*told["prompts"], *told["chains"]):
            assert (one["outcome"], one["versions_added"]) == ("conflict", 0) and "is archived here: 1 of its" in one["reason"], one
    assert (await bring(call, file("one")))["prompts"][0]["outcome"] == "unchanged"
    assert (await call("GET", "/v1/prompts/aside/versions/2")).status == 404
    assert (await call("POST", "/v1/prompts/aside/restore")).status == 200
    assert (await call("PATCH", "/v1/chains/row", {"archived": False})).status == 200
    told = await bring(call, file("one", "two"))
    assert [(one["outcome"], one["versions_added"]) for one in (*told["prompts"], *told["chains"])] == [("extended", 1)] * 2


async def test_what_builds_on_what_was_left_alone_is_named(stack: Stack, call: Caller) -> None:
    for slug, template in (
        ("tone", "Be kind to {{x}}."),
        ("plain", "Say {{x}}"),
        ("uses", "{{> tone@1}} Say {{x}}."),
        ("label", "{{> tone}}"),
    ):
        made = await call("POST", "/v1/prompts", {"slug": slug, "template": template, "model": "simulated/chat"})
        assert made.status == 201, made.body
    assert (await call("POST", "/v1/prompts/tone/versions", {"base_version": 1, "template": "Be very kind to {{x}}."})).status == 201
    steps = [
        {"id": "a", "prompt": "tone@1", "variables": {"x": "variables.x"}},
        {"id": "b", "prompt": "plain@1", "variables": {"x": "steps.a.output"}},
    ]
    assert (await call("POST", "/v1/chains", {"slug": "both", "steps": steps})).status == 201
    for name, slug in (("of tone", "tone"), ("of plain", "plain")):
        arms = [{"name": "control", "version": 1, "control": True}, {"name": "other", "version": 1, "model": "simulated/reader"}]
        drafted = await call("POST", "/v1/experiments", {"name": name, "prompt": slug, "arms": arms})
        assert drafted.status == 201, drafted.body
    bundle = await export(call)

    other = await stack.caller()
    assert (await other("POST", "/v1/prompts", {"slug": "tone", "template": "Snarl at {{x}}.", "model": "simulated/chat"})).status == 201
    dry = await bring(other, bundle, "dry_run=true")
    told = await bring(other, bundle)
    assert dry | {"dry_run": False} == told
    assert {one["slug"]: one["outcome"] for one in told["prompts"]} == {
        "label": "created", "plain": "created", "tone": "conflict", "uses": "created",
    }  # fmt: skip
    assert told["notes"] == [
        "label@1: includes 'tone', which says something else here than in the file, and renders that.",
        "uses@1: includes 'tone@1', which says something else here than in the file, and renders that.",
        "both: runs the prompt 'tone', which says something else here than in the file, and runs that.",
        "The experiment 'of tone' is left out: versions of 'tone' say something else here than in the file.",
    ]
    assert {one["name"]: one["outcome"] for one in told["experiments"]} == {"of tone": "refused", "of plain": "created"}
    assert told["left_out"] == 2
    assert await rendered(other, "uses", x="Ada") == "Snarl at Ada. Say Ada."

    third = await stack.caller()
    for template in ("Be kind to {{x}}.", "Snarl at {{x}}."):  # the first version is the same: what builds on it is as it was
        base = {"base_version": 1} if template.startswith("Snarl") else {"slug": "tone", "model": "simulated/chat"}
        path = "/v1/prompts/tone/versions" if "base_version" in base else "/v1/prompts"
        assert (await third("POST", path, base | {"template": template})).status == 201
    told = await bring(third, bundle)
    assert [one for one in told["notes"] if "'tone@1'" in one or "experiment" in one] == []
    assert {one["outcome"] for one in told["experiments"]} == {"created"}


async def test_two_datasets_in_use_have_two_names(call: Caller) -> None:
    sets: list[dict[str, Any]] = [{"name": "twins", "items": [{"input": one, "expected": "b"}]} for one in ("a", "c")]
    told = await bring(call, {"datasets": sets}, status=422)
    assert (told["error"]["param"], "datasets[0]" in told["error"]["message"]) == ("datasets[1].name", True), told
    put_away = sets[0] | {"created_at": "2026-01-01T00:00:00Z", "archived_at": "2026-01-02T00:00:00Z"}
    told = await bring(call, {"datasets": [put_away, sets[1]]})
    assert [one["outcome"] for one in told["datasets"]] == ["created", "created"]
    same_time = [one | {"created_at": "2026-02-01T00:00:00Z"} for one in sets]
    assert (await bring(call, {"datasets": same_time}, status=422))["error"]["param"] == "datasets[1].name"


async def test_two_datasets_of_one_name_move_as_two(stack: Stack, call: Caller) -> None:
    """The name of a dataset is nobody's alone: an export of both says when each was made."""
    for one in ("a", "c"):
        made = await call("POST", "/v1/datasets", {"name": "twins", "items": [{"input": one, "expected": "b"}]})
        assert made.status == 201, made.body
    bundle = await export(call)
    for there, outcome in ((call, "unchanged"), (await stack.caller(), "created")):
        assert [one["outcome"] for one in (await bring(there, bundle))["datasets"]] == [outcome] * 2
        assert await export(there) == bundle
    unnamed = [{key: value for key, value in one.items() if key != "created_at"} for one in json.loads(bundle)["datasets"]]
    told = await bring(call, {"datasets": [json.loads(bundle)["datasets"][0], unnamed[1]]}, status=422)
    assert told["error"]["param"] == "datasets[1].name"


async def test_items_that_say_an_input_again_are_named(call: Caller) -> None:
    items = [
        {"input": "a", "expected": "x"},
        {"input": "b", "expected": "y"},
        {"input": "a", "expected": "z"},
        {"input": "a", "expected": "x"},
    ]
    file = {"format": "burnish.bundle", "version": 1, "datasets": [{"name": "twice", "items": items}]}
    for query in ("dry_run=true", ""):
        told = await bring(call, file, query)
        assert told["datasets"][0]["items_added"] == 2
        assert told["notes"] == [
            "datasets[0] 'twice': items 2, 3 are left out: their input stands there before; 1 expect another answer."
        ], told["notes"]


MOVE = {"label": "latest", "to_version": 1, "author": "user:a", "moved_at": "2026-01-01T00:00:00Z"}


async def test_what_cannot_have_been_is_refused(call: Caller) -> None:
    version = {"version": 1, "content": {"messages": [{"role": "user", "content": "x"}], "model": "m"}}
    second = {"version": 2, "content": {"messages": [{"role": "user", "content": "y"}], "model": "m"}}
    edge = {"version": 1, "kind": "derived_from", "parent": {"slug": "odd", "version": 1}}
    for change, param in (
        ({"lineage": [edge]}, "prompts[0].lineage"),
        ({"lineage": [edge | {"parent": {"slug": "odd", "version": 2}}]}, "prompts[0].lineage"),
        ({"versions": [version | {"base_version": 1}, second]}, "prompts[0].versions"),
        ({"name": " "}, "prompts[0].name"),
        ({"updated_at": "2999-01-01T00:00:00Z"}, "prompts[0].updated_at"),
        ({"label_moves": [MOVE | {"label": "staging"}, MOVE | {"label": "No <Label>"}]}, "prompts[0].label_moves[1].label"),
        ({"versions": [version, second | {"created_at": "2999-01-01T00:00:00Z"}]}, "prompts[0].versions[1].created_at"),
    ):
        told = await bring(call, {"prompts": [{"slug": "odd", "versions": [version, second]} | change]}, status=422)
        assert told["error"]["param"] == param
    assert (await call("GET", "/v1/prompts")).body["data"] == []


async def test_a_chain_of_nothing_and_a_verdict_of_anything_are_refused_by_their_place(call: Caller) -> None:
    chain = {"chains": [{"slug": "c", "versions": [{"version": 1, "content": {}}]}]}
    told = await bring(call, chain, "dry_run=true", status=422)
    assert told["error"]["param"] == "chains[0].versions[0].content.steps"
    moved = {"slug": "c", "versions": [{"version": 1, "content": {"steps": STEPS}}], "label_moves": [MOVE]}
    told = await bring(call, {"chains": [moved]}, "dry_run=true", status=422)
    assert told["error"]["param"] == "chains[0].label_moves[0].label"
    arms = [{"name": name, "version": number, "share": 0.5} for number, name in enumerate("ab", 1)]
    asked = {"name": "E", "prompt": "odd", "arms": arms, "unit": "end_user", "metric": "satisfaction"}
    told = await bring(call, {"experiments": [{"experiment": asked, "status": "completed", "verdict": {"x": 1}}]}, status=422)
    assert told["error"]["param"].startswith("experiments[0].verdict")


async def test_a_folder_moves_alone_and_what_is_no_bundle_is_refused_by_name(stack: Stack, call: Caller) -> None:
    await furnished(call)
    part = json.loads(await export(call, "&folder=desk"))
    marked = await bring(await stack.caller(), b"\xef\xbb\xbf" + json.dumps(part).encode(), "dry_run=true")
    assert [one["outcome"] for one in marked["prompts"]] == ["created"], "as editors on Windows save it"
    assert ([one["slug"] for one in part["prompts"]], part["datasets"]) == (["router"], [])
    good = part["prompts"][0]
    for place, wrong in (
        ("prompts[0].slug", good | {"slug": "no/slug"}),
        ("prompts[0].versions", good | {"versions": [good["versions"][1]]}),
        ("prompts[0]", good | {"latest_version": 9}),
        ("prompts[0].branches", good | {"branches": [{"branch": "No Name", "version": 1, "from_version": 1}]}),
        ("prompts[0].versions[0].content.messages", good | _saying("{{")),
        ("prompts[0].versions[0].content.temperature", good | _saying("x", temperature=9)),
    ):
        error = (await bring(await stack.caller(), {"prompts": [wrong]}, status=422))["error"]
        assert error["param"].startswith(place), error
    assert (await bring(call, b"[]", status=400))["error"]["code"]
    editor = await stack.caller(workspace=call.workspace, role="editor")
    assert (await editor("POST", "/v1/import", {"prompts": []})).status == 403


def _saying(text: str, **settings: object) -> dict[str, Any]:
    """The versions of a prompt of which there is one, with one message."""
    return {"versions": [{"version": 1, "content": {"messages": [{"role": "user", "content": text}], "model": "m"} | settings}]}


@pytest.mark.parametrize(("file", "query"), [({}, ""), ([], "format=langfuse"), ({"prompts": []}, "format=source")])
async def test_a_file_that_holds_nothing_says_so(call: Caller, file: Any, query: str) -> None:
    for one in (query, f"{query}&dry_run=true"):
        answer = await bring(call, file, one)
        assert [note for note in answer["notes"] if "holds nothing to bring in" in note] == answer["notes"] != [], answer


async def test_a_text_may_stand_as_a_template_as_in_the_api(call: Caller) -> None:
    fields = {"template": "Hello {{name}}", "model": "m", "variants": [{"model": "lab/*", "template": "Hi {{name}}"}]}
    bundle = {"format": "burnish.bundle", "version": 1, "prompts": [{"slug": "short", "versions": [{"version": 1, "content": fields}]}]}
    await bring(call, bundle)
    assert (await call("POST", "/v1/prompts", fields | {"slug": "by-hand"})).status == 201
    brought, made = [(await call("GET", f"/v1/prompts/{slug}/versions/1")).body for slug in ("short", "by-hand")]
    assert [brought[name] for name in ("messages", "variants")] == [made[name] for name in ("messages", "variants")]
    assert brought["messages"] == [{"role": "user", "content": "Hello {{name}}"}]


async def test_prompts_of_langfuse_render_the_same_text(call: Caller) -> None:
    movie = {
        "name": "films/movie-critic",
        "type": "text",
        "config": {"model": "gpt-4o", "temperature": 0.5, "languages": ["en"]},
        "tags": ["movies"],
    }
    rows = [
        movie | {"version": 1, "prompt": 'As a {{criticLevel}} critic, do you like {{ movie }}? Say {{"json": 1}}', "labels": ["staging"]},
        movie | {"version": 3, "prompt": "Do you like {{movie}}?", "labels": ["production", "latest"], "commitMessage": "shorter"},
        {"name": "tone", "type": "text", "version": 1, "prompt": "Be kind.", "labels": ["production"], "config": {}},
        {"name": "chat", "type": "chat", "version": 1, "labels": ["production"], "config": {"model": "gpt-4o"}, "prompt": [
            {"role": "system", "content": "@@@langfusePrompt:name=tone|label=production@@@ Help {{who}}."},
            {"type": "placeholder", "name": "history"}, {"type": "chatmessage", "role": "user", "content": "{{q}}"}]},
        {"datasetName": "capitals", "input": {"q": "France?"}, "expectedOutput": "Paris", "status": "ACTIVE"},
    ]  # fmt: skip
    told = await bring(call, {"data": rows}, "format=langfuse&model=simulated/chat")
    assert [one["outcome"] for one in told["prompts"]] == ["created"] * 3 and told["datasets"][0]["items_added"] == 1
    assert await rendered(call, "films-movie-critic", movie="Heat") == "Do you like Heat?"
    first = await call(
        "POST", "/v1/prompts/films-movie-critic/render", {"version": 1, "variables": {"criticLevel": "kind", "movie": "Heat"}}
    )
    assert first.body["messages"][0]["content"] == 'As a kind critic, do you like Heat? Say {{"json": 1}}'
    made = (await call("GET", "/v1/prompts/films-movie-critic")).body
    assert (made["folder"], made["model"], made["temperature"], made["labels"]) == (
        "films", "gpt-4o", 0.5, {"production": 2, "staging": 1, "latest": 2},
    )  # fmt: skip
    assert first.body["config"] == made["config"] == movie["config"], "the application reads it from here now"
    assert "config" not in (await call("GET", "/v1/prompts/tone")).body
    talk = await call("POST", "/v1/prompts/chat/render", {"variables": {"who": "Ada", "q": "Hi", "history": []}})
    assert [one["content"] for one in talk.body["messages"]] == ["Be kind. Help Ada.", "Hi"]
    assert {one["outcome"] for one in (await bring(call, {"data": rows}, "format=langfuse&model=simulated/chat"))["prompts"]} == {
        "unchanged"
    }


async def test_prompt_objects_of_openai_render_the_same_text(call: Caller) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
    row = {
        "id": "pmpt_123", "name": "Support", "version": "1", "model": "gpt-5.1", "instructions": "Answer {{customer_name}} kindly.",
        "input": [{"role": "user", "content": [{"type": "input_text", "text": "About {{issue}}"}]}], "max_output_tokens": 300,
        "reasoning": {"effort": "low"}, "text": {"format": {"type": "json_schema", "name": "a", "schema": schema, "strict": True}},
        "tools": [{"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}, {"type": "web_search"}],
    }  # fmt: skip
    await bring(call, {"object": "list", "data": [row, row | {"version": "2", "instructions": "Help {{customer_name}}."}]}, "format=openai")
    made = await call("POST", "/v1/prompts/support/render", {"version": 1, "variables": {"customer_name": "Ada", "issue": "bills"}})
    assert [one["content"] for one in made.body["messages"]] == ["Answer Ada kindly.", "About bills"]
    version = (await call("GET", "/v1/prompts/support/versions/2")).body
    assert (version["model"], version["max_tokens"], version["reasoning_effort"], version["json_schema"]) == ("gpt-5.1", 300, "low", schema)
    assert [one["function"]["name"] for one in version["tools"]] == ["look"]


async def test_a_promptfoo_file_becomes_prompts_and_a_dataset(call: Caller) -> None:
    config = """
description: Translator
providers:
  - id: openai:chat:gpt-5-mini
    config: {temperature: 0.2, max_tokens: 100}
prompts:
  - 'Translate to {{language}}: {{ input }} {% raw %}{{kept}}{% endraw %}'
  - label: as chat
    raw: '[{"role": "system", "content": "Into {{language}}."}, {"role": "user", "content": "{{input}}"}]'
  - 'Shout {{ input | upper }}'
  - file://prompt1.txt
tests:
  - vars: {language: French, input: Hello world}
    assert: [{type: equals, value: Bonjour le monde}]
  - vars: {language: German, input: Hi}
    assert: [{type: llm-rubric, value: is German}]
"""
    told = await bring(call, config, "format=promptfoo")
    assert [one["slug"] for one in told["prompts"]] == ["translator-1", "as-chat"]
    assert [one["items_added"] for one in told["datasets"]] == [1, 1] and sum("left out" in note for note in told["notes"]) == 2
    assert any("1 item has no right answer" in note for note in told["notes"])
    assert await rendered(call, "translator-1", language="French", input="Hi") == "Translate to French: Hi {{kept}}"
    assert await rendered(call, "as-chat", language="French", input="Hi") == "Into French.\nHi"
    assert (await call("GET", "/v1/prompts/as-chat")).body["model"] == "gpt-5-mini"
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{n}: &{n} [{','.join([f'*{p}'] * 10)}]\n" for p, n in zip("abcdefg", "bcdefgh", strict=True)
    )
    for wrong in (bomb, "[" * 100_000, "a: !!python/object/apply:os.system ['x']", "\t- x: ["):
        assert (await call("POST", "/v1/import?format=promptfoo", raw=wrong.encode())).status in (400, 422)


async def test_the_source_systems_files_become_prompts_and_a_dataset(call: Caller) -> None:
    rows = [
        {
            "id": 1,
            "name": "ticket router",
            "version": 1,
            "template": "Route {{ticket}}",
            "model": "simulated/chat",
            "category": "classification",
        },
        {
            "id": 2,
            "name": "ticket router",
            "version": 2,
            "template": "Now route {{ticket}}",
            "system_prompt": "Be brief.",
            "is_active": True,
        },
    ]
    await bring(call, {"ai_prompts": rows}, "format=source")
    assert await rendered(call, "ticket-router", ticket="t") == "Be brief.\nNow route t"
    items = [{"input": "Where is my parcel", "expected": "shipping", "split": "val"}, {"text": "Refund", "category": "billing"}]
    assert (await bring(call, items, "format=source"))["datasets"] == [{"name": "test_set", "outcome": "created", "items_added": 2}]

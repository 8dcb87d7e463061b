"""`auto` and rules choose a model or a version where the call leaves it open, and say so (E12)."""

import json
from typing import Any

import pytest

from burnish_gateway.metrics import ROUTED
from tests.embedded.stack import Caller
from tests.fakes.keyed_provider import KeyedProvider
from tests.integration.models.conftest import described, made

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E12")]

ASKED = [{"role": "user", "content": "Hello."}]
CHEAP = {"input_price_nusd_per_million": 1_000_000, "output_price_nusd_per_million": 2_000_000}
DEAR = {"input_price_nusd_per_million": 50_000_000, "output_price_nusd_per_million": 90_000_000}


async def three(caller: Caller, provider: KeyedProvider) -> None:
    """A cheap one of which nothing is known, a good one, and the best, which is liked for support."""
    await made(caller, described(provider, "lab/cheap", **CHEAP))
    await made(caller, described(provider, "lab/good", quality_score=0.7, latency_ms=400, capabilities=["chat", "tools"]))
    await made(caller, described(provider, "lab/best", quality_score=0.9, latency_ms=900, preferred_for=["support"], **DEAR))


def counted() -> dict[str, float]:
    return {outcome: ROUTED.labels(outcome)._value.get() for outcome in ("rule", "auto", "no_model")}


async def ask(caller: Caller, **more: Any) -> Any:
    return await caller("POST", "/v1/executions", {"messages": ASKED, "model": "auto", **more})


async def test_auto_takes_the_cheapest_that_meets_what_is_asked(caller: Caller, provider: KeyedProvider) -> None:
    await three(caller, provider)
    for requirements, model, considered in (
        ({}, "lab/cheap", 3),
        ({"min_quality": 0.5}, "lab/best", 2),
        ({"min_quality": 0.5, "max_latency_ms": 500}, "lab/good", 1),
        ({"capabilities": ["tools"]}, "lab/good", 1),
        ({"use_case": "support"}, "lab/best", 3),
        ({"max_cost_nusd": 50_000}, "lab/cheap", 1),
    ):
        answer = await ask(caller, requirements=requirements)
        assert (answer.status, answer.body["model"]) == (200, model), (requirements, answer.body)
        assert answer.body["routing"] == {"rule": None, "prompt": None, "auto": True, "considered": considered}
        assert (await caller("GET", f"/v1/executions/{answer.body['id']}")).body["routing"] == answer.body["routing"]
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    assert (await ask(caller, overrides={"tools": tools})).body["model"] == "lab/good"


async def test_where_none_qualifies_the_refusal_says_why_of_each(caller: Caller, provider: KeyedProvider) -> None:
    await three(caller, provider)
    await made(caller, described(provider, "lab/free") | {"input_price_nusd_per_million": None, "output_price_nusd_per_million": None})
    refused = await ask(caller, requirements={"min_quality": 0.95})
    error = refused.body["error"]
    assert (refused.status, error["code"], error["param"]) == (422, "no_model_qualifies", "model")
    because = {one["model"]: " ".join(one["because"]) for one in error["details"]["models"]}
    assert set(because) >= {"lab/cheap", "lab/good", "lab/best", "lab/free", "simulated/chat"}
    assert "not known" in because["lab/cheap"] and "quality is 0.9; 0.95 is asked" in because["lab/best"]
    assert "no price" in because["lab/free"]
    dry = await caller("POST", "/v1/routing/explain", {"messages": ASKED, "model": "auto", "requirements": {"min_quality": 0.95}})
    assert dry.status == 200 and dry.body["model"] is None and dry.body["models"] == error["details"]["models"]


async def test_a_toy_answers_only_where_no_real_model_can_be_called(caller: Caller, provider: KeyedProvider) -> None:
    assert (await ask(caller)).body["simulated"] is True
    await made(caller, described(provider, "lab/real", **DEAR))
    assert (await ask(caller)).body["model"] == "lab/real"
    refused = await ask(caller, requirements={"capabilities": ["json"]})
    assert refused.status == 422 and "a toy" in str(refused.body["error"]["details"])


@pytest.mark.promise("E-04")
async def test_auto_falls_back_to_the_next_cheapest(caller: Caller, provider: KeyedProvider) -> None:
    await made(caller, described(provider, "lab/away", **CHEAP) | {"base_url": f"{provider.base_url}/gone"})
    await made(caller, described(provider, "lab/there"))
    answer = await ask(caller)
    assert (answer.status, answer.body["model"]) == (200, "lab/there"), answer.body
    assert [one["model"] for one in answer.body["attempts"]][-1] == "lab/there" and answer.body["attempts"][0]["model"] == "lab/away"


async def test_the_fallback_of_a_fallback_is_asked_and_what_is_explained_is_what_happens(caller: Caller, provider: KeyedProvider) -> None:
    """As a group of three deployments of LiteLLM's proxy comes in. One that has no price is passed over, and a circle ends."""
    gone = {"base_url": f"{provider.base_url}/gone"}
    unpriced = {"input_price_nusd_per_million": None, "output_price_nusd_per_million": None}
    await made(caller, described(provider, "lab/third"))
    await made(caller, described(provider, "lab/unpriced", fallback_model="lab/third") | unpriced)
    await made(caller, described(provider, "lab/second", fallback_model="lab/unpriced") | gone)
    await made(caller, described(provider, "lab/first", fallback_model="lab/second") | gone)
    assert (await caller("PATCH", "/v1/models/lab/third", {"fallback_model": "lab/first"})).status == 200
    call = {"messages": ASKED, "model": "lab/first"}
    told = await caller("POST", "/v1/routing/explain", call)
    assert told.body["falls_back_to"] == ["lab/second", "lab/third"], told.body
    answer = await caller("POST", "/v1/executions", call)
    assert (answer.status, answer.body["model"]) == (200, "lab/third"), answer.body
    asked = [one["model"] for one in answer.body["attempts"]]
    assert list(dict.fromkeys(asked)) == ["lab/first", "lab/second", "lab/third"]


async def test_what_is_explained_names_the_fallbacks_of_the_call_and_of_the_version(caller: Caller, provider: KeyedProvider) -> None:
    await three(caller, provider)
    assert (await caller("PATCH", "/v1/models/lab/cheap", {"fallback_model": "lab/best"})).status == 200
    prompt = {"slug": "spared", "messages": ASKED, "model": "lab/cheap", "fallback_models": ["lab/good"]}
    assert (await caller("POST", "/v1/prompts", prompt)).status == 201
    for call, names in (({}, ["lab/good"]), ({"fallback_models": ["lab/best"]}, ["lab/best"]), ({"fallback_models": []}, [])):
        told = await caller("POST", "/v1/routing/explain", {"prompt": "spared", **call})
        assert told.body["falls_back_to"] == names, told.body
    refused = await caller("POST", "/v1/routing/explain", {"prompt": "spared", "fallback_models": ["lab/none"]})
    assert (refused.status, refused.body["error"]["param"]) == (422, "fallback_models[0]")


async def test_requirements_are_the_calls_else_the_versions_else_the_workspaces(caller: Caller, provider: KeyedProvider) -> None:
    await three(caller, provider)
    said = {"requirements": {"min_quality": 0.5, "max_latency_ms": 500}}
    assert (await caller("PUT", "/v1/routing", said)).status == 200
    assert (await ask(caller)).body["model"] == "lab/good"
    prompt = {"slug": "greet", "messages": ASKED, "model": "auto", "requirements": {"min_quality": 0.8}}
    created = await caller("POST", "/v1/prompts", prompt)
    assert created.status == 201, created.body
    named = {"prompt": "greet"}
    assert (await caller("POST", "/v1/executions", named)).body["model"] == "lab/best"
    assert (await caller("POST", "/v1/executions", named | {"requirements": {}})).body["model"] == "lab/cheap"
    assert (await caller("PATCH", "/v1/prompts/greet", {"use_case": "support"})).status == 200
    told = await caller("POST", "/v1/routing/explain", named | {"requirements": {}})
    assert (told.body["model"], told.body["falls_back_to"]) == ("lab/best", ["lab/cheap", "lab/good"])
    chat = {"model": "auto", "messages": ASKED, "metadata": {"requirements": '{"capabilities": ["tools"]}'}}
    assert (await caller("POST", "/v1/chat/completions", chat)).body["model"] == "lab/good"
    wrong = await caller("POST", "/v1/chat/completions", chat | {"metadata": {"requirements": '{"min_quality": 7}'}})
    assert (wrong.status, wrong.body["error"]["param"]) == (400, "metadata.requirements")


async def test_auto_goes_by_the_cap_that_the_call_will_have_under_whichever_name(caller: Caller, provider: KeyedProvider) -> None:
    """A call's cap stands in place of its version's, also under the other of the two names, and a null is no cap."""
    await made(caller, described(provider, "lab/brief", output_tokens=100, **CHEAP))
    await made(caller, described(provider, "lab/ample", output_tokens=4_000, **DEAR))
    for slug, of_version, of_call, model in (
        ("brief", {"max_completion_tokens": 50}, {"max_tokens": 3_000}, "lab/ample"),
        ("ample", {"max_completion_tokens": 3_000}, {"max_tokens": 50}, "lab/brief"),
        ("silent", {"max_tokens": 3_000}, {"max_tokens": None}, "lab/ample"),
    ):
        assert (await caller("POST", "/v1/prompts", {"slug": slug, "messages": ASKED, "model": "auto", **of_version})).status == 201
        answer = await caller("POST", "/v1/chat/completions", {"model": f"burnish::prompt::{slug}", "messages": ASKED, **of_call})
        assert (answer.status, answer.body.get("model")) == (200, model), (slug, answer.body)


async def test_requirements_beside_a_model_that_is_named_are_refused(caller: Caller, provider: KeyedProvider) -> None:
    await three(caller, provider)
    body = {"messages": ASKED, "model": "lab/cheap", "requirements": {"min_quality": 0.8}}
    for path in ("/v1/executions", "/v1/routing/explain"):
        refused = await caller("POST", path, body)
        assert (refused.status, refused.body["error"]["param"]) == (422, "requirements"), refused.body
        assert "auto" in refused.body["error"]["message"]
    assert (await caller("POST", "/v1/executions", body | {"requirements": {}})).body["model"] == "lab/cheap"
    assert (await caller("POST", "/v1/executions", body | {"model": "auto"})).body["model"] == "lab/best"
    in_metadata = {"messages": ASKED, "model": "lab/cheap", "metadata": {"requirements": '{"min_quality": 0.8}'}}
    for given, param in ((body, "requirements"), (in_metadata, "metadata.requirements")):
        chat = await caller("POST", "/v1/chat/completions", given)
        assert (chat.status, chat.body["error"]["param"]) == (400, param), chat.body
    line = {"custom_id": "a", "method": "POST", "url": "/v1/executions", "body": body}
    batch = await caller("POST", "/v1/batches", {"requests": [line]})
    assert "requirements: choose among models" in json.dumps(batch.body), batch.body


RULES = [
    {"name": "germans", "when": "language == 'de'", "use": {"version": 2}},
    {"name": "long", "when": "input_tokens > 400", "use": {"model": "lab/best"}},
    {"name": "gone", "when": "variables.tier == 'gold'", "use": {"label": "nowhere"}},
    {"name": "gold", "when": "variables.tier == 'gold'", "use": {"model": "auto"}},
]
GERMAN = "Ich habe eine Frage zu der Rechnung, die nicht mit dem Betrag auf meinem Konto übereinstimmt, und ich bitte um eine Antwort."


async def _with_rules(caller: Caller, provider: KeyedProvider) -> None:
    await three(caller, provider)
    prompt = {"slug": "desk", "messages": [{"role": "user", "content": "Answer: {{text}}"}], "model": "lab/good"}
    assert (await caller("POST", "/v1/prompts", prompt)).status == 201
    second = {"base_version": 1, "messages": [{"role": "user", "content": "Antworte: {{text}}"}]}
    assert (await caller("POST", "/v1/prompts/desk/versions", second)).status == 201
    saved = await caller("PUT", "/v1/prompts/desk/routing", {"rules": RULES})
    assert saved.status == 200 and saved.body["rules"] == RULES, saved.body
    workspace = {"rules": [{"name": "mobile", "when": "app == 'mobile'", "use": {"model": "lab/cheap"}}]}
    assert (await caller("PUT", "/v1/routing", workspace)).status == 200


async def test_rules_choose_by_variables_length_and_language_and_the_answer_names_them(caller: Caller, provider: KeyedProvider) -> None:
    await _with_rules(caller, provider)

    async def run(text: str, **more: Any) -> tuple[int, str, str | None]:
        variables = {"text": text} | more.pop("variables", {})
        answer = await caller("POST", "/v1/executions", {"prompt": "desk", "variables": variables, **more})
        assert answer.status == 200, answer.body
        routing = answer.body["routing"]
        return answer.body["version"], answer.body["model"], routing["rule"] if routing else None

    assert await run("hi") == (1, "lab/good", None)
    assert await run(GERMAN) == (2, "lab/good", "germans")
    assert await run("x" * 1_500) == (1, "lab/best", "long")
    assert await run("hi", variables={"tier": "gold"}) == (1, "lab/cheap", "gold"), "a label that is not there is passed over"
    assert await run("hi", app="mobile") == (1, "lab/cheap", "mobile"), "the workspace's come after the prompt's own"
    assert await run("x" * 1_500, model="lab/cheap") == (1, "lab/cheap", None), "a model that the call names is the call's"
    assert await run(GERMAN, version=1) == (1, "lab/good", None), "so is a version"
    told = await caller("POST", "/v1/routing/explain", {"prompt": "desk", "variables": {"text": "hi", "tier": 7}})
    assert {one["name"]: one["holds"] for one in told.body["rules"]} == {
        "germans": False, "long": False, "gone": False, "gold": False, "mobile": False,
    }  # fmt: skip
    streamed = await caller.events("/v1/executions", {"prompt": "desk", "variables": {"text": GERMAN}, "stream": True})
    assert streamed[-1][1]["routing"] == {"rule": "germans", "prompt": "desk", "auto": False, "considered": 0}
    assert (await caller("PUT", "/v1/prompts/desk/routing", {"rules": []})).status == 200
    assert await run(GERMAN) == (1, "lab/good", None), "a change holds at once"


@pytest.mark.capability("P5")
async def test_a_rule_puts_nothing_that_nobody_approved_in_the_place_of_a_protected_label(caller: Caller, provider: KeyedProvider) -> None:
    await _with_rules(caller, provider)
    rules = [{"name": "all", "when": "true", "use": {"version": 2}}]
    assert (await caller("PUT", "/v1/prompts/desk/routing", {"rules": rules})).status == 200

    async def version(**more: Any) -> int:
        answer = await caller("POST", "/v1/executions", {"prompt": "desk", "variables": {"text": "hi"}, **more})
        return int(answer.body["version"])

    assert await version() == 2
    assert (await caller("PUT", "/v1/prompts/desk/labels/staging", {"version": 1})).status == 200
    workspace = f"/v1/workspaces/{caller.workspace.workspace_id}"
    assert (await caller("PATCH", workspace, {"protected_labels": ["production"]})).status == 200
    assert (await version(), await version(label="staging")) == (1, 2)
    for step, served in (("", 1), ("/approve", 2)):
        assert (await caller("POST", f"/v1/prompts/desk/versions/2/review{step}", {})).status in (200, 201)
        assert await version() == served
    assert (await caller("POST", "/v1/prompts/desk/versions/2/review/send-back", {"comment": "no"})).status == 200
    assert await version() == 1, "the approval was taken back"


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ([{"name": "a", "when": "weather == 'fine'", "use": {"model": "m"}}], "weather"),
        ([{"name": "a", "when": "input_tokens +", "use": {"model": "m"}}], "when"),
        ([{"name": "a", "when": "input_tokens", "use": {"model": "m"}}], "neither true nor false"),
        ([{"name": "a", "when": "true", "use": {}}], "exactly one"),
        ([{"name": "a", "when": "true", "use": {"model": "m", "label": "x"}}], "exactly one"),
        ([{"name": "a", "when": "true", "use": {"version": 1}}], "belong to a prompt"),
        ([{"name": "a", "when": "true", "use": {"model": "m"}}, {"name": "a", "when": "false", "use": {"model": "m"}}], "stands twice"),
    ],
)
async def test_a_rule_that_could_never_choose_is_refused(caller: Caller, rules: list[dict[str, Any]], words: str) -> None:
    refused = await caller("PUT", "/v1/routing", {"rules": rules})
    assert refused.status == 422 and words in str(refused.body["error"]), refused.body


async def test_a_rule_whose_choice_finds_no_model_is_passed_over(caller: Caller, provider: KeyedProvider) -> None:
    """A call never fails by a rule; one that asks for `auto` itself is told why."""
    await three(caller, provider)
    rules = [{"name": "all", "when": "true", "use": {"model": "auto"}}, {"name": "then", "when": "true", "use": {"model": "lab/cheap"}}]
    assert (await caller("PUT", "/v1/routing", {"requirements": {"capabilities": ["telepathy"]}, "rules": rules})).status == 200
    prompt = {"slug": "desk", "template": "Hi", "model": "lab/good"}
    assert (await caller("POST", "/v1/prompts", prompt)).status == 201
    answer = await caller("POST", "/v1/executions", {"prompt": "desk"})
    assert (answer.status, answer.body.get("model"), (answer.body.get("routing") or {}).get("rule")) == (200, "lab/cheap", "then"), (
        answer.body
    )
    assert (await caller("PUT", "/v1/routing", {"requirements": {"capabilities": ["telepathy"]}, "rules": rules[:1]})).status == 200
    answer = await caller("POST", "/v1/executions", {"prompt": "desk"})
    assert (answer.status, answer.body.get("model"), answer.body.get("routing")) == (200, "lab/good", None), answer.body
    asked = await caller("POST", "/v1/executions", {"prompt": "desk", "model": "auto"})
    assert (asked.status, asked.body["error"]["code"]) == (422, "no_model_qualifies"), asked.body


async def test_each_call_is_counted_once_by_how_its_model_was_chosen(caller: Caller, provider: KeyedProvider) -> None:
    """A rule that is passed over is none that chose, and an explanation is no call."""
    await three(caller, provider)
    rules = [{"name": "all", "when": "true", "use": {"model": "auto"}}, {"name": "then", "when": "true", "use": {"model": "lab/cheap"}}]
    assert (await caller("POST", "/v1/prompts", {"slug": "desk", "template": "Hi", "model": "lab/good"})).status == 201

    async def counts(routing: Any, *, status: int = 200, path: str = "/v1/executions", **more: Any) -> dict[str, float]:
        assert (await caller("PUT", "/v1/routing", routing)).status == 200
        before = counted()
        answer = await caller("POST", path, {"prompt": "desk", **more})
        assert answer.status == status, answer.body
        return {outcome: more for outcome, value in counted().items() if (more := value - before[outcome])}

    unmet = {"capabilities": ["telepathy"]}
    assert await counts({"requirements": unmet, "rules": rules}) == {"rule": 1}
    assert await counts({"requirements": unmet, "rules": rules[:1]}) == {}, "the prompt names its model"
    assert await counts({"requirements": unmet, "rules": rules[:1]}, model="auto", status=422) == {"no_model": 1}
    assert await counts({"rules": rules}) == {"rule": 1}
    assert await counts({"rules": []}, model="auto") == {"auto": 1}
    assert await counts({"rules": []}, model="auto", path="/v1/routing/explain") == {}


async def test_a_call_that_another_version_answers_is_counted_once(caller: Caller, provider: KeyedProvider) -> None:
    await three(caller, provider)
    assert (await caller("POST", "/v1/prompts", {"slug": "desk", "template": "Hi", "model": "lab/good"})).status == 201
    fuller = {"base_version": 1, "template": "Hi {{name}}", "fallback_version": 1}
    assert (await caller("POST", "/v1/prompts/desk/versions", fuller)).status == 201
    rules = [{"name": "all", "when": "true", "use": {"model": "lab/cheap"}}]
    assert (await caller("PUT", "/v1/routing", {"rules": rules})).status == 200
    before = counted()
    answer = await caller("POST", "/v1/executions", {"prompt": "desk", "label": "latest"})
    assert (answer.status, answer.body["version"]) == (200, 1), answer.body
    assert counted() == before | {"rule": before["rule"] + 1}


async def test_routing_is_read_and_audited(caller: Caller, provider: KeyedProvider) -> None:
    assert (await caller("GET", "/v1/routing")).body["updated_at"] is None
    rules = [{"name": "all", "when": "true", "use": {"model": "auto"}}]
    await caller("PUT", "/v1/routing", {"requirements": {"min_quality": 0.1}, "rules": rules})
    shown = (await caller("GET", "/v1/routing")).body
    assert (shown["rules"], shown["requirements"], shown["prompt"]) == (rules, {"min_quality": 0.1}, None)
    (entry,) = (await caller("GET", "/v1/audit?action=routing.set")).body["data"]
    assert entry["after"]["rules"] == [{"name": "all", "use": {"model": "auto"}}] and entry["before"] is None
    assert (await caller("GET", "/v1/prompts/nobodys/routing")).status == 404
    assert (await caller("PUT", "/v1/prompts/nobodys/routing", {"rules": []})).status == 404


async def test_rules_that_choose_nothing_are_refused_or_told(caller: Caller) -> None:
    assert (await caller("POST", "/v1/prompts", {"slug": "told", "template": "Hi", "model": "simulated/chat"})).status == 201

    def rule(**use: Any) -> dict[str, Any]:
        return {"rules": [{"name": "one", "when": "true", "use": use}]}

    refused = await caller("PUT", "/v1/prompts/told/routing", rule(version=99))
    assert (refused.status, refused.body["error"]["param"]) == (422, "rules[0].use.version"), refused.body
    for label in ("2", "a label", "-x"):
        refused = await caller("PUT", "/v1/prompts/told/routing", rule(label=label))
        assert (refused.status, refused.body["error"]["param"]) == (422, "rules[0].use.label"), refused.body
    folded = await caller("PUT", "/v1/prompts/told/routing", rule(label="Latest"))
    assert (folded.body["rules"][0]["use"], folded.body["warnings"]) == ({"label": "latest"}, [])
    uses: list[dict[str, Any]] = [{"label": "nowhere"}, {"model": "nope"}]
    for use in uses:
        saved = await caller("PUT", "/v1/prompts/told/routing", rule(**use))
        assert saved.status == 200 and len(saved.body["warnings"]) == 1 and next(iter(use.values())) in saved.body["warnings"][0]
    fine: list[dict[str, Any]] = [{"version": 1}, {"label": "latest"}, {"model": "auto"}, {"model": "simulated/chat"}]
    for use in fine:
        assert (await caller("PUT", "/v1/prompts/told/routing", rule(**use))).body["warnings"] == []
    assert len((await caller("PUT", "/v1/routing", rule(model="nope"))).body["warnings"]) == 1

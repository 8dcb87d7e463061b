"""When a model fails before a word of it was told, the next one is asked: in order, within the deadline, and held for."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from burnish_shared.books.finished import UNSAID
from tests.embedded.stack import Caller
from tests.fakes.keyed_provider import TEXT, KeyedProvider, Manner, serving_by_key

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E9")]

DOWN = '{"error": {"message": "upstream is down", "code": 502}}'
NO_MONEY = '{"error": {"message": "You exceeded your current quota.", "type": "insufficient_quota", "code": "insufficient_quota"}}'
PAGE = "\n<!doctype html><p>Sign in to the network.</p>"

ASKED = [{"role": "user", "content": "Hello."}]


@dataclass(frozen=True, slots=True)
class Three:
    """Providers of the models own/first, own/second and own/third; each costs ten times the one before."""

    first: KeyedProvider
    second: KeyedProvider
    third: KeyedProvider

    @property
    def calls(self) -> list[int]:
        return [len(one.calls) for one in (self.first, self.second, self.third)]


@pytest_asyncio.fixture(loop_scope="session")
async def three(caller: Caller) -> AsyncIterator[Three]:
    async with AsyncExitStack() as stack:
        found = [await stack.enter_async_context(serving_by_key()) for _ in range(3)]
        for index, (name, provider) in enumerate(zip(("first", "second", "third"), found, strict=True)):
            facts = {
                "model": f"own/{name}", "provider": f"lab_{name}", "upstream_model": name, "base_url": provider.base_url,
                "context_tokens": 100_000, "output_tokens": 400 // (index + 1), "input_price_nusd_per_million": 10**index * 1_000_000,
                "output_price_nusd_per_million": 10**index * 1_000_000,
            }  # fmt: skip
            made = await caller("POST", "/v1/models", facts)
            assert made.status == 201, made.body
        yield Three(*found)


async def _ask(caller: Caller, **more: Any) -> Any:
    body = {"messages": ASKED, "model": "own/first", "fallback_models": ["own/second", "own/third"], **more}
    return await caller("POST", "/v1/executions", body)


SECRET = "wolpertinger"


@pytest.mark.promise("P-08")
@pytest.mark.parametrize("how", ["workspace", "call"])
async def test_what_providers_say_of_a_call_without_texts_is_told_and_not_kept(caller: Caller, three: Three, how: str) -> None:
    """They repeat what they were asked."""
    for one in (three.first, three.second, three.third):
        one.manners[""] = Manner(status=500, says=f"cannot read {SECRET}")
    asked: dict[str, Any] = {"messages": [{"role": "user", "content": SECRET}]}
    if how == "workspace":
        assert (await caller("PATCH", f"/v1/workspaces/{caller.workspace.workspace_id}", {"store_content": False})).status == 200
    else:
        asked |= {"overrides": {"extra": {"store": False}}}
    refused = await _ask(caller, **asked)
    assert refused.status == 502 and SECRET in refused.body["error"]["message"], refused.body
    kept = (await caller("GET", f"/v1/executions/{refused.headers['x-execution-id']}")).body
    assert SECRET not in str(kept) and kept["error"]["message"] == UNSAID
    assert (kept["error"]["code"], kept["error"]["provider_status"]) == ("provider_failed", 500)
    assert [(one["model"], one["http_status"]) for one in kept["attempts"]][-1] == ("own/third", 500)


@pytest.mark.parametrize(("context", "asked"), [(200_000, [1, 0, 1]), (50_000, [1, 0, 0])])
async def test_an_input_that_is_too_long_goes_to_a_model_that_takes_more(
    caller: Caller, three: Three, context: int, asked: list[int]
) -> None:
    assert (await caller("PATCH", "/v1/models/own/third", {"context_tokens": context})).status == 200
    three.first.manners[""] = Manner(status=400, says="This model's maximum context length is 100000 tokens.")
    answer = await _ask(caller)
    assert three.calls == asked, "of models that take no more none is asked"
    if context > 100_000:
        assert (answer.status, answer.body["model"], [one["http_status"] for one in answer.body["attempts"]]) == (
            200,
            "own/third",
            [400, 200],
        )
    else:
        assert (answer.status, answer.body["error"]["code"]) == (400, "provider_refused"), answer.body


@pytest.mark.promise("E-04")
@pytest.mark.parametrize("status", [429, 500, 503, 401, 404])
async def test_the_next_model_answers_and_every_attempt_is_listed(caller: Caller, three: Three, status: int) -> None:
    three.first.manners[""] = three.second.manners[""] = Manner(status=status, retry_after="60")
    answer = await _ask(caller)
    assert (answer.status, answer.body["output"], answer.body["model"], answer.body["provider"]) == (200, TEXT, "own/third", "lab_third")
    tried = answer.body["attempts"]
    assert [one["model"] for one in tried][-1] == "own/third" and {one["model"] for one in tried} == {
        "own/first",
        "own/second",
        "own/third",
    }
    assert [one["cost_nusd"] for one in tried[:-1]] == [0] * (len(tried) - 1)
    assert answer.body["cost_nusd"] + answer.body["overage_nusd"] == 1100 * 100  # 1,000 tokens in and 100 out at the third one's price
    assert sum(one["cost_nusd"] for one in tried) == answer.body["cost_nusd"]
    kept = (await caller("GET", f"/v1/executions/{answer.body['id']}")).body
    assert (kept["model"], kept["cost_nusd"]) == ("own/third", answer.body["cost_nusd"])
    statement = (await caller("GET", "/v1/credits")).body
    assert statement["held_nusd"] == 0


@pytest.mark.promise("E-04")
@pytest.mark.parametrize(
    "manner",
    [
        Manner(status=402),
        Manner(status=429, code="insufficient_quota"),
        Manner(status=400, says="Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing."),
        Manner(status=400, code="billing_hard_limit_reached"),
    ],
    ids=["402", "OpenAI", "Anthropic", "OpenAI's limit"],
)
async def test_an_account_without_money_is_asked_once_and_the_next_model_answers(caller: Caller, three: Three, manner: Manner) -> None:
    three.first.manners[""] = manner
    answer = await _ask(caller)
    assert (answer.status, answer.body["model"], three.calls) == (200, "own/second", [1, 1, 0])
    alone = await _ask(caller, fallback_models=[])
    error = alone.body["error"]
    assert (alone.status, error["code"], error["retryable"], three.calls) == (502, "provider_account_empty", False, [2, 1, 0])


@pytest.mark.promise("E-04", "E-05")
@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("says", "whose"),
    [(DOWN, "failed"), (PAGE, "failed"), (PAGE + "x" * 200_000, "failed"), (" ", "failed"), ("\n", "failed"), (NO_MONEY, "account_empty")],
    ids=["error", "page", "long page", "nothing", "an empty stream", "no money"],
)
async def test_an_error_that_comes_with_status_200_costs_nothing_and_the_next_model_answers(
    caller: Caller, three: Three, says: str, whose: str, streamed: bool
) -> None:
    three.first.manners[""] = Manner(says=says)
    answer = await _ask(caller, stream=streamed)
    assert len(three.second.calls) == 1 and b"own/second" in answer.raw
    alone = await _ask(caller, fallback_models=[])
    assert alone.body["error"]["code"] == f"provider_{whose}"
    listed = (await caller("GET", "/v1/executions")).body["data"]
    assert sorted(one["cost_nusd"] == 0 for one in listed) == [False, True], listed


@pytest.mark.promise("E-04")
async def test_the_next_model_answers_where_one_takes_longer_than_its_version_allows(caller: Caller, three: Three) -> None:
    three.first.manners[""] = Manner(hangs=True)
    body = {"slug": "hurried", "messages": ASKED, "model": "own/first", "fallback_models": ["own/second"], "timeout_s": 3}
    assert (await caller("POST", "/v1/prompts", body)).status == 201
    answer = await caller("POST", "/v1/executions", {"prompt": "hurried", "version": 1})
    assert (answer.status, answer.body["model"], three.calls) == (200, "own/second", [1, 1, 0])


@pytest.mark.promise("E-06", "E-07")
async def test_usage_beyond_all_numbers_is_estimated_and_asked_once(caller: Caller, three: Three) -> None:
    said = '{"choices": [{"message": {"content": "Yes."}}], "usage": {"prompt_tokens": 1%s, "completion_tokens": 1}}' % ("0" * 400)
    three.first.manners[""] = Manner(says=said)
    answer = await _ask(caller)
    assert (answer.status, answer.body["output"], answer.body["usage"]["source"]) == (200, "Yes.", "estimated")
    assert three.calls == [1, 0, 0]


@pytest.mark.promise("G-20")
@pytest.mark.parametrize(
    ("content", "field"),
    [
        ([{"type": "image_url"}], "messages[0].content[0].image_url"),
        ([{"type": "image_url", "image_url": "http://a"}], "messages[0].content[0].image_url"),
        ([{"type": "text", "text": "a"}, {"type": "input_audio", "input_audio": {}}], "messages[0].content[1].type"),
        ([{"text": "a"}], "messages[0].content[0].type"),
    ],
)
async def test_a_part_that_is_none_is_refused_and_named(caller: Caller, three: Three, content: Any, field: str) -> None:
    direct = await _ask(caller, messages=[{"role": "user", "content": content}])
    assert direct.status in (400, 422) and direct.body["error"]["param"] == field and three.calls == [0, 0, 0]


@pytest.mark.promise("E-05")
async def test_nobody_else_is_asked_once_an_answer_began(caller: Caller, three: Three) -> None:
    three.first.manners[""] = Manner(breaks=True)
    answer = await _ask(caller, stream=True)
    assert b"stream_cut_off" in answer.raw and three.calls == [1, 0, 0]


async def test_a_request_that_is_wrong_is_wrong_everywhere(caller: Caller, three: Three) -> None:
    three.first.manners[""] = Manner(status=400)
    answer = await _ask(caller)
    assert answer.status >= 400 and three.calls == [1, 0, 0]


@pytest.mark.promise("E-04")
@pytest.mark.parametrize(("fallbacks", "asked"), [(["own/second"], [1, 1, 0]), ([], [2, 0, 0])])
async def test_waiting_for_a_provider_that_wants_patience_leaves_time_for_the_next_model(
    caller: Caller, three: Three, fallbacks: list[str], asked: list[int]
) -> None:
    three.first.manners[""] = Manner(status=429, retry_after="4")
    answer = await _ask(caller, deadline_s=7.6, fallback_models=fallbacks)
    assert three.calls == asked and answer.status == (200 if fallbacks else 429), answer.body


@pytest.mark.promise("E-04")
async def test_the_deadline_bounds_all_models_together(caller: Caller, three: Three) -> None:
    for provider in (three.first, three.second, three.third):
        provider.manners[""] = Manner(hangs=True)
    answer = await _ask(caller, deadline_s=6.0)
    assert answer.status == 504 and answer.body["error"]["code"] in ("deadline_passed", "provider_timed_out")
    assert three.calls == [1, 0, 0]


async def test_a_version_names_its_fallbacks_and_a_call_may_name_others_or_none(caller: Caller, three: Three) -> None:
    three.first.manners[""] = Manner(status=500)
    body = {"slug": "careful", "messages": ASKED, "model": "own/first", "fallback_models": ["no/such", "own/second"]}
    made = await caller("POST", "/v1/prompts", body)
    assert made.status == 201 and made.body["fallback_models"] == ["no/such", "own/second"], made.body
    assert (await caller("POST", "/v1/executions", {"prompt": "careful", "version": 1})).body["model"] == "own/second"
    other = {"prompt": "careful", "version": 1, "fallback_models": ["own/third"]}
    assert (await caller("POST", "/v1/executions", other)).body["model"] == "own/third"
    alone = await caller("POST", "/v1/executions", {"prompt": "careful", "version": 1, "fallback_models": []})
    assert alone.body["error"]["code"] == "provider_failed"


async def test_a_fallback_that_cannot_be_used_is_named(caller: Caller, three: Three) -> None:
    answer = await _ask(caller, fallback_models=["own/second", "no/such"])
    assert (answer.status, answer.body["error"]["param"]) == (422, "fallback_models[1]") and three.calls == [0, 0, 0]


async def test_the_cap_is_the_lower_one(caller: Caller, three: Three) -> None:
    three.first.manners[""] = Manner(status=500)
    answer = await _ask(caller, overrides={"max_tokens": 300})
    assert answer.body["model"] == "own/second" and three.second.bodies[-1]["max_tokens"] == 200


async def test_a_model_that_could_cost_more_than_there_is_is_not_asked(caller: Caller, three: Three) -> None:
    """The first model's hold is about 440 nano-dollars, the second one's about 2,000."""
    three.first.manners[""] = Manner(status=500)
    made = await caller("POST", "/v1/budgets", {"target_kind": "workspace", "limit_nusd": 1000, "period": "day"})
    assert made.status == 201, made.body
    answer = await _ask(caller)
    assert answer.body["error"]["code"] == "provider_failed" and three.calls[1:] == [0, 0]
    assert "be held: own/second" in answer.body["error"]["message"], answer.body
    assert (await caller("GET", f"/v1/budgets/{made.body['id']}")).body["spent_nusd"] == 0


@pytest.mark.promise("C-03")
async def test_what_was_held_for_the_model_asked_first_pays_for_a_cheaper_one(caller: Caller, three: Three) -> None:
    three.third.manners[""] = Manner(status=500)
    three.first.usage = {"prompt_tokens": 10, "completion_tokens": 5_000, "total_tokens": 5_010}  # its own hold is for 400
    answer = await _ask(caller, model="own/third", fallback_models=["own/first"])
    assert answer.status == 200 and three.calls[0] == 1, answer.body
    kept = (await caller("GET", f"/v1/executions/{answer.headers['x-execution-id']}")).body
    assert (kept["model"], kept["cost_nusd"]) == ("own/first", 5_010), "all of it: the hold of the dear model is still there"


async def test_a_model_that_is_too_dear_is_passed_over_for_a_cheaper_one_after_it(caller: Caller, three: Three) -> None:
    three.second.manners[""] = Manner(status=500)
    made = await caller("POST", "/v1/budgets", {"target_kind": "workspace", "limit_nusd": 10_000, "period": "day"})
    assert made.status == 201, made.body
    answer = await _ask(caller, model="own/second", fallback_models=["own/third", "own/first"])
    assert (answer.status, answer.body["model"]) == (200, "own/first"), answer.body
    assert three.calls[2] == 0


@pytest.mark.promise("E-04")
async def test_a_model_that_does_not_answer_in_time_is_replaced_by_the_next(caller: Caller, three: Three) -> None:
    three.first.manners[""] = Manner(hangs=True)
    prompt = {
        "slug": "patient", "messages": ASKED, "model": "own/first", "fallback_models": ["own/second"], "timeout_s": 3,
    }  # fmt: skip
    made = await caller("POST", "/v1/prompts", prompt)
    assert made.status == 201, made.body
    answer = await caller("POST", "/v1/executions", {"prompt": "patient", "version": 1})
    assert (answer.status, answer.body["output"], answer.body["model"]) == (200, TEXT, "own/second"), answer.body
    assert three.first.calls and len(three.second.calls) == 1

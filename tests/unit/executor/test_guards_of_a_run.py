"""Where nobody can tell what a workspace's guardrails are, nothing goes out; what is stored of an error is masked as the rest is."""

from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest

from burnish_executor.core.answer import Answer
from burnish_executor.core.failure import Failure, FailureKind, named_by, of_status
from burnish_executor.core.outcome import NO_KEY, Trial, outcome_of
from burnish_executor.guard_execution import BLOCKED, UNKNOWN, Guards
from burnish_executor.io.providers import without_keys
from burnish_executor.io.replies import Reply
from burnish_executor.mask_record import masked
from burnish_executor.run import Run
from burnish_gateway.execution.answer import failure_of
from burnish_shared.contracts.executions import Beside, Choice, ExecutionRequest, Fallback, Lane, Price, Route, Status
from burnish_shared.contracts.guardrails import Deny, Masking, PersonalData
from burnish_shared.db.rules_book import RulesBook
from burnish_shared.errors import Unavailable
from burnish_shared.guarding.rules import Rules, rule_of, stored_finders
from burnish_shared.own_checks import OwnChecks

PRICE = Price(version="t", input_nusd_per_million=1, cached_input_nusd_per_million=1, output_nusd_per_million=1)
ROUTE = Route(model="m", provider="p", upstream_model="m", base_url="http://127.0.0.1:1/v1", price=PRICE, own_base_url=True, keys="own")


def _request(text: str = "Hello.") -> ExecutionRequest:
    now = datetime.now(UTC)
    return ExecutionRequest(
        execution_id=uuid4(), workspace_id=uuid4(), lane=Lane.INTERACTIVE, fence=1, deadline_at=now + timedelta(seconds=30), hold_nusd=1,
        account_ids=[1], route=ROUTE, messages=[{"role": "user", "content": text}], settings={"max_tokens": 10}, stream=False, sent_at=now,
    )  # fmt: skip


class Away:
    """A book that nobody can open: PostgreSQL is away."""

    async def of(self, workspace_id: Any) -> Any:
        raise Unavailable("The guardrails of this workspace cannot be known at the moment.", retry_after_s=1)


@pytest.mark.capability("E18")
async def test_nothing_goes_out_while_guardrails_cannot_be_known() -> None:
    run = Run(_request(), cast(Reply, None), started_at=0.0)
    guards = Guards(cast(RulesBook, Away()), cast(OwnChecks, None))
    outcome = await guards.begin(run)
    assert outcome is not None and outcome.status is Status.ERROR
    assert outcome.error is not None and outcome.error.code == UNKNOWN and outcome.error.retryable
    told = failure_of(outcome.model_dump_json().encode())
    assert (told.status, told.retry_after_s, told.retryable) == (503, 1, True), "the caller may try again, and hears when"


@pytest.mark.capability("E2")
def test_the_providers_own_code_and_parameter_are_told_beside_its_words() -> None:
    """Applications branch on them; what is no name, and any key, is left out."""
    code, param = named_by({"code": "context_length_exceeded", "param": "messages[1].content", "type": "invalid_request_error"})
    failure = replace(of_status(400, "Too long.", retry_after_s=None), code=code, param=param)
    outcome = outcome_of(_request(), failure, text="", trials=[], latency_s=0.1, first_token_s=None)
    details = failure_of(outcome.model_dump_json().encode()).details
    assert (details["provider_code"], details["provider_param"]) == ("context_length_exceeded", "messages[1].content")
    assert named_by({"code": 400, "type": "overloaded_error"}) == ("overloaded_error", None)
    assert named_by({"code": "Ann <ann@example.com>", "param": "sk-1 2"}) == (None, None)
    assert without_keys(replace(failure, code="abcdefgh"), ["abcdefgh"]).code is None


@pytest.mark.capability("E13")
async def test_what_a_provider_quotes_in_its_error_is_stored_masked() -> None:
    said = "The provider answered 400: 'ann@example.com' is no valid input."
    failure = Failure(FailureKind.REFUSED, said, http_status=400)
    trial = Trial(result=failure, latency_s=0.1, had_started=False, use=NO_KEY, route=ROUTE)
    request = _request("Write to ann@example.com.")
    outcome = outcome_of(request, failure, text="", trials=[trial], latency_s=0.1, first_token_s=None)
    assert outcome.error is not None and "ann@example.com" in outcome.error.message and outcome.attempts[0].error
    stored, row = masked(request, outcome, stored_finders(Masking(kinds=["email"])))
    assert "ann@example.com" not in stored.model_dump_json() + row.model_dump_json()
    assert row.error is not None and row.error.message.startswith("The provider answered 400")
    assert row.attempts[0].error is not None and row.attempts[0].error.startswith("The provider answered 400")


@pytest.mark.capability("E13")
def test_answers_of_json_are_stored_masked_as_whoever_parses_them_reads_them() -> None:
    said = '{"text": "Contact:\\nann@example.com", "to": "ann\\u0040example.com"}'
    request = _request().model_copy(update={"settings": {"response_format": {"type": "json_object"}}})
    answer = Answer(text=[said], complete=True)
    trial = Trial(result=answer, latency_s=0.1, had_started=True, use=NO_KEY, route=ROUTE)
    outcome = outcome_of(request, answer, text=said, trials=[trial], latency_s=0.1, first_token_s=None)
    outcome = outcome.model_copy(update={"choices": [Choice(output=said)]})
    _, row = masked(request, outcome, stored_finders(Masking(kinds=["email"])))
    assert row.output == '{"text": "Contact:\\n[EMAIL]", "to": "[EMAIL]"}' and row.choices and row.choices[0].output == row.output


SEAL = "Er0kQvTtKx9wZ2pYbN7mLh4sVd1cFg8jXa5uRo3iPe6qWk0nBz2yMt+/Hs9DfGJLCA=="


@pytest.mark.capability("E13")
def test_thoughts_that_are_stored_masked_are_stored_without_their_seals() -> None:
    """What was recalled with them would be refused: a seal is of each letter."""
    hidden, seen = ({"type": "thinking", "thinking": text, "signature": SEAL} for text in ("I am ann@example.com", "Hm."))
    bare = {"type": "thinking", "thinking": "ann@example.com", "signature": ""}
    turns = [
        {"role": "assistant", "content": "Well.", "thinking_blocks": [hidden, seen]},
        {"role": "assistant", "content": "To ann@example.com.", "thinking_blocks": [hidden]},
        {"role": "assistant", "content": [hidden, seen, {"type": "text", "text": "ann@example.com"}]},
        {
            "role": "assistant",
            "content": "",
            "reasoning_details": [{"type": "reasoning.text", "text": "ann@example.com", "signature": SEAL}],
        },
        {"role": "assistant", "content": "", "thinking_blocks": [bare]},
    ]
    request = _request().model_copy(update={"messages": turns})
    outcome = outcome_of(request, Answer(text=["x"], complete=True), text="x", trials=[], latency_s=0.1, first_token_s=None)
    beside = Beside(reasoning="I am ann@example.com", thinking=[hidden])
    outcome = outcome.model_copy(update={"beside": beside, "choices": [Choice(output="x", beside=Beside(thinking=[hidden, seen]))]})
    stored, row = masked(request, outcome, stored_finders(Masking(kinds=["email"])))
    assert stored.messages == [
        {"role": "assistant", "content": "Well.", "thinking_blocks": [seen]},
        {"role": "assistant", "content": "To [EMAIL]."},
        {"role": "assistant", "content": [seen, {"type": "text", "text": "[EMAIL]"}]},
        {"role": "assistant", "content": ""},
        {"role": "assistant", "content": "", "thinking_blocks": [bare | {"thinking": "[EMAIL]"}]},
    ]
    assert row.beside == Beside(reasoning="I am [EMAIL]")
    assert row.choices and row.choices[0].beside == Beside(thinking=[seen])


class Known:
    """A book of these rules."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules

    async def of(self, workspace_id: Any) -> Rules:
        return self.rules


def _with_file(text: str) -> ExecutionRequest:
    file = {"filename": "a.csv", "file_data": "data:text/csv;base64," + b64encode(text.encode()).decode()}
    return _request().model_copy(update={"messages": [{"role": "user", "content": [{"type": "file", "file": file}]}]})


@pytest.mark.capability("E18")
async def test_a_rule_that_blocks_reads_files_that_are_texts() -> None:
    rules = Rules((rule_of("no-moon", Deny(kind="deny", phrases=["project moon"])),))
    run = Run(_with_file("About Project Moon."), cast(Reply, None), started_at=0.0)
    outcome = await Guards(cast(RulesBook, Known(rules)), cast(OwnChecks, None)).begin(run)
    assert outcome is not None and outcome.status is Status.BLOCKED
    assert outcome.error is not None and (outcome.error.code, outcome.error.guardrail) == (BLOCKED, "no-moon")


@pytest.mark.capability("E18", "E4")
async def test_a_model_whose_own_text_a_rule_stops_is_not_fallen_back_to_and_others_read_masks() -> None:
    """One that reads the same as the first model is looked at with it."""
    rules = Rules((rule_of("no-moon", Deny(kind="deny", phrases=["moon"])), rule_of("people", PersonalData(kind="personal_data"))))
    texts = {"stopped": "To the moon, ann@example.com", "own": "To bob@example.com", "same": None}
    fallbacks = [
        Fallback(
            route=ROUTE.model_copy(update={"model": model}), output_tokens=5, hold_nusd=1,
            messages=None if text is None else [{"role": "user", "content": text}],
        )
        for model, text in texts.items()
    ]  # fmt: skip
    way = SimpleNamespace(bus=None, inbox="", fence=1, coalesce_s=0.0, chunks=0)
    run = Run(_request("I am ann@example.com").model_copy(update={"fallbacks": fallbacks}), cast(Reply, way), started_at=0.0)
    assert await Guards(cast(RulesBook, Known(rules)), cast(OwnChecks, None)).begin(run) is None
    left = {one.route.model: one.messages for one in run.request.fallbacks}
    assert list(left) == ["own", "same"] and left["same"] is None
    assert left["own"] is not None and "bob" not in left["own"][0]["content"] and "ann" not in run.request.messages[0]["content"]


@pytest.mark.capability("E18", "E13")
async def test_masks_of_a_file_that_is_a_text_come_back_and_stay_apart_from_what_it_says_itself() -> None:
    rules = Rules((rule_of("people", PersonalData(kind="personal_data")),), stored_finders(Masking(kinds=["email"])))
    request = _with_file("[EMAIL_1] is ann@example.com")
    way = SimpleNamespace(bus=None, inbox="", fence=1, coalesce_s=0.0, chunks=0)
    run = Run(request, cast(Reply, way), started_at=0.0)
    assert await Guards(cast(RulesBook, Known(rules)), cast(OwnChecks, None)).begin(run) is None
    sent = run.request.messages[0]["content"][0]["file"]["file_data"].partition(",")[2]
    assert b64decode(sent) == b"[EMAIL_1] is [EMAIL_2]", "what a caller wrote as a mask is none"
    assert run.guard is not None and run.guard.whole("[EMAIL_1], [EMAIL_2]", is_json=False) == "[EMAIL_1], ann@example.com"
    answer = Answer(text=["x"], complete=True)
    outcome = outcome_of(request, answer, text="x", trials=[], latency_s=0.1, first_token_s=None)
    stored, _ = masked(request, outcome, rules.stored)
    assert b64decode(stored.messages[0]["content"][0]["file"]["file_data"].partition(",")[2]) == b"[EMAIL_1] is [EMAIL]"

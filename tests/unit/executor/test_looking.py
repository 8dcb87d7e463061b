"""Long texts are looked through where they hold nobody up, and own code reads of an answer what it reads of a request."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from burnish_executor.core.answer import Answer
from burnish_executor.core.outcome import NO_KEY, Trial, outcome_of
from burnish_executor.guard_execution import Guards
from burnish_executor.io.replies import Reply
from burnish_executor.looking import AT_ONCE_CHARACTERS
from burnish_executor.mask_record import RecordMasks
from burnish_executor.run import Run
from burnish_shared.contracts.executions import Beside, Choice, ExecutionRequest, Lane, Outcome, Price, Route, Status
from burnish_shared.contracts.guardrails import Language, OwnCheck, Side
from burnish_shared.db.rules_book import RulesBook
from burnish_shared.evaluators.verdict import Case
from burnish_shared.guarding.rules import Rule, Rules, rule_of
from burnish_shared.guarding.spans import Finder, Found
from burnish_shared.own_checks import OwnChecks

PRICE = Price(version="t", input_nusd_per_million=1, cached_input_nusd_per_million=1, output_nusd_per_million=1)
ROUTE = Route(model="m", provider="p", upstream_model="m", base_url="http://127.0.0.1:1/v1", price=PRICE, own_base_url=True, keys="own")

LONG = '{"a":"' + "b " * (AT_ONCE_CHARACTERS // 2) + '\\n"}'

HERE = threading.get_ident()


def call(arguments: str, **more: Any) -> dict[str, Any]:
    return {"id": "c", "type": "function", "function": {"name": "send", "arguments": arguments, **more}}


def request(**said: Any) -> ExecutionRequest:
    now = datetime.now(UTC)
    return ExecutionRequest(
        execution_id=uuid4(), workspace_id=uuid4(), lane=Lane.INTERACTIVE, fence=1, deadline_at=now + timedelta(seconds=30), hold_nusd=1,
        account_ids=[1], route=ROUTE, messages=[{"role": "assistant", "content": "Hm.", **said}], settings={}, stream=False, sent_at=now,
    )  # fmt: skip


def outcome(of: ExecutionRequest, **said: Any) -> Outcome:
    answer = Answer(text=["Well."], complete=True)
    trial = Trial(result=answer, latency_s=0.1, had_started=True, use=NO_KEY, route=ROUTE)
    made = outcome_of(of, answer, text="Well.", trials=[trial], latency_s=0.1, first_token_s=None)
    return made.model_copy(update=said)


class Book:
    """What a workspace configured, without a database."""

    def __init__(self, *rules: Rule, stored: tuple[Finder, ...] = ()) -> None:
        self.rules = Rules(rules, stored)

    async def of(self, workspace_id: UUID) -> Rules:
        return self.rules


class Seen:
    """A finder that keeps in which threads it looked."""

    def __init__(self) -> None:
        self.threads: set[int] = set()
        self.finder = Finder(self._find, len)

    def _find(self, raw: bytes) -> list[Found]:
        self.threads.add(threading.get_ident())
        return []


def guards(*rules: Rule, checks: Any = None) -> Guards:
    return Guards(cast(RulesBook, Book(*rules)), cast(OwnChecks, checks))


def run_of(of: ExecutionRequest) -> Run:
    return Run(of, Reply(bus=cast(Any, None), inbox="", fence=1, coalesce_s=0.0), started_at=0.0)


SIDES: list[Side] = ["in", "out"]


@pytest.mark.capability("E18")
@pytest.mark.parametrize(("arguments", "is_aside"), [("{}", False), (LONG, True)])
async def test_long_texts_are_looked_through_beside_the_others_on_both_ways(arguments: str, is_aside: bool) -> None:
    for side in SIDES:
        seen = Seen()
        looking = guards(Rule("r", sides=frozenset([side]), finders=(seen.finder,)))
        for said in (
            {"tool_calls": [call(arguments)]},
            {"choices": [Choice(output="a"), Choice(tool_calls=[call(arguments)])]},
            {"beside": Beside(reasoning=arguments)},
        ):
            run = run_of(request(**(said if "tool_calls" in said else {"reasoning_content": arguments})))
            assert await looking.begin(run) is None
            if side == "out":
                await looking.end(run, outcome(run.request, **said))
        assert seen.threads and (HERE not in seen.threads) is is_aside


@pytest.mark.capability("E18")
@pytest.mark.parametrize(("text", "is_aside"), [("Hm.", False), (LONG, True)])
async def test_what_was_held_back_of_a_long_stream_is_looked_through_beside_the_others(text: str, is_aside: bool) -> None:
    seen = Seen()
    looking = guards(Rule("r", sides=frozenset(["out"]), finders=(seen.finder,), needs_whole=True))
    run = run_of(request())
    assert await looking.begin(run) is None
    await run.reply.text(text)
    told = await looking.end(run, outcome(run.request, output=text))
    assert told.output == text and seen.threads and (HERE not in seen.threads) is is_aside


@pytest.mark.capability("E13")
@pytest.mark.parametrize(("arguments", "is_aside"), [("{}", False), (LONG, True)])
async def test_long_answers_are_masked_for_their_row_beside_the_others(arguments: str, is_aside: bool) -> None:
    seen = Seen()
    masks = RecordMasks(cast(RulesBook, Book(stored=(seen.finder,))))
    for said in (
        {"tool_calls": [call(arguments)]}, {"choices": [Choice(tool_calls=[call(arguments)])]}, {"beside": Beside(reasoning=arguments)},
    ):  # fmt: skip
        await masks.stored(request(), outcome(request(), **said))
    assert seen.threads and (HERE not in seen.threads) is is_aside


class Reading:
    """Keeps what own code would have looked at."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.cases: list[Case] = []

    @property
    def read(self) -> list[str]:
        return "\n".join(self.texts).split("\n")

    async def stopped(self, rules: Any, case: Case, workspace_id: UUID) -> None:
        self.texts.append(case.output)
        self.cases.append(case)


@pytest.mark.capability("E18")
async def test_own_code_reads_of_an_answer_what_it_reads_of_a_request() -> None:
    called = call('{"a":"\\u0063at"}', note=["noted"]) | {"extra_content": {"a": "hung"}}
    read: dict[str, list[str]] = {}
    for side in SIDES:
        reading = Reading()
        settings = OwnCheck(kind="code", language="python", code="True")
        looking = guards(rule_of("own", settings, sides=[side]), checks=reading)
        run = run_of(request(tool_calls=[called]))
        assert await looking.begin(run) is None
        if side == "out":
            await looking.end(run, outcome(run.request, tool_calls=[called]))
        read[side] = reading.read
    of_a_call = ["send", "noted", '{"a":"\\u0063at"}', '{"a":"cat"}', "hung"]
    assert set(of_a_call) <= set(read["in"]) and read["out"] == ["Well.", *of_a_call]


@pytest.mark.capability("E18")
async def test_own_code_runs_once_for_an_answer_and_once_for_all_beside_it() -> None:
    """Each string by itself would be thousands of runs, and a check of how long an answer is would stop every tool call."""
    beside = Beside(
        reasoning="Hm.",
        thinking=[{"type": "thinking", "thinking": "Hm, hm.", "signature": ""}],
        annotations=[{"type": "url_citation", "id": "a-1", "url_citation": {"title": f"Source {at}"}} for at in range(3)],
    )
    reading = Reading()
    looking = guards(rule_of("own", OwnCheck(kind="code", language="python", code="True"), sides=["out"]), checks=reading)
    run = run_of(request().model_copy(update={"variables": {"a": ["b"]}}))
    assert await looking.begin(run) is None
    other = Choice(output="Or so.", tool_calls=[call("{}")])
    await looking.end(run, outcome(run.request, tool_calls=[call("{}")], beside=beside, choices=[Choice(output="Well."), other]))
    said = "Hm.\nHm, hm.\nSource 0\nSource 1\nSource 2\nsend\n{}"
    assert reading.texts == ["Well.", said, "Or so.", "send\n{}"]
    assert all(one.variables is reading.cases[0].variables and one.variables == {"a": ["b"]} for one in reading.cases)


@pytest.mark.capability("E18")
async def test_neither_calls_nor_thoughts_tell_in_which_language_an_answer_is() -> None:
    german = "Wie kann ich das mit den Daten machen, die wir haben?"
    looking = guards(rule_of("english", Language(kind="language", languages=["en"]), sides=["out"]))
    beside = Beside(reasoning=german)
    for said, status in (
        ({"beside": beside, "tool_calls": [call(german)]}, Status.SUCCESS),
        ({"choices": [Choice(output="Well."), Choice(output="Or.", beside=beside, tool_calls=[call(german)])]}, Status.SUCCESS),
        ({"choices": [Choice(output="Well."), Choice(output=german)]}, Status.BLOCKED),
        ({"output": german}, Status.BLOCKED),
    ):
        run = run_of(request())
        assert await looking.begin(run) is None
        assert (await looking.end(run, outcome(run.request, **said))).status is status

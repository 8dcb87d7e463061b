"""Broad handlers stand at edges only, and metrics have few series (DESIGN section 7, PROMISES P-07)."""

import ast
import re

import pytest

from burnish_shared.subjects import PREFIX
from tests.architecture.source import Module, dotted, functions_of, modules, nodes_of

EDGES = {
    "cli/burnish/main.py:main": "whoever runs a command is told in a line what no trace would mend",
    "cli/burnish/launcher/launch.py:_outcome": "a launcher that fails says so to who waits for it",
    "shared/burnish_shared/books/admission.py:run": "a batch of admissions: each waiting caller gets the failure",
    "shared/burnish_shared/bus/batch.py:_try": "the consumer's edge: the message is tried again or dead-lettered",
    "shared/burnish_shared/bus/relay.py:_turn": "the relay's loop goes on",
    "shared/burnish_shared/sandbox/daytona_harness.py:in_the_child": "the edge of one run in a sandbox far away: it ends with an answer",
    "shared/burnish_shared/sandbox/daytona_harness.py:said_of": "whatever code of others raises is what came of it",
    "shared/burnish_shared/sandbox/daytona_harness.py:words_of": "an error of theirs may raise where it is told",
    "shared/burnish_shared/process.py:run_service": "the process's edge",
    "simulator/burnish_simulator/app.py:_errors_as_json": "the HTTP edge",
    "services/gateway/burnish_gateway/middleware.py:__call__": "the HTTP edge: what nobody thought of is logged and answered",
    "services/gateway/burnish_gateway/imports/import_spans.py:_calls_among": "the edge of one span: no other of its export is refused",
    "services/gateway/burnish_gateway/imports/otlp_errors.py:answered": "the HTTP edge of those who are answered in protobuf",
    "services/gateway/burnish_gateway/rounds.py:take_on": "the edge of one migration, report or digest",
    "services/gateway/burnish_gateway/rounds.py:_started": "the edge of one rule, schedule or suggestion",
    "services/gateway/burnish_gateway/experiments/follow_orders.py:_follow": "the edge of one order: no other workspace waits for it",
    "services/gateway/burnish_gateway/experiments/shadow.py:run": "the edge of one copy that nobody waits for",
    "services/gateway/burnish_gateway/experiments/book.py:write": "the edge of one workspace's counts: no gateway ends for them",
    "services/gateway/burnish_gateway/inbound/refusals.py:write": "the same, of what its endpoints refused",
    "services/gateway/burnish_gateway/chains/run_chain.py:carry_out": "the edge of one run: no other run ends with it",
    "services/gateway/burnish_gateway/compare/run_sides.py:_follow": "the edge of one side: the others go on, and nobody waits for ever",
    "services/gateway/burnish_gateway/assistant/runner.py:_carry_out": "the edge of one session or enrichment: no other ends with it",
    "services/gateway/burnish_gateway/feedback/publish.py:_send_all": "hands the failure to every caller whose reaction was in the message",
    "services/executor/burnish_executor/consumers.py:_run_and_log": "the edge of one execution: no neighbour ends with it",
    "services/executor/burnish_executor/ask_keys.py:_readably": "the edge to providers: whatever they send becomes one classified failure",
    "services/executor/burnish_executor/io/llm.py:complete": "whatever LiteLLM raises in the middle of a stream is its last event",
    "services/executor/burnish_executor/io/llm.py:_errors_as_json": "the HTTP edge of LiteLLM's process",
    "services/executor/burnish_executor/record_batch.py:run": "a batch of records: each waiting execution gets the failure",
    "services/optimizer/burnish_optimizer/work.py:_work": "the edge of one job: no neighbour ends with it",
    "services/optimizer/burnish_optimizer/live_scores.py:_work": "the edge of one live evaluation: no neighbour ends with it",
    "services/optimizer/burnish_optimizer/watch_experiments.py:_refresh": "the edge of figures that are only shown: no look waits for them",
    "services/optimizer/burnish_optimizer/watch_experiments.py:_look": "the edge of one look: its neighbours are looked at too",
    "services/optimizer/burnish_optimizer/score_traffic.py:_verdict": "the edge of one score: else what fails would be tried for ever",
    "services/analytics/burnish_analytics/housework.py:_round": "a round of housework that failed is counted; the next tries again",
    "services/analytics/burnish_analytics/keep_privacy.py:_every": "the same, of retention and erasure",
    "services/analytics/burnish_analytics/keep_recounts.py:_step": "one step that fails must not keep the others from being done",
    "services/analytics/burnish_analytics/keep_recounts.py:_try": "one recount that fails is tried again, and keeps no other waiting",
    "services/analytics/burnish_analytics/take_turns.py:each": "one workspace that fails must not keep the others from their turn",
    "services/analytics/burnish_analytics/take_turns.py:together_or_each": "what fails for all together is done for each by itself",
    "services/analytics/burnish_analytics/keep_failure_groups.py:_rounds": "one round that fails must not end the others",
    "services/webhooks/burnish_webhooks/app.py:every": "as above",
    "services/webhooks/burnish_webhooks/dispatch_due.py:_make": "the edge of one delivery: no neighbour ends with it",
    "services/webhooks/burnish_webhooks/send_mails.py:_send_one": "the edge of one mail: no other waits for it",
    "services/webhooks/burnish_webhooks/send_notices.py:_send_one": "the edge of one notice: no other channel waits for it",
    "services/webhooks/burnish_webhooks/io/sender.py:post": "whatever a receiver or its network does becomes an outcome",
}
"""`path:function` that may catch everything, and why."""

COMMANDS = {"services/analytics/burnish_analytics/recount.py": "`python -m burnish_analytics.recount` shows what it did"}

READS_ENVIRONMENT = {
    "shared/burnish_shared/db/migrate.py": "hands it on to the process that migrates",
    "shared/burnish_shared/sandbox/daytona_harness.py": "runs in a sandbox far away, and hands on what that one has",
    "shared/burnish_shared/process.py": "log level and failpoints count before there are settings",
    "services/executor/burnish_executor/io/platform_keys.py": "the operator's provider keys, one variable for each provider",
    "services/executor/burnish_executor/io/llm.py": "a process of its own, which is handed nothing but what it needs",
    "services/executor/burnish_executor/io/litellm_process.py": "what little of it that process gets",
    "services/analytics/burnish_analytics/recount.py": "a command of its own",
    "services/analytics/burnish_analytics/group_worker.py": "tells libraries of its own process, before they are loaded, to use one thread",
}

LOG_CALL = re.compile(r"(self\.)?_?log(ger)?\.(debug|info|warning|error|exception|critical)")
EVENT_NAME = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")
CONTENT = frozenset("messages output content text body secret key token password variables authorization comment prompt_text".split())

LABELS = frozenset("area by consumer how kind lane method outcome reason route service status status_class stream task verdict".split())
"""What a series may be told apart by: sets of ours, each of a few values. No workspace, key, user, prompt, model or URL."""


def test_broad_handlers_stand_at_edges_only() -> None:
    found = {place for module in modules() for node in nodes_of(module.tree) for place in _broad(module, node)}
    assert found <= set(EDGES), found - set(EDGES)


def test_named_edges_still_exist() -> None:
    found = {f"{module.path}:{function.name}" for module in modules() for function in functions_of(module)}
    assert set(EDGES) <= found, set(EDGES) - found


@pytest.mark.promise("P-07")
def test_metrics_are_told_apart_by_sets_of_ours() -> None:
    wrong = [
        f"{module.path}:{node.lineno} {labels - LABELS}" for module in modules() for node, _, labels in _metrics(module) if labels - LABELS
    ]
    assert not wrong, "\n".join(wrong)


def test_metrics_are_named_after_us_and_their_base_unit() -> None:
    wrong = [
        f"{module.path}:{node.lineno} {name}"
        for module in modules()
        for node, name, _ in _metrics(module)
        if not name.startswith("burnish_")
        or name.endswith(("_ms", "_milliseconds", "_minutes", "_kb", "_mb"))
        or (dotted(node.func).endswith("Counter") and not name.endswith("_total"))
    ]
    assert not wrong, "\n".join(wrong)


def test_subjects_are_built_in_one_place() -> None:
    """From ids only, so that no user's text becomes part of a subject."""
    wrong = [
        f"{module.path}:{node.lineno}"
        for module in modules()
        if module.name != "burnish_shared.subjects"
        for node in nodes_of(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith(PREFIX)
    ]
    assert not wrong, wrong


def test_no_route_is_built_twice() -> None:
    """`include_router` builds all routes once more, within the first requests; `wire.include` takes them as they are."""
    wrong = [
        f"{module.path}:{node.lineno}"
        for module in modules()
        for node in nodes_of(module.tree)
        if isinstance(node, ast.Attribute) and node.attr == "include_router"
    ]
    assert not wrong, wrong


SENDING = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request", "ws_connect"})
CLIENTS = re.compile(r"aiohttp|(.*_)?(session|sessions|http|client)")
"""How a client of aiohttp is called where it is used; `sender` and `api` are ours."""

TO_OURSELVES = "services/executor/burnish_executor/io/litellm_process.py"
"""Asks a socket in a folder of ours, which leads to nobody else."""

OURS = {"services/webhooks/burnish_webhooks/deliver.py": "`http` is a Sender: io/sender.py sends what it is given"}


@pytest.mark.promise("S-02")
def test_no_call_to_somebodys_url_follows_a_redirect() -> None:
    """aiohttp follows unless it is told not to, and takes every header but `Authorization` along to wherever the answer leads.

    A command's own calls, and those to a socket in a folder of ours, are to nobody else.
    """
    calls = [
        (f"{module.path}:{node.lineno}", node)
        for module in modules()
        if module.package not in ("burnish", "burnish_simulator") and re.search(r"\baiohttp\b|\begress\b", module.text)
        if module.path not in {TO_OURSELVES, *OURS}
        for node in _sendings(module.tree)
    ]
    wrong = [place for place, node in calls if not _stays(node)]
    assert len(calls) >= 5 and not wrong, wrong


CALLS = {
    "async with session.get(url) as answer: pass": False,
    "async with session.get(url, allow_redirects=True) as answer: pass": False,
    "async with session.get(url, allow_redirects=False) as answer: pass": True,
    "answer = await session.get(url)": False,
    "answer = await self._session.request('GET', url, allow_redirects=False)": True,
    "called = self._sessions[scheme].post(url)": False,
    "async with aiohttp.request('GET', url) as answer: pass": False,
    "answer = await (await self.session()).post(url, json={})": False,
    "answer = await heeding(http.get(url))": False,
    "async with self._open().put(url) as answer: pass": False,
}


@pytest.mark.parametrize("line", CALLS)
def test_the_rule_of_redirects_sees_calls_however_they_are_made(line: str) -> None:
    inside = "\n".join(("async def ask():", f"    {line}"))
    assert [_stays(node) for node in _sendings(ast.parse(inside))] == [CALLS[line]]


def test_the_rule_of_redirects_sees_no_call_in_what_is_none() -> None:
    lines = ("said.get('state')", "response.headers.get('Retry-After')", "await store.delete(tx, one)", "router.get('/v1/x')")
    assert not _sendings(ast.parse("\n".join(("async def ask():", *(f"    {one}" for one in lines)))))


def _sendings(tree: ast.AST) -> list[ast.Call]:
    """Calls by which aiohttp sends: of anything that is entered, and of whatever bears a client's name, wherever the call stands."""
    entered = {id(node) for held in ast.walk(tree) if isinstance(held, ast.AsyncWith) for one in held.items for node in ast.walk(one)}
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SENDING
        if id(node) in entered or CLIENTS.fullmatch(_last_name(node.func.value))
    ]


def _stays(call: ast.Call) -> bool:
    """aiohttp's websockets follow too, and can be told nothing."""
    told = {one.arg: ast.unparse(one.value) for one in call.keywords}
    return told.get("allow_redirects") == "False"


def _last_name(node: ast.expr) -> str:
    """Of what a method is called on: `session` of `self.session`, of `await self.session()` and of `session["https"]`."""
    while isinstance(node, ast.Await | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def test_services_read_the_environment_through_their_settings() -> None:
    found = {
        module.path
        for module in modules()
        if module.package != "burnish"
        for node in nodes_of(module.tree)
        if isinstance(node, ast.Attribute) and dotted(node) in {"os.environ", "os.getenv"}
    }
    assert found <= set(READS_ENVIRONMENT), found - set(READS_ENVIRONMENT)


def test_log_events_are_constant_names_without_content() -> None:
    """`event name, ids and sizes`: no sentence, no interpolation, and nothing that a person or a model wrote (PROMISES P-08)."""
    wrong = [
        f"{module.path}:{call.lineno} {ast.unparse(call)[:100]}"
        for module in modules()
        for call in nodes_of(module.tree)
        if isinstance(call, ast.Call) and LOG_CALL.fullmatch(dotted(call.func))
        if not all(EVENT_NAME.fullmatch(name) for name in _event_names(call))
        or any(one.arg in CONTENT and not _is_size(one.value) for one in call.keywords)
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_prints() -> None:
    """Services log; only commands speak to a terminal."""
    wrong = [
        f"{module.path}:{node.lineno}"
        for module in modules()
        if module.package not in {"burnish", "burnish_simulator"} and module.path not in COMMANDS
        for node in nodes_of(module.tree)
        if isinstance(node, ast.Call) and dotted(node.func) == "print"
    ]
    assert not wrong, wrong


def _broad(module: Module, node: ast.AST) -> list[str]:
    """Where a handler catches everything. One that cleans up and raises again swallows nothing."""
    if not isinstance(node, ast.ExceptHandler) or (isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None):
        return []
    caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type] if node.type else []
    if caught and not {dotted(one) for one in caught} & {"Exception", "BaseException"}:
        return []
    around = [one for one in functions_of(module) if one.lineno <= node.lineno <= (one.end_lineno or one.lineno)]
    return [f"{module.path}:{max(around, key=lambda one: one.lineno).name if around else ''}"]


def _event_names(call: ast.Call) -> list[str]:
    """The literals that the first argument may be; one that is no literal counts as no name."""
    first = call.args[0] if call.args else ast.Constant("")
    choices = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
    return [one.value if isinstance(one, ast.Constant) and isinstance(one.value, str) else "no literal" for one in choices]


def _is_size(value: ast.AST) -> bool:
    return isinstance(value, ast.Call) and dotted(value.func) == "len"


def _metrics(module: Module) -> list[tuple[ast.Call, str, set[str]]]:
    """Every metric that is made: the call, the name, the labels."""
    found = []
    for node in nodes_of(module.tree):
        if not isinstance(node, ast.Call) or dotted(node.func).rpartition(".")[2] not in {
            "Counter",
            "Gauge",
            "Histogram",
            "Summary",
            "Info",
        }:
            continue
        if len(node.args) < 2 or not (isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)):
            continue
        given = node.args[2] if len(node.args) > 2 else next((one.value for one in node.keywords if one.arg == "labelnames"), None)
        labels = {one.value for one in given.elts if isinstance(one, ast.Constant)} if isinstance(given, ast.List | ast.Tuple) else set()
        found.append((node, node.args[0].value, labels))
    return found


def test_nothing_waits_in_a_way_that_forgets_a_cancellation() -> None:
    """`asyncio.wait_for` of Python 3.11 does, in one moment of many; see burnish_shared.waiting."""
    found = [f"{one.path}:{node.lineno}" for one in modules() for node in nodes_of(one.tree) if dotted(node) == "asyncio.wait_for"]
    assert found == []


def test_nothing_publishes_in_a_way_that_forgets_a_cancellation() -> None:
    """The client keeps one that comes while NATS does not read; see burnish_shared.waiting."""
    calls = [(one.path, node) for one in modules() for node in nodes_of(one.tree) if isinstance(node, ast.Call)]
    published = [(path, node) for path, node in calls if (dotted(node.func) or "").endswith("nc.publish")]
    heeded = {arg for _, node in calls if dotted(node.func) == "heeding" for arg in node.args}
    assert len(published) > 8, "they are found"
    assert [f"{path}:{node.lineno}" for path, node in published if node not in heeded] == []


def test_nothing_asks_the_bus_by_the_clients_own_limits() -> None:
    """They wait by `asyncio.wait_for`; `Bus.request` and `Bus.publish` do not."""
    names = (".nc.request", ".js.publish")
    found = [
        f"{one.path}:{node.lineno}"
        for one in modules()
        for node in nodes_of(one.tree)
        if isinstance(node, ast.Attribute) and (dotted(node) or "").endswith(names) and not one.path.endswith("bus/connect.py")
    ]
    assert found == []

"""Every field that the API takes from a form is sent by the page, or it stands here with a reason why not.

By the shape of the body, wherever it is used: a field counts as sent where some file that may make such a body writes its name. That sees a
field that a form forgot; not one that stands in a draft and gets lost on its way, which the tests of that form must see.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from tests.docs.page_sources import around, reference, without_faults, written, written_in
from tests.docs.test_page_table import TABLE, WITHOUT, operations, rows

pytestmark = pytest.mark.capability("U1")

OF_PROGRAMS = "programs say it of their own calls; a person who tries something has nothing to say there"
OF_MODELS = "what models answered, sent back by programs that go on with a conversation"
IN_VERSIONS = "settings stand in the versions of prompts; one who tries one in the playground overrides what stands there"
AS_JSON = "written as JSON: under “All others, as JSON” of a prompt, under “The whole form” of a chain"
AS_FILE = "stands in a file that is sent as it is"
TUNING = "fine adjustments of a search, whose defaults were measured; for scripts"
ANOTHER_NAME = "another name of a field that the page sends"


def _each(why: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), why)


NOT_SENT: dict[str, dict[str, str]] = {
    "CacheAsked": _each(IN_VERSIONS, "mode ttl_s"),
    "CandidateForm-Input": _each(AS_FILE, "made_by parents"),
    "CompressionSearch": {"items": TUNING},
    "CreatePrompt": {"max_completion_tokens": ANOTHER_NAME},
    "EvolutionarySearch": _each(TUNING, "crossover_share elites items_per_generation operators thesaurus tournament_size use_learned"),
    "ExampleBody": {"expected": AS_JSON},
    "ExamplesBody": {"pool": AS_JSON},
    "FileContent": {"filename": "taken so that the file part of a message can be sent as it is; not kept, and shown nowhere"},
    "FeedbackBody": {
        "context": OF_PROGRAMS,
        "metric": "programs measure; a person says what they think",
        "score": "a person presses a thumb; shares are of programs",
    },
    "FewShotSearch": {"sets": TUNING},
    "GenerationForm-Input": {"restored_from": AS_FILE},
    "InputLine": _each(AS_FILE, "app metadata session_id user_id"),
    "InputsRequest": _each(OF_PROGRAMS, "app client_request_id metadata mode prompt_key response_shape session_id user_id")
    | _each(IN_VERSIONS, "cache deadline_s fallback_models overrides requirements")
    | {"version": "the form sends `versions`, one or several"},
    "KeyChange": {"rate_limit": ANOTHER_NAME},
    "LearnedSearch": {"lines_most": TUNING},
    "LineForm-Input": _each(AS_FILE, "format generations_left_out"),
    "MemberForm-Input": _each(AS_FILE, "made_by scores"),
    "Message": _each(OF_MODELS, "reasoning_content reasoning_details refusal thinking_blocks tool_call_id"),
    "NewBatch": {"metadata": OF_PROGRAMS},
    "NewExecution": _each(OF_PROGRAMS, "client_request_id mode prompt_key response_shape")
    | _each(IN_VERSIONS, "cache deadline_s fallback_models overrides"),
    "NewKey": {"rate_limit": ANOTHER_NAME},
    "OptimizationBody": {"objective": "has one value"},
    "Overrides": _each(
        IN_VERSIONS,
        "extra frequency_penalty logit_bias logprobs max_completion_tokens max_tokens parallel_tool_calls presence_penalty "
        "reasoning_effort response_format seed temperature tool_choice tools top_logprobs top_p",
    ),
    "POST /v1/executions": _each(OF_PROGRAMS, "client_request_id prompt_key"),
    "POST /v1/executions/compare": _each(OF_PROGRAMS, "client_request_id metadata mode prompt_key response_shape session_id user_id")
    | _each(IN_VERSIONS, "cache deadline_s fallback_models requirements")
    | {"versions": "each column is a variant of its own"},
    "POST /v1/executions/import": _each(
        AS_FILE, "cache_write_input_tokens cached_input_tokens finish_reason messages metadata reasoning_tokens settings trace_id"
    ),
    "PublishBody": {"benchmarks": "figures of one's own measuring come from scripts; the page shows those of test runs"},
    "ReflectiveSearch": {"frontier_items": TUNING},
    "RefundBody": {"execution_id": "the entry that is given back names its run"},
    "RetryPolicyBody": _each(AS_JSON, "retries wait_most_s"),
    "RunChain": _each(OF_PROGRAMS, "app metadata mode session_id user_id"),
    "SaveVersion": {"max_completion_tokens": ANOTHER_NAME},
    "SemanticSearch": {"comments_most": TUNING},
    "SettingsSearch": {"sweeps": TUNING},
    "StartClarification": {"user_id": OF_PROGRAMS},
    "StepBody": _each(AS_JSON, "model overrides"),
    "TemplateBody": {"benchmarks": "figures of one's own measuring come from scripts; the page shows those of test runs"},
    "TestCaseBody": _each(AS_JSON, "criteria expected metadata"),
}
"""By the name of the body in the reference; a body without a name of its own goes by its route."""


def shapes(schema: Any, seen: set[str]) -> Iterator[str]:
    """The named shapes within a schema."""
    if isinstance(schema, list):
        for one in schema:
            yield from shapes(one, seen)
    elif isinstance(schema, dict):
        name = str(schema.get("$ref", "")).rpartition("/")[2]
        if name and name not in seen:
            seen.add(name)
            yield name
            yield from shapes(reference()["components"]["schemas"][name], seen)
        for one in schema.values():
            yield from shapes(one, seen)


def fields_of(schema: dict[str, Any]) -> set[str]:
    inner = [one for way in ("anyOf", "oneOf", "allOf") for one in schema.get(way, ()) if "$ref" not in one]
    return set(schema.get("properties", {})).union(*(fields_of(one) for one in inner))


@cache
def missing() -> dict[str, frozenset[str]]:
    """What no form sends, by shape."""
    document = reference()
    with_place, _, _ = TABLE.read_text().partition(WITHOUT)
    sent: dict[str, set[str]] = {}
    fields: dict[str, set[str]] = {}
    for operation in (one for one, _, _ in rows(with_place)):
        method, path = operation
        schema = document["paths"][path][method.lower()].get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        if method == "GET" or schema is None:
            continue
        names = set[str]().union(*(written(one) for one in around(operation)))
        known = {name: fields_of(document["components"]["schemas"][name]) for name in shapes(schema, set())}
        for name, own in [*known.items(), (f"{method} {path}", fields_of(schema))]:
            sent.setdefault(name, set()).update(names)
            fields.setdefault(name, set()).update(own)
    return {name: frozenset(own - sent[name]) for name, own in fields.items() if own - sent[name]}


def test_each_field_of_a_body_is_sent_by_the_page_or_has_a_reason() -> None:
    lost = {name: sorted(own - NOT_SENT.get(name, {}).keys()) for name, own in missing().items()}
    told = [f"{name}: {', '.join(own)}" for name, own in sorted(lost.items()) if own]
    assert not told, "\n".join(["the page sends none of these; add them to a form, or say here why not:", *told])


def test_no_reason_is_left_over() -> None:
    """Of a field that the page sends by now, or that there is no more."""
    over = {name: sorted(own.keys() - missing().get(name, frozenset())) for name, own in NOT_SENT.items()}
    assert not {name: own for name, own in over.items() if own}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("send({ body: { tags: [] } })", True),
        ("send({ body: { name, tags } })", True),
        ('const LISTS = ["tags", "categories"]', True),
        ("body.tags = [];", True),
        ('expression(["tags.first", "The first"])', True),
        ("show(prompt.tags)", False),
        ('if (part === "tags") show()', False),
        ("<Tags />", False),
        ('error={errorFor(error, "tags")}', False),
        ('<details open={["name", "tags"].some((name) => fault(name))}>', False),
    ],
)
def test_a_field_is_sent_where_it_is_written(text: str, expected: bool) -> None:
    assert ("tags" in written_in(without_faults(text))) is expected


def test_the_guard_looks_at_most_of_what_changes_something() -> None:
    assert len([one for one in operations() if one[0] != "GET"]) > 200 and len(missing()) < 60

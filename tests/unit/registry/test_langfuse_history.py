"""What Langfuse's export says of calls and scores, however odd its values are (PRODUCT P10)."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from burnish_gateway.bundle.foreign.convert import convert
from burnish_gateway.bundle.read_bundle import ReadBundle
from burnish_gateway.imports.reported import AGE_MOST
from burnish_shared.errors import InvalidField

pytestmark = pytest.mark.capability("P10")

NOW = datetime(2026, 6, 1, tzinfo=UTC)
TRACE = "0" * 32
CALL = {
    "id": "o",
    "traceId": TRACE,
    "type": "GENERATION",
    "startTime": "2026-05-31T10:00:00Z",
    "model": "m",
    "input": "Hi.",
    "output": "Yes.",
}
SCORE = {"id": "s", "traceId": TRACE, "name": "user-feedback", "value": 1}


def taken(*rows: dict[str, Any]) -> ReadBundle:
    return convert(json.dumps(rows).encode(), "langfuse", model="auto", name=None, now=NOW)


@pytest.mark.parametrize(
    ("odd", "calls"),
    [
        ({"type": ["GENERATION"]}, 0),
        ({"input": [{"role": ["user"], "content": "Hi."}]}, 1),
        ({"usageDetails": [1], "usage": "x", "costDetails": [2], "level": {}}, 1),
        ({"startTime": 1_700_000_000}, 0),
    ],
)
def test_a_value_of_another_kind_costs_its_row_at_most(odd: dict[str, Any], calls: int) -> None:
    read = taken(CALL | odd, SCORE)
    assert (len(read.executions), len(read.reactions)) == (calls, calls)


def test_a_score_is_no_older_than_what_is_kept() -> None:
    [old] = taken(CALL, SCORE | {"timestamp": "0001-01-01T00:00:00Z"}).reactions
    assert old.at == NOW - AGE_MOST


def test_a_score_that_says_no_time_is_of_when_its_call_ended() -> None:
    """Of when it is brought in it would take the place of all that the same person said since, as thumbs in the same file that say when."""
    began = datetime(2026, 5, 31, 10, tzinfo=UTC)
    dated = SCORE | {"id": "s-2", "value": 0, "timestamp": "2026-05-31T12:00:00Z"}
    unsaid, later = taken(CALL, SCORE, dated).reactions
    assert (unsaid.at, unsaid.body.thumb, later.body.thumb) == (began, "up", "down") and unsaid.at < later.at
    [ended] = taken(CALL | {"endTime": "2026-05-31T10:00:09Z"}, SCORE | {"timestamp": "soon"}).reactions
    assert ended.at == began.replace(second=9)


def category(label: Any, **more: Any) -> dict[str, Any]:
    return {"id": f"c-{label}", "traceId": TRACE, "name": "topic", "value": 0, "stringValue": label, "dataType": "CATEGORICAL"} | more


def test_the_mean_of_a_category_is_its_share() -> None:
    rows = [category("billing", comment="Two charges."), category("log in", source="ANNOTATION"), category("billing", id="c-3")]
    said: dict[str, list[float]] = {}
    reactions = taken(CALL, *rows, SCORE).reactions
    for one in reactions:
        if (metric := one.body.metric) is not None:
            said.setdefault(metric.name, []).append(metric.value)
    assert said == {"topic.billing": [1, 0, 1], "topic.log_in": [0, 1, 0]}
    assert [(one.name, one.body.metric) for one in reactions if one.body.comment == "Two charges."] == [("langfuse:score:c-billing", None)]


@pytest.mark.parametrize("others", [[], ["log in"], [str(number) for number in range(30)]])
def test_the_comment_of_a_category_is_the_same_in_each_file_that_holds_it(others: list[str]) -> None:
    """A file with other scores of its name brings in the same comment, and not another one beside it."""
    rows = [category("billing", comment="Two charges."), *(category(label) for label in others)]
    assert [one.name for one in taken(CALL, *rows).reactions if one.body.comment] == ["langfuse:score:c-billing"]


@pytest.mark.parametrize("labels", [[str(number) for number in range(21)], ["a b", "a-b", "a.b", "a?b"], ["x" * 70, "x" * 71]])
def test_categories_that_no_metrics_tell_apart_are_left_out_and_said(labels: list[str]) -> None:
    read = taken(CALL, SCORE, *(category(label) for label in labels), category("kept", name="mood"))
    assert [one.body.metric.name for one in read.reactions if one.body.metric] == ["mood.kept"]
    [told] = [note for note in read.notes.texts if "are categories" in note]
    assert "'topic'" in told and f"{len(labels)} in the file" in told and "at most 20" in told
    assert read.notes.lost >= len(labels)


def named_alike(many: int) -> list[dict[str, Any]]:
    return [{"name": "日" * 60 + chr(0x4E00 + number), "version": 1, "type": "text", "prompt": "Hi."} for number in range(many)]


def test_names_that_all_become_one_slug_are_numbered_beside_what_is_called_so() -> None:
    others = [{"name": name, "version": 1, "type": "text", "prompt": "Hi."} for name in ("prompt-3", "日0", "日1")]
    assert {one.form.slug for one in taken(*named_alike(4), *others).prompts} == {
        "prompt", "prompt-2", "prompt-3", "prompt-4", "prompt-5", "0", "1",
    }  # fmt: skip


def test_so_many_prompts_are_refused_before_they_are_named() -> None:
    began = time.process_time()
    with pytest.raises(InvalidField, match="20,000 prompts"):
        taken(*named_alike(20_000))
    assert time.process_time() - began < 5, "numbers for so many of one name take the square of that"


@pytest.mark.parametrize(
    ("given", "settings"),
    [
        ({"modelParameters": {"temperature": 0.2, "max_completion_tokens": 64, "stop": "END", "reasoning": "x"}},
         {"temperature": 0.2, "max_tokens": 64, "stop": ["END"]}),
        ({"model_parameters": {"top_p": "0.3", "temperature": True, "seed": 7}}, {"seed": 7}),
        ({"modelParameters": ["odd"]}, {}),
        ({}, {}),
    ],
)  # fmt: skip
def test_how_the_model_was_asked_comes_along(given: dict[str, Any], settings: dict[str, Any]) -> None:
    [call] = taken(CALL | given).executions
    assert call.settings == settings

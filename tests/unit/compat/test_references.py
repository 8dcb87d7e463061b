"""Items that are named by their ids alone become what they were, in their places."""

import json
from typing import Any
from uuid import UUID

import pytest

from burnish_gateway.compat.responses.references import ANSWERS_MOST, MAY_REFER, Said, referred_in, with_items
from burnish_shared.errors import InvalidField, PayloadTooLarge
from burnish_shared.json_bytes import encoded

pytestmark = pytest.mark.capability("E2")

FIRST = "01a21fd3-40af-7590-9662-f11ae2dae9df"
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
SAID = Said("It rains.", [CALL], {"reasoning": "Hm.", "thinking": [{"type": "thinking", "thinking": "Hm.", "signature": "s"}]})


def _named(*ids: str) -> dict[str, Any]:
    return {"model": "m", "input": [{"role": "user", "content": "Hi."}, *[{"type": "item_reference", "id": one} for one in ids]]}


def _filled(body: dict[str, Any], said: Said = SAID, *, most_bytes: int = 100_000) -> dict[str, Any]:
    return with_items(body, {UUID(FIRST): said}, size=len(encoded(body)), most_bytes=most_bytes)


def test_thoughts_words_and_calls_come_back() -> None:
    body = _named(f"rs_{FIRST}", f"msg_{FIRST}", f"fc_{FIRST}_0")
    assert referred_in(body) == {UUID(FIRST)}
    user, thought, said, called = _filled(body)["input"]
    assert user == {"role": "user", "content": "Hi."}
    assert thought["type"] == "reasoning" and "signature" in thought["encrypted_content"]
    assert said["content"][0]["text"] == "It rains." and said["id"] == f"msg_{FIRST}"
    assert (called["call_id"], called["name"]) == ("call_1", "weather")


def test_what_a_stream_told_in_two_items_stands_once_where_the_first_is_named() -> None:
    items = _filled(_named(f"msg_{FIRST}_1", f"msg_{FIRST}_2", f"msg_{FIRST}"))["input"]
    assert [one.get("content") and one["content"][0]["text"] for one in items[1:]] == ["It rains.", [], []]


@pytest.mark.parametrize(
    "item", [{"id": f"msg_{FIRST}"}, {"type": None, "id": f"msg_{FIRST}"}, {"id": f"msg_{FIRST}", "type": None}, {"id": "gone"}]
)
@pytest.mark.parametrize("indent", [None, 2])
def test_an_id_alone_names_an_item_without_a_type(item: dict[str, Any], indent: int | None) -> None:
    body = {"input": [item, {"role": "user", "content": "Hi."}]}
    assert MAY_REFER.search(json.dumps(body, indent=indent).encode()) is not None
    if item["id"] == "gone":
        with pytest.raises(InvalidField, match=r"input\[0\]\.id"):
            referred_in(body)
    else:
        assert _filled(body)["input"][0]["content"][0]["text"] == "It rains."


def test_items_that_are_sent_whole_are_not_looked_for() -> None:
    whole = [{"id": f"msg_{FIRST}", "type": "message", "role": "assistant", "content": "Hm."}, {"id": f"msg_{FIRST}", "role": "user"}]
    assert MAY_REFER.search(json.dumps({"input": whole}).encode()) is None and not referred_in({"input": whole})


@pytest.mark.parametrize("bad", ["msg_1", "rs_", f"fc_{FIRST}_1", f"xx_{FIRST}", FIRST, "msg_00000000-0000-7000-8000-000000000000", ""])
def test_an_id_of_which_nothing_is_kept_is_named_by_its_place(bad: str) -> None:
    body = _named(f"msg_{FIRST}", bad)
    with pytest.raises(InvalidField) as refused:
        referred_in(body)
        _filled(body)
    assert refused.value.param == "input[2].id"


@pytest.mark.parametrize("said", [Said(None), Said(""), Said(None, [CALL])])
def test_a_message_that_was_never_said_is_not_made_up(said: Said) -> None:
    with pytest.raises(InvalidField):
        _filled(_named(f"msg_{FIRST}"), said)


@pytest.mark.parametrize(
    "body", [None, [], {}, {"input": "item_reference"}, {"input": {"type": "item_reference"}}, {"input": [None, 5, "x"]}]
)
def test_a_body_that_names_nothing_asks_for_nothing(body: Any) -> None:
    assert not referred_in(body)


def test_so_many_answers_are_read_and_no_more() -> None:
    ids = [f"msg_01a21fd3-40af-7590-9662-{number:012x}" for number in range(ANSWERS_MOST + 1)]
    assert len(referred_in(_named(*ids[:-1]))) == ANSWERS_MOST
    with pytest.raises(InvalidField, match="1,000"):
        referred_in(_named(*ids))


def test_a_call_that_is_named_again_and_again_counts_each_time() -> None:
    """150 kB of references would be 40 MB."""
    said = Said(None, [CALL | {"function": {"name": "write", "arguments": "x" * 20_000}}])
    body = _named(*[f"fc_{FIRST}_0"] * 3)
    whole = encoded(_filled(body, said))
    assert len(whole) > 60_000
    assert encoded(_filled(body, said, most_bytes=len(whole))) == whole
    with pytest.raises(PayloadTooLarge, match="names by ids"):
        _filled(body, said, most_bytes=len(whole) - 1)

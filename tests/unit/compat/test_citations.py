"""A text with what parts of it rest on, cut into Anthropic's blocks: nothing of it is lost or told twice, however it comes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_executor.core.answer import Answer, Piece
from burnish_executor.core.anthropic_wire import AnthropicStream, read_body
from burnish_executor.core.openai_wire import read_body as read_openais
from burnish_gateway.compat.anthropic.answer import text_blocks
from burnish_gateway.compat.anthropic.events import MessageEvents
from burnish_gateway.compat.responses.answer import message_item
from burnish_shared.beside import over_whole
from burnish_shared.contracts.executions import Beside

BLOCKS = st.lists(st.tuples(st.text("ab☃😀 ", min_size=1, max_size=6), st.lists(st.sampled_from(["x", "y"]), max_size=2)), max_size=6)


def said(blocks: list[tuple[str, list[str]]]) -> list[dict[str, Any]]:
    """As Anthropic says them."""
    return [
        {"type": "text", "text": text} | ({"citations": [{"type": "char_location", "cited_text": one} for one in cited]} if cited else {})
        for text, cited in blocks
    ]


def joined(blocks: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    """What follows each other uncited counts as one block."""
    made: list[tuple[str, Any]] = []
    for one in blocks:
        cited = one.get("citations") or []
        if made and not cited and not made[-1][1]:
            made[-1] = (made[-1][0] + one["text"], [])
        else:
            made.append((one["text"], cited))
    return made


def events_of(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    for index, block in enumerate(blocks):
        told.append({"type": "content_block_start", "index": index, "content_block": {"type": "text", "text": ""}})
        told.append({"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": block["text"]}})
        told += [
            {"type": "content_block_delta", "index": index, "delta": {"type": "citations_delta", "citation": one}}
            for one in block.get("citations", [])
        ]
        told.append({"type": "content_block_stop", "index": index})
    return told


def put_together(stream: bytes) -> list[dict[str, Any]]:
    """The blocks that a client of Anthropic's makes of it."""
    made: list[dict[str, Any]] = []
    for line in stream.decode().splitlines():
        event = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
        delta = event.get("delta", {})
        if event.get("type") == "content_block_start":
            made.append({"text": "", "citations": []})
        elif delta.get("type") == "text_delta":
            made[event["index"]]["text"] += delta["text"]
        elif delta.get("type") == "citations_delta":
            made[event["index"]]["citations"].append(delta["citation"])
    return made


def ended(events: MessageEvents) -> bytes:
    usage = {"input_tokens": 1, "output_tokens": 1, "cached_input_tokens": 0, "source": "provider"}
    return events.end({"finish_reason": "stop", "usage": usage, "cost_nusd": 0})


@given(BLOCKS)
def test_buffered_and_streamed_answers_cite_the_same(blocks: list[tuple[str, list[str]]]) -> None:
    given_blocks = said(blocks)
    whole = read_body(json.dumps({"content": given_blocks, "stop_reason": "end_turn"}).encode())
    stream, live = AnthropicStream(), MessageEvents("e", "m", False)
    told = b""
    for event in events_of(given_blocks):
        piece = stream.read(json.dumps(event).encode())
        if isinstance(piece, Piece):
            told += live.text(json.dumps(piece.text).encode()) if piece.text else b""
            told += live.delta(json.dumps(piece.delta).encode()) if piece.delta is not None else b""
    assert isinstance(whole, Answer) and whole.output == stream.answer.output
    beside = [one.asides.whole() if one.asides else None for one in (whole, stream.answer)]
    assert beside[0] == beside[1]
    spans = (beside[0].citations if beside[0] else None) or []
    assert joined(list(text_blocks(whole.output, spans))) == joined(given_blocks) == joined(put_together(told + ended(live)))


@given(BLOCKS, st.integers(1, 5))
def test_a_stored_answer_is_cut_where_it_was_however_its_text_is_cut(blocks: list[tuple[str, list[str]]], size: int) -> None:
    given_blocks = said(blocks)
    whole = read_body(json.dumps({"content": given_blocks, "stop_reason": "end_turn"}).encode())
    assert isinstance(whole, Answer)
    beside = whole.asides.whole() if whole.asides else None
    events = MessageEvents("e", "m", False)
    told = events.asides(beside.model_dump()) if beside else b""
    for at in range(0, len(whole.output), size):
        told += events.text(json.dumps(whole.output[at : at + size]).encode())
    assert joined(put_together(told + ended(events))) == joined(given_blocks)


@given(st.text("ab", max_size=8), st.lists(st.tuples(st.integers(-2, 12), st.integers(-2, 12)), max_size=4), st.integers(1, 3))
def test_absurd_places_lose_no_text_and_end(text: str, places: list[tuple[int, int]], size: int) -> None:
    spans: list[dict[str, Any]] = [{"start": start, "end": end, "citations": [{"type": "x"}, 7]} for start, end in places]
    assert "".join(one["text"] for one in text_blocks(text, spans)) == text
    events = MessageEvents("e", "m", False)
    told = events.asides({"citations": spans}) if spans else b""
    for at in range(0, len(text), size):
        told += events.text(json.dumps(text[at : at + size]).encode())
    assert "".join(one["text"] for one in put_together(told + ended(events))) == text


SPANS: list[dict[str, Any]] = [{"start": 0, "end": 2, "citations": [{"type": "x"}]}]
ASIDES: dict[str, Any] = {"citations": SPANS, "thinking": [{"type": "thinking", "thinking": "Hm.", "signature": "s"}], "refusal": "No."}


def test_what_is_told_behind_a_text_cites_that_text_and_not_what_was_thought() -> None:
    """As in a guarded stream, which tells thoughts and citations at its end."""
    events = MessageEvents("e", "m", False)
    told = put_together(events.text(b'"ab"') + events.asides(ASIDES) + ended(events))
    assert [(one["text"], one["citations"]) for one in told] == [("ab", [{"type": "x"}]), ("", []), ("No.", [])]


def test_a_refusal_of_a_stored_answer_takes_no_citations_along() -> None:
    events = MessageEvents("e", "m", False)
    told = put_together(events.asides(ASIDES) + events.text(b'"abc"') + ended(events))
    assert [(one["text"], one["citations"]) for one in told] == [("", []), ("ab", [{"type": "x"}]), ("c", []), ("No.", [])]


def test_a_refusal_in_one_delta_with_citations_takes_none_of_them() -> None:
    events = MessageEvents("e", "m", False)
    told = put_together(events.delta(json.dumps({"content": "ab", "refusal": "No.", "citations": SPANS}).encode()) + ended(events))
    assert [(one["text"], one["citations"]) for one in told] == [("ab", [{"type": "x"}]), ("No.", [])]


def test_what_others_call_citations_is_none_of_ours() -> None:
    for odd in (["https://a.example"], [{"url": "https://a.example"}], [{"start": "0", "end": 1, "citations": []}], {"start": 0}, 7):
        made = read_openais(json.dumps({"choices": [{"message": {"content": "a", "citations": odd}}]}).encode())
        assert isinstance(made, Answer) and made.asides is None


def test_a_text_that_was_changed_cites_as_a_whole() -> None:
    spans = [{"start": 0, "end": 2, "citations": [{"a": 1}]}, {"start": 4, "end": 5, "citations": [{"b": 2}, "c"]}]
    beside = Beside(citations=spans, reasoning="r")
    assert over_whole(beside, before="abcde", after="abcde") is beside
    made = over_whole(beside, before="abcde", after="ab…")
    assert made == Beside(citations=[{"start": 0, "end": 3, "citations": [{"a": 1}, {"b": 2}]}], reasoning="r")
    assert over_whole(None, before="a", after="b") is None and over_whole(Beside(reasoning="r"), before="a", after="b") is not None


@pytest.mark.parametrize(
    ("citation", "said"),
    [
        (
            {"type": "char_location", "document_index": 0, "document_title": "Nature"},
            {"type": "file_citation", "file_id": "", "filename": "Nature", "index": 2},
        ),
        (
            {"type": "page_location", "document_index": 1, "document_title": None, "file_id": "file_1"},
            {"type": "file_citation", "file_id": "file_1", "filename": "", "index": 2},
        ),
        (
            {"type": "web_search_result_location", "url": "https://a.example", "title": "A"},
            {"type": "url_citation", "url": "https://a.example", "title": "A", "start_index": 0, "end_index": 2},
        ),
        (
            {"type": "search_result_location", "source": "https://a.example", "title": None},
            {"type": "url_citation", "url": "https://a.example", "title": "", "start_index": 0, "end_index": 2},
        ),
        ({"type": "search_result_location", "source": "shelf 4", "title": "A"}, None),
        ({"type": "char_location", "cited_text": "x"}, None),
        ({"type": "web_search_result_location", "url": 7}, None),
    ],
)
def test_responses_cite_files_and_pages_and_nothing_without_a_name(citation: dict[str, Any], said: dict[str, Any] | None) -> None:
    beside = {"citations": [{"start": 0, "end": 2, "citations": [citation]}]}
    assert message_item("e", text="abc", beside=beside)["content"][0]["annotations"] == ([] if said is None else [said])

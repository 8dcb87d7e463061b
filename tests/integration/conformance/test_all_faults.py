"""Whatever the simulator can do wrong is done to every way to a model."""

import pytest

from burnish_executor.core.answer import Answer
from burnish_executor.core.failure import Failure, FailureKind
from burnish_executor.io import model_client, providers
from burnish_simulator.faults import KINDS
from tests.integration.conformance import test_behaviours
from tests.integration.conformance.conftest import Way

pytestmark = [pytest.mark.capability("E4"), pytest.mark.promise("E-07")]

ELSEWHERE = {"no_usage", "usage_negative", "usage_small", "usage_huge", "usage_nan", "no_done", "slow_chunks"}
"""Asked in test_behaviours: what such answers cost, and that whoever stops listening ends them."""

HERE = {"endless", "big_chunk", "duplicate_done", "bad_utf8", "wrong_content_type", "slow"}


def test_no_fault_of_the_simulator_is_left_out() -> None:
    asked = {name.partition(",")[0] for name in test_behaviours.FAULTS}
    assert asked | ELSEWHERE | HERE == set(KINDS)


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_without_an_end_is_left_at_a_bound(way: Way, stream: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """LiteLLM reads it in a process of its own, until the time is over."""
    monkeypatch.setattr(model_client, "STREAM_MOST_BYTES", 50_000)
    monkeypatch.setattr(providers, "BODY_MOST_BYTES", 50_000)
    result = await way.ask(way.request("fault/endless,gap=0", stream=stream), timeout_s=1.0 if way.name == "litellm" else 10.0)
    assert isinstance(result, Failure), result
    if way.name == "litellm":
        assert result.kind in (FailureKind.TIMEOUT, FailureKind.PROVIDER), "it gives up by itself where a piece comes again and again"
    else:
        assert result.kind is FailureKind.MALFORMED and "50000 bytes" in result.message


@pytest.mark.parametrize("stream", [False, True])
async def test_a_piece_of_ten_megabytes_is_refused_and_kept_by_nobody(way: Way, stream: bool) -> None:
    result = await way.ask(way.request("fault/big_chunk", stream=stream))
    assert isinstance(result, Failure) and result.kind is FailureKind.MALFORMED, type(result)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", ["duplicate_done", "slow,s=0.1"])
async def test_what_does_no_harm_changes_nothing(way: Way, fault: str, stream: bool) -> None:
    """What comes after the end is no part of the answer."""
    result, fine = await way.ask(way.request(f"fault/{fault}", stream=stream)), await way.ask(way.request(stream=stream))
    assert isinstance(result, Answer) and isinstance(fine, Answer) and result.output == fine.output


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_that_is_called_something_else_is_read_where_it_cannot_be_mistaken(way: Way, stream: bool) -> None:
    """JSON that is called text is JSON; JSON in place of a stream is a proxy's word for something else. LiteLLM reads both."""
    result = await way.ask(way.request("fault/wrong_content_type", stream=stream))
    if stream and way.name != "litellm":
        assert isinstance(result, Failure) and result.kind is FailureKind.MALFORMED
    else:
        assert isinstance(result, Answer) and "Say hello to Ada." in result.output


@pytest.mark.parametrize("stream", [False, True])
async def test_what_is_not_utf_8_is_no_answer(way: Way, stream: bool) -> None:
    if way.name == "litellm" and stream:
        pytest.skip("LiteLLM writes U+FFFD in place of each byte: docs/guides/adding-a-provider.md says so")
    result = await way.ask(way.request("fault/bad_utf8", stream=stream))
    assert isinstance(result, Failure) and result.kind in (FailureKind.MALFORMED, FailureKind.PROVIDER)

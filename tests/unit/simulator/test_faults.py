"""Faults as functions on a delivery: what is written, what it does, how often."""

import pytest

from burnish_simulator.answer_call import answer_call
from burnish_simulator.counters import Counters
from burnish_simulator.delivery import DONE, Delivery
from burnish_simulator.fault_script import FaultScript
from burnish_simulator.faults import KINDS, parse_fault
from burnish_simulator.refusals import Refusal

pytestmark = pytest.mark.capability("E4")


def deliver(model: str, *, stream: bool = False, script: FaultScript | None = None, **headers: str) -> Delivery:
    body = f'{{"model": "{model}", "stream": {str(stream).lower()}, "messages": [{{"role": "user", "content": "hi"}}]}}'
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return answer_call(body.encode(), named, counters=Counters(), script=script or FaultScript(), latency_ratio=0)


def test_a_fault_is_written_with_its_parameters() -> None:
    fault = parse_fault("slow, s=0.2,first=3,key=my test,as=reader")
    assert (fault.name, fault.params, fault.first, fault.answered_by) == ("slow", {"s": 0.2}, 3, "reader")
    assert parse_fault("slow").params == {"s": 2.0} and parse_fault("slow").first is None


@pytest.mark.parametrize("text", ["slwo", "slow,x=1", "slow,s=soon", "slow,s=-1", "slow,s=nan", "slow,s", "cut,s=1", ""])
def test_a_fault_that_is_misspelled_is_refused(text: str) -> None:
    with pytest.raises(Refusal):
        parse_fault(text)


HARMLESS = {("duplicate_done", False), ("no_done", False)} | {(name, True) for name in KINDS if "usage" in name}
"""A buffered answer has no [DONE], and a stream has no usage unless it is asked for."""


@pytest.mark.parametrize(("name", "stream"), sorted({(name, stream) for name in KINDS for stream in (False, True)} - HARMLESS))
def test_every_fault_changes_what_is_sent_and_the_header_does_as_the_model(name: str, stream: bool) -> None:
    fault = f"{name},bytes=99" if name == "big_chunk" else name
    plain, by_model = deliver("chat", stream=stream), deliver(f"fault/{fault}", stream=stream)
    by_header = deliver("chat", stream=stream, x_simulated_fault=fault)
    assert shape(by_model) != shape(plain)
    assert shape(by_header)[1:] == shape(by_model)[1:]


def shape(delivery: Delivery) -> tuple[object, ...]:
    """What tells deliveries apart once ids and times are left out."""
    sizes = sum(map(len, delivery.pieces)) - sum(piece.count(b'"fault/') for piece in delivery.pieces)
    ends = (delivery.ending, delivery.gap_s, delivery.before_s, delivery.content_type, delivery.status, delivery.headers)
    return (sizes, len(delivery.pieces), *ends)


def test_a_limited_fault_happens_to_the_first_calls_only() -> None:
    script = FaultScript()
    statuses = [deliver("fault/error,first=2,key=a", script=script).status for _ in range(4)]
    assert statuses == [500, 500, 200, 200]
    assert deliver("fault/error,first=2,key=b", script=script).status == 500


def test_an_armed_fault_happens_to_its_model_until_it_is_disarmed() -> None:
    script = FaultScript()
    script.arm("reader", parse_fault("rate_limited,first=1"))
    assert [deliver(model, script=script).status for model in ("chat", "reader", "reader")] == [200, 429, 200]
    script.arm("reader", parse_fault("rate_limited,first=1"))
    assert deliver("reader", script=script).status == 429
    script.arm("reader", parse_fault("error"))
    script.disarm()
    assert deliver("reader", script=script).status == 200


def test_counted_texts_are_bounded() -> None:
    script = FaultScript()
    for number in range(10_050):
        script.due(parse_fault(f"slow,first=1,key={number}"))
    assert len(script.happened) <= 10_001


def test_a_stream_is_cut_after_the_events_asked_for() -> None:
    assert [len(deliver(f"fault/cut,after={n}", stream=True).pieces) for n in (0, 1, 5)] == [0, 1, 5]


def test_a_stream_ends_with_done_unless_it_is_spoiled() -> None:
    assert deliver("chat", stream=True).pieces[-1] == DONE
    assert deliver("fault/duplicate_done", stream=True).pieces.count(DONE) == 2
    spoiled = deliver("fault/no_done", stream=True).pieces
    assert DONE not in spoiled and not any(b'"finish_reason":"stop"' in piece for piece in spoiled)

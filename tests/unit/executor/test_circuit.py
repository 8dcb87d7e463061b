"""A provider that fails is left alone and tried again by one call: a table of moments, without anything running."""

import pytest

from burnish_executor.circuits import Circuits
from burnish_executor.core.answer import Answer
from burnish_executor.core.circuit import PROBE_S, Circuit, CircuitRule, says_of_provider
from burnish_executor.core.failure import Failure, FailureKind, of_status

pytestmark = pytest.mark.capability("E9")

RULE = CircuitRule(calls_least=4, failed_ratio=0.5, window_s=30.0, rest_s=5.0, rest_most_s=20.0)


def _opened(*, at: float = 100.0) -> Circuit:
    circuit = Circuit(RULE)
    assert [circuit.note(False, now=at, dice=0.0) for _ in range(4)] == [False, False, False, True]
    return circuit


def test_it_opens_when_half_of_enough_calls_failed_and_not_before() -> None:
    circuit = Circuit(RULE)
    for worked in (True, True, True, False, False):
        assert not circuit.note(worked, now=100.0, dice=0.0)
    assert circuit.wait_s(100.0) == 0
    assert circuit.note(False, now=101.0, dice=0.0)
    assert circuit.wait_s(101.0) == 5.0


def test_failures_of_long_ago_do_not_count() -> None:
    circuit = Circuit(RULE)
    for _ in range(3):
        circuit.note(False, now=100.0, dice=0.0)
    assert not circuit.note(False, now=131.0, dice=0.0)
    assert not any(circuit.note(False, now=132.0, dice=0.0) for _ in range(2))
    assert circuit.note(False, now=132.0, dice=0.0)


def test_after_its_rest_one_call_tries_and_the_others_wait_for_what_becomes_of_it() -> None:
    circuit = _opened()
    assert circuit.wait_s(104.9) == pytest.approx(0.1)
    assert circuit.wait_s(105.0) == 0
    circuit.enter(105.0)
    assert circuit.wait_s(105.1) > 0, "somebody is trying"
    assert not circuit.note(True, now=106.0, dice=0.0)
    assert circuit.wait_s(106.0) == 0 and circuit.rests_until is None
    assert not circuit.note(False, now=106.0, dice=0.0), "it counts anew"


def test_a_try_that_fails_doubles_the_rest_up_to_its_most() -> None:
    circuit, now, rests = _opened(), 100.0, []
    for _ in range(4):
        now += circuit.wait_s(now)
        circuit.enter(now)
        assert circuit.note(False, now=now, dice=0.0)
        rests.append(circuit.wait_s(now))
    assert rests == [10.0, 20.0, 20.0, 20.0]


def test_a_try_that_says_nothing_lets_the_next_one_try_and_one_that_is_lost_does_so_later() -> None:
    circuit = _opened()
    circuit.enter(105.0)
    assert not circuit.note(None, now=106.0, dice=0.0)
    assert circuit.wait_s(106.0) == 0
    circuit.enter(106.0)
    assert circuit.wait_s(107.0) > 0
    assert circuit.wait_s(106.0 + PROBE_S) == 0


def test_what_was_under_way_when_it_opened_neither_opens_it_again_nor_is_ignored_when_it_worked() -> None:
    circuit = _opened()
    assert not circuit.note(False, now=101.0, dice=0.0)
    assert circuit.wait_s(101.0) == 4.0
    assert not circuit.note(True, now=102.0, dice=0.0)
    assert circuit.wait_s(102.0) == 0


def test_a_circuit_is_healthy_when_its_failures_are_long_ago() -> None:
    circuit = Circuit(RULE)
    circuit.note(False, now=100.0, dice=0.0)
    circuit.note(True, now=110.0, dice=0.0)
    assert not circuit.is_healthy
    circuit.note(True, now=131.0, dice=0.0)
    assert circuit.is_healthy and not _opened().is_healthy


def test_rests_differ_by_up_to_a_fifth() -> None:
    circuit = Circuit(RULE)
    for _ in range(4):
        circuit.note(False, now=100.0, dice=0.5)
    assert circuit.wait_s(100.0) == pytest.approx(5.5)


@pytest.mark.parametrize(
    ("result", "latency_s", "says"),
    [
        (Answer(), 0.1, True),
        (of_status(500, "", retry_after_s=None), 0.1, False),
        (of_status(529, "", retry_after_s=None), 0.1, False),
        (of_status(504, "", retry_after_s=None), 0.1, False),
        (of_status(429, "", retry_after_s=None), 0.1, None),
        (of_status(400, "", retry_after_s=None), 0.1, True),
        (Failure(FailureKind.UNREACHABLE, ""), 0.1, False),
        (Failure(FailureKind.CUT_OFF, ""), 0.1, False),
        (Failure(FailureKind.TIMEOUT, ""), 0.1, None),
        (Failure(FailureKind.TIMEOUT, ""), 30.0, False),
        (Failure(FailureKind.DEADLINE, ""), 0.1, None),
        (Failure(FailureKind.DEADLINE, ""), 31.0, False),
        (Failure(FailureKind.CANCELLED, ""), 50.0, None),
        (Failure(FailureKind.EGRESS, ""), 0.1, None),
        (of_status(409, "", retry_after_s=None), 0.1, None),
        (of_status(425, "", retry_after_s=None), 0.1, None),
    ],
)
def test_nothing_that_a_caller_can_bring_about_alone_counts_against_a_provider(
    result: Answer | Failure, latency_s: float, says: bool | None
) -> None:
    assert says_of_provider(result, latency_s=latency_s, patience_s=30.0) is says


@pytest.mark.asyncio
async def test_calls_that_a_callers_own_limit_ended_close_nothing_for_others() -> None:
    circuits, slow = Circuits(CircuitRule(), patience_s=30.0, dice=lambda: 0.0), Failure(FailureKind.DEADLINE, "")
    for _ in range(10):
        circuits.note("key", slow, owner="hurried", latency_s=31.0, allowed_s=31.0)
    assert circuits.refusal("key", owner="hurried") is not None and circuits.refusal("key", owner="patient") is None
    for _ in range(10):
        circuits.note("key", Failure(FailureKind.TIMEOUT, ""), owner="patient", latency_s=60.0, allowed_s=90.0)
    assert circuits.refusal("key", owner="anybody") is not None, "the operator's own limit ended these"


@pytest.mark.asyncio
async def test_failures_of_a_provider_count_whoever_called() -> None:
    circuits = Circuits(CircuitRule(), patience_s=30.0, dice=lambda: 0.0)
    for number in range(10):
        circuits.note("key", of_status(500, "", retry_after_s=None), owner=number, latency_s=0.1, allowed_s=30.0)
    assert circuits.refusal("key", owner="another") is not None


@pytest.mark.asyncio
async def test_a_provider_that_works_again_for_one_works_for_all_whoever_saw_it_fail() -> None:
    circuits = Circuits(CircuitRule(rest_s=0.0), patience_s=30.0, dice=lambda: 0.0)
    for _ in range(10):
        circuits.note("key", of_status(500, "", retry_after_s=None), owner="unlucky", latency_s=0.1, allowed_s=30.0)
    circuits.enter("key", owner="another")
    circuits.note("key", Answer(), owner="another", latency_s=0.1, allowed_s=30.0)
    assert circuits.refusal("key", owner="unlucky") is None and not circuits.are_any

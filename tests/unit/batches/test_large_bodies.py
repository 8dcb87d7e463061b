"""How many long bodies a gateway takes in at once: each is held in memory until its batch is made."""

from contextlib import ExitStack
from uuid import uuid4

import pytest

from burnish_gateway.large_bodies import AT_ONCE, AT_ONCE_OF_ONE, LARGE_BYTES, LargeBodies, declared_bytes
from burnish_shared.errors import Unavailable

pytestmark = pytest.mark.promise("G-15")


def test_a_workspace_has_a_few_and_keeps_nobody_else_out_until_there_are_too_many() -> None:
    bodies, slow = LargeBodies(), uuid4()
    with ExitStack() as held:
        for _ in range(AT_ONCE_OF_ONE):
            held.enter_context(bodies.holding(slow, LARGE_BYTES + 1))
        with pytest.raises(Unavailable), bodies.holding(slow, LARGE_BYTES + 1):
            pass
        for _ in range(AT_ONCE - AT_ONCE_OF_ONE):
            held.enter_context(bodies.holding(uuid4(), LARGE_BYTES + 1))
        with pytest.raises(Unavailable) as refused, bodies.holding(uuid4(), LARGE_BYTES + 1):
            pass
        assert refused.value.retry_after_s == 1
        with bodies.holding(slow, LARGE_BYTES):
            pass  # a short one waits for nobody
    with ExitStack() as held:
        for _ in range(AT_ONCE_OF_ONE):
            held.enter_context(bodies.holding(slow, LARGE_BYTES + 1))


def test_a_body_of_unknown_length_counts_as_a_long_one_and_one_that_failed_no_more() -> None:
    bodies, workspace = LargeBodies(), uuid4()
    for _ in range(2 * AT_ONCE):
        with pytest.raises(ZeroDivisionError), bodies.holding(workspace, None):
            raise ZeroDivisionError
    with ExitStack() as held:
        for _ in range(AT_ONCE_OF_ONE):
            held.enter_context(bodies.holding(workspace, None))
        with pytest.raises(Unavailable), bodies.holding(workspace, None):
            pass


@pytest.mark.parametrize(
    ("header", "declared"), [(None, None), ("12", 12), ("-1", None), ("٣", None), ("1" * 19, None), ("", None), ("1e9", None)]
)
def test_only_a_plain_number_says_how_long_a_body_is(header: str | None, declared: int | None) -> None:
    assert declared_bytes(header) == declared

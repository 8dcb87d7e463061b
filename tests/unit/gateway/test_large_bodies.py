"""How many long bodies are held at once."""

from contextlib import ExitStack

import pytest

from burnish_gateway.large_bodies import AT_ONCE, AT_ONCE_OF_ONE, LARGE_BYTES, LargeBodies, declared_bytes
from burnish_shared.errors import Unavailable
from burnish_shared.ids import new_uuid

pytestmark = pytest.mark.promise("G-15")


def test_a_workspace_holds_few_and_all_together_hold_a_few_more() -> None:
    bodies, ours = LargeBodies(), new_uuid()
    with ExitStack() as held:
        for _ in range(AT_ONCE_OF_ONE):
            held.enter_context(bodies.holding(ours, LARGE_BYTES + 1))
        with pytest.raises(Unavailable), bodies.holding(ours, None):
            pass
        with bodies.holding(ours, LARGE_BYTES):
            pass
        for _ in range(AT_ONCE - AT_ONCE_OF_ONE):
            held.enter_context(bodies.holding(new_uuid(), None))
        with pytest.raises(Unavailable), bodies.holding(new_uuid(), None):
            pass
    with bodies.holding(ours, None):
        pass


def test_what_a_header_says_counts_where_it_is_a_number() -> None:
    assert [declared_bytes(one) for one in ("7", "0", None, "", "-1", "1e3", "٣", "9" * 30)] == [7, 0, None, None, None, None, None, None]

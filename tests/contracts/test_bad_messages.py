"""Consumers face the same bad bytes as routes do: a message is read, or refused in the one way that dead-letters it."""

import pytest
from pydantic import ValidationError

from burnish_shared.bus import frames
from burnish_shared.bus.headers import parse_headers
from tests.security.corpus import RAW_BODIES
from tests.snapshots.reference import CONTRACTS


@pytest.mark.promise("M-06")
@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_bytes_that_are_no_message_are_refused_by_their_contract(contract: type) -> None:
    for name, raw in RAW_BODIES.items():
        with pytest.raises(ValidationError):
            contract.model_validate_json(raw)  # type: ignore[attr-defined]
            pytest.fail(f"{name} was taken for a message")


def test_bytes_that_are_no_frame_are_none() -> None:
    assert frames.parse(b"T 1 0 {}") is not None
    for raw in (*RAW_BODIES.values(), b"T", b"T 1", b"T -1 0 x", b"T 1 1e3 x", b"Z 1 1 x", b"T  1 1", b"\xff 1 1 ", b"T \xd9\xa1 0 x"):
        assert frames.parse(raw) is None, raw[:40]


def test_bytes_that_are_no_headers_are_empty() -> None:
    for raw in RAW_BODIES.values():
        assert parse_headers(raw[:10_000]) == {}

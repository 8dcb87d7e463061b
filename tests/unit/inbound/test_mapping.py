"""From other systems' payloads to feedback (F2)."""

import time
from typing import Any

import pytest

from burnish_gateway.inbound.mapping import compiled, mapped
from burnish_gateway.inbound.signature import SignatureRule, verify
from burnish_gateway.throttle import Throttle
from burnish_shared.errors import InvalidField

pytestmark = pytest.mark.capability("F2")


@pytest.mark.parametrize(
    ("given", "thumb"),
    [("up", "up"), ("Down", "down"), (True, "up"), (False, "down"), (1, "up"), (0, "down"), (-1, "down"), (1.0, "up")],
)
def test_what_a_thumb_may_be(given: Any, thumb: str) -> None:
    found = mapped(compiled({"execution_id": "id", "thumb": "vote"}), {"id": "x", "vote": given})
    assert found is not None and found.body == {"execution_id": "x", "thumb": thumb}


@pytest.mark.parametrize("given", ["yes", 2, [], {}, 0.5])
def test_what_no_thumb_is(given: Any) -> None:
    with pytest.raises(InvalidField) as refused:
        mapped(compiled({"execution_id": "id", "thumb": "vote"}), {"id": "x", "vote": given})
    assert refused.value.param == "mapping.thumb"


def test_what_is_absent_is_left_out_and_numbers_may_name_users_and_messages() -> None:
    mapping = compiled({"session_id": "chat.id", "score": "stars / 5", "comment": "text", "user_id": "who", "id": "n", "when": "stars > 0"})
    found = mapped(mapping, {"chat": {"id": 17}, "stars": 4, "text": "", "who": 9, "n": 3})
    assert found is not None
    assert (found.body, found.message_id) == ({"session_id": "17", "score": 0.8, "user_id": "9"}, "3")
    assert mapped(mapping, {"stars": 0}) is None
    with pytest.raises(InvalidField):
        mapped(mapping, {"stars": "many", "chat": {"id": 1}})


def test_a_metric_and_an_execution_made_elsewhere() -> None:
    mapping = compiled({"imported": "t", "imported_source": "desk", "metric": "won", "metric_name": "converted"})
    found = mapped(mapping, {"t": 5, "won": True})
    assert found is not None and found.body == {
        "imported": {"source": "desk", "id": "5"},
        "metric": {"name": "converted", "value": 1.0},
    }


def test_a_payload_is_compared_within_bounds_whatever_its_mapping_says() -> None:
    much = " and ".join(["d == d"] * 74)
    fields = ("when", "execution_id", "thumb", "score", "comment", "user_id", "id")
    began = time.process_time()
    for name in fields:
        with pytest.raises(InvalidField, match="too much to compare") as refused:
            mapped(compiled({"execution_id": "id", name: much}), {"id": "x", "d": [1] * 125_000})
        assert refused.value.param == f"mapping.{name}"
    one = compiled({"execution_id": "id"} | dict.fromkeys(("when", "thumb", "score"), "d == d and d == d"))
    with pytest.raises(InvalidField, match=r"mapping\.score: too much to compare"):
        mapped(one, {"id": "x", "d": [1] * 40_000})
    assert time.process_time() - began < 5, "it was two seconds for each expression"


@pytest.mark.parametrize("header", ["", "sha256=", "sha256=00", "sha256=é", "sha256=" + "0" * 64])
def test_no_other_signature_fits(header: str) -> None:
    rule = SignatureRule("hmac_sha256", "X-Sig", "sha256=")
    assert verify(rule, b"key", b"body", {"x-sig": header}, now_s=0) is None


def test_a_bucket_fills_again_with_time() -> None:
    throttle = Throttle(rate_per_s=2, burst=3)
    assert [throttle.take("a", now_s=0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert throttle.take("b", now_s=0) == 0 and throttle.take("a", now_s=0.5) == 0 and throttle.take("a", now_s=0.5) > 0

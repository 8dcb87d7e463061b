"""What the hot path does in a shorter way says what the longer one says."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from burnish_executor.core.limits import Left, said_by
from burnish_gateway.short_way import CallRequest
from burnish_shared.books.admission_request import AdmissionRequest, IdempotencyKey, statement_of
from burnish_shared.ids import created_at, created_s, new_uuid

NAMES = st.sampled_from([b"authorization", b"idempotency-key", b"content-length", b"x-burnish-workspace"])


async def nothing() -> None: ...


@given(headers=st.lists(st.tuples(NAMES, st.binary(max_size=4)), max_size=6), asked=NAMES)
def test_a_header_is_found_as_in_any_other_request(headers: list[tuple[bytes, bytes]], asked: bytes) -> None:
    scope = {"type": "http", "method": "POST", "path": "/v1/executions", "headers": headers}
    short, long = CallRequest(dict(scope), nothing, nothing), Request(dict(scope))
    for name in (asked.decode(), asked.decode().title()):
        assert short.headers.get(name) == long.headers.get(name)
        assert short.headers.get(name, "none") == long.headers.get(name, "none")
        assert (name in short.headers) == (name in long.headers)


def test_an_id_as_text_says_when_it_was_made() -> None:
    for one in (new_uuid(), UUID(int=1 << 80), UUID("ffffffff-fff0-7fff-bfff-ffffffffffff")):
        if one.version == 7 and one.int >> 80 < 2**46:
            assert created_s(str(one)) == int(created_at(one).timestamp())
    assert created_s(str(UUID(int=1_999 << 80))) == 1


def test_what_no_request_has_is_null_and_what_one_has_is_an_array_of_all() -> None:
    plain = AdmissionRequest(new_uuid(), new_uuid(), 1, 1000, "interactive", [100])
    keyed = AdmissionRequest(new_uuid(), new_uuid(), 1, 1000, "interactive", [100], key=IdempotencyKey("r", "k", b"f"), widen_fence=2)
    nobodys = statement_of([plain, plain], [False, False])[1]
    assert [place for place, value in enumerate(nobodys, start=1) if value is None] == [6, 7, 8, 9, 10, 11, 12, 25]
    somebodys = statement_of([plain, keyed], [False, True])[1]
    assert (somebodys[5], somebodys[7:10], somebodys[24]) == ([False, True], ([None, "r"], [None, "k"], [None, b"f"]), [0, 2])


def test_a_limit_without_what_is_left_of_it_is_passed_over_for_the_next_name() -> None:
    headers = {"x-ratelimit-limit-tokens": "9", "anthropic-ratelimit-tokens-limit": "60", "anthropic-ratelimit-tokens-remaining": "7"}
    said = said_by(headers, now=datetime.now(UTC))
    assert said is not None and said.tokens == Left(60, 7) and said.requests is None

"""The decisions of webhooks: signatures, schedule, outcomes, health, matching, payload."""

import base64
import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from burnish_shared.contracts import webhook_body as payload
from burnish_shared.contracts.events import Event
from burnish_shared.contracts.webhooks import message_id, parse_message_id
from burnish_shared.ids import new_uuid
from burnish_webhooks.core import breaker, matching, outcome, schedule
from burnish_webhooks.core.signature import key_of, signature_header

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WORKSPACE, ENDPOINT = UUID(int=1), UUID(int=2)


def _event(type_: str = "alert.raised", *, data: dict[str, Any] | None = None, **fields: Any) -> Event:
    return Event.model_validate(
        {"id": new_uuid(), "type": type_, "workspace_id": WORKSPACE, "occurred_at": NOW, "object_id": "a1", "data": data or {}} | fields
    )


# Signatures


def _sign(keys: list[bytes], message_id: str, body: bytes) -> dict[str, str]:
    now_s = int(datetime.now(UTC).timestamp())
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(now_s),
        "webhook-signature": signature_header(keys, message_id=message_id, timestamp_s=now_s, body=body),
    }


@pytest.mark.promise("W-03")
@pytest.mark.capability("W1")
@given(key=st.binary(min_size=24, max_size=64), content=st.dictionaries(st.text(), st.text()))
def test_signatures_verify_with_the_public_package(key: bytes, content: dict[str, str]) -> None:
    body = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
    secret = "whsec_" + base64.b64encode(key).decode()
    headers = _sign([key_of(secret)], "msg_1_2", body)
    Webhook(secret).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body + b" ", headers)


@pytest.mark.promise("W-04")
def test_while_a_secret_is_rotated_receivers_with_either_secret_verify() -> None:
    old, new = b"o" * 32, b"n" * 32
    headers = _sign([new, old], "msg_x", b"{}")
    assert len(headers["webhook-signature"].split(" ")) == 2
    for key in (old, new):
        Webhook("whsec_" + base64.b64encode(key).decode()).verify(b"{}", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + base64.b64encode(b"x" * 32).decode()).verify(b"{}", headers)


@pytest.mark.promise("W-03")
def test_a_signature_equals_the_published_vector() -> None:
    """The example of the Standard Webhooks reference libraries, the same in all their languages."""
    header = signature_header(
        [key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")],
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp_s=1614265330,
        body=b'{"test": 2432232314}',
    )
    assert header == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", ["", "abc", "whsec_*", "whsek_QUJD"])
def test_what_is_no_secret_is_refused(secret: str) -> None:
    with pytest.raises(ValueError):
        key_of(secret)


# Schedule and outcomes


@pytest.mark.promise("W-05")
@pytest.mark.capability("W3")
def test_ten_attempts_span_more_than_three_days() -> None:
    delays = [schedule.next_delay_s(failed, roll=0.5) for failed in range(11)]
    assert delays[-1] is None
    assert [round(delay or 0) for delay in delays[:-1]] == [0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    assert sum(schedule.SLOTS_S) / 3600 == pytest.approx(75.6, abs=0.1)


@given(failed=st.integers(0, 9), roll=st.floats(0, 1, exclude_max=True), factor=st.floats(0.001, 1))
def test_jitter_stays_within_a_fifth_of_the_slot(failed: int, roll: float, factor: float) -> None:
    delay_s = schedule.next_delay_s(failed, roll=roll, factor=factor)
    slot_s = schedule.SLOTS_S[failed] * factor
    assert delay_s is not None and slot_s * 0.7999 <= delay_s <= slot_s * 1.2001


def _response(status: int, **headers: str) -> outcome.Response:
    return outcome.Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, "", 1)


def _classify(answer: outcome.Answer, *, failed_before: int = 0) -> outcome.Outcome:
    return outcome.classify(answer, failed_before=failed_before, now=NOW, roll=0.5, factor=1)


@pytest.mark.promise("W-05")
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (_response(200), outcome.Delivered()),
        (_response(204), outcome.Delivered()),
        (_response(299), outcome.Delivered()),
        (_response(199), outcome.Retry(5, "http_status")),
        (_response(301, location="https://elsewhere.example"), outcome.Retry(5, "redirect")),
        (_response(400), outcome.Retry(5, "http_status")),
        (_response(500), outcome.Retry(5, "http_status")),
        (_response(410), outcome.Gone()),
        (_response(400, webhook_delivery="abort-message"), outcome.Aborted()),
        (_response(200, webhook_delivery="abort-message"), outcome.Delivered()),
        (_response(503, retry_after="120"), outcome.Retry(120, "http_status")),
        (_response(503, retry_after="1"), outcome.Retry(5, "http_status")),
        (_response(429, retry_after="999999999999999"), outcome.Retry(86_400, "http_status")),
        (_response(503, retry_after="Fri, 20 Nov 2026 12:10:00 GMT"), outcome.Retry(600, "http_status")),
        (_response(503, retry_after="Fri, 20 Nov 2020 12:10:00 GMT"), outcome.Retry(5, "http_status")),
        (_response(503, retry_after="-5"), outcome.Retry(5, "http_status")),
        (_response(503, retry_after="soon"), outcome.Retry(5, "http_status")),
        (_response(503, retry_after="١٢"), outcome.Retry(5, "http_status")),
        (outcome.NoResponse("timeout", 15_000), outcome.Retry(5, "timeout")),
        (outcome.NoResponse("egress_refused", 0), outcome.Retry(5, "egress_refused")),
    ],
)
def test_an_answer_decides_what_becomes_of_the_delivery(answer: outcome.Answer, expected: outcome.Outcome) -> None:
    assert _classify(answer) == expected


@pytest.mark.promise("W-05")
def test_no_status_but_410_ends_more_than_an_attempt() -> None:
    for status in {*range(100, 200), *range(300, 600)} - {410}:
        assert isinstance(_classify(_response(status)), outcome.Retry), status


@pytest.mark.promise("W-06")
def test_the_tenth_failure_exhausts_the_delivery() -> None:
    assert isinstance(_classify(_response(500), failed_before=8), outcome.Retry)
    assert _classify(_response(500), failed_before=9) == outcome.Exhausted("http_status")
    assert _classify(_response(503, retry_after="60"), failed_before=9) == outcome.Exhausted("http_status")


@given(st.text(max_size=40))
def test_any_retry_after_header_is_survived(header: str) -> None:
    wait_s = outcome.retry_after_s(header, now=NOW)
    assert wait_s is None or wait_s >= 0


# Health


def _fail(health: breaker.Health, times: int, *, at: datetime = NOW) -> breaker.Health:
    for _ in range(times):
        health = breaker.after_failure(health, now=at, is_new_event=True, factor=1)
    return health


@pytest.mark.capability("W3")
def test_ten_failures_in_a_row_open_the_breaker_for_a_minute() -> None:
    assert _fail(breaker.Health(), 9).opened_until is None
    assert _fail(breaker.Health(), 10).opened_until == NOW + timedelta(seconds=60)


def test_stragglers_do_not_lengthen_the_pause_and_failed_probes_double_it_up_to_an_hour() -> None:
    health = _fail(breaker.Health(), 13)
    assert health.opened_until == NOW + timedelta(seconds=60)
    pauses = []
    for _ in range(8):
        assert health.opened_until is not None
        probed_at = health.opened_until
        health = _fail(health, 1, at=probed_at)
        assert health.opened_until is not None
        pauses.append((health.opened_until - probed_at).total_seconds())
    assert pauses == [120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_one_success_forgets_everything_but_the_share_of_failures() -> None:
    kept = breaker.Health(window_since=NOW, window_attempts=5, window_failures=4)
    assert breaker.after_success(_fail(breaker.Health(), 4), now=NOW, factor=1) == kept
    assert breaker.after_success(_fail(breaker.Health(), 12), now=NOW, factor=1) == breaker.Health(), "late, and it closes the breaker"
    probed_at = NOW + timedelta(seconds=60)
    assert breaker.after_success(_fail(breaker.Health(), 12), now=probed_at, factor=1) == breaker.Health()


def _alternate(health: breaker.Health, pattern: str, *, every_s: float = 1.0, factor: float = 1) -> breaker.Health:
    """`x`: a failure, anything else a success."""
    for n, one in enumerate(pattern):
        at = NOW + timedelta(seconds=n * every_s)
        failed = breaker.after_failure(health, now=at, is_new_event=True, factor=factor)
        health = failed if one == "x" else breaker.after_success(health, now=at, factor=factor)
    return health


@pytest.mark.capability("W3")
@pytest.mark.parametrize(
    ("pattern", "every_s", "opened"),
    [
        ("xxx." * 5 + "x", 1.0, True),
        ("xxx." * 4 + "xx", 1.0, False),
        ("xx." * 6 + "xx", 1.0, True),
        (".xx" * 6 + ".x.x", 1.0, False),
        ("xxx." * 5 + "x", 20.0, False),
    ],
    ids=["16 of 21", "fewer than 20", "14 of 20", "14 of 22", "longer than five minutes"],
)
def test_seven_of_ten_attempts_that_fail_within_five_minutes_open_the_breaker(pattern: str, every_s: float, opened: bool) -> None:
    health = _alternate(breaker.Health(), pattern, every_s=every_s)
    assert (health.opened_until is not None) is opened
    assert (_alternate(breaker.Health(), pattern, every_s=every_s / 100, factor=0.01).opened_until is not None) is opened


def test_a_pause_for_the_share_of_failures_outlasts_what_was_under_way_and_ends_with_a_probe() -> None:
    health = _alternate(breaker.Health(), "xxx." * 5 + "x")
    assert health.opened_until is not None and health.window_attempts == 0
    late = breaker.after_success(health, now=health.opened_until - timedelta(seconds=30), factor=1)
    assert (late.opened_until, late.consecutive_failures) == (health.opened_until, 0)
    assert breaker.after_success(late, now=health.opened_until, factor=1) == breaker.Health()
    assert _fail(late, 1, at=health.opened_until).opened_until == health.opened_until + timedelta(seconds=120)


@pytest.mark.parametrize(("days", "events", "disabled"), [(4.9, 9, False), (5, 2, False), (5, 3, True), (30, 3, True)])
def test_five_days_of_failures_of_three_events_disable_an_endpoint(days: float, events: int, disabled: bool) -> None:
    health = _fail(breaker.Health(), events)
    assert breaker.must_be_disabled(health, now=NOW + timedelta(days=days)) is disabled


# Matching and payload


def _subscription(*events: str, **filters: list[str]) -> matching.Subscription:
    return matching.Subscription(endpoint_id=ENDPOINT, workspace_id=WORKSPACE, events=events, filters=filters)


@pytest.mark.capability("W1", "W2")
@pytest.mark.parametrize(
    ("subscription", "event", "wanted"),
    [
        (_subscription("alert.raised"), _event(), True),
        (_subscription("alert.resolved"), _event(), False),
        (_subscription("alert.*"), _event(), True),
        (_subscription("alert.*"), _event("suggestion.created"), False),
        (_subscription("*"), _event(), True),
        (_subscription(), _event(), False),
        (_subscription("*"), _event(workspace_id=UUID(int=9)), False),
        (_subscription("*", prompts=["a", "b"]), _event(data={"prompt": "b"}), True),
        (_subscription("*", prompts=["a"]), _event(data={"prompt": "c"}), False),
        (_subscription("*", prompts=["a"]), _event(), False),
        (_subscription("*", prompts=["a"]), _event("prompt.label.moved", data={"slug": "a"}), True),
        (_subscription("*", prompts=["a"], labels=["production"]), _event(data={"prompt": "a", "label": "staging"}), False),
        (_subscription("*", prompts=["a"], labels=["production"]), _event(data={"prompt": "a", "label": "production"}), True),
        (_subscription("*", prompts=[]), _event(), True),
        (_subscription(), _event("webhook.test", object_id=str(ENDPOINT)), True),
        (_subscription("*"), _event("webhook.test", object_id=str(UUID(int=7))), False),
        (_subscription("*"), _event("webhook.delivery.exhausted", data={"endpoint_id": str(ENDPOINT)}), False),
        (_subscription("*"), _event("webhook.delivery.exhausted", data={"endpoint_id": str(UUID(int=7))}), True),
    ],
)
def test_an_endpoint_gets_what_it_asked_for(subscription: matching.Subscription, event: Event, wanted: bool) -> None:
    assert matching.wants(subscription, event) is wanted


@pytest.mark.promise("W-13")
@pytest.mark.parametrize(("hops", "wanted"), [(0, True), (2, True), (3, False), (4, False)])
def test_an_event_that_came_round_three_times_is_not_delivered(hops: int, wanted: bool) -> None:
    assert matching.wants(_subscription("*"), _event(hops=hops)) is wanted


@pytest.mark.promise("W-12")
def test_the_body_says_what_happened_when_and_in_which_order() -> None:
    event = _event(data={"prompt": "routing", "alert_id": "a/1", "é": "ü"}, object_version=4, simulated=True)
    body = json.loads(payload.body_of(event, base_url="https://burnish.example/"))
    assert (body["type"], body["timestamp"], body["object_version"], body["simulated"]) == ("alert.raised", "2026-11-20T12:00:00Z", 4, True)
    assert body["data"] == event.data
    assert body["links"] == {"alert": "https://burnish.example/v1/alerts/a%2F1", "prompt": "https://burnish.example/v1/prompts/routing"}


def test_every_moment_of_a_body_is_spelled_as_its_own_time_is() -> None:
    data = {
        "raised_at": "2026-11-20T07:59:58.5+00:00", "resets_at": None, "period_start": "2026-11-20T00:00:00+09:00",
        "changed": {"hour": "2026-11-20T07:00:00+00:00"}, "reactions": [{"at": "2026-11-20T08:00:00+00:00"}], "summary": "at +00:00",
    }  # fmt: skip
    assert json.loads(payload.body_of(_event(data=data), base_url=""))["data"] == data | {
        "raised_at": "2026-11-20T07:59:58.5Z", "changed": {"hour": "2026-11-20T07:00:00Z"}, "reactions": [{"at": "2026-11-20T08:00:00Z"}],
    }  # fmt: skip


def test_a_body_that_would_be_too_long_goes_without_its_data() -> None:
    body = payload.body_of(_event(data={"much": "x" * payload.MAX_BODY_BYTES, "prompt": "p"}), base_url="")
    assert len(body) < 1_000 and json.loads(body)["links"] == {"prompt": "/v1/prompts/p"}


def test_message_ids_have_no_dot_and_differ_by_event_and_endpoint() -> None:
    pairs = [(UUID(int=a), UUID(int=b)) for a, b in itertools.product(range(3), repeat=2)]
    ids = [message_id(*pair) for pair in pairs]
    assert len(set(ids)) == 9 and all(one.startswith("msg_") and "." not in one for one in ids)
    assert [parse_message_id(one) for one in ids] == pairs


@pytest.mark.parametrize(
    "text", ["", "msg_", "msg_1_2", "msg_" + "0" * 32, "msg_" + "z" * 32 + "_" + "0" * 32, "x_" + "0" * 32 + "_" + "0" * 32, "msg_\x00_"]
)
def test_what_is_no_message_id_is_seen(text: str) -> None:
    assert parse_message_id(text) is None

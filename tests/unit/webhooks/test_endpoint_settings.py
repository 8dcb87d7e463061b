"""Conditions, static headers, key pairs and texts in bodies, without a database."""

import base64
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from burnish_gateway.webhooks import static_headers
from burnish_gateway.webhooks.bodies import EndpointBody
from burnish_gateway.webhooks.reach import check_reach, types_of
from burnish_gateway.wire import parse_model
from burnish_shared.auth.signing_keys import new_key_pair, signer
from burnish_shared.contracts.events import Event
from burnish_shared.contracts.webhook_body import MAX_BODY_BYTES, body_of, with_texts
from burnish_shared.errors import InvalidField
from burnish_shared.ids import new_uuid
from burnish_webhooks.core.matching import TEST_EVENT, Held, Subscription, held_back
from burnish_webhooks.core.signature import signature_header

WORKSPACE, ENDPOINT = UUID(int=1), UUID(int=2)


def _event(type_: str = "alert.raised", **data: Any) -> Event:
    return Event.model_validate(
        {"id": new_uuid(), "type": type_, "workspace_id": WORKSPACE, "occurred_at": datetime.now(UTC), "object_id": "a1", "data": data}
    )


def _settings(**given: Any) -> EndpointBody:
    return parse_model(EndpointBody, json.dumps({"url": "https://x.example/", "events": ["*"]} | given).encode())


@pytest.mark.capability("W1")
@pytest.mark.parametrize(
    ("condition", "verdict"),
    [
        ("", None),
        ("data.delta > 0.05", None),
        ("data.delta > 0.5", Held()),
        ("data.nothing > 1", Held()),
        ('type == "alert.raised" and object_id == "a1" and hops == 0 and not simulated', None),
        ('starts_with(occurred_at, "20") and exists(event_id) and exists(workspace_id) and not exists(object_version)', None),
        ("data.name > 1", "number"),
        ("data.delta / 0 > 1", "zero"),
        ("data.name", "neither true nor false"),
    ],
)
def test_a_condition_says_of_each_event_whether_it_goes_out(condition: str, verdict: Held | str | None) -> None:
    found = held_back(Subscription(ENDPOINT, WORKSPACE, ["*"], condition=condition), _event(delta=0.1, name="x"))
    if isinstance(verdict, str):
        assert found is not None and verdict in (found.error or "")
    else:
        assert found == verdict


@pytest.mark.parametrize(
    "condition", ["1", "data.delta + 1", "not 5", '"a"', "[true]", "len(data)", "-data.delta", "type", "data", "simulated and 1"]
)
def test_what_is_never_true_or_false_is_no_condition(condition: str) -> None:
    with pytest.raises(InvalidField, match="never true or false"):
        _settings(condition=condition)


@pytest.mark.parametrize(
    "condition", ["true", "simulated", "data.flag", "not data.flag", "data.n in [1, 2]", 'exists(data) and type != "x"']
)
def test_what_may_be_true_is_a_condition(condition: str) -> None:
    assert _settings(condition=condition).condition == condition


@pytest.mark.capability("W1")
@pytest.mark.parametrize(
    ("events", "filters", "param"),
    [
        (["*"], {"prompts": ["a"], "labels": ["b"]}, None),
        (["alert.*", "credits.*"], {"prompts": ["a"]}, None),
        (["feedback.created"], {"prompts": ["a"], "labels": ["b"]}, None),
        (["budget.*"], {"prompts": ["a"]}, None),
        (["credits.*", "webhook.*"], {"prompts": ["a"]}, "filters.prompts"),
        (["test_run.completed"], {"labels": ["b"]}, "filters.labels"),
        (["data.erased"], {}, None),
    ],
)
def test_a_filter_that_no_chosen_event_can_match_is_refused_by_name(
    events: list[str], filters: dict[str, list[str]], param: str | None
) -> None:
    if param is None:
        check_reach(events, filters)
    else:
        with pytest.raises(InvalidField) as refused:
            check_reach(events, filters)
        assert refused.value.param == param and "alert.raised" in refused.value.message


@pytest.mark.capability("W2")
@pytest.mark.parametrize(
    ("kind", "data", "links"),
    [
        ("budget.exhausted", {"budget_id": "b1", "account_id": 7}, {"budget": "https://b.example/v1/budgets/b1"}),
        ("credits.low", {"budget_id": None, "account_id": 7}, {"credits": "https://b.example/v1/credits"}),
        ("data.erased", {"erasure_id": "e1"}, {"erasure": "https://b.example/v1/erasures/e1"}),
        ("provider_key.unhealthy", {"provider_key_id": "k1"}, {"provider_key": "https://b.example/v1/provider-keys/k1"}),
        ("usage.anomaly_detected", {"alert_id": "a1", "example_execution_id": "x1"},
         {"alert": "https://b.example/v1/alerts/a1", "execution": "https://b.example/v1/executions/x1"}),
        ("batch.completed", {"batch_id": "b1", "endpoint": "/v1/executions"}, {"batch": "https://b.example/v1/batches/b1"}),
        ("chain_run.completed", {"chain_run_id": "r1", "slug": "reply"},
         {"chain_run": "https://b.example/v1/chain-runs/r1", "chain": "https://b.example/v1/chains/reply"}),
        ("experiment.decided", {"experiment_id": "e1", "slug": "reply"},
         {"experiment": "https://b.example/v1/experiments/e1", "prompt": "https://b.example/v1/prompts/reply"}),
    ],
)  # fmt: skip
def test_a_body_leads_to_what_it_is_about_and_names_no_account_of_ours(kind: str, data: dict[str, Any], links: dict[str, str]) -> None:
    body = json.loads(body_of(_event(kind, **data), base_url="https://b.example"))
    assert body["links"] == links and "account_id" not in body["data"]


def test_filters_are_folded_as_prompts_and_labels_are() -> None:
    body = _settings(filters={"prompts": ["Routing"], "labels": ["Production"]})
    assert body.filters is not None and body.filters.stored() == {"prompts": ["routing"], "labels": ["production"]}
    for odd in ({"prompts": ["NO SUCH!"]}, {"labels": ["7"]}):
        with pytest.raises(InvalidField, match="can be no"):
            _settings(filters=odd)


def test_a_test_event_passes_every_condition() -> None:
    assert held_back(Subscription(ENDPOINT, WORKSPACE, ["*"], condition="1 == 2"), _event(TEST_EVENT)) is None


@pytest.mark.promise("S-02")
@pytest.mark.parametrize(
    ("name", "value", "is_shown"),
    [
        ("Authorization", "x", False), ("X-Api-Key", "x", False), ("Cookie", "a=b", False), ("X-Session", "1", False),
        ("X-Custom", "Bearer abc", False), ("X-Custom", "sk-proj-0123456789ab", False), ("X-Custom", "c2VjcmV0c2VjcmV0c2VjcmV0", False),
        ("X-Team", "support", True), ("X-Region", "eu west", True), ("Accept-Language", "de", True),
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_is_not_shown(name: str, value: str, is_shown: bool) -> None:
    assert static_headers.shown({name: value}) == {name: value if is_shown else None}


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "x"}, {"Content-Type": "x"}, {"Transfer-Encoding": "chunked"}, {"Webhook-Signature": "x"}, {"X-Forwarded-Host": "x"},
        {"X-Aws-Ec2-Metadata-Token": "x"}, {"": "x"}, {"a:b": "x"}, {"a": ""}, {"a": " x"}, {"a": "x\n"}, {"a": "ö"}, {"a": "x" * 2001},
        {"a": "x", "A": "y"}, {"a": None}, {f"n{n}": "x" for n in range(21)}, {f"n{n}": "x" * 1999 for n in range(5)},
    ],
)  # fmt: skip
def test_headers_that_would_change_the_message_or_its_sender_are_refused(headers: dict[str, str | None]) -> None:
    with pytest.raises(InvalidField):
        static_headers.checked(headers, {})


def test_a_header_without_a_value_keeps_what_is_stored() -> None:
    assert static_headers.checked({"authorization": None, "X-A": "b"}, {"Authorization": "kept", "X-B": "gone"}) == {
        "authorization": "kept", "X-A": "b",
    }  # fmt: skip


@pytest.mark.promise("W-03")
@given(body=st.binary(max_size=200))
def test_a_key_pair_signs_what_its_public_half_verifies(body: bytes) -> None:
    pair, other = new_key_pair(), new_key_pair()
    header = signature_header([b"k" * 32], message_id="msg_1_2", timestamp_s=5, body=body, signers=[signer(pair.private)])
    hmac, by_key_pair = header.split(" ")
    assert hmac.startswith("v1,") and by_key_pair.startswith("v1a,")
    signed, signature = b"msg_1_2.5." + body, base64.b64decode(by_key_pair.removeprefix("v1a,"))
    _public(pair.public).verify(signature, signed)
    for key, message in ((other.public, signed), (pair.public, signed + b" ")):
        with pytest.raises(InvalidSignature):
            _public(key).verify(signature, message)


@pytest.mark.parametrize("private", ["", "abc", "whsec_AAAA", "whsk_*", "whsk_AAAA"])
def test_what_is_no_signing_key_is_refused(private: str) -> None:
    with pytest.raises(ValueError):
        signer(private)


def test_texts_that_do_not_fit_are_left_out_and_said_to_be() -> None:
    thin = body_of(_event(execution_id="e1"), base_url="")
    assert json.loads(with_texts(thin, {"output": "größer"}))["content"] == {"output": "größer"}
    large = with_texts(thin, {"output": "x" * MAX_BODY_BYTES})
    assert len(large) <= MAX_BODY_BYTES and json.loads(large)["content"] == {"omitted": "too_large"}


def test_patterns_of_a_replay_mean_the_types_that_they_mean_elsewhere() -> None:
    assert types_of([]) == types_of(["alert.raised", "*"]) == ()
    assert types_of(["alert.raised", "credits.*"]) == ("alert.raised", "credits.low", "credits.exhausted")


def _public(text: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(base64.b64decode(text.removeprefix("whpk_")))

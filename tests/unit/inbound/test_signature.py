"""Whether a message of another system fits its signature, and why it was refused, in words for the admin of its endpoint."""

import base64
import hashlib
import hmac

import pytest

from burnish_gateway.inbound.signature import SignatureRule, Verified, verify, why_not

pytestmark = pytest.mark.capability("F2")


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({}, "no header webhook-id"),
        ({"webhook-id": "m", "webhook-timestamp": "soon", "webhook-signature": "v1,AAAA"}, "no number of seconds"),
        ({"webhook-id": "m", "webhook-timestamp": "1300", "webhook-signature": "v1,AAAA"}, "301 s ahead"),
        ({"webhook-id": "m", "webhook-timestamp": "600", "webhook-signature": "v1,AAAA"}, "399 s old"),
        ({"webhook-id": "m", "webhook-timestamp": "1000", "webhook-signature": "v1,AAAA"}, "None of webhook-signature"),
    ],
)
def test_why_a_standard_webhook_does_not_fit_is_said(headers: dict[str, str], why: str) -> None:
    said = why_not(SignatureRule("standard_webhooks"), headers, now_s=999)
    assert why in said and "AAAA" not in said


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({}, "no header X-Hub-Signature-256"),
        ({"x-hub-signature-256": "sha1=aa"}, "does not begin with 'sha256='"),
        ({"x-hub-signature-256": "sha256=aa"}, "written as hex"),
    ],
)
def test_why_an_hmac_does_not_fit_is_said(headers: dict[str, str], why: str) -> None:
    assert why in why_not(SignatureRule("hmac_sha256", "X-Hub-Signature-256", "sha256="), headers, now_s=0)


KEY, BODY, NOW_S = b"k" * 32, b'{"a": 1}', 1_800_000_000


def _signed(*, at: str = str(NOW_S), message_id: str = "msg_1", key: bytes = KEY, body: bytes = BODY) -> str:
    return base64.b64encode(hmac.digest(key, f"{message_id}.{at}.".encode() + body, hashlib.sha256)).decode()


def _standard(signatures: str, *, at: str = str(NOW_S), message_id: str = "msg_1") -> Verified | None:
    headers = {"webhook-id": message_id, "webhook-timestamp": at, "webhook-signature": signatures}
    return verify(SignatureRule("standard_webhooks"), KEY, BODY, headers, now_s=NOW_S)


def test_a_standard_webhook_fits_with_any_of_its_signatures_within_five_minutes() -> None:
    good = f"v1,{_signed()}"
    assert _standard(good) == _standard(f"v1,AAAA {good}") == _standard(f"{good} v1,AAAA") == Verified("msg_1")
    for away_s in (-300, 300):
        at = str(NOW_S + away_s)
        assert _standard(f"v1,{_signed(at=at)}", at=at) == Verified("msg_1")


@pytest.mark.parametrize(
    ("signatures", "at", "message_id"),
    [
        (f"v1,{_signed(at=str(NOW_S - 301))}", str(NOW_S - 301), "msg_1"),
        (f"v1,{_signed(at=str(NOW_S + 301))}", str(NOW_S + 301), "msg_1"),
        (f"v1,{_signed()}", str(NOW_S + 1), "msg_1"),
        (f"v1,{_signed()}", str(NOW_S), "msg_2"),
        (f"v1,{_signed(body=b'{}')}", str(NOW_S), "msg_1"),
        (f"v1,{_signed(key=b'l' * 32)}", str(NOW_S), "msg_1"),
        (f"v1a,{_signed()}", str(NOW_S), "msg_1"),
        (_signed(), str(NOW_S), "msg_1"),
        (" ".join(["v1,AAAA"] * 10 + [f"v1,{_signed()}"]), str(NOW_S), "msg_1"),
        ("", str(NOW_S), "msg_1"),
    ],
)
def test_a_standard_webhook_of_another_time_id_body_secret_or_version_does_not_fit(signatures: str, at: str, message_id: str) -> None:
    assert _standard(signatures, at=at, message_id=message_id) is None


def test_an_hmac_fits_behind_its_prefix_alone() -> None:
    rule = SignatureRule("hmac_sha256", header="X-Hub-Signature-256", prefix="sha256=")
    signature = hmac.digest(KEY, BODY, hashlib.sha256).hex()
    names = (f"sha256={signature}", f"0000000{signature}", signature, "")
    given = {name: verify(rule, KEY, BODY, {"x-hub-signature-256": name}, now_s=NOW_S) for name in names}
    assert given == dict.fromkeys(names) | {names[0]: Verified(None)}
    assert verify(rule, KEY, BODY + b" ", {"x-hub-signature-256": f"sha256={signature}"}, now_s=NOW_S) is None

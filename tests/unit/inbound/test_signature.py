"""Why a message of another system was refused, in words for the admin of its endpoint."""

import pytest

from burnish_gateway.inbound.signature import SignatureRule, why_not

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

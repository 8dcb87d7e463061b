"""Tokens of an issuer: which are taken, and that none that somebody shaped on purpose is."""

import asyncio
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from burnish_gateway.sign_in import jwt_reading
from burnish_gateway.sign_in.jwks import KeySet
from burnish_gateway.sign_in.jwt_keys import read_key_set, secret_key
from burnish_gateway.sign_in.jwt_reading import REFUSED, TOKEN_MOST_BYTES, Expected
from burnish_gateway.sign_in.jwt_verifier import ISSUER_PREFIX, REMEMBERED_MOST, JwtVerifier
from burnish_gateway.sign_in.provider_http import ProviderAway
from burnish_shared.clock import SetClock
from burnish_shared.errors import TokenExpired, Unauthenticated, Unavailable
from burnish_shared.sparing_log import SparingLog
from tests.fakes.signing import ISSUER, SECRET, assemble, claims, ec_signer, rsa_signer, token

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T2")]

RSA, EC = rsa_signer("rsa-1"), ec_signer("ec-1")


class Issuer:
    """Publishes keys, counts who asks, and may be away."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.keys = list(keys)
        self.asked = 0
        self.is_away = False
        self.now_s = 0.0
        self.gate: asyncio.Event | None = None
        self.set = KeySet(self._fetch, now_s=lambda: self.now_s)

    async def _fetch(self) -> dict[str, Any]:
        self.asked += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.is_away:
            raise ProviderAway("test")
        return {"keys": list(self.keys)}


def _verifier(issuer: Issuer | None, *, secret: str | None = SECRET, only_issuer: str | None = None) -> JwtVerifier:
    return JwtVerifier(
        expected=Expected(audience="authenticated", issuer=only_issuer),
        clock=SetClock(datetime.now(UTC)),
        secret=secret_key(secret) if secret else None,
        keys=issuer.set if issuer else None,
    )


async def _refused(verifier: JwtVerifier, text: str) -> None:
    with pytest.raises(Unauthenticated) as refusal:
        await verifier.verify(text)
    assert refusal.value.message == REFUSED and refusal.value.code == "unauthenticated"


@pytest.mark.parametrize("signer", [SECRET, RSA, EC], ids=["HS256", "RS256", "ES256"])
async def test_a_token_of_the_issuer_names_its_user_and_nothing_more(signer: Any) -> None:
    verifier = _verifier(Issuer(RSA.jwk, EC.jwk))
    body = claims(role="service_role", app_metadata={"role": "admin"}, user_metadata={"email": "boss@example.test", "email_verified": True})
    found = await verifier.verify(token(signer, body))
    assert (found.issuer, found.subject) == (ISSUER_PREFIX + ISSUER, body["sub"])
    assert found.email is None and not found.email_verified
    assert found.name == "ada@example.test"


def _forgeries() -> dict[str, str]:
    now = int(time.time())
    right = token(RSA)
    header, body, signature = right.split(".")
    other = rsa_signer("rsa-1-of-somebody-else")
    deep = b"[" * 3000 + b"]" * 3000
    return {
        "alg none": assemble({"alg": "none", "typ": "JWT"}, claims(), None),
        "alg None": assemble({"alg": "None"}, claims(), None),
        "alg nOnE with kid": assemble({"alg": "nOnE", "kid": RSA.kid}, claims(), None),
        "no alg": assemble({"typ": "JWT", "kid": RSA.kid}, claims(), RSA),
        "alg of another kind": assemble({"alg": ["RS256"], "kid": RSA.kid}, claims(), RSA),
        "signature cut off": f"{header}.{body}.",
        "signature of nothing": f"{header}.{body}.AAAA",
        "body changed": ".".join((header, token(RSA, claims(sub="somebody-else")).split(".")[1], signature)),
        "public key as HMAC secret": assemble({"alg": "HS256", "kid": RSA.kid}, claims(), RSA.public_pem),
        "modulus as HMAC secret": assemble({"alg": "HS256", "kid": RSA.kid}, claims(), json.dumps(RSA.jwk).encode()),
        "empty HMAC secret": assemble({"alg": "HS256"}, claims(), b""),
        "HS512": assemble({"alg": "HS512"}, claims(), SECRET.encode()),
        "RS512": assemble({"alg": "RS512", "kid": RSA.kid}, claims(), RSA),
        "EC key for RS256": assemble({"alg": "RS256", "kid": EC.kid}, claims(), EC),
        "RSA key for ES256": assemble({"alg": "ES256", "kid": RSA.kid}, claims(), RSA),
        "another key under the same kid": assemble({"alg": "RS256", "kid": RSA.kid}, claims(), other),
        "unknown kid": assemble({"alg": "RS256", "kid": "nobody"}, claims(), RSA),
        "kid is a path": assemble({"alg": "HS256", "kid": "../../../../dev/null"}, claims(), b""),
        "kid is SQL": assemble({"alg": "RS256", "kid": "x' UNION SELECT 'key"}, claims(), other),
        "kid is no text": assemble({"alg": "RS256", "kid": {"a": 1}}, claims(), RSA),
        "kid is long": assemble({"alg": "RS256", "kid": "k" * 300}, claims(), RSA),
        "jku": assemble({"alg": "RS256", "kid": "own", "jku": "http://127.0.0.1:9/jwks"}, claims(), other),
        "x5u": assemble({"alg": "RS256", "kid": "own", "x5u": "http://127.0.0.1:9/cert"}, claims(), other),
        "jwk in the header": assemble({"alg": "RS256", "kid": "own", "jwk": other.jwk}, claims(), other),
        "crit": assemble({"alg": "RS256", "kid": RSA.kid, "crit": ["exp"]}, claims(), RSA),
        "b64": assemble({"alg": "RS256", "kid": RSA.kid, "b64": False, "crit": ["b64"]}, claims(), RSA),
        "wrong audience": token(RSA, claims(aud="other")),
        "audience in a list without us": token(RSA, claims(aud=["other", "another"])),
        "no audience": token(RSA, claims(aud=None)),
        "audience is a number": token(RSA, claims(aud=7)),
        "wrong issuer": token(RSA, claims(iss="https://other.supabase.test/auth/v1")),
        "no issuer": token(RSA, claims(iss=None)),
        "not before in the future": token(RSA, claims(nbf=now + 120)),
        "issued in the future": token(RSA, claims(iat=now + 120)),
        "no expiry": token(RSA, claims(exp=None)),
        "expiry is text": token(RSA, claims(exp="never")),
        "expiry is text of a number": token(RSA, claims(exp=str(now + 600))),
        "expiry is endless": token(RSA, claims(exp=float("inf"))),
        "expiry is no number": token(RSA, claims(exp=float("nan"))),
        "expiry is beyond any number of a clock": token(RSA, claims(exp=10**400)),
        "no subject": token(RSA, claims(sub=None)),
        "empty subject": token(RSA, claims(sub="")),
        "subject is a number": token(RSA, claims(sub=7)),
        "subject with NUL": token(RSA, claims(sub="a\x00b")),
        "long subject": token(RSA, claims(sub="s" * 300)),
        "anonymous": token(RSA, claims(is_anonymous=True)),
        "anon key of a project": token(SECRET, {"iss": "supabase", "role": "anon", "exp": now + 600}),
        "service key of a project": token(SECRET, {"iss": ISSUER, "role": "service_role", "aud": "authenticated", "exp": now + 600}),
        "giant": token(RSA, claims(note="x" * TOKEN_MOST_BYTES)),
        "giant without dots": "x" * 1_000_000,
        "deep header": assemble(deep[:5000], claims(), RSA),
        "deep body": assemble({"alg": "RS256", "kid": RSA.kid}, deep[:5000], RSA),
        "body is no object": assemble({"alg": "RS256", "kid": RSA.kid}, [1], RSA),
        "header is no object": assemble(["RS256"], claims(), RSA),
        "encrypted": "a.b.c.d.e",
        "no token": "hello",
        "dots": "..",
        "beyond ASCII": "ä.ö.ü",
        "half a surrogate": "\udc80.a.b",
    }  # fmt: skip


async def test_a_token_with_a_flaw_is_refused_in_the_same_words() -> None:
    taken = []
    for flaw, text in _forgeries().items():
        try:
            await _refused(_verifier(Issuer(RSA.jwk, EC.jwk), only_issuer=ISSUER), text)
        except (Exception, pytest.fail.Exception) as error:
            taken.append((flaw, repr(error)))
    assert not taken
    assert (await _verifier(Issuer(RSA.jwk, EC.jwk), only_issuer=ISSUER).verify(token(RSA))).subject


async def test_an_expired_token_is_told_so_only_where_its_signature_is_right() -> None:
    verifier, now = _verifier(Issuer(RSA.jwk)), int(time.time())
    with pytest.raises(TokenExpired) as refusal:
        await verifier.verify(token(RSA, claims(exp=now - 60)))
    assert refusal.value.code == "token_expired" and refusal.value.status == 401
    await _refused(verifier, assemble({"alg": "RS256", "kid": RSA.kid}, claims(exp=now - 60), rsa_signer("other")))
    assert (await verifier.verify(token(RSA, claims(exp=now - 20)))).subject  # clocks may differ by 30 s
    assert (await verifier.verify(token(RSA, claims(nbf=now + 20, iat=now + 20)))).subject


async def test_without_a_secret_or_without_keys_that_kind_of_token_is_refused() -> None:
    issuer = Issuer(RSA.jwk)
    await _refused(_verifier(issuer, secret=None), token(SECRET))
    await _refused(_verifier(None), token(RSA))


async def test_a_remembered_token_ends_when_it_expires_and_when_its_key_is_taken_back() -> None:
    issuer = Issuer(RSA.jwk, EC.jwk)
    verifier = _verifier(issuer)
    clock = verifier.clock
    assert isinstance(clock, SetClock)
    first, second = token(RSA), token(EC, claims(exp=int(time.time()) + 3600))
    for _ in range(3):
        await verifier.verify(first)
        await verifier.verify(second)
    assert issuer.asked == 1
    clock.advance(seconds=700)
    with pytest.raises(TokenExpired):
        await verifier.verify(first)
    issuer.keys = [RSA.jwk]
    issuer.now_s = 601.0  # keys have aged: the next use begins a fetch that nobody waits for
    await verifier.verify(second)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await _refused(verifier, second)
    assert issuer.asked == 2


async def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("burnish_gateway.sign_in.jwt_verifier.REMEMBERED_MOST", 5)
    verifier = _verifier(None)
    for n in range(20):
        await verifier.verify(token(SECRET, claims(sub=f"user-{n}")))
    assert len(verifier._known) == 5 and REMEMBERED_MOST >= 1000


async def test_a_rotated_key_is_found_without_a_restart() -> None:
    issuer = Issuer(RSA.jwk)
    verifier = _verifier(issuer)
    await verifier.verify(token(RSA))
    fresh = ec_signer("ec-2")
    issuer.keys = [RSA.jwk, fresh.jwk]
    issuer.now_s = 31.0
    assert (await verifier.verify(token(fresh))).subject
    assert (await verifier.verify(token(RSA))).subject
    assert issuer.asked == 2


async def test_a_flood_of_unknown_keys_asks_the_issuer_once_in_thirty_seconds() -> None:
    issuer = Issuer(RSA.jwk)
    verifier = _verifier(issuer)
    await verifier.verify(token(RSA))
    for at_s in (31.0, 40.0, 60.9):
        issuer.now_s = at_s
        flood = [verifier.verify(assemble({"alg": "RS256", "kid": f"k{n}"}, claims(), RSA)) for n in range(50)]
        answers = await asyncio.gather(*flood, return_exceptions=True)
        assert all(isinstance(one, Unauthenticated) for one in answers)
    assert issuer.asked == 2


async def test_fetches_at_once_are_one_and_a_caller_that_leaves_does_not_end_it() -> None:
    issuer = Issuer(RSA.jwk)
    issuer.gate = asyncio.Event()
    verifier = _verifier(issuer)
    waiting = [asyncio.ensure_future(verifier.verify(token(RSA))) for _ in range(20)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    issuer.gate.set()
    answers = await asyncio.gather(*waiting[1:])
    assert issuer.asked == 1 and len({one.subject for one in answers}) == 1


async def test_a_new_key_is_waited_for_when_a_fetch_is_under_way() -> None:
    issuer, fresh = Issuer(RSA.jwk), ec_signer("ec-3")
    verifier = _verifier(issuer)
    await verifier.verify(token(RSA))
    issuer.keys, issuer.gate, issuer.now_s = [RSA.jwk, fresh.jwk], asyncio.Event(), 601.0
    await verifier.verify(token(RSA))  # begins a fetch that nobody waits for
    waiting = asyncio.ensure_future(verifier.verify(token(fresh)))
    await asyncio.sleep(0)
    issuer.gate.set()
    assert (await waiting).subject and issuer.asked == 2


async def test_old_keys_serve_while_the_issuer_is_away_for_a_day() -> None:
    issuer = Issuer(RSA.jwk)
    verifier = _verifier(issuer)
    await verifier.verify(token(RSA))
    issuer.is_away = True
    issuer.now_s = 86_000.0
    assert (await verifier.verify(token(RSA, claims(sub="later")))).subject == "later"
    await _refused(verifier, assemble({"alg": "RS256", "kid": "new"}, claims(), RSA))
    issuer.now_s = 86_500.0
    with pytest.raises(Unavailable):
        await verifier.verify(token(RSA, claims(sub="much later")))
    issuer.is_away = False
    issuer.now_s = 86_510.0
    assert (await verifier.verify(token(RSA, claims(sub="back")))).subject == "back"


async def test_without_any_key_the_caller_is_told_to_come_again_and_the_issuer_is_not_hammered() -> None:
    issuer = Issuer(RSA.jwk)
    issuer.is_away = True
    verifier = _verifier(issuer)
    for _ in range(20):
        with pytest.raises(Unavailable) as refusal:
            await verifier.verify(token(RSA))
        assert refusal.value.retry_after_s
    assert issuer.asked == 1
    issuer.is_away, issuer.now_s = False, 2.1
    assert (await verifier.verify(token(RSA))).subject


async def test_a_key_set_gives_signing_keys_of_our_algorithms_alone() -> None:
    weak, private = rsa_signer("weak", 1024), {**EC.jwk, "d": "AAAA"}
    passed_over = [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "s", "alg": "HS256"}, {**RSA.jwk, "use": "enc"}, {**RSA.jwk, "alg": "RS512"},
        {**RSA.jwk, "key_ops": ["encrypt"]}, {**EC.jwk, "crv": "P-521"}, {**EC.jwk, "x": "AAAA"}, {**RSA.jwk, "n": 5},
        {**RSA.jwk, "kid": 7}, weak.jwk, private, None, "key", [],
    ]  # fmt: skip
    assert read_key_set({"keys": passed_over}) == ()
    assert [one.kid for one in read_key_set({"keys": [*passed_over, RSA.jwk, EC.jwk]})] == ["rsa-1", "ec-1"]
    assert read_key_set({"keys": 5}) == read_key_set({}) == ()
    assert len(read_key_set({"keys": [{**EC.jwk, "kid": str(n)} for n in range(500)]})) == 100


async def test_a_token_without_kid_goes_to_the_only_key_of_its_algorithm() -> None:
    nameless = {"alg": "RS256", "typ": "JWT"}
    assert (await _verifier(Issuer(RSA.jwk, EC.jwk)).verify(assemble(nameless, claims(), RSA))).subject
    await _refused(_verifier(Issuer(RSA.jwk, rsa_signer("rsa-2").jwk)), assemble(nameless, claims(), RSA))


async def test_keys_are_not_shown() -> None:
    assert SECRET not in repr(secret_key(SECRET)) and SECRET not in repr(_verifier(None))


async def test_who_sends_refused_tokens_again_and_again_writes_one_line_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwt_reading, "refused", SparingLog(now=lambda: 0.0))
    verifier = _verifier(None)
    with structlog.testing.capture_logs() as lines:
        for _ in range(20):
            with pytest.raises(Unauthenticated):
                await verifier.verify(token(SECRET, claims(aud="other")))
    assert [(one["event"], one["flaw"], one["times"]) for one in lines] == [("token.refused", "InvalidAudienceError", 1)]

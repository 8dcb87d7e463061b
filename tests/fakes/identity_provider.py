"""An OpenID provider of the test's own: it really signs, and can be told to misbehave."""

import base64
import contextlib
import hashlib
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from aiohttp import web

from tests.fakes.signing import Signer, assemble, rsa_signer

CLIENT_ID = "burnish"
CLIENT_SECRET = "client secret: with/odd+characters"


@dataclass(slots=True)
class IdentityProvider:
    """`claims`: changed claims of the next ID tokens (None leaves one out). `counts`: how often each path was asked.

    `raw_keys`: the whole key set, instead of `published`. `answer_with`: parameters that come back to the client instead of the right
    ones. `token_answer`: what the token endpoint says instead.
    """

    url: str = ""
    signer: Signer = field(default_factory=lambda: rsa_signer("idp-1"))
    published: list[dict[str, Any]] | None = None
    raw_keys: dict[str, Any] | None = None
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    answer_with: dict[str, Any] = field(default_factory=dict)
    discovery: dict[str, Any] = field(default_factory=dict)
    token_answer: web.Response | None = None
    id_token: str | None = None
    subject: str = "ada"
    counts: dict[str, int] = field(default_factory=dict)
    is_away: bool = False
    takes: str = "client_secret_basic"
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        return self.url

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._count])
        app.router.add_get("/.well-known/openid-configuration", self._discovery)
        app.router.add_get("/jwks", self._jwks)
        app.router.add_get("/authorize", self._authorize)
        app.router.add_post("/token", self._token)
        return app

    @web.middleware
    async def _count(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.counts[request.path] = self.counts.get(request.path, 0) + 1
        if self.is_away:
            return web.Response(status=503, text="<html>away</html>")
        return await handler(request)  # type: ignore[no-any-return]

    async def _discovery(self, _: web.Request) -> web.Response:
        document = {
            "issuer": self.issuer, "authorization_endpoint": f"{self.url}/authorize", "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks", "token_endpoint_auth_methods_supported": [self.takes],
            "authorization_response_iss_parameter_supported": True,
        }  # fmt: skip
        return web.json_response(document | self.discovery)

    async def _jwks(self, _: web.Request) -> web.Response:
        if self.raw_keys is not None:
            return web.json_response(self.raw_keys)
        return web.json_response({"keys": self.published if self.published is not None else [self.signer.jwk]})

    async def _authorize(self, request: web.Request) -> web.Response:
        """Signs in without a question, and sends the browser back."""
        asked = dict(request.query)
        assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256" and "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": self.issuer} | self.answer_with
        given = {name: value for name, value in answer.items() if value is not None}
        return web.Response(status=302, headers={"location": f"{asked['redirect_uri']}?{urlencode(given)}"})

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: values[0] for name, values in parse_qs(await request.text()).items()}
        if self.token_answer is not None:
            return self.token_answer
        asked = self._codes.pop(form.get("code", ""), None)  # a code is taken once
        if not self._knows_client(request, form) or asked is None or form.get("grant_type") != "authorization_code":
            return web.json_response({"error": "invalid_grant", "error_description": "secret-detail-of-the-provider"}, status=400)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if challenge != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response(
            {"access_token": "unused", "token_type": "Bearer", "id_token": self.id_token or self._signed(asked["nonce"])}
        )

    def _knows_client(self, request: web.Request, form: dict[str, str]) -> bool:
        if self.takes == "client_secret_post":
            return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
        pair = base64.b64decode(request.headers.get("authorization", "").removeprefix("Basic ")).decode()
        return parse_qs(f"id={pair.replace(':', '&secret=')}") == {"id": [CLIENT_ID], "secret": [CLIENT_SECRET]}

    def _signed(self, nonce: str) -> str:
        now = int(time.time())
        right = {
            "iss": self.issuer, "sub": self.subject, "aud": CLIENT_ID, "exp": now + 300, "iat": now, "nonce": nonce,
            "email": f"{self.subject}@example.test", "email_verified": True, "name": "Ada",
        }  # fmt: skip
        body = {name: value for name, value in (right | self.claims).items() if value is not None}
        return assemble({"alg": self.signer.algorithm, "kid": self.signer.kid} | self.header, body, self.signer)


@contextlib.asynccontextmanager
async def serve_provider() -> AsyncIterator[IdentityProvider]:
    provider = IdentityProvider()
    runner = web.AppRunner(provider.app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    provider.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[union-attr]
    try:
        yield provider
    finally:
        await runner.cleanup()

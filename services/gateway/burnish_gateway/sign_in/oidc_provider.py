"""An OpenID provider, spoken to as OpenID Connect Core 1.0 says: authorization code, PKCE, and an ID token that is looked at closely."""

import hmac
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import structlog

from burnish_gateway.access.person import Claims
from burnish_gateway.sign_in.jwks import KeySet
from burnish_gateway.sign_in.jwt_reading import REFUSED, Expected, claims_of, header_of, name_of
from burnish_gateway.sign_in.oidc_discovery import AWAY, Discovery
from burnish_gateway.sign_in.oidc_flow import PATH, Flow
from burnish_gateway.sign_in.provider_http import ProviderAway, ProviderHttp
from burnish_shared.auth.emails import fold_email
from burnish_shared.errors import TokenExpired, Unauthenticated, Unavailable

CALLBACK = f"{PATH}/callback"
CODE_REFUSED = "The sign-in provider did not confirm this sign-in; begin again."
ID_TOKEN_CLAIMS = ("iss", "sub", "aud", "exp", "iat")
SERVER_FAILED = 500

OAUTH_ERRORS = frozenset({
    "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope", "access_denied",
    "unsupported_response_type", "server_error", "temporarily_unavailable", "interaction_required", "login_required", "consent_required",
    "account_selection_required",
})  # fmt: skip
"""What a provider may answer (RFC 6749, 4.1.2.1 and 5.2; Core 3.1.2.6). Of anything else the log says `other`: it is a stranger's text."""

log = structlog.get_logger("burnish.gateway")


def error_named(code: object) -> str:
    """For the log of the operator: the provider's word where it is one of the standard's."""
    return code if isinstance(code, str) and code in OAUTH_ERRORS else "other"


@dataclass(frozen=True, slots=True)
class OidcClient:
    """How the provider knows us, and what we let it decide. `links_by_email`: its word on an e-mail opens the account that has it."""

    issuer: str
    client_id: str
    client_secret: str
    scopes: str
    redirect_uri: str
    links_by_email: bool


@dataclass(slots=True)
class OidcProvider:
    """The provider of this installation."""

    client: OidcClient
    http: ProviderHttp
    discovery: Discovery
    keys: KeySet

    @classmethod
    def over(cls, client: OidcClient, *, http: ProviderHttp) -> "OidcProvider":
        discovery = Discovery(client.issuer, http)

        async def fetch_keys() -> dict[str, Any]:
            try:
                return await http.read((await discovery.get()).jwks_uri)
            except Unavailable:
                raise ProviderAway("undiscovered") from None

        return cls(client=client, http=http, discovery=discovery, keys=KeySet(fetch_keys))

    async def authorization_url(self, flow: Flow) -> str:
        """Where the browser is sent. Raises Unavailable while the provider cannot be asked where that is."""
        endpoint = (await self.discovery.get()).authorization_endpoint
        asked = {
            "response_type": "code", "client_id": self.client.client_id, "redirect_uri": self.client.redirect_uri,
            "scope": self.client.scopes, "state": flow.state, "nonce": flow.nonce, "code_challenge": flow.challenge,
            "code_challenge_method": "S256",
        }  # fmt: skip
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    async def check_sender(self, iss: str | None) -> None:
        """Raises Unauthenticated when an answer comes from another provider than the one that was asked (mix-up, RFC 9207)."""
        names_itself = (await self.discovery.get()).names_itself
        if (iss is None and names_itself) or (iss is not None and iss != self.client.issuer):
            raise Unauthenticated(CODE_REFUSED)

    async def exchange(self, code: str, flow: Flow) -> Claims:
        """Who signed in. Raises Unauthenticated for a code or an ID token that is not right, Unavailable while the provider is away."""
        claims = await self._id_token_claims(await self._redeem(code, flow))
        self._check_for_us(claims, flow)
        email, is_verified = claims.get("email"), claims.get("email_verified") is True
        return Claims(
            issuer=self.client.issuer,
            subject=claims["sub"],
            email=fold_email(email) if is_verified and isinstance(email, str) else None,
            email_verified=is_verified and self.client.links_by_email,
            name=name_of(claims),
        )

    async def close(self) -> None:
        await self.keys.close()

    async def _redeem(self, code: str, flow: Flow) -> str:
        """The ID token for the code (Core 3.1.3.1). What the provider says when it refuses stays here."""
        found, client = await self.discovery.get(), self.client
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": client.redirect_uri, "code_verifier": flow.verifier}
        if not found.takes_basic:
            form |= {"client_id": client.client_id, "client_secret": client.client_secret}
        secret = client.client_secret if found.takes_basic else ""
        try:
            answer = await self.http.post_form(found.token_endpoint, form, client_id=client.client_id, client_secret=secret)
        except ProviderAway:
            raise Unavailable(AWAY, retry_after_s=1) from None
        if answer.status >= SERVER_FAILED:
            raise Unavailable(AWAY, retry_after_s=1)
        token = answer.document.get("id_token")
        if answer.status != 200 or not isinstance(token, str):
            flaw = "no_id_token" if answer.status == 200 else error_named(answer.document.get("error"))
            log.info("sign_in.code_refused", status=answer.status, flaw=flaw)
            raise Unauthenticated(CODE_REFUSED)
        return token

    async def _id_token_claims(self, token: str) -> dict[str, Any]:
        """Signature by the provider's own keys, `iss`, `aud`, `exp` (Core 3.1.3.7, 2 to 9). HS256 is not taken: no key of ours is one."""
        header = header_of(token)
        key = await self.keys.find(algorithm=header.algorithm, kid=header.kid) if header.algorithm != "HS256" else None
        if key is None:
            log.info("sign_in.id_token_refused", flaw="unknown_key", algorithm=header.algorithm)
            raise Unauthenticated(CODE_REFUSED)
        try:
            return claims_of(token, key, Expected(audience=self.client.client_id, issuer=self.client.issuer, required=ID_TOKEN_CLAIMS))
        except TokenExpired:
            log.info("sign_in.id_token_refused", flaw="expired")
            raise Unauthenticated(CODE_REFUSED) from None

    def _check_for_us(self, claims: dict[str, Any], flow: Flow) -> None:
        """Meant for us and for this flow: `azp` (Core 3.1.3.7, 4 and 5), `nonce` (11)."""
        audience, authorized, nonce = claims["aud"], claims.get("azp"), claims.get("nonce")
        is_shared = isinstance(audience, list) and len(audience) > 1
        is_ours = authorized == self.client.client_id if authorized is not None or is_shared else True
        is_answer = isinstance(nonce, str) and hmac.compare_digest(nonce.encode("utf-8", "replace"), flow.nonce.encode())
        if not is_ours or not is_answer:
            log.info("sign_in.id_token_refused", flaw="nonce" if is_ours else "azp")
            raise Unauthenticated(REFUSED)

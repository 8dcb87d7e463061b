"""The identity providers that the operator configured: whose tokens are taken, and where people are sent to sign in."""

from dataclasses import dataclass, field
from uuid import UUID

from burnish_gateway.access.welcome import Welcome
from burnish_gateway.identity_settings import IdentitySettings
from burnish_gateway.sign_in.jwt_verifier import JwtVerifier
from burnish_gateway.sign_in.oidc_flow import SpentStates
from burnish_gateway.sign_in.oidc_provider import CALLBACK, OidcClient, OidcProvider
from burnish_gateway.sign_in.provider_http import ProviderHttp
from burnish_shared.clock import Clock


@dataclass(slots=True)
class IdentityProviders:
    """`tokens` is None where no issuer of tokens is configured, `oidc` where no OpenID provider is. `welcome`: for its newcomers."""

    http: ProviderHttp
    tokens: JwtVerifier | None
    oidc: OidcProvider | None
    welcome: Welcome | None = None
    spent: SpentStates = field(default_factory=SpentStates)

    @classmethod
    def over(cls, settings: IdentitySettings, *, public_url: str, clock: Clock) -> "IdentityProviders":
        http = ProviderHttp()
        oidc = OidcProvider.over(_client(settings, public_url), http=http) if settings.oidc_issuer else None
        return cls(http=http, tokens=JwtVerifier.over(settings, http=http, clock=clock), oidc=oidc, welcome=_welcome(settings))

    async def close(self) -> None:
        for one in (self.tokens, self.oidc):
            if one is not None:
                await one.close()
        await self.http.close()


def _welcome(settings: IdentitySettings) -> Welcome | None:
    if not settings.oidc_default_workspace:
        return None
    domains = frozenset(one.strip().lower() for one in settings.oidc_default_domains.split(",") if one.strip())
    return Welcome(UUID(settings.oidc_default_workspace), settings.oidc_default_role, domains)


def _client(settings: IdentitySettings, public_url: str) -> OidcClient:
    secret = settings.oidc_client_secret
    return OidcClient(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=secret.get_secret_value() if secret is not None else "",
        scopes=settings.oidc_scopes,
        redirect_uri=public_url + CALLBACK,
        links_by_email=settings.oidc_link_by_email,
    )

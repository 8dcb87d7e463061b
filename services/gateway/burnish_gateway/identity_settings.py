"""Settings of identity providers that the operator trusts: a Supabase project's tokens, an OpenID provider."""

import re
from typing import Final, Literal, Self
from uuid import UUID

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from burnish_gateway.sign_in.provider_address import check_address

SECRET_LEAST_BYTES = 32
"""HS256 wants a key of at least the size of its hash (RFC 7518, 3.2)."""

DOMAIN: Final = re.compile(r"[^\s@*:;/.]+(\.[^\s@*:;/.]+)*")


class IdentitySettings(BaseSettings):
    """Nothing is trusted until it is named here. Addresses are https, or of this very machine."""

    model_config = SettingsConfigDict(env_prefix="BURNISH_", extra="ignore", populate_by_name=True, hide_input_in_errors=True)

    jwt_secret: SecretStr | None = Field(
        default=None, description="Secret of HS256 tokens, at least 32 bytes: the legacy JWT secret of a Supabase project."
    )
    jwks_url: str = Field(
        default="",
        description="Address of the public keys of RS256 and ES256 tokens, such as"
        " `https://<project>.supabase.co/auth/v1/.well-known/jwks.json`.",
    )
    jwt_issuer: str = Field(default="", max_length=400, description="What `iss` of a token must be; empty: it is not looked at.")
    jwt_audience: str = Field(default="authenticated", min_length=1, description="What `aud` of a token must be or contain.")
    oidc_issuer: str = Field(default="", max_length=400, description="OpenID provider, exactly as it names itself; empty: none.")
    oidc_client_id: str = Field(default="", description="Our client id at the OpenID provider.")
    oidc_client_secret: SecretStr | None = Field(default=None, description="Our client secret at the OpenID provider.")
    oidc_scopes: str = Field(default="openid email profile", description="What we ask the OpenID provider for.")
    oidc_link_by_email: bool = Field(
        default=False,
        description="Whether who signs in through OpenID gets the account that has this e-mail already, where the provider says that it"
        " verified it. Only for a provider whose word on e-mails is trusted like one's own.",
    )

    oidc_default_workspace: str = Field(
        default="",
        description="Id of the workspace to which belongs who comes through OpenID for the first time; empty: nowhere until invited.",
    )
    oidc_default_role: Literal["viewer", "editor"] = Field(default="viewer", description="Their role there.")
    oidc_default_domains: str = Field(
        default="", description="Only those with a verified e-mail of these domains, comma-separated; empty: whoever the provider signs in."
    )

    @field_validator("oidc_default_workspace")
    @classmethod
    def _is_an_id(cls, value: str) -> str:
        try:
            return str(UUID(value)) if value else ""
        except ValueError:
            raise ValueError("BURNISH_OIDC_DEFAULT_WORKSPACE must be the id of a workspace") from None

    @field_validator("oidc_default_domains")
    @classmethod
    def _are_domains(cls, value: str) -> str:
        """A comma alone would name none, which lets in everybody; what nobody's e-mail can end with lets in nobody."""
        named = [one.strip() for one in value.split(",") if one.strip()]
        if (value.strip() and not named) or not all(map(DOMAIN.fullmatch, named)):
            raise ValueError("BURNISH_OIDC_DEFAULT_DOMAINS must be domains with commas between them, such as example.com,example.org")
        return value

    @field_validator("jwks_url", "oidc_issuer")
    @classmethod
    def _is_safe(cls, value: str) -> str:
        if value:
            check_address(value)
        return value

    @field_validator("jwt_secret")
    @classmethod
    def _is_long(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value():
            return None
        if value is not None and len(value.get_secret_value().encode()) < SECRET_LEAST_BYTES:
            raise ValueError(f"BURNISH_JWT_SECRET must have at least {SECRET_LEAST_BYTES} bytes")
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.oidc_issuer and not (self.oidc_client_id and self.oidc_client_secret and getattr(self, "public_url", "")):
            raise ValueError("BURNISH_OIDC_ISSUER needs BURNISH_OIDC_CLIENT_ID, BURNISH_OIDC_CLIENT_SECRET and BURNISH_PUBLIC_URL")
        if self.oidc_issuer and "openid" not in self.oidc_scopes.split():
            raise ValueError("BURNISH_OIDC_SCOPES must contain openid")
        if self.oidc_default_workspace and not self.oidc_issuer:
            raise ValueError("BURNISH_OIDC_DEFAULT_WORKSPACE needs BURNISH_OIDC_ISSUER")
        return self

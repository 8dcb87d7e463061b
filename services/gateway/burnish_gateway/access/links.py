"""Links to the page that hold a random token, for one person."""

from fastapi import Request

from burnish_gateway.deps import Gateway


def token_link(gateway: Gateway, request: Request, page: str, token: str) -> str:
    """`page`: as the page's own address names it, such as `invite`. The token is behind `#`, which no server and no log is sent."""
    base = gateway.settings.public_url or str(request.base_url).rstrip("/")
    return f"{base}/app/{page}#{token}"

"""The OpenAPI document, as `/openapi.json` serves it."""

import base64
from typing import Any

from burnish_gateway.app import build_app
from burnish_gateway.settings import GatewaySettings


def openapi() -> dict[str, Any]:
    """Needs no database and no NATS: the application is built and not started."""
    settings = GatewaySettings(database_url="postgresql://nowhere", nats_url="nats://nowhere", kek=base64.b64encode(bytes(32)).decode())
    return build_app(settings).openapi()

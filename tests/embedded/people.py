"""Where gateways are put together from parts: nobody signs in there, keys alone are used."""

import base64
from datetime import timedelta

from burnish_gateway.access.people import People, SessionRules
from burnish_gateway.access.session_token import CookieShape
from burnish_gateway.settings import GatewaySettings
from burnish_shared.clock import SystemClock
from burnish_shared.db.config_cache import ChangeFeed
from burnish_shared.db.session import Database


def no_people(db: Database, feed: ChangeFeed) -> People:
    rules = SessionRules(lifetime=timedelta(days=14), idle=timedelta(days=7), cookie=CookieShape(is_secure=False), public_url="")
    return People.over(db, feed=feed, clock=SystemClock(), rules=rules, csrf_key=bytes(32))


def plain_settings() -> GatewaySettings:
    """The defaults, with addresses that nobody connects to."""
    kek = base64.b64encode(bytes(32)).decode()
    return GatewaySettings(database_url="postgresql://nobody@127.0.0.1:1/none", nats_url="nats://127.0.0.1:1", kek=kek)

"""What an operator may write where a setting wants an address.

Each raises ValueError in words that show nothing of what was written: it may hold a password.
"""

from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator

BUS_SCHEMES: Final = frozenset({"nats", "tls", "ws", "wss"})
"""Those that nats-py speaks. It takes any other for a server of its own protocol, whose door nobody opens."""

BUS_EXAMPLE: Final = "nats://user:password@host:4222"


def bus_address(text: str) -> str:
    """One server of NATS, or several of a cluster, comma-separated. The first may have a scheme, which then is that of all; others may
    repeat it."""
    spoken = text.partition("://")[0].strip() if "://" in text.partition(",")[0] else ""
    for one in text.split(","):
        scheme, colon, rest = one.strip().rpartition("://")
        if colon and scheme in BUS_SCHEMES and scheme != spoken:
            raise ValueError("all servers must be of one scheme, which stands before the first")
        if colon and scheme not in BUS_SCHEMES:
            raise ValueError(f"must begin with nats:// (or tls://, ws://, wss://), such as {BUS_EXAMPLE}")
        if not _has_host(f"nats://{rest.rpartition('@')[2]}"):
            raise ValueError(f"names no server, or one whose port is no number; it is {BUS_EXAMPLE}, and more servers behind a comma")
    return text


def web_address(text: str) -> str:
    """Empty, or the address of an HTTP server, with a path or without."""
    if text and not (text.startswith(("http://", "https://")) and _has_host(text)):
        raise ValueError(
            "must be an address that begins with http:// or https:// and names a host, such as http://collector:4318/v1/traces"
        )
    return text


def public_address(text: str) -> str:
    """Empty, or scheme and host of an HTTP server: what links are put behind."""
    parts = text.partition("://")[2]
    if text and not (text.startswith(("http://", "https://")) and _has_host(text) and not {"/", "?", "#", "@"} & set(parts)):
        raise ValueError(
            "must be http:// or https:// with a host, and without a path or a / at its end, such as https://burnish.example.com"
        )
    return text


WebAddress = Annotated[str, AfterValidator(web_address)]
PublicAddress = Annotated[str, AfterValidator(public_address)]


def _has_host(url: str) -> bool:
    """Whether it names a host, and its port, where it has one, is a port."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0 and url.isprintable() and " " not in url
    except ValueError:
        return False

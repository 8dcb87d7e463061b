"""Which addresses of an identity provider are spoken to. Pure."""

import ipaddress
from urllib.parse import urlsplit


def check_address(url: str) -> None:
    """Raises ValueError, in words for an operator, unless the address is https, or of this very machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError as error:
        raise ValueError("this is no address") from error
    if not host or parts.username is not None or parts.fragment or not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("this is no address of a provider: it needs a host, and no user, fragment, space or letter beyond ASCII")
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host)):
        return
    raise ValueError("an identity provider is spoken to over https only (http: on this very machine alone)")


def is_address(value: object) -> bool:
    """Whether it is the text of such an address."""
    try:
        check_address(value if isinstance(value, str) else "")
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

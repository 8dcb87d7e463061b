"""A URL read once, strictly, so that no two readers of it can differ on which host it names. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Literal

from burnish_shared.egress.addresses import EgressPolicy, Verdict
from burnish_shared.errors import InvalidField

MAX_URL_LENGTH = 2048

PUBLIC_PORTS = frozenset({443, 80, 8443, 8080})
"""Ports that may be dialled on public addresses (PROMISES 5.1)."""

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>[^#]*)\Z")
_AUTHORITY = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::(?P<port>[0-9]{1,5}))?\Z")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)\Z")
_NUMERIC_LABEL = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)\Z")
_VISIBLE = re.compile(r"[!-~]+\Z")


class EgressRefused(InvalidField):
    """The URL may not be called. The message says which rule it breaks, and never what lies behind an inner name."""

    code = "egress_refused"


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that was read and found well-formed. `address` is set where the host is an IP literal, in its shortest form.

    `resolves` False: somebody looked the name up, and it had no address.
    """

    url: str
    scheme: Literal["http", "https"]
    host: str
    port: int
    address: str | None
    resolves: bool = True


@lru_cache(maxsize=4_096)
def parse_target(url: str) -> Target:
    """Reads a URL, whose text alone decides, so that it is remembered.

    Raises EgressRefused for user information, odd numeric hosts, non-ASCII hosts, fragments, other schemes, bad ports.
    """
    if len(url) > MAX_URL_LENGTH:
        raise EgressRefused(f"The URL is longer than {MAX_URL_LENGTH} characters.", param="url")
    if not _VISIBLE.match(url) or "\\" in url:
        raise EgressRefused(
            "The URL may hold visible ASCII only, and no backslash: percent-encode the path, write the host in punycode.", param="url"
        )
    parts = _URL.match(url)
    if parts is None:
        raise EgressRefused("This is no absolute URL without a fragment, like https://example.com/hook.", param="url")
    scheme = parts["scheme"].lower()
    if scheme not in ("http", "https"):
        raise EgressRefused(f"The scheme {scheme!r} cannot be called; use https.", param="url")
    if "@" in parts["authority"]:
        raise EgressRefused("A URL with a user name or password in it is refused.", param="url")
    authority = _AUTHORITY.match(parts["authority"])
    if authority is None:
        raise EgressRefused("The host of the URL cannot be read.", param="url")
    port = int(authority["port"]) if authority["port"] else (443 if scheme == "https" else 80)
    if not 1 <= port <= 65535:
        raise EgressRefused(f"The port {port} does not exist.", param="url")
    host, address = _read_host(authority["v6"], authority["name"])
    shown = f"[{host}]" if authority["v6"] else host
    path = parts["rest"] if parts["rest"].startswith("/") else "/" + parts["rest"]
    return Target(
        url=f"{scheme}://{shown}:{port}{path}" if authority["port"] else f"{scheme}://{shown}{path}",
        scheme="https" if scheme == "https" else "http",
        host=host,
        port=port,
        address=address,
    )


def address_of(base_url: str) -> str:
    """The one spelling by which base URLs are compared, without a slash at the end; '' stays ''. Raises EgressRefused."""
    return parse_target(base_url).url.rstrip("/") if base_url else ""


def same_place(one: str, other: str) -> bool:
    """Whether whoever hears the one hears the other: scheme, host and port. What cannot be read is no place that is known."""
    try:
        first, second = parse_target(one), parse_target(other)
    except EgressRefused:
        return False
    return (first.scheme, first.host, first.port) == (second.scheme, second.host, second.port)


def _read_host(v6: str | None, name: str | None) -> tuple[str, str | None]:
    """The host in its one spelling, and the address if it is a literal."""
    try:
        if v6 is not None:
            literal = str(IPv6Address(v6))
            return literal, literal
        host = (name or "").lower()
        labels = host.split(".")
        # As browsers do: a host whose last label is a number is an IPv4 address, and only the plain form of one is taken.
        if _NUMERIC_LABEL.match(labels[-1]) or (labels[-1] == "" and len(labels) > 1 and _NUMERIC_LABEL.match(labels[-2])):
            return host, str(IPv4Address(host))
    except AddressValueError:
        raise EgressRefused("The host is an IP address in an unusual form; write it plainly or use a name.", param="url") from None
    if len(host) > 253 or not all(_LABEL.match(label) for label in labels):
        raise EgressRefused("The host of the URL is not a name that can be looked up.", param="url")
    return host, None


def refuse_unless_reachable(target: Target, addresses: Sequence[str], *, policy: EgressPolicy) -> None:
    """Decides over all addresses of a target; one bad one refuses the lot. Raises EgressRefused.

    With no addresses (the name could not be resolved now) only what can never be right is refused; dialling checks again.
    """
    verdicts = [policy.judge(address) for address in addresses]
    if Verdict.DENIED in verdicts:
        raise EgressRefused(
            "The URL leads to an address that is not public; the operator can open networks by BURNISH_EGRESS_ALLOW.", param="url"
        )
    strict = Verdict.PUBLIC in verdicts or not policy.allow
    if strict and target.scheme != "https":
        raise EgressRefused("The URL must begin with https://.", param="url")
    if strict and target.port not in PUBLIC_PORTS:
        raise EgressRefused(f"The port {target.port} cannot be called; use one of 443, 8443, 8080, 80.", param="url")

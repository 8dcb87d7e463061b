"""Where a request comes from, also behind reverse proxies that we trust. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address

HOST_BITS = 64
"""Of an IPv6 address: whoever has one of them has all."""


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """Networks of proxies that say truly whom they speak for. Anybody else's X-Forwarded-For is a claim and is not read."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "TrustedProxies":
        """Comma-separated CIDRs. Raises ValueError naming the one that is none."""
        return cls(tuple(ip_network(one.strip()) for one in text.split(",") if one.strip()))

    def client_of(self, peer: str, forwarded_for: str) -> str:
        """The nearest address that is no proxy of ours. `forwarded_for`: each proxy appended whom it heard; empty: nobody did."""
        found = _address(peer)
        if found is None or not self._trusts(found):
            return peer
        for one in _from_the_right(forwarded_for):
            if one is None:
                break
            found = one
            if not self._trusts(one):
                break
        return str(found)

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self.networks)


def network_of(address: str) -> str:
    """Whom an address stands for where tries are counted: IPv6 by its /64, which is the least that one customer is given (RFC 6177,
    RIPE-690), IPv4 as it is, also inside IPv6. What is no address stands for itself.
    """
    found = _address(address)
    if not isinstance(found, IPv6Address):
        return address if found is None else str(found)
    return str(IPv6Network((int(found) >> HOST_BITS << HOST_BITS, 128 - HOST_BITS)))


def _from_the_right(forwarded_for: str) -> Iterator[Address | None]:
    return (_address(one.strip()) for one in reversed(forwarded_for.split(",")))


def _address(text: str) -> Address | None:
    """An address, also with a port behind it as some proxies write; None for anything else."""
    bare = text[1:].partition("]")[0] if text.startswith("[") else text.partition(":")[0] if text.count(":") == 1 else text
    try:
        found = ip_address(bare)
    except ValueError:
        return None
    mapped = getattr(found, "ipv4_mapped", None)
    return mapped if mapped is not None else found


def loopback(text: str) -> bool:
    """Whether this names the machine itself: an address of 127.0.0.0/8, ::1, also inside IPv6, or `localhost`."""
    address = _address(text)
    return text == "localhost" if address is None else address.is_loopback

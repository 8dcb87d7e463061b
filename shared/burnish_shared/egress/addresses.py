"""Which addresses may be dialled. Pure.

An explicit table, because `ipaddress.is_global` says yes to many wrapped private addresses (PROMISES fact 8).
"""

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

DENIED_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT, also cloud metadata (100.100.100.200)
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's host agent, in the middle of public space
        "169.254.0.0/16",  # link-local, cloud metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # IETF protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relay, deprecated
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
"""IANA IPv4 special-purpose registry (RFC 6890 and updates), and one address of Azure."""

DENIED_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # IETF protocol assignments: Teredo, ORCHID, benchmarking
        "2001:db8::/32",  # documentation
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
"""What is special inside global unicast. Everything outside GLOBAL_UNICAST_V6 is refused without being listed:
loopback, unique local, link-local, site-local, multicast, 64:ff9b:1::/48, 100::/64, 5f00::/16, and what is not assigned yet."""

GLOBAL_UNICAST_V6 = IPv6Network("2000::/3")

WRAPPINGS_V6 = (
    (IPv6Network("::ffff:0:0/96"), 0),  # IPv4-mapped
    (IPv6Network("::/96"), 0),  # IPv4-compatible, deprecated
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64
    (IPv6Network("2002::/16"), 80),  # 6to4: bits 16 to 48
)
"""IPv6 ranges that carry an IPv4 address, and how many bits to its right. They are judged by what they carry."""


class Verdict(Enum):
    """What the table says of one address."""

    PUBLIC = "public"
    ALLOWED = "allowed"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """The networks that the operator opened besides the public ones. Inside them `http` and any port are fine."""

    allow: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `BURNISH_EGRESS_ALLOW`: comma-separated networks. Raises ValueError for what is none."""
        return cls(allow=tuple(ip_network(part.strip()) for part in text.split(",") if part.strip()))

    def judge(self, text: str) -> Verdict:
        """Of an address as text, as a resolver or `getpeername` gives it. What cannot be read is denied, as is a scoped one (`%eth0`)."""
        try:
            address = ip_address(text)
        except ValueError:
            return Verdict.DENIED
        if isinstance(address, IPv6Address) and address.scope_id is not None:
            return Verdict.DENIED
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        if any(one in network for network in self.allow for one in (address, mapped) if one is not None and one.version == network.version):
            return Verdict.ALLOWED
        return Verdict.PUBLIC if is_public(address) else Verdict.DENIED


def is_public(address: Address) -> bool:
    """Whether the address is one of the open internet, after taking off every wrapping."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in DENIED_V4)
    for network, shift in WRAPPINGS_V6:
        if address in network:
            return is_public(IPv4Address((int(address) >> shift) & 0xFFFFFFFF))
    return address in GLOBAL_UNICAST_V6 and not any(address in network for network in DENIED_V6)

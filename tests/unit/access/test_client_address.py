"""Whose address counts behind reverse proxies."""

import pytest

from burnish_gateway.client_address import TrustedProxies, network_of


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded_for", "client"),
    [
        ("", "203.0.113.9", "1.1.1.1", "203.0.113.9"),
        ("10.0.0.0/8", "203.0.113.9", "1.1.1.1", "203.0.113.9"),  # whoever is no proxy of ours may write what they like
        ("10.0.0.0/8", "10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.0/8", "10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.0/8", "10.0.0.1", "1.1.1.1, 203.0.113.9, 10.2.3.4", "203.0.113.9"),
        ("10.0.0.0/8", "10.0.0.1", "nonsense, 10.2.3.4", "10.2.3.4"),
        ("10.0.0.0/8", "10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        ("10.0.0.0/8,fd00::/8", "::ffff:10.0.0.1", "[2001:db8::1]:443", "2001:db8::1"),
        ("fd00::/8", "fd00::1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.0/8", "", "1.1.1.1", ""),
    ],
)
def test_the_nearest_address_that_is_no_proxy_of_ours_counts(trusted: str, peer: str, forwarded_for: str, client: str) -> None:
    assert TrustedProxies.parse(trusted).client_of(peer, forwarded_for) == client


def test_a_network_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        TrustedProxies.parse("10.0.0.0/8, nonsense")


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:0DB8:0001:0002:0:0:0:9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:203.0.113.9", "203.0.113.9", True),
        ("::ffff:203.0.113.9", "::ffff:203.0.113.8", False),
        ("203.0.113.9", "203.0.113.8", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("", "unix", False),
    ],
)
def test_who_has_one_address_of_ipv6_has_all_of_its_network(one: str, other: str, are_one: bool) -> None:
    assert (network_of(one) == network_of(other)) is are_one

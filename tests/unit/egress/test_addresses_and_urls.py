"""The whole list of PROMISES 4.4, read and judged without a network."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_shared.egress import EgressPolicy, EgressRefused, Verdict, parse_target
from burnish_shared.egress.target import refuse_unless_reachable

pytestmark = [pytest.mark.promise("W-08"), pytest.mark.capability("W1")]

NOTHING_OPENED = EgressPolicy()

PRIVATE_ADDRESSES = [
    "0.0.0.0", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254", "168.63.129.16", "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255", "192.0.0.1", "192.0.0.170", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "::7f00:1", "::ffff:100.64.0.1", "::ffff:169.254.169.254",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:0a00:0001::",
    "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "2001:10::1", "fe80::1", "fec0::1", "fd00:ec2::254", "fc00::1",
    "ff02::1",
    "100::1", "3fff::1", "5f00::1", "4000::1", "::2", "::ffff:0:127.0.0.1",
]  # fmt: skip

PUBLIC_ADDRESSES = [
    "1.1.1.1", "8.8.8.8", "93.184.216.34", "100.63.255.255", "100.128.0.1", "172.15.255.255", "172.32.0.1", "192.0.1.1", "198.17.255.255",
    "198.20.0.1", "223.255.255.255", "168.63.129.15", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e", "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
]  # fmt: skip

BAD_LITERAL_URLS = [
    "https://127.0.0.1/", "https://127.1/", "https://0/", "https://0x7f.1/", "https://0x7f000001/", "https://2130706433/",
    "https://0177.0.0.1/",
    "https://127.0.0.01/", "https://127.0.0.1./", "https://2130706433./", "https://1.2.3.4.5/", "https://256.1.1.1/", "https://0x/",
    "https://[::1]/", "https://[::]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/", "https://[64:ff9b:1::a00:1]/", "https://[2002:7f00:1::]/", "https://[2001:0:0:0::1]/",
    "https://[fe80::1%25eth0]/", "https://[fe80::1]/", "https://[fec0::1]/", "https://[fd00:ec2::254]/",
    "https://169.254.169.254/latest/meta-data", "https://100.100.100.200/", "https://168.63.129.16/", "https://100.64.0.1/",
    "https://192.0.0.8/", "https://198.18.0.1/", "https://224.0.0.1/", "https://240.0.0.1/", "https://①②⑦.0.0.1/", "https://127。0。0。1/",
    "http://a@127.0.0.1/", "https://a:b@example.com/", "http://127.0.0.1#@x", "https://example.com#@127.0.0.1", "http://[example.com]/",
    "gopher://example.com/", "file:///etc/passwd", "unix:/run/x.sock", "ftp://example.com/", "https:example.com", "//example.com/",
    "example.com",
    "https:///path", "https://", "https://example.com:99999/", "https://example.com:0/", "https://example.com:22/",
    "https://example.com:25/",
    "https://example.com:5432/", "https://example.com:4222/", "http://example.com/", "https://exa mple.com/",
    "https://example.com\\@127.0.0.1/",
    "https://example.com/\r\nX: y", "https://example.com/\x00", "https://example..com/", "https://-a.example/", "https://example.com./",
    "https://localhost./", "https://exämple.com/", "https://example.com:443:80/", "https://[::1]x/", "https://" + "a" * 64 + ".com/",
    "https://example.com/" + "a" * 2048, "", "https://%31%32%37.0.0.1/", "https://127.0.0.1%00.example.com/", "https://ex%61mple.com/",
]  # fmt: skip


def _refused(url: str, policy: EgressPolicy = NOTHING_OPENED, answers: tuple[str, ...] = ("93.184.216.34",)) -> str | None:
    try:
        target = parse_target(url)
        refuse_unless_reachable(target, [target.address] if target.address else list(answers), policy=policy)
    except EgressRefused as refusal:
        return refusal.message
    return None


@pytest.mark.parametrize("address", PRIVATE_ADDRESSES)
def test_an_address_that_is_not_of_the_open_internet_is_denied(address: str) -> None:
    assert NOTHING_OPENED.judge(address) is Verdict.DENIED


@pytest.mark.parametrize("address", PUBLIC_ADDRESSES)
def test_a_public_address_is_not_denied(address: str) -> None:
    assert NOTHING_OPENED.judge(address) is Verdict.PUBLIC


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "1.2.3.4.5", "fe80::1%eth0", "2606:4700::1%1", "\x00"])
def test_what_is_no_plain_address_is_denied(text: str) -> None:
    assert NOTHING_OPENED.judge(text) is Verdict.DENIED


@given(st.integers(min_value=0, max_value=2**32 - 1), st.sampled_from(["mapped", "compatible", "nat64", "6to4"]))
def test_wrapping_an_ipv4_address_never_changes_the_verdict(number: int, wrapping: str) -> None:
    wrapped = {
        "mapped": IPv6Address((0xFFFF << 32) | number),
        "compatible": IPv6Address(number),
        "nat64": IPv6Address((0x64FF9B << 96) | number),
        "6to4": IPv6Address((0x2002 << 112) | (number << 80)),
    }[wrapping]
    assert NOTHING_OPENED.judge(str(wrapped)) is NOTHING_OPENED.judge(str(IPv4Address(number)))


@pytest.mark.parametrize("url", BAD_LITERAL_URLS)
def test_a_url_of_the_list_is_refused(url: str) -> None:
    assert _refused(url) is not None


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hook?a=b%20c",
        "https://example.com",
        "https://EXAMPLE.com:8443/x",
        "https://8.8.8.8/",
        "https://[2606:4700:4700::1111]:443/",
    ],
)
def test_an_ordinary_url_passes(url: str) -> None:
    assert _refused(url) is None


def test_one_bad_address_among_good_ones_refuses_the_name() -> None:
    assert _refused("https://example.com/", answers=("93.184.216.34", "10.0.0.1")) is not None
    assert _refused("https://example.com/", answers=("2606:4700:4700::1111", "::1", "93.184.216.34")) is not None


def test_a_network_that_the_operator_opened_may_be_called_by_http_and_at_any_port() -> None:
    opened = EgressPolicy.parse("10.0.0.0/8, ::1/128")
    assert _refused("http://10.1.2.3:9000/hook", opened) is None
    assert _refused("http://[::1]:9000/hook", opened) is None
    assert _refused("http://receiver.internal:9000/", opened, ("10.1.2.3", "::ffff:10.1.2.4")) is None
    assert _refused("http://127.0.0.1:9000/hook", opened) is not None
    assert _refused("http://10.0.0.1:70000/", opened) is not None


def test_the_freedom_of_an_opened_network_does_not_reach_public_addresses() -> None:
    opened = EgressPolicy.parse("10.0.0.0/8")
    assert _refused("http://example.com/", opened) is not None
    assert _refused("https://example.com:5432/", opened) is not None
    assert _refused("http://both.example/", opened, ("10.0.0.1", "93.184.216.34")) is not None


def test_a_url_is_rewritten_in_one_spelling() -> None:
    target = parse_target("HTTPS://Example.COM:8443?x=1")
    assert (target.url, target.host, target.port) == ("https://example.com:8443/?x=1", "example.com", 8443)
    assert parse_target("https://[2606:4700:4700:0:0::1111]/a").url == "https://[2606:4700:4700::1111]/a"


@given(st.text(max_size=60))
def test_reading_any_text_either_refuses_or_returns(text: str) -> None:
    for url in (text, "https://" + text, f"https://{text}/"):
        try:
            target = parse_target(url)
        except EgressRefused:
            continue
        assert target.url.startswith(f"{target.scheme}://")
        assert parse_target(target.url) == target

"""NATS_URL, read as one server or as several of a cluster."""

import pytest

from burnish_shared.bus.addresses import Addresses


@pytest.mark.parametrize(
    ("url", "servers", "user", "password"),
    [
        ("nats://gateway:se%2Fcret@nats:4222", ("nats://nats:4222",), "gateway", "se/cret"),
        ("nats://gateway:secret@one:1,two:2,three:3", ("nats://one:1", "nats://two:2", "nats://three:3"), "gateway", "secret"),
        ("tls://gateway:secret@one:1, tls://gateway:secret@two:2", ("tls://one:1", "tls://two:2"), "gateway", "secret"),
        ("nats://127.0.0.1:4222", ("nats://127.0.0.1:4222",), None, None),
        ("one:4222", ("nats://one:4222",), None, None),
    ],
)
def test_servers_and_login_are_told_apart(url: str, servers: tuple[str, ...], user: str | None, password: str | None) -> None:
    found = Addresses.of(url)
    assert (found.servers, found.user, found.password) == (servers, user, password)
    assert found.options() == {"servers": list(servers), "user": user, "password": password, "token": None}


def test_a_login_without_a_password_is_a_token() -> None:
    assert Addresses.of("nats://t0ken@one:1").options() == {"servers": ["nats://one:1"], "user": None, "password": None, "token": "t0ken"}


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(Addresses.of("nats://gateway:secret@one:1"))

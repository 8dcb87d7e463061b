"""Whose pages may call `/mcp`, and by which name (DNS rebinding)."""

from types import SimpleNamespace

import pytest
from starlette.requests import Request

from burnish_gateway.mcp.routes import check_origin
from burnish_shared.errors import Forbidden

PUBLIC = "https://burnish.example.com"


def asked(*, listens: str = "127.0.0.1", public_url: str = PUBLIC, **headers: str) -> Request:
    gateway = SimpleNamespace(settings=SimpleNamespace(host=listens, public_url=public_url))
    app = SimpleNamespace(state=SimpleNamespace(gateway=gateway))
    return Request({"type": "http", "app": app, "headers": [(name.encode(), value.encode()) for name, value in headers.items()]})


@pytest.mark.capability("K3")
@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:18000", None),
        ("127.0.0.1:18000", "http://localhost:3000"),
        ("[::1]:18000", "http://[::1]:3000"),
        ("burnish.example.com", None),
        ("localhost:18000", PUBLIC),
    ],
)
def test_programs_and_pages_of_ours_are_let_in(host: str, origin: str | None) -> None:
    check_origin(asked(host=host, **({"origin": origin} if origin is not None else {})))


@pytest.mark.capability("K3")
@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("evil.example:18000", None),
        ("", None),
        ("evil.example:18000", "http://evil.example:18000"),
        ("localhost:18000", "http://evil.example:18000"),
        ("localhost:18000", "null"),
        ("localhost:18000", ""),
        ("localhost:18000", "http://127.0.0.1.evil.example"),
        ("localhost:18000", "http://localhost@evil.example"),
        ("localhost:18000", "http://[::1"),
        ("localhost@evil.example", None),
    ],
)
def test_pages_of_others_are_not(host: str, origin: str | None) -> None:
    with pytest.raises(Forbidden):
        check_origin(asked(host=host, **({"origin": origin} if origin is not None else {})))


@pytest.mark.capability("K3")
def test_a_gateway_that_others_reach_takes_any_name_but_no_page_of_this_machine() -> None:
    check_origin(asked(listens="0.0.0.0", public_url="", host="gateway.burnish.svc:18000"))
    for origin in ("http://localhost:3000", "http://gateway.burnish.svc:18000"):
        with pytest.raises(Forbidden):
            check_origin(asked(listens="0.0.0.0", public_url="", host="gateway.burnish.svc:18000", origin=origin))

"""Routes that are told apart by how their paths begin answer what the framework would have answered."""

import re

import pytest
from fastapi.routing import APIRoute
from starlette.routing import Match
from tests.embedded.people import plain_settings

from burnish_gateway.app import build_app
from burnish_gateway.wire import StrictRoute

pytestmark = pytest.mark.promise("G-20")


def test_every_path_finds_the_routes_that_it_finds_in_the_framework() -> None:
    routes = [one for one in build_app(plain_settings()).router.routes if isinstance(one, StrictRoute)]
    paths = sorted({re.sub(r"{[^}]*}", "x", one.path) for one in routes})[::9]
    others = ["", "/", "/v1", "/v1/", "//v1/prompts", "/v1/prompts/", "/V1/PROMPTS", "/v1/prompts;x=1", "/v1/prompts"]
    found = 0
    for path in (*paths, *others):
        for root in ("", "/below") if path in others else ("",):
            scope = {"type": "http", "method": "GET", "path": root + path, "root_path": root}
            for route in routes:
                answer = route.matches(dict(scope))
                assert answer == APIRoute.matches(route, dict(scope))
                found += answer[0] is not Match.NONE
    assert len(routes) > 100 and found >= len(paths)

"""Every way of signing in, one's own sessions, and a new password in place of a forgotten one."""

from fastapi import APIRouter

from burnish_gateway.sign_in import oidc_routes, reset_routes, sign_in_routes
from burnish_gateway.wire import include

router = APIRouter()
for part in (sign_in_routes, oidc_routes, reset_routes):
    include(router, part.router)

"""Every path of the source systems. Each is thin: it turns their words into ours and calls the feature behind it."""

from fastapi import APIRouter

from burnish_gateway.compat.source import functions_routes, prompts_routes, runs_routes, sessions_routes, suggest_routes
from burnish_gateway.wire import include

router = APIRouter()
for part in (
    sessions_routes.router, prompts_routes.router, runs_routes.router, runs_routes.test_set_router, suggest_routes.router,
    functions_routes.router,
):  # fmt: skip
    include(router, part)

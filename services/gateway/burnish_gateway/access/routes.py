"""Every part of access: people, workspaces, organizations, keys, the audit log."""

from fastapi import APIRouter

from burnish_gateway.access import (
    audit_routes,
    invitation_routes,
    key_routes,
    member_routes,
    oidc_routes,
    organization_routes,
    reset_routes,
    sign_in_routes,
    workspace_routes,
)
from burnish_gateway.wire import include

router = APIRouter()
for part in (
    sign_in_routes,
    oidc_routes,
    workspace_routes,
    organization_routes,
    member_routes,
    reset_routes,
    invitation_routes,
    key_routes,
    audit_routes,
):
    include(router, part.router)

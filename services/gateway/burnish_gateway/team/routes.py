"""Who belongs together: organizations, their workspaces, members, invitations."""

from fastapi import APIRouter

from burnish_gateway.team import invitation_routes, member_routes, organization_routes, own_membership_routes, workspace_routes
from burnish_gateway.wire import include

router = APIRouter()
for part in (own_membership_routes, workspace_routes, organization_routes, member_routes, invitation_routes):
    include(router, part.router)

"""Who may call what, written down by hand: the second opinion on what the routes state of themselves in OpenAPI."""

from fnmatch import fnmatchcase

EXPECTED = (
    ("GET /healthz", "anyone"),
    ("GET /readyz", "anyone"),
    ("GET /metrics", "anyone"),
    ("POST /v1/executions", "viewer"),
    ("GET /v1/executions*", "viewer"),
    ("POST /v1/chat/completions", "viewer"),
    ("POST /v1/feedback", "editor"),
    ("GET /v1/models*", "viewer"),
    ("* /v1/models*", "editor"),
    ("GET /v1/prompts*", "viewer"),
    ("POST /v1/prompts/{slug}/render", "viewer"),
    ("* /v1/prompts*", "prompt_editor"),
    ("POST /v1/suggestions/{suggestion_id}/*", "prompt_editor"),
    ("GET /v1/suggestions*", "viewer"),
    ("GET /v1/evaluators*", "viewer"),
    ("* /v1/evaluators*", "editor"),
    ("GET /v1/datasets*", "viewer"),
    ("* /v1/datasets*", "editor"),
    ("GET /v1/test-runs*", "viewer"),
    ("* /v1/test-runs*", "editor"),
    ("GET /v1/optimizations*", "viewer"),
    ("* /v1/optimizations*", "editor"),
    ("GET /v1/analytics/*", "viewer"),
    ("GET /v1/alerts*", "viewer"),
    ("POST /v1/alerts/{alert_id}/acknowledge", "editor"),
    ("GET /v1/alert-rules", "viewer"),
    ("* /v1/alert-rules*", "editor"),
    ("POST /v1/webhooks/endpoints/{endpoint_id}/test", "editor"),
    ("POST /v1/webhooks/deliveries/{delivery_id}/replay", "editor"),
    ("GET /v1/webhooks/*", "viewer"),
    ("* /v1/webhooks/*", "admin"),
    ("* /v1/api-keys*", "admin"),
    ("* /v1/provider-keys*", "admin"),
    ("* /v1/audit*", "admin"),
    ("* /v1/provider-keys*", "admin"),
    ("GET /v1/auth/ways", "anyone"),
    ("POST /v1/auth/sign-in", "anyone"),
    ("POST /v1/auth/sign-up", "anyone"),
    ("GET /v1/auth/oidc/*", "anyone"),
    ("* /v1/auth/*", "person"),
    ("POST /v1/invitations/accept", "anyone"),
    ("* /v1/invitations*", "admin"),
    ("GET /v1/members", "viewer"),
    ("* /v1/members*", "admin"),
    ("GET /v1/workspaces*", "viewer"),
    ("POST /v1/workspaces/*", "operator"),
    ("* /v1/workspaces*", "admin"),
    ("GET /v1/organizations*", "viewer"),
    ("PATCH /v1/organizations/{organization_id}", "admin"),
    ("* /v1/organizations*", "operator"),
    ("GET /v1/plans*", "viewer"),
    ("PUT /v1/plans/*", "operator"),
    ("GET /v1/budgets*", "viewer"),
    ("* /v1/budgets*", "admin"),
    ("GET /v1/usage*", "viewer"),
    ("GET /v1/credits*", "viewer"),
    ("POST /v1/credits/grants", "operator"),
    ("POST /v1/credits/refunds", "operator"),
    ("* /v1/credits/*", "admin"),
    ("GET /v1/marketplace*", "viewer"),
    ("* /v1/marketplace*", "prompt_editor"),
    ("GET /v1/platform-statistics", "viewer"),
    ("* /v1/erasures*", "admin"),
    ("GET /v1/export", "admin"),
)
"""Pattern of a route → the rule that it must state (burnish_gateway/describe_routes.py); the first that fits counts.

A new route under a known prefix is expected to be like its neighbours; one of a new kind fails the tests until it stands here.
"""


def expected(route: str) -> str | None:
    """The rule of "METHOD /path", or None for a route that nobody thought of."""
    return next((rule for pattern, rule in EXPECTED if fnmatchcase(route, pattern.replace("[", "[[]"))), None)

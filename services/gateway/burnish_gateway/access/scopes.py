"""Scopes of API keys: `<area>:read` and `<area>:write`, an area being the tag of a route in OpenAPI. Pure."""

from collections.abc import Iterable

from burnish_gateway.access.principal import Principal
from burnish_shared.errors import Forbidden

AREA_OF_TAG = {"openai": "executions", "batches": "executions", "chain-runs": "executions"}
"""Tags whose routes are another area's in another format, or many of them at once."""

AREAS = (
    "access", "alerts", "analytics", "audit", "billing", "chains", "clarifications", "datasets", "dead_letters", "enrichments",
    "evaluators", "executions", "experiments", "export", "feedback", "guardrails", "marketplace", "models", "optimization", "privacy",
    "prompts", "provider_keys", "review", "webhooks",
)  # fmt: skip
"""Every area that a key can be narrowed to. A route with another tag fails the tests until it stands here."""

SCOPES = tuple(f"{area}:{verb}" for area in AREAS for verb in ("read", "write"))

NO_SCOPE_NEEDED = frozenset({"operations", "sign-in", "inbound", "inbox"})
"""Tags of routes that need no key, or say only who the caller is; what comes to `inbound` is signed; an `inbox` is a person's alone."""

READS_TEXTS = "executions:read"
"""For what tells texts of executions beside what its route is for."""

SAFE = frozenset({"GET", "HEAD"})


def scope_of(method: str, tags: Iterable[str], *, stated: str | None = None) -> str | None:
    """The scope that a route needs; None where none does. `write` does not include `read`. `stated`: by a route that is an exception."""
    if stated is not None:
        return stated
    tag = next(iter(tags), "operations")
    if tag in NO_SCOPE_NEEDED:
        return None
    return f"{AREA_OF_TAG.get(tag, tag)}:{'read' if method in SAFE else 'write'}"


def check_may_grant(principal: Principal) -> None:
    """Raises Forbidden for a narrowed key: by making somebody an admin, or an admin's key, it would get what it was not given."""
    if principal.scopes and not principal.scopes >= set(SCOPES):
        raise Forbidden(
            f"Your key is narrowed to {', '.join(sorted(principal.scopes))}; only a key or person that may all that an admin may gives "
            "access to others. (A narrowed key can make narrower keys.)",
            param="scopes",
        )


def may(principal: Principal, needed: str) -> bool:
    """Whether the key is narrowed to nothing, or to scopes among which is the one that is needed."""
    return not principal.scopes or needed in principal.scopes


def check_scope(principal: Principal, needed: str | None) -> None:
    """Raises Forbidden where the key is narrowed to scopes and the one that is needed is not among them."""
    if needed is not None and not may(principal, needed):
        raise Forbidden(f"This key is narrowed to {', '.join(sorted(principal.scopes))}; this needs {needed}.")

"""Whose a session is: the person who signed in, or the line of an API key, which its successors go on with. Pure."""

from uuid import UUID

from burnish_gateway.access.principal import Principal


def owner_of(principal: Principal) -> UUID:
    """What auth.uid() says while the caller's rows are read and written. Of a caller from this machine without a key, the workspace."""
    return principal.user_id or principal.first_key_id or principal.api_key_id or principal.workspace_id

"""Which version stands in for one that cannot be rendered with what a call gives, or refuses it (PRODUCT E9). Pure."""

from typing import Final

from burnish_gateway.registry.catalog import ResolvedVersion
from burnish_shared.errors import BurnishError, InputInvalid, MissingVariables

VARIABLES: Final = "variables"
"""What a call gives to a template; errors about it name it, or a part of it."""


def spare_version(version: ResolvedVersion | None, error: BurnishError) -> int | None:
    """The number of the version to try instead; None where the error has nothing to do with rendering and input, or none is named."""
    if version is None or version.fallback_version is None or version.fallback_version == version.version:
        return None
    of_input = isinstance(error, MissingVariables | InputInvalid) or (error.param or "").startswith(VARIABLES)
    return version.fallback_version if of_input else None

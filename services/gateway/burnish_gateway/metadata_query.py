"""`metadata[key]=value` in a query, as OpenAI's clients write it."""

import re
from typing import Final

from fastapi import Request

from burnish_shared.errors import InvalidField

NAMED: Final = re.compile(r"metadata\[(.*)\]", re.DOTALL)

NAMES_MOST: Final = 16
"""As many as OpenAI's metadata may have."""


def metadata_of(request: Request) -> dict[str, str]:
    """Key → value of each such parameter; the route declares them all by one, `wire.OF_METADATA`. Raises InvalidField for more than 16."""
    named = {found[1]: value for name, value in request.query_params.items() if (found := NAMED.fullmatch(name)) is not None}
    if len(named) > NAMES_MOST:
        raise InvalidField(f"metadata: at most {NAMES_MOST} names.", param="metadata")
    return named

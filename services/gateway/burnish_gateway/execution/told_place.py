"""Refusals of a setting that name it where it stands in the caller's request."""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Final

from burnish_gateway.execution.provider_extra import UnsupportedParameter
from burnish_shared.errors import InvalidField

ROOT: Final = re.compile(r"[^.\[]*")


@contextmanager
def told_in(place: str, names: Collection[str]) -> Iterator[None]:
    """A refusal of one of `names`, or of what is inside of it, names it inside of `place`; with "" all stays as it is."""
    try:
        yield
    except (InvalidField, UnsupportedParameter) as error:
        param = error.param or ""
        root = ROOT.match(param)
        if not place or root is None or root[0] not in names:
            raise
        message = f"{place}.{error.message}" if error.message.startswith(param) else error.message
        raise type(error)(message, param=f"{place}.{param}", details=error.details) from error

"""Refusals of a field that name it where it stands in the caller's request, and by what it is called there."""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from burnish_gateway.execution.provider_extra import UnsupportedParameter
from burnish_gateway.models.book import ModelNotFound
from burnish_shared.errors import BurnishError, InvalidField, NotFound

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


@contextmanager
def told_as(names: Mapping[str, str]) -> Iterator[None]:
    """A refusal of a field that is called otherwise in the caller's body, or of what is inside of it, by its name there. A prompt that is
    not there and was named as the model is a model that is not found, as clients of other APIs know it."""
    try:
        yield
    except BurnishError as error:
        param = error.param or ""
        root = ROOT.match(param)
        if root is None or root[0] not in names:
            raise
        told = names[root[0]] + param[root.end() :]
        if error.message.startswith(param):
            error.message = told + error.message[len(param) :]
        error.param = told
        if told == "model" and type(error) is NotFound:
            raise ModelNotFound(error.message, param=told, details=error.details) from error
        raise

"""Refusals of a field that name it where it stands in the caller's request, and by what it is called there."""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from burnish_gateway.models.book import ModelNotFound
from burnish_gateway.models.provider_extra import UnsupportedParameter
from burnish_shared.errors import BurnishError, InvalidField, NotFound

ROOT: Final = re.compile(r"[^.\[]*")


@contextmanager
def told_in(place: str, names: Collection[str]) -> Iterator[None]:
    """A refusal of one of `names`, or of what is inside of it, names it inside of `place`; with "" all stays as it is."""
    try:
        yield
    except (InvalidField, UnsupportedParameter) as error:
        place_in(error, place, names)
        raise


def place_in(error: InvalidField | UnsupportedParameter, place: str, names: Collection[str]) -> None:
    """`told_in` for one that was caught: the hot path goes without a generator. Raises it anew where it is named otherwise."""
    param = error.param or ""
    root = ROOT.match(param)
    if place and root is not None and root[0] in names:
        message = f"{place}.{error.message}" if error.message.startswith(param) else error.message
        raise type(error)(message, param=f"{place}.{param}", details=error.details) from error


@contextmanager
def told_as(names: Mapping[str, str]) -> Iterator[None]:
    """A refusal of a field that is called otherwise in the caller's body, or of what is inside of it, by its name there. A prompt that is
    not there and was named as the model is a model that is not found, as clients of other APIs know it."""
    try:
        yield
    except BurnishError as error:
        name_as(error, names)
        raise


def name_as(error: BurnishError, names: Mapping[str, str]) -> None:
    """`told_as` for one that was caught, which is changed. Raises ModelNotFound in place of one that is."""
    param = error.param or ""
    root = ROOT.match(param)
    if root is None or root[0] not in names:
        return
    told = names[root[0]] + param[root.end() :]
    if error.message.startswith(param):
        error.message = told + error.message[len(param) :]
    error.param = told
    if told == "model" and type(error) is NotFound:
        raise ModelNotFound(error.message, param=told, details=error.details) from error

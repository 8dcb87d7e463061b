"""A configuration of TensorZero with the templates and schemas that it names put into it: the gateway sees one file, and none of the disk.

Paths begin at the configuration's folder, and none leads out of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import tomllib

from burnish_client.cli.given import BadGiven

ROLES: Final = ("system", "user", "assistant")

BYTES_MOST: Final = 1_000_000
"""Of one file."""

FILES_MOST: Final = 2_000


def with_files(content: bytes, folder: Path) -> bytes:
    """The same configuration as JSON, each path with what stands there as `{"path", "text"}`; unchanged where it is no TOML.

    Raises BadGiven naming a file that is not there, cannot be read, or lies outside of `folder`.
    """
    try:
        given = tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return content  # The gateway says what is wrong with it.
    inside = folder.resolve()
    for number, (holder, key, place) in enumerate(_paths(given), 1):
        if number > FILES_MOST:
            raise BadGiven(f"The configuration names more than {FILES_MOST:,} files.")
        holder[key] = {"path": holder[key], "text": _read(inside, holder[key], place)}
    return json.dumps(given, ensure_ascii=False, default=str).encode()


def _paths(given: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Each object that holds a path, under which key, and where that is in the configuration."""
    for name, tool in _objects(given.get("tools")):
        yield from _of(tool, ("parameters",), f"tools.{name}")
    for name, function in _objects(given.get("functions")):
        place = f"functions.{name}"
        yield from _of(function, ("output_schema", *(f"{role}_schema" for role in ROLES)), place)
        for own, schema in _objects(function.get("schemas")):
            yield from _of(schema, ("path",), f"{place}.schemas.{own}")
        for own, variant in _objects(function.get("variants")):
            where = f"{place}.variants.{own}"
            yield from _of(variant, tuple(f"{role}_template" for role in ROLES), where)
            for each, template in _objects(variant.get("templates")):
                yield from _of(template, ("path",), f"{where}.templates.{each}")


def _objects(given: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(name, one) for name, one in given.items() if isinstance(one, dict)] if isinstance(given, dict) else []


def _of(holder: dict[str, Any], keys: tuple[str, ...], place: str) -> Iterator[tuple[dict[str, Any], str, str]]:
    yield from ((holder, key, f"{place}.{key}") for key in keys if isinstance(holder.get(key), str))


def _read(inside: Path, named: str, place: str) -> str:
    try:
        path = (inside / named).resolve()
    except (OSError, ValueError) as error:
        raise BadGiven(f"{place}: {named!r} is no path: {error}.") from error
    if not path.is_relative_to(inside):
        raise BadGiven(f"{place}: {named!r} lies outside of {inside}; only files below the configuration's folder are taken.")
    try:
        if path.stat().st_size > BYTES_MOST:
            raise BadGiven(f"{place}: {path} is larger than {BYTES_MOST:,} bytes.")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadGiven(f"{place}: {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadGiven(f"{place}: {path} is no text in UTF-8: {error}.") from error

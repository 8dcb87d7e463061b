"""Variables for a template as the source system fills it: one that is not given stays as it is written. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any


def filled(given: Mapping[str, Any], required: Iterable[str]) -> tuple[dict[str, Any], list[str]]:
    """What is put in, with every missing name as its own text, and a warning for each of them and for what nothing asks for."""
    variables, warnings = dict(given), []
    names = sorted(required)
    for name in names:
        root, *path = name.split(".")
        if _has(variables, root, path):
            continue
        _put(variables, [root, *path], f"{{{{{name}}}}}")
        warnings.append(f"{name}: is not given; it stands in the text as it is written.")
    roots = {name.partition(".")[0] for name in names}
    warnings += [f"{name}: is no variable of this prompt." for name in sorted(set(given) - roots)] if names else []
    return variables, warnings


def _has(variables: Mapping[str, Any], root: str, path: list[str]) -> bool:
    here: Any = variables.get(root)
    for name in path:
        here = here.get(name) if isinstance(here, Mapping) else None
    return here is not None


def _put(variables: dict[str, Any], path: list[str], text: str) -> None:
    here = variables
    for name in path[:-1]:
        inner = here.get(name)
        here[name] = dict(inner) if isinstance(inner, Mapping) else {}
        here = here[name]
    here[path[-1]] = text

"""What a report is about. Pure."""

from dataclasses import dataclass
from typing import Final, Literal

from burnish_gateway.insights.store import Filters
from burnish_shared.errors import InvalidField
from burnish_shared.slug import MAX_VERSION, parse_slug

Kind = Literal["workspace", "prompt", "version", "model", "api_key", "end_user", "experiment"]

DIGITS_MOST: Final = 12
"""Of a version's number as it is written, zeros before it counted."""

BREAKDOWNS: Final[dict[Kind, tuple[str, ...]]] = {
    "workspace": ("prompt", "model", "app", "api_key"),
    "prompt": ("version", "label", "model", "app"),
    "version": ("label", "model"),
    "model": ("prompt",),
    "api_key": ("prompt",),
    "end_user": (),
    "experiment": ("version", "model"),
}
"""What the figures of each kind are broken down by, as far as rollups keep them together."""


@dataclass(frozen=True, slots=True)
class Target:
    """`name`: a slug, `slug@version`, a model, the id of a key or an experiment, an end user; '' for the workspace. `called`: in the place
    of the name, where that is an id that says nothing."""

    kind: Kind
    name: str
    filters: Filters
    called: str = ""

    @property
    def title(self) -> str:
        words = {"workspace": "Workspace", "api_key": "API key", "end_user": "End user"}
        return f"{words.get(self.kind, self.kind.capitalize())} {self.called or self.name}".strip()

    @property
    def slug(self) -> str | None:
        return self.filters.slug


def target_of(kind: Kind, name: str | None) -> Target:
    """Of all kinds but `experiment`, which is read first (of_experiment.py). Raises InvalidField for a name that is missing, too much, or
    none of its kind."""
    if kind == "workspace":
        if name:
            raise InvalidField("target: a report of the workspace has none; leave it out.", param="target")
        return Target(kind, "", Filters())
    if not name:
        raise InvalidField(f"target: name the {kind.replace('_', ' ')} that the report is about.", param="target")
    if kind == "prompt":
        slug = parse_slug(name, param="target")
        return Target(kind, slug, Filters(slug=slug))
    if kind == "version":
        return _version(name)
    if kind == "model":
        return Target(kind, name, Filters(model=name))
    return Target(kind, name, Filters(dimension="api_key", value=name) if kind == "api_key" else Filters())


def _version(name: str) -> Target:
    slug_text, _, number = name.partition("@")
    version = int(number) if number.isascii() and number.isdigit() and len(number) <= DIGITS_MOST else 0
    if not 1 <= version <= MAX_VERSION:
        raise InvalidField("target: name a version as slug@3.", param="target")
    slug = parse_slug(slug_text, param="target")
    return Target("version", f"{slug}@{version}", Filters(slug=slug, version=version))

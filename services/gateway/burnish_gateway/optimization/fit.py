"""Whether the items of a dataset fill the text of a version. Pure."""

from typing import Any

from burnish_gateway.datasets.item import gives
from burnish_gateway.registry.prompt import Version
from burnish_shared.errors import InvalidField


def variables_of(version: Version) -> set[str]:
    """What a call must give."""
    return {name.partition(".")[0] for name in version.content.template().required}


def check_fit(version: Version, given: Any) -> None:
    """An early word where a text cannot fill a prompt of several variables; the optimizer says the same later, item by item."""
    roots = variables_of(version)
    if gives(given, roots):
        return
    if isinstance(given, dict):
        raise InvalidField(f"Items lack the variables {', '.join(sorted(roots - set(given)))}.", param="dataset_id")
    names = ", ".join(sorted(roots))
    raise InvalidField(f"The prompt needs the variables {names}: give each item's input as an object that names them.", param="dataset_id")

"""Which part reads which environment name, as its settings say."""

from collections.abc import Collection, Mapping

from tests.snapshots.pages import SETTINGS

PARTS = {name: SETTINGS[name.capitalize()] for name in ("gateway", "executor", "optimizer", "analytics", "webhooks")} | {
    "provisioner": SETTINGS["Provisioner of streams"]
}


def names_read(part: str) -> set[str]:
    prefix = PARTS[part].model_config.get("env_prefix", "")
    return {f"{prefix}{name}".upper() for name in PARTS[part].model_fields}


def lacking(given: Mapping[str, Collection[str]]) -> dict[str, set[str]]:
    """Part → names that it reads and another part is given, but not it. `given`: names by part."""
    offered = {name for part in PARTS for name in given[part] if name.startswith("BURNISH_")}
    lacks = {part: (names_read(part) & offered) - set(given[part]) for part in PARTS}
    return {part: names for part, names in lacks.items() if names}

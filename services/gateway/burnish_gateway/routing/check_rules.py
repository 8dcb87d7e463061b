"""Whether what rules choose is there: versions never come back, so they must be; models and labels may come later, so it is said."""

from collections.abc import Mapping, Sequence
from typing import Any

from burnish_gateway.models.bodies import AUTO
from burnish_gateway.registry.prompt import Head
from burnish_shared.db import model_store
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField


async def warnings_of(tx: Tx, rules: Sequence[Mapping[str, Any]], *, head: Head | None) -> list[str]:
    """What of these rules chooses nothing now. `head`: of the prompt whose rules they are. Raises InvalidField for an absent version."""
    found: list[str] = []
    models = {one.model for one in await model_store.list_models(tx)} if any("model" in rule["use"] for rule in rules) else set()
    for index, rule in enumerate(rules):
        use, where = rule["use"], f"rules[{index}] ({rule['name']})"
        if head is not None and "version" in use and not 1 <= use["version"] <= head.prompt.last_version:
            raise InvalidField(
                f"{where}: there is no version {use['version']}; the newest is {head.prompt.last_version}.",
                param=f"rules[{index}].use.version",
            )
        if "model" in use and use["model"] != AUTO and use["model"] not in models:
            found.append(f"{where}: there is no model {use['model']!r} that can be called; the rule is passed over until there is one.")
        if head is not None and "label" in use and use["label"] not in ("latest", *head.labels):
            found.append(f"{where}: there is no label {use['label']!r} on this prompt; the rule is passed over until there is one.")
    return found

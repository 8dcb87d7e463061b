"""What a writer is told whose base is no longer the newest version: all three texts, and who changed which field."""

from dataclasses import asdict
from typing import Any

from burnish_gateway.registry.content import VersionContent
from burnish_gateway.registry.difference import changed_fields, difference
from burnish_gateway.registry.prompt import Version
from burnish_shared.errors import NewerVersion


def newer_version(*, base: Version, newest: Version, submitted: VersionContent) -> NewerVersion:
    """The 409: `newer_version`, and `merge` with base, ours (the newest), theirs (what was sent), and what each changed.

    `conflicts` names the fields that both changed to something different; when it is empty, sending `theirs` over the newest loses nothing.
    """
    ours, theirs = changed_fields(base.content, newest.content), changed_fields(base.content, submitted)
    apart = set(changed_fields(newest.content, submitted))
    merge: dict[str, Any] = {
        "base_version": base.version,
        "newer_version": newest.version,
        "base": base.content.fields(),
        "ours": newest.content.fields(),
        "theirs": submitted.fields(),
        "changed_by_ours": list(ours),
        "changed_by_theirs": list(theirs),
        "conflicts": [name for name in theirs if name in ours and name in apart],
        "diff": asdict(difference(newest.content, submitted)),
    }
    return NewerVersion(
        f"Version {newest.version} was saved since version {base.version}; look at 'merge' and save on top of it.",
        param="base_version",
        details={"newer_version": newest.version, "merge": merge},
    )

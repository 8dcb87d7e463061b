"""What a writer is told whose base is no longer where the line stands: all three texts, who changed what, and the merge of them."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from burnish_gateway.registry.content import VersionContent
from burnish_gateway.registry.difference import changed_fields, difference
from burnish_gateway.registry.prompt import Version
from burnish_gateway.registry.three_way import Conflict, Merged, merged
from burnish_shared.errors import MergeConflict, NewerVersion


def newer_version(*, base: Version, newest: Version, submitted: VersionContent, ancestor: Version) -> NewerVersion:
    """The 409: `newer_version`, and `merge` with base, ours (the newest), theirs (what was sent), and what each changed.

    `conflicts` names the fields that both changed to something different. `offer` is the merge against `ancestor`, the nearest common
    ancestor: its `content`, and the parts of it that are open, each with base, ours, theirs.
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
        "offer": offer(merged(ancestor.content, newest.content, submitted), ancestor_version=ancestor.version),
    }
    return NewerVersion(
        f"Version {newest.version} was saved since version {base.version}; look at 'merge' and save on top of it.",
        param="base_version",
        details={"newer_version": newest.version, "merge": merge},
    )


def offer(merge: Merged, *, ancestor_version: int | None) -> dict[str, Any]:
    """What is open stands in `content` as `ours` has it."""
    return {"ancestor_version": ancestor_version, "content": merge.fields, "conflicts": [asdict(one) for one in merge.conflicts]}


def unresolved(conflicts: Sequence[Conflict], *, ancestor_version: int | None) -> MergeConflict:
    """The 409 of a merge that leaves something open: nothing is saved."""
    parts = ", ".join(f"'{one.part}'" for one in conflicts[:10])
    return MergeConflict(
        f"Both versions changed {parts} differently; say in 'resolutions' for each whether base, ours, theirs or another value stands.",
        param="resolutions",
        details={"ancestor_version": ancestor_version, "conflicts": [asdict(one) for one in conflicts]},
    )

"""Folders that PostgreSQL can reach."""

import os
import tempfile
from functools import cache
from pathlib import Path

from burnish.embedded.identity import namespaces_work


def make_reachable(folder: Path) -> None:
    """Lets others pass through `folder` and its parents below the system's temporary folder, where PostgreSQL needs it.

    That is as root where user namespaces are refused, as in many containers: the server then runs as a system user, and pytest makes
    its folders for their owner alone.
    """
    if not _needs_a_way():
        return
    top = Path(tempfile.gettempdir()).resolve()
    for one in (folder, *folder.parents):
        if one.exists() and one.is_relative_to(top) and one != top:
            one.chmod(one.stat().st_mode | 0o011)


@cache
def _needs_a_way() -> bool:
    return os.geteuid() == 0 and not namespaces_work()

"""As whom the packaged PostgreSQL runs: it refuses root."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from burnish.embedded.child import StartFailed

UNSHARE = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "setpriv", "--pdeathsig=INT")
"""A user namespace in which root is `nobody`. Both programs exec, so the pid is the server's own. Works below a 0700 home."""

UNPRIVILEGED_USERS = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Identity:
    """`prefix` goes before the command; `user` is whom a root process becomes first (None: stays who it is)."""

    prefix: tuple[str, ...] = ()
    user: str | None = None


def choose_identity(binaries: Path, home: Path) -> Identity:
    """The first way that works here: the caller, when not root; a user namespace; a system user who can reach binaries and home.

    Raises StartFailed with what to do when none does.
    """
    if os.geteuid() != 0:
        return Identity()
    if namespaces_work():
        return Identity(prefix=UNSHARE)
    for name in UNPRIVILEGED_USERS:
        if can_reach(name, binaries / "postgres", home):
            return Identity(user=name)
    raise StartFailed(
        "PostgreSQL does not run as root, and neither way around it works here: user namespaces are refused, and no user "
        f"{' or '.join(UNPRIVILEGED_USERS)} can reach both {binaries} and {home}. Run `burnish up` as a plain user, or set BURNISH_HOME to "
        "a folder that others may enter (such as /var/lib/burnish), or set DATABASE_URL to a PostgreSQL of your own."
    )


def namespaces_work() -> bool:
    """Whether root may become nobody in a user namespace here (many container runtimes refuse it)."""
    if shutil.which("unshare") is None or shutil.which("setpriv") is None:
        return False
    return subprocess.run([*UNSHARE, "true"], capture_output=True, timeout=10, check=False).returncode == 0  # noqa: S603


def can_reach(user: str, program: Path, folder: Path) -> bool:
    """Whether `user` exists, can run `program` and can enter `folder`. Asked as root, by trying."""
    try:
        group = pwd.getpwnam(user).pw_gid
        for command in ([str(program), "--version"], ["test", "-x", str(folder)]):
            subprocess.run(command, user=user, group=group, extra_groups=(), capture_output=True, timeout=10, check=True)  # noqa: S603
    except (KeyError, OSError, subprocess.SubprocessError):
        return False
    return True


def own(path: Path, identity: Identity) -> None:
    """Makes `path` and all below it belong to whom the server will be. Only root can and needs to: the way around root may change."""
    if os.geteuid() != 0:
        return
    entry = pwd.getpwnam(identity.user) if identity.user is not None else pwd.getpwuid(0)
    if path.stat().st_uid == entry.pw_uid:
        return
    os.chown(path, entry.pw_uid, entry.pw_gid)
    for folder, folders, files in os.walk(path):
        for name in (*folders, *files):
            os.chown(Path(folder) / name, entry.pw_uid, entry.pw_gid, follow_symlinks=False)

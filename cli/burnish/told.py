"""What a command says where a server or the disk did not let it work: a line for an operator in place of a stack trace."""

import errno
import os
import re
import sys
from typing import Final

DISK: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
"""Of a disk that takes nothing more."""


PORT: Final = re.compile(r"[^:]*(:[0-9]{0,5})?")

BAD_PORT: Final = (
    "DATABASE_URL: what stands for its port is no number. It is postgresql://LOGIN:PASSWORD@HOST:5432/DATABASE, and signs such as / and @ "
    "in the password are written as %2F and %40."
)
"""It is not repeated: where the host is left out, it is the password."""


def in_words(failure: BaseException) -> str | None:
    """None for a failure that is a fault of ours: whoever reports it needs the trace."""
    from burnish_shared.errors import BurnishError

    if isinstance(failure, BurnishError):
        return failure.message
    if isinstance(failure, TimeoutError):
        return "A server did not answer in time."
    if isinstance(failure, PermissionError) and failure.filename is not None:
        return f"{failure.filename} belongs to somebody else; name a folder of your own with --home or BURNISH_HOME."
    if isinstance(failure, OSError):
        return f"{failure.filename}: {failure.strerror}." if failure.filename is not None else _sentence(failure.strerror or str(failure))
    if isinstance(failure, ValueError) and has_bad_port(os.environ.get("DATABASE_URL", "")):
        return BAD_PORT
    return _of_postgres(failure)


def has_bad_port(url: str) -> bool:
    """Whether what stands for a port is no number; PostgreSQL's addresses may name several hosts."""
    hosts = url.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2]
    return any(not PORT.fullmatch(host.rpartition("]")[2]) for host in hosts.split(","))


def disk_in_words(failure: BaseException) -> str | None:
    """The same for a disk that takes nothing more, and for nothing else."""
    return in_words(failure) if isinstance(failure, OSError) and failure.errno in DISK else None


def _of_postgres(failure: BaseException) -> str | None:
    """Nothing where its client was never loaded."""
    asyncpg = sys.modules.get("asyncpg")
    if asyncpg is None:
        return None
    refused = (
        asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError, asyncpg.InsufficientPrivilegeError,
        asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, asyncpg.TooManyConnectionsError,
    )  # fmt: skip
    if isinstance(failure, refused):
        return _sentence(f"PostgreSQL did not let us in: {failure}")
    if isinstance(failure, asyncpg.DiskFullError):
        return _sentence(f"PostgreSQL has no room: {failure}")
    if isinstance(failure, asyncpg.UndefinedTableError | asyncpg.UndefinedColumnError | asyncpg.UndefinedFunctionError):
        return f"The schema is not that of this release ({failure}); `burnish migrate` brings it there."
    return None


def _sentence(said: str) -> str:
    """In one line, with one dot: PostgreSQL's hints have lines and a dot of their own."""
    return f"{' '.join(said.split()).rstrip('.')}."

"""What a command says where a server or the disk did not let it work: a line for an operator in place of a stack trace."""

import errno
import sys
from typing import Final

DISK: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
"""Of a disk that takes nothing more."""


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
        return f"{failure.filename}: {failure.strerror}." if failure.filename is not None else f"{failure.strerror or failure}."
    return _of_postgres(failure)


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
        return f"PostgreSQL did not let us in: {failure}."
    if isinstance(failure, asyncpg.UndefinedTableError | asyncpg.UndefinedColumnError | asyncpg.UndefinedFunctionError):
        return f"The schema is not that of this release ({failure}); `burnish migrate` brings it there."
    return None

"""Which schema this release works on, and whether the database has it."""

from functools import cache
from importlib.resources import files

import asyncpg

from burnish_shared.db import schema_store as store
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable


@cache
def newest_revision() -> str:
    """The last revision that this release brings, such as `0005`."""
    versions = files("burnish_shared").joinpath("db", "migrations", "versions").iterdir()
    return max(one.name[1:5] for one in versions if one.name.startswith("v") and one.name[1:5].isdecimal())


async def check_schema(db: Database) -> None:
    """Returns where the database has the schema of this release, or a newer one: a release works on that of the next one, on none before.

    Raises Unavailable where it is older or not there yet, as in an update whose migrations are under way. Where a service may not read the
    revision, which a release before this one made, nobody knows, and it returns.
    """
    try:
        async with db.unit_of_work(read_only=True) as tx:
            revision = await store.find_revision(tx)
    except asyncpg.InsufficientPrivilegeError:
        return
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        revision = None
    if not revision or revision < newest_revision():
        found = f"is at {revision}" if revision else "is not there"
        raise Unavailable(f"The schema {found}, and this release works on {newest_revision()}: `burnish migrate` brings it there.")

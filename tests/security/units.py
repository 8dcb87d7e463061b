"""Which test files run one after the other on one worker of pytest-xdist.

The package's `world` takes seconds to build and lives for as long as files of this package follow each other. `--dist loadfile` hands
out files by their size, so files of other packages would come in between, and each file would build a world of its own. (One world for
the whole session is no way out: all services of a worker share one NATS, and would take each other's messages.)
"""

from pathlib import PurePosixPath

from xdist.scheduler import LoadFileScheduling

FOLDER = PurePosixPath("tests/security")

FIRST = {"test_answers.py", "test_bad_input.py", "test_http_protocol.py", "test_secrets.py"}
"""About half of what the tests with a world take; all others are the second unit, so that two workers share them."""

WITHOUT_WORLD = {"test_catalog.py", "test_row_level_security.py"}
"""Files that need no world, and go wherever there is time for them."""

READERS = (PurePosixPath("tests/architecture"), PurePosixPath("tests/contracts/test_reference.py"))
"""They look through all sources, and the marks of all tests, which are parsed once for each worker."""


class LoadUnits(LoadFileScheduling):
    """As `--dist loadfile`, but the files that share a world are one unit, and so are those that read all sources."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        path = PurePosixPath(file)
        if any(path.is_relative_to(one) for one in READERS):
            return "tests/architecture, all sources"
        if path.parent != FOLDER or path.name in WITHOUT_WORLD:
            return file
        return f"{FOLDER}, {'first' if path.name in FIRST else 'second'} world"

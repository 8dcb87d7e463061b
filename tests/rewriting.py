"""Every worker of pytest-xdist rewrites assertions anew in a fresh clone, unless another was faster.

pytest rewrites the assertions of a test file before its first import and keeps the result beside it. The workers all begin with the same
file, so that each rewrites all 600 of them: 20 s of processor time.
"""

import importlib
from pathlib import Path

import pytest

TESTS = Path(__file__).parent


def import_own_share(config: pytest.Config) -> None:
    """Of `count` workers each first imports another part of the test files, if it is going to import all of them."""
    worker = getattr(config, "workerinput", None)
    if worker is None or config.args != config.getini("testpaths"):
        return
    files = sorted(one for one in TESTS.rglob("test_*.py") if (one.parent / "__init__.py").exists())
    number, count = int(worker["workerid"].removeprefix("gw")), worker["workercount"]
    for file in files[len(files) * number // count : len(files) * (number + 1) // count]:
        try:
            importlib.import_module(".".join(file.relative_to(TESTS.parent).with_suffix("").parts))
        except (Exception, pytest.fail.Exception, pytest.skip.Exception):
            continue  # What fails or is skipped (or names a marker of a conftest.py to come) is imported again where pytest collects it.

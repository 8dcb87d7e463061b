"""What all tests of faults share."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "chaos_long: the fault matrix and what takes as long; `make chaos-long` runs them")
    config.addinivalue_line("markers", "fault(row): the row of the fault matrix that the test plays")

"""What all tests of faults share."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "chaos_long: faults that take long; `make chaos-long` runs them, `make chaos` does not")
    config.addinivalue_line("markers", "fault(row): the row of the fault matrix that the test plays")

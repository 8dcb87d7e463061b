"""In which order files of tests are handed out."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.security.units import SECONDS, LoadUnits

ROOT = Path(__file__).parents[2]

TESTS = [
    *(f"tests/unit/test_small.py::test_{number}" for number in range(100)),
    *(f"tests/integration/test_books.py::test_{number}" for number in range(20)),
    *(f"tests/security/test_bad_input.py::test_{number}" for number in range(10)),
    *(f"tests/security/test_answers.py::test_{number}" for number in range(2)),
    "tests/e2e/test_demo.py::test_the_loop",
    "tests/integration/test_launcher.py::test_up",
    "tests/integration/test_launcher.py::test_down",
    "tests/fuzz/test_api.py::test_no_input",
]


class Worker:
    """One that notes what it is given."""

    gateway = SimpleNamespace(id="gw0")
    shutting_down = False

    def __init__(self) -> None:
        self.given: list[str] = []

    def send_runtest_some(self, indexes: list[int]) -> None:
        self.given += [TESTS[index] for index in indexes]

    def shutdown(self) -> None:
        self.shutting_down = True


def test_what_takes_longest_comes_first_and_every_test_comes_once() -> None:
    config: Any = SimpleNamespace(option=SimpleNamespace(loadscopereorder=True), getvalue=lambda _: ["popen"])
    worker: Any = Worker()
    units = LoadUnits(config)
    units.add_node(worker)
    units.add_node_collection(worker, TESTS)
    units.schedule()
    for number in range(len(TESTS)):
        units.mark_test_complete(worker, TESTS.index(worker.given[number]))
    assert list(dict.fromkeys(nodeid.partition("::")[0] for nodeid in worker.given)) == [
        "tests/fuzz/test_api.py",
        "tests/security/test_bad_input.py",
        "tests/security/test_answers.py",
        "tests/integration/test_launcher.py",
        "tests/integration/test_books.py",
        "tests/unit/test_small.py",
        "tests/e2e/test_demo.py",
    ]
    assert sorted(worker.given) == sorted(TESTS)
    assert worker.shutting_down


def test_what_is_known_to_take_long_is_there() -> None:
    assert [name for name in SECONDS if not (ROOT / name).exists()] == []

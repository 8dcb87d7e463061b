"""pytest plug-in: each test of a burnish.yaml is a test of the run, and `burnish_gate` measures a prompt from your own.

`pytest --burnish` collects burnish.yaml (or what `--burnish-config` names). Without the option nothing is measured, and nothing of this
is loaded. Where Burnish is, say the environment (BURNISH_API_KEY, BURNISH_BASE_URL) or `burnish login`, as for the command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from burnish_client import Burnish
    from burnish_client.gate.config import Config, Test
    from burnish_client.gate.measure import Result

RESULTS = pytest.StashKey[list["Result"]]()
NOTHING = pytest.StashKey[str]()
CLIENT = pytest.StashKey["Burnish"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the plug-in."""
    group = parser.getgroup("burnish", "measuring prompts with Burnish")
    group.addoption("--burnish", action="store_true", help="measure the prompts of burnish.yaml")
    group.addoption("--burnish-config", metavar="FILE", default=None, help="in place of burnish.yaml beside pytest's configuration")
    group.addoption("--burnish-at", metavar="LABEL", default=None, help="measure this label or version, not the files")
    group.addoption("--burnish-profile", metavar="NAME", default=None, help="which login to use")


def pytest_configure(config: pytest.Config) -> None:
    """A place for what was measured; and burnish.yaml among what is collected, wherever pytest was told to look for tests.

    Not where only single tests were named: whoever asks for those did not ask to pay for others. Raises UsageError where a file that was
    named is not there: a gate that measures nothing lets everything by. Where none was named, the summary says so instead.
    """
    config.stash[RESULTS] = []
    if not config.getoption("--burnish"):
        return
    wanted = _wanted(config)
    if not wanted.is_file():
        if config.getoption("--burnish-config"):
            raise pytest.UsageError(f"--burnish: there is no {wanted}, which --burnish-config names.")
        config.stash[NOTHING] = f"there is no {wanted}, so nothing of it was measured; --burnish-config names another file"
    elif any(wanted.is_relative_to(_place_of(one, config)) for one in config.args):
        return
    elif all("::" in one for one in config.args):
        config.stash[NOTHING] = f"nothing of {wanted} was measured, because the command names single tests"
    else:
        config.args.append(str(wanted))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """burnish.yaml, where it was asked for."""
    if not parent.config.getoption("--burnish"):
        return None
    return GateFile.from_parent(parent, path=file_path) if file_path == _wanted(parent.config) else None


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Every figure with its interval, also of tests that are passed; and why nothing of burnish.yaml was measured, where it was not."""
    if why := config.stash.get(NOTHING, None):
        terminalreporter.write_line(f"burnish: {why}")
    if results := config.stash[RESULTS]:
        from burnish_client.gate.report import as_text

        terminalreporter.section("burnish: the test gate")
        terminalreporter.write_line(as_text(results))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Closes the connection."""
    if (client := config.stash.get(CLIENT, None)) is not None:
        client.close()


class NotPassed(Exception):
    """What a test says that is not passed; it needs no traceback."""


class GateFile(pytest.File):
    """A burnish.yaml."""

    def collect(self) -> Iterable[pytest.Item]:
        """One item for each of its tests."""
        from burnish_client.gate.config import BadConfig, read_config

        try:
            config = read_config(self.path)
        except BadConfig as fault:
            raise self.CollectError(str(fault)) from fault
        for one in config.tests:
            yield GateItem.from_parent(self, name=one.title, gate=config, test=one)


class GateItem(pytest.Item):
    """One test of a burnish.yaml."""

    def __init__(self, *, gate: Config, test: Test, **rest: Any) -> None:
        super().__init__(**rest)
        self._gate, self._test = gate, test

    def runtest(self) -> None:
        """Measures it. Raises NotPassed."""
        _judge(_measured(self.config, self._gate, self._test), self.config)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """In words alone where the gate is not passed."""
        return str(excinfo.value) if isinstance(excinfo.value, NotPassed) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where it stands, for reports."""
        return self.path, None, f"burnish: {self.name}"


@pytest.fixture
def burnish_gate(request: pytest.FixtureRequest) -> Iterator[Callable[..., Result]]:
    """`burnish_gate("greeting", "cases.jsonl", min_accuracy=0.9, baseline="production")` measures, and fails where it is not passed.

    Takes the fields of a test of burnish.yaml; paths begin at the folder of the test module. Returns what was measured.
    """
    from burnish_client.gate.config import Config, read_test

    root = request.path.parent
    prompts = request.config.rootpath / "prompts"

    def gate(prompt: str, dataset: str, **more: Any) -> Result:
        __tracebackhide__ = True
        test = read_test({"prompt": prompt, "dataset": str(dataset), **more}, "burnish_gate")
        return _judge(_measured(request.config, Config(root, prompts, (test,)), test), request.config)

    yield gate


def _wanted(config: pytest.Config) -> Path:
    named = config.getoption("--burnish-config")
    return Path(named).resolve() if named else config.rootpath / "burnish.yaml"


def _place_of(argument: str, config: pytest.Config) -> Path:
    """The file or folder that an argument of pytest names, without the tests in it."""
    return (config.invocation_params.dir / argument.partition("::")[0]).resolve()


def _measured(config: pytest.Config, gate: Config, test: Test) -> Result:
    from burnish_client.gate.measure import measure

    return measure(_client(config), gate, [test], asked=config.getoption("--burnish-at"))[0]


def _judge(result: Result, config: pytest.Config) -> Result:
    from burnish_client.gate.report import as_text

    __tracebackhide__ = True
    config.stash[RESULTS].append(result)
    if not result.passed:
        raise NotPassed(as_text([result]))
    return result


def _client(config: pytest.Config) -> Burnish:
    if CLIENT not in config.stash:
        from burnish_client import Burnish
        from burnish_client.cli.places import NoPlace, find_place

        try:
            place = find_place(config.getoption("--burnish-profile"))
        except NoPlace as lacking:
            raise NotPassed(str(lacking)) from lacking
        config.stash[CLIENT] = Burnish(base_url=place.url, api_key=place.key, cache_folder=False)
    return config.stash[CLIENT]

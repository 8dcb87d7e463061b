"""Which test files run one after the other on one worker of pytest-xdist, and which come first.

The package's `world` takes seconds to build and lives for as long as files of this package follow each other. `--dist loadfile` hands
out files by their size, so files of other packages would come in between, and each file would build a world of its own. (One world for
the whole session is no way out: all services of a worker share one NATS, and would take each other's messages.)
"""

from pathlib import PurePosixPath

from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

FOLDER = PurePosixPath("tests/security")

FIRST = {"test_answers.py", "test_bad_input.py", "test_http_protocol.py", "test_secrets.py"}
"""About half of what the tests with a world take; all others are the second unit, so that two workers share them."""

WITHOUT_WORLD = {"test_catalog.py", "test_row_level_security.py"}
"""Files that need no world, and go wherever there is time for them."""

READERS = (PurePosixPath("tests/architecture"), PurePosixPath("tests/contracts/test_reference.py"))
"""They look through all sources, and the marks of all tests, which are parsed once for each worker."""


SECONDS = {
    "tests/unit/launcher/test_compiling.py": 36.0,
    "tests/integration/optimization/test_heard_and_learned.py": 23.0,
    "tests/page/test_newcomer.py": 20.0,
    "tests/integration/operation/test_dead_letters_command.py": 38.0,
    "tests/integration/secrets/test_kek_command.py": 32.0,
    "tests/integration/optimization/test_crashes.py": 18.0,
    "tests/integration/batches/test_batch_taken_over.py": 15.0,
    "tests/sdk/test_typescript.py": 15.0,
    "tests/security/canaries": 14.0,
    "tests/sdk/test_thumbs.py": 12.0,
    "tests/page/test_many_runs.py": 12.0,
    "tests/integration/execution/test_faults.py": 7.0,
    "tests/integration/chains/test_stopped_gateway.py": 7.0,
    "tests/integration/test_launcher.py": 6.0,
    "tests/integration/experiments/test_rollout_refused.py": 6.0,
    "tests/integration/experiments/test_outvoting.py": 6.0,
    "tests/page/test_between_pages.py": 6.0,
    "tests/page/test_webhook_pages.py": 6.0,
    "tests/deploy/test_composed.py": 5.5,
    "tests/integration/experiments/test_figures.py": 5.0,
    "tests/integration/execution/test_a_hundred_at_once.py": 4.0,
    "tests/integration/conformance/test_litellm_process.py": 3.0,
    "tests/integration/billing/test_payers.py": 2.5,
    "tests/cli/test_gate.py": 2.0,
    "tests/fuzz": 40.0,
    "tests/e2e": 4.0,
    "tests/integration/operation": 2.0,
    "tests/integration/optimization": 2.0,
    "tests/integration/scores": 2.0,
    "tests/integration/secrets": 2.0,
    "tests/security": 1.5,
    "tests/integration/batches": 1.5,
    "tests/cli": 0.7,
    "tests/sdk": 0.7,
    "tests/docs": 0.2,
    "tests/architecture": 0.2,
    "tests/integration/conformance": 0.2,
    "tests/integration/registry": 0.1,
    "tests/unit": 0.05,
    "tests/contracts": 0.05,
}
"""About what one test of a file or folder takes (the first name that fits counts), and ELSEWHERE_S one of another; nothing hangs on their
being exact. By the number of tests alone, files of one or two that start whole installations came last, beside idle cores, and what needs
no server came first, all at once."""

ELSEWHERE_S = 0.4


def takes_s(unit: str, tests: int) -> float:
    """About how long so many tests of a unit take."""
    fitting = (seconds for name, seconds in SECONDS.items() if unit == name or unit.startswith((f"{name}/", f"{name},")))
    return tests * next(fitting, ELSEWHERE_S)


class LoadUnits(LoadFileScheduling):
    """As `--dist loadfile`, but the files that share a world are one unit, and so are those that read all sources; and what takes longest
    comes first."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        longest = max(self.workqueue, key=lambda unit: takes_s(unit, len(self.workqueue[unit])))
        self.workqueue.move_to_end(longest, last=False)
        super()._assign_work_unit(node)

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        path = PurePosixPath(file)
        if any(path.is_relative_to(one) for one in READERS):
            return "tests/architecture, all sources"
        if path.parent != FOLDER or path.name in WITHOUT_WORLD:
            return file
        return f"{FOLDER}, {'first' if path.name in FIRST else 'second'} world"

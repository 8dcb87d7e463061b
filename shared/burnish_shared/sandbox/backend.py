"""The one interface that all backends have."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from burnish_shared.sandbox.outcome import DEFAULT_LIMITS, Failed, Limits, Plain, Refused, Result


class Sandbox(Protocol):
    """Runs code of other people where it can harm nobody.

    No network, no files, no environment, no clock, no dice: the same code with the same inputs says the same. One tenant cannot take all
    workers. Any number of runs may be asked for at once; they wait for a worker for a bounded time and are then `Failed` as unavailable.
    """

    async def run(self, code: str, inputs: Mapping[str, Plain], *, limits: Limits = DEFAULT_LIMITS, tenant: str = "") -> Result:
        """The value of the code's last expression. Never raises for what the code does; raises only CancelledError."""
        ...

    async def run_many(
        self, code: str, many: Sequence[Mapping[str, Plain]], *, limits: Limits = DEFAULT_LIMITS, tenant: str = ""
    ) -> list[Result]:
        """The same code over many inputs, in their order; one that fails costs the others nothing. `limits` are for each."""
        ...

    async def check(self, code: str, *, limits: Limits = DEFAULT_LIMITS, tenant: str = "") -> Refused | Failed | None:
        """Why this code would be refused, with line and column; None when it would run. Runs nothing of it.

        Failed as unavailable says nothing of the code: there was no worker to look at it.
        """
        ...

    async def close(self) -> None:
        """Ends every worker. Safe to call twice."""
        ...

"""Where evaluators run: the sandboxes of an installation, and the workers for what is declared."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from burnish_shared.sandbox import Failed, Sandbox
from burnish_shared.sandbox.daytona_place import DaytonaPlace
from burnish_shared.sandbox.offered import offered
from burnish_shared.sandbox.worker_process import Workers

DECLARED: Final = "burnish_shared.evaluators.declared_worker"

LOOK_S: Final = 1.0
"""What a look at one answer may take, as code may (PROMISES section 6)."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """`sandboxes` by language: `python`, and `wasm` where the operator offers it. No process is started before it is needed."""

    sandboxes: Mapping[str, Sandbox]
    declared: Workers = field(repr=False)

    @classmethod
    def open(cls, *, workers: int, wasm: bool = False, daytona: DaytonaPlace | None = None) -> Self:
        """`daytona`: where Python runs; None: here. Raises ModuleNotFoundError, in words for an operator, where WebAssembly is wanted and
        not installed."""
        return cls(offered(workers=workers, wasm=wasm, daytona=daytona), Workers(DECLARED, workers=workers))

    async def look(self, settings: str, case: dict[str, Any] | None, *, tenant: str) -> dict[str, Any] | Failed:
        """See `declared_worker.answer_to`. `settings`: as JSON; `case` None: only check them."""
        return await self.declared.ask({"settings": settings, "case": case}, timeout_s=LOOK_S, tenant=tenant)

    async def close(self) -> None:
        """Ends every worker. Safe to call twice."""
        await self.declared.close()
        for one in self.sandboxes.values():
            await one.close()

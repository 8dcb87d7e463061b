"""Some months of a workspace's life, written through the books: executions of every kind, fees, refunds, jobs, losses, an allowance.

Everything is admitted and settled now, under ids of the past; then what was booked is moved to where it belongs in time, which only a
superuser with the ledger's trigger off can do.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from burnish_shared.books.admission import Admission, Verdict
from burnish_shared.books.admission_request import AdmissionRequest
from burnish_shared.books.finished import SETTLE, FinishedExecution
from burnish_shared.ids import new_uuid
from tests.embedded.workspaces import Workspace

KEYS = [new_uuid() for _ in range(4)]
PROVIDER_KEYS = [new_uuid(), new_uuid(), None]
MODELS = [("openai/large", "openai"), ("openai/small", "openai"), ("local/free", "own"), ("=sum(A1)", "own")]
PROMPTS = ["triage", "summary", "reply", None]
HOLD_NUSD = 50_000


def id_at(moment: datetime, dice: random.Random) -> UUID:
    """A UUIDv7 of that millisecond."""
    value = int(moment.timestamp() * 1000) << 80 | dice.getrandbits(80)
    return UUID(int=(value & ~(0xF << 76) & ~(0x3 << 62)) | 0x7 << 76 | 0x2 << 62)


@dataclass(slots=True)
class Life:
    """What was done, as the test counts it: cost by month of admission."""

    workspace: Workspace
    connection: asyncpg.Connection
    admission: Admission
    dice: random.Random
    costs: Counter[str] = field(default_factory=Counter)
    executions: Counter[str] = field(default_factory=Counter)

    async def execute(self, moments: Sequence[datetime], accounts: Sequence[int], *, job_id: UUID | None = None) -> list[UUID]:
        """One execution for each moment, paid from `accounts`; every 50th costs more than its hold, every 20th nothing."""
        wishes = [
            AdmissionRequest(
                execution_id=id_at(moment, self.dice), workspace_id=self.workspace.workspace_id, amount_nusd=HOLD_NUSD, ttl_ms=60_000,
                lane="batch" if job_id else "interactive", account_ids=accounts,
            )
            for moment in moments
        ]  # fmt: skip
        answers = await asyncio.gather(*(self.admission.ask(one) for one in wishes))
        admitted = [wish.execution_id for wish, answer in zip(wishes, answers, strict=True) if answer.verdict is Verdict.YES]
        rows = [self._finished(one, number, job_id) for number, one in enumerate(admitted)]
        for begin in range(0, len(rows), 256):
            part = [row.as_row() for row in rows[begin : begin + 256]]
            await self.connection.fetchval(SETTLE, part, "executor", str(new_uuid()))
        return admitted

    def _finished(self, execution_id: UUID, number: int, job_id: UUID | None) -> FinishedExecution:
        dice, at = self.dice, datetime.fromtimestamp((execution_id.int >> 80) / 1000, tz=UTC)
        cost = HOLD_NUSD + dice.randrange(1, 9_999) if number % 50 == 7 else 0 if number % 20 == 3 else dice.randrange(1, HOLD_NUSD)
        self.costs[f"{at:%Y-%m}"] += cost
        self.executions[f"{at:%Y-%m}"] += 1
        model, provider = dice.choice(MODELS)
        markup = cost * 9 // 100 if provider == "openai" else 0
        return FinishedExecution(
            execution_id=execution_id, workspace_id=self.workspace.workspace_id, fence=1, lane="batch" if job_id else "interactive",
            status=dice.choice(["success"] * 9 + ["error"]), prompt_id=None, slug=dice.choice(PROMPTS), version=1, label=None, model=model,
            provider=provider, input_tokens=dice.randrange(900), output_tokens=dice.randrange(300), cached_input_tokens=dice.randrange(90),
            usage_source="provider", cost_nusd=cost, price_version="t", latency_ms=5, first_token_ms=None, cached=False,
            simulated=number % 3 == 0, finish_reason="stop", end_user=dice.choice(["ada", "bob", None]), session_id=None, app=None,
            api_key_id=None if job_id else dice.choice(KEYS), job_id=job_id, request_id=None, provider_key_id=dice.choice(PROVIDER_KEYS),
            key_source="platform" if markup else "own", markup_nusd=markup, error=None, attempts="[]",
            finished_at=at + timedelta(seconds=2),
            messages=None, variables=None, settings=None, output=None, tool_calls=None, metadata=None, completed_event="{}",
            background_event=None, background_subject=None,
        )  # fmt: skip

    async def booked_at(self, moment: datetime) -> None:
        """Moves what was booked today and is no charge of an execution to this moment."""
        await self.connection.execute(
            "UPDATE transfers SET at = $2 WHERE workspace_id = $1 AND execution_id IS NULL AND at > now() - interval '1 hour'",
            self.workspace.workspace_id,
            moment,
        )

    async def charges_follow_executions(self, *, after: timedelta) -> None:
        """A charge is booked when its execution ends, which may be in the next month."""
        await self.connection.execute(
            "UPDATE transfers t SET at = e.finished_at + $2 FROM executions e "
            "WHERE t.workspace_id = $1 AND e.execution_id = t.execution_id",
            self.workspace.workspace_id,
            after,
        )

    async def call(self, function: str, *args: Any) -> Any:
        places = ", ".join(f"${n}" for n in range(1, len(args) + 1))
        return await self.connection.fetchval(f"SELECT {function}({places})", *args)


def moments(first: date, count: int, dice: random.Random) -> list[datetime]:
    """In the month that begins with `first`, its first and last millisecond among them."""
    begin = datetime(first.year, first.month, 1, tzinfo=UTC)
    end = (begin + timedelta(days=32)).replace(day=1)
    length_ms = int((end - begin).total_seconds() * 1000)
    inside = [begin + timedelta(milliseconds=dice.randrange(length_ms)) for _ in range(count - 2)]
    return [begin, *inside, end - timedelta(milliseconds=1)]


async def live(urls: Any, workspace: Workspace, first: date, *, executions: int) -> Life:
    """The month before `first`, the month of `first`, and one after it; all settled."""
    dice = random.Random(7)
    connection = await asyncpg.connect(urls["superuser"], server_settings={"search_path": "burnish"})
    admission = Admission.over(urls["gateway"], application_name="test")
    running = asyncio.create_task(admission.run())
    life = Life(workspace, connection, admission, dice)
    try:
        await connection.execute("SET session_replication_role = replica")
        await _before(life, first)
        await _month(life, first, executions)
        await _after(life, first)
        await life.charges_follow_executions(after=timedelta(seconds=1))
    finally:
        await connection.execute("SET session_replication_role = origin")
        running.cancel()
        await admission.close()
    return life


async def _before(life: Life, first: date) -> None:
    month = (first - timedelta(days=1)).replace(day=1)
    ws, account = life.workspace.workspace_id, life.workspace.credit_account_id
    await life.call("add_credit", ws, account, "top_up", 10_000_000_000, f"INV-{ws}", "paid")
    await life.execute(moments(month, 40, life.dice), [account])
    await life.call("begin_allowance", ws, month)
    await life.booked_at(datetime(month.year, month.month, 5, tzinfo=UTC))


async def _month(life: Life, first: date, executions: int) -> None:
    ws, account = life.workspace.workspace_id, life.workspace.credit_account_id
    begin = datetime(first.year, first.month, 1, tzinfo=UTC)
    await life.call("begin_month", life.workspace.organization_id, first)
    await life.call("begin_allowance", ws, first)
    await life.booked_at(begin + timedelta(seconds=30))
    free = await life.call("make_allowance_account", ws)
    await life.execute(moments(first, 60, life.dice), [free])
    made = await life.execute(moments(first, executions, life.dice), [account])
    for number in range(3):
        assert await life.call("charge_fee", ws, account, 1_000_000 + number, f"optimization:{number}", "optimization run")
    assert await life.call("return_fee", ws, "optimization:1", "no headroom") == 1_000_001
    charges = await life.connection.fetch(
        "SELECT transfer_id, amount_nusd FROM transfers WHERE workspace_id = $1 AND execution_id = ANY ($2) AND kind = 'charge' LIMIT 5",
        ws,
        made,
    )
    for charge in charges:
        await life.connection.execute("SELECT refund($1, $2, $3, 'sorry')", ws, charge["transfer_id"], charge["amount_nusd"] // 2 + 1)
    await life.call("add_credit", ws, account, "grant", 123_456_789, None, "gift")
    await life.booked_at(begin + timedelta(days=12))
    job = new_uuid()
    funding = await life.call("fund", ws, account, 40_000_000, job)
    await life.execute(moments(first, 200, life.dice), [funding], job_id=job)
    await life.booked_at(begin + timedelta(days=20))
    await life.call("close_funding", funding)
    await life.booked_at(begin + timedelta(days=21))
    open_job = await life.call("fund", ws, account, 5_000_000, id_at(begin + timedelta(days=25), life.dice))
    await life.execute(moments(first, 20, life.dice), [open_job], job_id=new_uuid())
    await life.booked_at(begin + timedelta(days=25))
    await life.call("draw_credit_line", ws, account, 9_000_000_000, 9_000_000_000)
    await life.booked_at(begin + timedelta(days=28))


async def _after(life: Life, first: date) -> None:
    month = (first + timedelta(days=32)).replace(day=1)
    ws, account = life.workspace.workspace_id, life.workspace.credit_account_id
    await life.execute(moments(month, 30, life.dice), [account])
    await life.call("begin_allowance", ws, month)
    job = await life.connection.fetchval("SELECT account_id FROM accounts WHERE workspace_id = $1 AND kind = 4 AND NOT closing", ws)
    await life.call("close_funding", job)
    await life.booked_at(datetime(month.year, month.month, 2, tzinfo=UTC))

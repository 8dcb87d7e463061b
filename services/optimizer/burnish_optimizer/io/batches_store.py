"""Batches and their lines in SQL. The lines are the checkpoint: what was asked under which execution, and what came back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from uuid import UUID

from burnish_optimizer.io.evaluations_store import Booked, Key, Stored
from burnish_optimizer.io.questions import Question
from burnish_optimizer.io.work_store import Claim, ClaimLost
from burnish_shared.books.user_accounts import EACH, user_account
from burnish_shared.db.session import Tx

NIL: Final = UUID(int=0)

Paused = Literal["asked", "funds", "budget", "suspended", "refused"]
"""Why a batch waits: somebody asked, or who would have to pay did not."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that has no answer yet; `request` as the gateway made it, JSON."""

    line: int
    request: str

    @property
    def key(self) -> Key:
        return key_of(self.line)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked of a batch while it runs."""

    pause: bool
    cancel: bool
    is_expired: bool
    others_wait: bool
    set_aside_nusd: int


@dataclass(frozen=True, slots=True)
class EndedBatch:
    """What its event tells."""

    batch_id: UUID
    workspace_id: UUID
    status: str
    endpoint: str
    total: int
    succeeded: int
    failed: int
    spent_nusd: int
    simulated: bool
    error: dict[str, Any] | None
    hops: int


def key_of(line: int) -> Key:
    return Key(b"", NIL, line)


async def wishes(tx: Tx, claim: Claim) -> Wishes:
    """Raises ClaimLost."""
    row = await tx.fetchrow(
        """SELECT pause_requested, cancel_requested, expires_at < clock_timestamp() AS is_expired, fence, batches_wait() AS others_wait,
                  set_aside_nusd
             FROM batches WHERE workspace_id = $1 AND batch_id = $2""",
        claim.workspace_id,
        claim.id,
    )
    if row is None or row["fence"] != claim.fence:
        raise ClaimLost
    return Wishes(row["pause_requested"], row["cancel_requested"], row["is_expired"], row["others_wait"], row["set_aside_nusd"])


async def tell_waits(tx: Tx, claim: Claim, waits: Sequence[dict[str, Any]]) -> None:
    """Says what its lines wait for at providers. Writes nothing where it says so already, or the claim is lost."""
    await tx.execute(
        """UPDATE batches SET waiting_for = $4
            WHERE workspace_id = $1 AND batch_id = $2 AND fence = $3 AND waiting_for IS DISTINCT FROM $4""",
        claim.workspace_id,
        claim.id,
        claim.fence,
        list(waits),
    )


async def open_lines(tx: Tx, claim: Claim, *, after: int, most: int) -> list[Line]:
    """The next lines without an answer, in order."""
    rows = await tx.fetch(
        """SELECT line, request FROM batch_lines WHERE workspace_id = $1 AND batch_id = $2 AND status IS NULL AND line > $3
            ORDER BY line LIMIT $4""",
        claim.workspace_id,
        claim.id,
        after,
        most,
    )
    return [Line(row["line"], row["request"]) for row in rows]


async def was_cut_short(tx: Tx, claim: Claim) -> bool:
    """Whether a line has no answer because its call was stopped on its way."""
    found: bool = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM batch_lines WHERE workspace_id = $1 AND batch_id = $2 AND status = 'cancelled')",
        claim.workspace_id,
        claim.id,
    )
    return found


async def give_up_line(tx: Tx, claim: Claim, line: int, *, error: dict[str, Any]) -> None:
    """A line that nobody ever answered."""
    await tx.execute(
        """WITH done AS (
             UPDATE batch_lines SET status = 'error', error = $4, answered_at = clock_timestamp(), request = NULL
              WHERE workspace_id = $1 AND batch_id = $2 AND line = $3 AND status IS NULL RETURNING true)
           UPDATE batches SET failed = failed + 1 WHERE workspace_id = $1 AND batch_id = $2 AND EXISTS (SELECT FROM done)""",
        claim.workspace_id,
        claim.id,
        line,
        error,
    )


async def forget_sent(tx: Tx, claim: Claim, unsent: Sequence[tuple[int, UUID]]) -> None:
    """Of lines whose execution is under way nowhere (who would pay refused it, or it waited for its turn): next time under another id.

    The stream would take a message for the old one for a repeat. A line that has another execution keeps it: that one may be under way.
    """
    await tx.execute(
        """UPDATE batch_lines l SET execution_id = NULL FROM unnest($3::integer[], $4::uuid[]) u (line, id)
            WHERE l.workspace_id = $1 AND l.batch_id = $2 AND l.line = u.line AND l.execution_id = u.id AND l.status IS NULL""",
        claim.workspace_id,
        claim.id,
        [line for line, _ in unsent],
        [execution_id for _, execution_id in unsent],
    )


async def pause(tx: Tx, claim: Claim, *, reason: Paused, funded_nusd: int) -> None:
    """Nobody works on it until somebody resumes it. Raises ClaimLost. `funded_nusd`: what was set aside when that did not suffice.

    Where it was resumed, or got more money, while its last calls were under way, it is given back instead, for whoever goes on.
    """
    stays = "NOT pause_requested AND ($4 = 'asked' OR $4 = 'funds' AND set_aside_nusd > $5)"
    done = await tx.fetchval(
        f"""UPDATE batches SET status = CASE WHEN {stays} THEN status ELSE 'paused' END, pause_requested = false,
                   pause_reason = CASE WHEN {stays} THEN pause_reason ELSE $4 END,
                   leased_until = CASE WHEN {stays} THEN clock_timestamp() END, leased_by = NULL
            WHERE workspace_id = $1 AND batch_id = $2 AND fence = $3 AND status = 'running' RETURNING true""",
        claim.workspace_id,
        claim.id,
        claim.fence,
        reason,
        funded_nusd,
    )
    if not done:
        raise ClaimLost


async def close_lines(tx: Tx, claim: Claim) -> EndedBatch:
    """Of a batch that was just finished: what had no answer gets none, and no request is kept any longer."""
    await tx.execute(
        """UPDATE batch_lines SET status = 'unsent', request = NULL, answered_at = clock_timestamp()
            WHERE workspace_id = $1 AND batch_id = $2 AND status IS NULL""",
        claim.workspace_id,
        claim.id,
    )
    (row,) = await tx.fetch(
        """SELECT batch_id, workspace_id, status, endpoint, total, succeeded, failed, spent_nusd, simulated, error, hops
             FROM batches WHERE workspace_id = $1 AND batch_id = $2""",
        claim.workspace_id,
        claim.id,
    )
    return EndedBatch(**dict(row))


@dataclass(slots=True)
class BatchRows:
    """The lines of one batch as the checkpoint of its desk."""

    workspace_id: UUID
    batch_id: UUID
    _budgets: set[int] = field(default_factory=set)
    _of_all: list[int] = field(default_factory=list)
    _of_each: list[int] = field(default_factory=list)

    async def claim(self, tx: Tx, asked: Sequence[tuple[Key, UUID]], *, makes: bool = True) -> dict[Key, Stored]:
        lines = [key.repeat for key, _ in asked]
        if makes:
            await tx.execute(
                """UPDATE batch_lines l SET execution_id = a.id FROM unnest($3::integer[], $4::uuid[]) a(line, id)
                    WHERE l.workspace_id = $1 AND l.batch_id = $2 AND l.line = a.line AND l.execution_id IS NULL AND l.status IS NULL""",
                self.workspace_id,
                self.batch_id,
                lines,
                [execution_id for _, execution_id in asked],
            )
        rows = await tx.fetch(
            """SELECT line, execution_id, attempt, status, error, spent_nusd FROM batch_lines
                WHERE workspace_id = $1 AND batch_id = $2 AND line = ANY ($3)""",
            self.workspace_id,
            self.batch_id,
            lines,
        )
        await self._look_at_budgets(tx)
        if self._of_each:
            await self._ready_users(tx, lines)
        return {
            key_of(row["line"]): Stored(
                key=key_of(row["line"]), execution_id=row["execution_id"], attempt=row["attempt"], status=row["status"], output=None,
                error=row["error"], spent_nusd=row["spent_nusd"], latency_ms=None, simulated=False,
            )
            for row in rows if makes or row["execution_id"] is not None
        }  # fmt: skip

    async def settle(self, tx: Tx, answers: Sequence[tuple[Key, Booked, float | None]]) -> None:
        booked = [one for _, one, _ in answers]
        await tx.execute(
            """WITH done AS (
                 UPDATE batch_lines l SET status = a.status, answered_at = clock_timestamp(), spent_nusd = l.spent_nusd + a.cost,
                        request = NULL
                   FROM unnest($3::integer[], $4::uuid[], $5::text[], $6::bigint[], $7::boolean[]) a(line, id, status, cost, simulated)
                  WHERE l.workspace_id = $1 AND l.batch_id = $2 AND l.line = a.line AND l.execution_id = a.id AND l.status IS NULL
                 RETURNING a.status, a.cost, a.simulated)
               UPDATE batches b SET succeeded = b.succeeded + d.succeeded, failed = b.failed + d.failed, stopped = b.stopped + d.stopped,
                      spent_nusd = b.spent_nusd + d.cost, simulated = b.simulated OR d.simulated
                 FROM (SELECT count(*) FILTER (WHERE status = 'success') AS succeeded,
                              count(*) FILTER (WHERE status <> 'success') AS failed,
                              count(*) FILTER (WHERE status = 'cancelled') AS stopped,
                              coalesce(sum(cost), 0)::bigint AS cost, coalesce(bool_or(simulated), false) AS simulated FROM done) d
                WHERE b.workspace_id = $1 AND b.batch_id = $2""",
            self.workspace_id,
            self.batch_id,
            [key.repeat for key, _, _ in answers],
            [one.execution_id for one in booked],
            [one.status for one in booked],
            [one.cost_nusd for one in booked],
            [one.simulated for one in booked],
        )

    async def renew(self, tx: Tx, key: Key, failed: Booked, *, execution_id: UUID, attempt: int) -> None:
        await tx.execute(
            """WITH again AS (
                 UPDATE batch_lines SET execution_id = $5, attempt = $7, spent_nusd = spent_nusd + $6
                  WHERE workspace_id = $1 AND batch_id = $2 AND line = $3 AND execution_id = $4 AND status IS NULL RETURNING true)
               UPDATE batches SET spent_nusd = spent_nusd + $6 WHERE workspace_id = $1 AND batch_id = $2 AND EXISTS (SELECT FROM again)""",
            self.workspace_id,
            self.batch_id,
            key.repeat,
            failed.execution_id,
            execution_id,
            failed.cost_nusd,
            attempt,
        )

    def budgets_of(self, question: Question) -> Sequence[int]:
        """Those of the request that are still open, and what limits the whole workspace by now."""
        if question.made is None:
            return self._of_all
        end_user = question.made.caller.user_id
        of_user = () if end_user is None else {user_account(one, end_user) for one in self._of_each}
        named = [one for one in question.made.account_ids[1:] if one in self._budgets or one in of_user]
        return list(dict.fromkeys([*named, *self._of_all]))

    async def _look_at_budgets(self, tx: Tx) -> None:
        rows = await tx.fetch(
            "SELECT account_id, target_kind, target_id FROM budgets WHERE workspace_id = $1 AND closed_at IS NULL", self.workspace_id
        )
        self._budgets = {row["account_id"] for row in rows}
        self._of_all = sorted(row["account_id"] for row in rows if row["target_kind"] == "workspace")
        self._of_each = sorted(row["account_id"] for row in rows if row["target_kind"] == "end_user" and row["target_id"] == EACH)

    async def _ready_users(self, tx: Tx, lines: Sequence[int]) -> None:
        """Who admits a line makes no account: those of its end users are there from here on, as when the gateway admits."""
        rows = await tx.fetch(
            """WITH asked AS MATERIALIZED (SELECT request::jsonb AS it FROM batch_lines
                                          WHERE workspace_id = $1 AND batch_id = $2 AND line = ANY ($3) AND request IS NOT NULL)
               SELECT DISTINCT it #>> '{caller,user_id}' AS end_user, a.id::bigint AS account_id
                 FROM asked, jsonb_array_elements_text(it -> 'account_ids') a(id) WHERE it #>> '{caller,user_id}' IS NOT NULL""",
            self.workspace_id,
            self.batch_id,
            list(lines),
        )
        named = {row["account_id"] for row in rows}
        users = {user_account(one, row["end_user"]): one for row in rows for one in self._of_each}
        wanted = sorted(one for one in users if one in named)
        if wanted:
            await tx.execute("SELECT ready_accounts('{}', $1, $2)", wanted, [users[one] for one in wanted])

"""The SQL of retention: functions of the database decide by the workspace's own days what may go, and take one bounded batch each."""

from dataclasses import dataclass
from uuid import UUID

from burnish_shared.db.session import Tx


@dataclass(frozen=True, slots=True)
class ForgottenExecutions:
    """`seen` 0: nothing is left to look at. `persons`: rows that named a person, a session or a provider's words."""

    seen: int
    contents: int
    persons: int


async def workspaces(tx: Tx) -> list[UUID]:
    """All that are not under legal hold."""
    return [row[0] for row in await tx.fetch("SELECT retention_workspaces()")]


async def forget_executions(tx: Tx, workspace_id: UUID, *, at_most: int) -> ForgottenExecutions:
    (row,) = await tx.fetch("SELECT seen, contents, persons FROM forget_executions($1, $2)", workspace_id, at_most)
    return ForgottenExecutions(**dict(row))


async def forget_feedback(tx: Tx, workspace_id: UUID, *, at_most: int) -> int:
    return await tx.fetchval("SELECT forget_feedback($1, $2)", workspace_id, at_most)  # type: ignore[no-any-return]


async def forget_voices(tx: Tx, workspace_id: UUID, *, at_most: int) -> int:
    """Names of those who said nothing for the workspace's days."""
    return await tx.fetchval("SELECT forget_voices($1, $2)", workspace_id, at_most)  # type: ignore[no-any-return]


async def forget_units(tx: Tx, workspace_id: UUID, *, at_most: int) -> int:
    """Names of end users whom experiments did not see for the workspace's days."""
    return await tx.fetchval("SELECT forget_units($1, $2)", workspace_id, at_most)  # type: ignore[no-any-return]


async def forget_top_users(tx: Tx, workspace_id: UUID, *, at_most: int) -> int:
    """The heaviest end users of hours and days before the workspace's days."""
    return await tx.fetchval("SELECT forget_top_users($1, $2)", workspace_id, at_most)  # type: ignore[no-any-return]


async def forget_answers(tx: Tx, workspace_id: UUID, *, at_most: int) -> int:
    """Answers of models in evaluations and test runs, usage by person, and the oldest rollups."""
    return await tx.fetchval("SELECT forget_answers($1, $2)", workspace_id, at_most)  # type: ignore[no-any-return]


async def forget_reviews(tx: Tx, workspace_id: UUID, *, numbers_days: int, at_most: int) -> int:
    """Answers in the review queue, and what reviewers wrote about them; their verdicts stay."""
    return await tx.fetchval("SELECT forget_reviews($1, $2, $3)", workspace_id, numbers_days, at_most)  # type: ignore[no-any-return]


async def forget_reports(tx: Tx, workspace_id: UUID, *, at_most: int) -> int:
    """Reports of end users, words of failure groups, and reports of long ago."""
    return await tx.fetchval("SELECT forget_reports($1, $2)", workspace_id, at_most)  # type: ignore[no-any-return]


async def forget_chain_runs(tx: Tx, workspace_id: UUID, *, numbers_days: int, at_most: int) -> int:
    """Texts and persons of runs of chains that ended long ago, and whole runs after `numbers_days`."""
    return await tx.fetchval("SELECT forget_chain_runs($1, $2, $3)", workspace_id, numbers_days, at_most)  # type: ignore[no-any-return]


async def forget_comments(tx: Tx, workspace_id: UUID, *, at_most: int) -> int:
    """Comments on executions, sessions and runs of chains whose texts are gone or due."""
    return await tx.fetchval("SELECT forget_comments($1, $2)", workspace_id, at_most)  # type: ignore[no-any-return]


async def forget_assistant_work(tx: Tx, workspace_id: UUID, *, at_most: int) -> int:
    """Clarifying sessions and enrichments that nobody has touched for long."""
    return await tx.fetchval("SELECT forget_assistant_work($1, $2)", workspace_id, at_most)  # type: ignore[no-any-return]


async def forget_batches(tx: Tx, workspace_id: UUID, *, at_most: int) -> int:
    """Uploaded files whose time is over, and lines of batches that ended long ago."""
    return await tx.fetchval("SELECT forget_batches($1, $2)", workspace_id, at_most)  # type: ignore[no-any-return]


async def forget_days(tx: Tx, *, numbers_days: int, dead_letters_days: int, at_most: int) -> int:
    """One partition that is too old, and dead letters."""
    return await tx.fetchval("SELECT forget_days($1, $2, $3)", numbers_days, dead_letters_days, at_most)  # type: ignore[no-any-return]


async def forget_user_accounts(tx: Tx, *, at_most: int) -> int:
    """Of budgets for each end user, those who have not called in the running period."""
    gone: int = await tx.fetchval("SELECT forget_user_accounts($1)", at_most)
    return gone


async def follow_budgets(tx: Tx, *, at_most: int) -> int | None:
    """Accounts of end users of one budget that was changed get its limits. None: no budget has any that have others."""
    followed: int | None = await tx.fetchval("SELECT follow_budgets($1)", at_most)
    return followed

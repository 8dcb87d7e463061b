"""What analytics does without being asked: detectors, the joiner, what is due, counting what waits, partitions.

Every round is safe beside the same round of another replica: rows and workspaces are locked, and what was done is not found again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from operator import attrgetter, itemgetter
from typing import Final
from uuid import UUID

import structlog

from burnish_analytics import forget_labels, metrics, watch_end_users, watch_labels, watch_models, watch_providers
from burnish_analytics.adopt_executions import Adopter
from burnish_analytics.core.followed import LABELS_FULL
from burnish_analytics.core.intake import LabelKey
from burnish_analytics.count_scores import count_scores
from burnish_analytics.fill_whole import fill_whole
from burnish_analytics.follow_budgets import follow_budgets
from burnish_analytics.ingest_batch import Ingested, Target, join_sessions, join_waiting
from burnish_analytics.io import backups_store, detector_store, end_user_store, joinable_store, model_store, provider_store
from burnish_analytics.io.model_store import Ending
from burnish_analytics.io.provider_store import Down
from burnish_analytics.raise_alerts import KIND, judge_feedback
from burnish_analytics.raise_incidents import IncidentWatch
from burnish_analytics.settings import AnalyticsSettings
from burnish_analytics.take_turns import each, together_or_each
from burnish_analytics.tell_reactions import tell_reactions
from burnish_analytics.turn_month import close_days, turn_month
from burnish_analytics.watch_labels import Watched, watch_workspace
from burnish_analytics.watch_targets import TargetWatch
from burnish_shared.bus import dead_letters_store
from burnish_shared.clock import Clock
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from burnish_shared.in_step import in_step
from burnish_shared.streams import CONSUMERS
from burnish_shared.waiting import came

log = structlog.get_logger("burnish.analytics")

MOST_AT_ONCE: Final = 500

WORDS_AT_ONCE: Final = 50
"""Prompts whose words are kept anew in one transaction: few, because who saves one of them waits for its end."""

WORDS_MOST_S: Final = 10.0
"""Of a round of words."""

NONE_TO_BE_HAD: Final = UUID(int=0)
"""What `renew_prompt_words` answers where prompts are left, and somebody holds each."""

FILL_MOST_S: Final = 10.0
"""Of a round that adds up rows of whole workspaces."""

WATCH_MOST_S: Final = 5.0
"""Of one round for one workspace's detectors: what is left over waits until the others had their turn."""

PARTITION_DAYS_AHEAD: Final = 7
KEYS_KEPT_H: Final = 24
EVENT_IDS_KEPT_D: Final = 30
"""PROMISES 5.2 and DESIGN section 5."""

FORGET_MOST: Final = 10_000

SECOND_LOOK_S: Final = 0.25
"""An execution that was being counted when its feedback came is counted by then; the transactions of both take milliseconds."""

SECOND_LOOK_MOST: Final = 10_000
"""What comes beyond is left to the round that looks for everything."""


@dataclass(slots=True)
class Waiting:
    """How far the joiner has looked through what waits; None: it begins again."""

    execution: tuple[UUID, UUID] | None = None
    session: tuple[UUID, str] | None = None


@dataclass(slots=True)
class _Words:
    """How far words of prompts have been kept anew. `done`: one look through all of them found none."""

    after: UUID | None = None
    done: bool = False


@dataclass(frozen=True, slots=True)
class Housework:
    """The rounds, and the loops that run them until `stop`."""

    db: Database
    settings: AnalyticsSettings
    clock: Clock
    wake_relay: Callable[[], None]
    _unjoined: set[Target] = field(default_factory=set)
    _waiting: Waiting = field(default_factory=Waiting)
    _words: _Words = field(default_factory=_Words)
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, stop: asyncio.Event) -> None:
        settings = self.settings
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look_again(stop))
            group.create_task(self._every("watch", settings.watch_interval_s, self.watch_labels, stop))
            group.create_task(self._every("labels", settings.retention_interval_s, self.forget_labels, stop))
            group.create_task(self._every("join", settings.join_interval_s, self.join_missed, stop))
            group.create_task(self._every("judge", settings.join_interval_s, self.judge_due, stop))
            group.create_task(self._every("news", settings.news_interval_s, self.tell_news, stop))
            group.create_task(self._every("scores", settings.scores_interval_s, self.count_scores, stop))
            group.create_task(self._every("incidents", settings.join_interval_s, self.end_incidents, stop))
            group.create_task(self._every("end_users", settings.end_users_interval_s, self.watch_end_users, stop))
            group.create_task(self._every("models", settings.models_interval_s, self.watch_models, stop))
            group.create_task(self._every("providers", settings.providers_interval_s, self.watch_providers, stop))
            targets = TargetWatch(self.db, self.clock, self.wake_relay)
            group.create_task(self._every("targets", settings.targets_interval_s, targets.watch, stop))
            group.create_task(self._every("month", settings.month_interval_s, self.turn_month, stop))
            group.create_task(self._every("usage", settings.usage_interval_s, self.close_days, stop))
            adopter = Adopter(self.db, settings.period_ms)
            group.create_task(self._every("adopt", settings.adopt_interval_s, adopter.adopt_all, stop))
            group.create_task(self._every("tidy", settings.tidy_interval_s, self.tidy, stop))

    async def watch_labels(self) -> int:
        """Closes the periods that have ended and runs the detectors over them. Returns how many alerts were raised."""
        async with self.db.unit_of_work(one_statement=True) as tx:
            before = await detector_store.close_periods(tx, length_ms=self.settings.period_ms)
        async with self.db.unit_of_work(one_statement=True) as tx:
            workspaces = await detector_store.observed_workspaces(tx, before=before)
        return await each("watch", workspaces, partial(self._watch, before=before))

    async def _watch(self, workspace_id: UUID, *, before: datetime) -> int:
        """Page by page, until nothing is left or the workspace's time of this round is over."""
        raised, until = 0, asyncio.get_running_loop().time() + WATCH_MOST_S
        while True:
            watched = await self._watch_page(workspace_id, before=before)
            raised += watched.raised
            if not watched.is_more or asyncio.get_running_loop().time() >= until:
                return raised

    async def _watch_page(self, workspace_id: UUID, *, before: datetime) -> Watched:
        now = self.clock.now()
        async with self.db.unit_of_work(workspaces={workspace_id}) as tx:
            watched = await watch_workspace(tx, workspace_id, before=before, limits=self.settings.detector_limits(), now=now)
            await judge_feedback(tx, watched.labels, now=now, cooldown_s=self.settings.alert_cooldown_s)
        if watched.displaced:
            async with self.db.unit_of_work(workspaces={workspace_id}) as tx:
                await detector_store.lock_workspace(tx, workspace_id)
                await forget_labels.forget_labels(tx, workspace_id, watched.displaced, now=now)
        metrics.alerts_raised_total.labels(watch_labels.KIND).inc(watched.raised)
        metrics.detectors_skipped_total.labels(LABELS_FULL).inc(watched.skipped)
        self.wake_relay()
        return watched

    async def forget_labels(self) -> int:
        """Forgets labels that were not used for long. Returns how much went."""
        days, feedback_days = forget_labels.DAYS, forget_labels.FEEDBACK_DAYS
        async with self.db.unit_of_work() as tx:
            workspaces = await detector_store.workspaces_with_unused_labels(tx, days=days, feedback_days=feedback_days)
        return await each("labels", workspaces, self._forget_labels)

    async def _forget_labels(self, workspace_id: UUID) -> int:
        async with self.db.unit_of_work(workspaces={workspace_id}) as tx:
            forgotten = await forget_labels.forget_unused(tx, workspace_id, now=self.clock.now())
        self.wake_relay()
        return forgotten

    async def tell_news(self) -> int:
        """Tells webhooks that asked for it of the reactions of the last second. Returns how many events that took."""
        told = await tell_reactions(self.db)
        if told:
            self.wake_relay()
        return told

    async def count_scores(self) -> int:
        """Counts what evaluators said since the last round. Returns how many alerts were raised."""
        counted = await count_scores(self.db, limits=self.settings.detector_limits(), clock=self.clock)
        metrics.alerts_raised_total.labels(watch_labels.KIND).inc(counted.raised)
        metrics.scores_counted_total.inc(counted.scores)
        if counted.raised:
            self.wake_relay()
        return counted.raised

    async def end_incidents(self) -> int:
        """Resolves alerts of budgets, credit, keys, models and providers whose cause is over or whose rule is off; how many. Then tells of
        those that outlived their mute."""
        incidents = IncidentWatch(self.db, self.clock, self.wake_relay)
        ended = await incidents.end_what_is_over()
        await incidents.tell_unmuted()
        return ended

    async def watch_end_users(self) -> int:
        """Looks at the hours that are over, each once, for unusual use by one end user. Returns how many alerts were raised."""
        raised = 0
        for hour in watch_end_users.closed_hours(self.clock.now()):
            async with self.db.unit_of_work() as tx:
                workspaces = await end_user_store.due(tx, hour=hour, at_most=MOST_AT_ONCE)
            raised += await each("end_users", workspaces, partial(self._watch_hour, hour=hour))
        if raised:
            self.wake_relay()
        metrics.alerts_raised_total.labels(watch_end_users.KIND).inc(raised)
        await self._keep_days(watch_end_users.days_over(self.clock.now()))
        return raised

    async def _keep_days(self, before: datetime) -> None:
        async with self.db.unit_of_work() as tx:
            due = await end_user_store.days_due(tx, before=before, days=watch_end_users.DAYS_BACK, at_most=MOST_AT_ONCE)
        await each("end_users", due, self._keep_day)

    async def _keep_day(self, due: tuple[UUID, datetime]) -> int:
        workspace_id, day = due
        async with self.db.unit_of_work(workspaces={workspace_id}) as tx:
            return await watch_end_users.keep_day(tx, workspace_id, day=day)

    async def _watch_hour(self, workspace_id: UUID, *, hour: datetime) -> int:
        async with self.db.unit_of_work(workspaces={workspace_id}) as tx:
            return await watch_end_users.watch_end_users(tx, workspace_id, hour=hour, now=self.clock.now())

    async def watch_models(self) -> int:
        """Warns of models that end soon or have ended. Returns how many alerts were raised."""
        async with self.db.unit_of_work() as tx:
            endings = await model_store.ending(tx, days=watch_models.DAYS_AHEAD, at_most=MOST_AT_ONCE)
        raised = await together_or_each("models", endings, self._warn, of=attrgetter("workspace_id"))
        if raised:
            self.wake_relay()
        metrics.alerts_raised_total.labels(watch_models.KIND).inc(raised)
        return raised

    async def _warn(self, endings: Collection[Ending]) -> int:
        async with self.db.unit_of_work(workspaces={one.workspace_id for one in endings}) as tx:
            return await watch_models.watch_models(tx, list(endings), now=self.clock.now())

    async def watch_providers(self) -> int:
        """Tells of providers that answer none of a workspace's calls. Returns how many alerts were raised."""
        calls_least, least = watch_providers.CALLS_LEAST, watch_providers.LEAST
        async with self.db.unit_of_work() as tx:
            downs = await provider_store.down(tx, calls_least=calls_least, least=least, at_most=MOST_AT_ONCE)
        raised = await together_or_each("providers", downs, self._tell_down, of=attrgetter("workspace_id"))
        if raised:
            self.wake_relay()
        metrics.alerts_raised_total.labels(watch_providers.KIND).inc(raised)
        return raised

    async def _tell_down(self, downs: Collection[Down]) -> int:
        async with self.db.unit_of_work(workspaces={one.workspace_id for one in downs}) as tx:
            return await watch_providers.watch_providers(tx, list(downs), now=self.clock.now())

    async def join_missed(self) -> int:
        """Joins feedback to executions where both sides looked at the same moment and missed each other. Returns how many it joined."""
        days = self.settings.orphan_days
        async with self.db.unit_of_work() as tx:
            executions = await joinable_store.executions(tx, after=self._waiting.execution, days=days)
            sessions = await joinable_store.sessions(tx, after=self._waiting.session, days=days)
        self._waiting.execution, self._waiting.session = executions.next, sessions.next
        return await self._join_all("join", [*executions.found, *sessions.found])

    def join_soon(self, targets: Collection[Target]) -> None:
        """Feedback on these found nothing, or more was waiting than is joined at once. Looked for once more, by id, a moment later."""
        if len(self._unjoined) < SECOND_LOOK_MOST:
            self._unjoined.update(targets)
            self._came.set()

    async def _look_again(self, stop: asyncio.Event) -> None:
        """What a round would find after `join_interval_s` at the latest, so that a reaction in the first second is counted in the next."""
        stopped = asyncio.ensure_future(stop.wait())
        try:
            while not stop.is_set():
                came = asyncio.ensure_future(self._came.wait())
                await asyncio.wait({stopped, came}, return_when=asyncio.FIRST_COMPLETED)
                came.cancel()
                await asyncio.wait({stopped}, timeout=SECOND_LOOK_S)
                self._came.clear()
                targets = list(self._unjoined)
                self._unjoined.clear()
                if targets:
                    await self._round("look_again", partial(self._join_all, "look_again", targets))
        finally:
            stopped.cancel()

    async def _join_all(self, task: str, targets: Collection[Target]) -> int:
        executions = [one for one in targets if isinstance(one[1], UUID)]
        sessions = [one for one in targets if isinstance(one[1], str)]
        joined = await together_or_each(task, executions, partial(self._join, join_waiting), of=itemgetter(0))
        return joined + await together_or_each(task, sessions, partial(self._join, join_sessions), of=itemgetter(0))

    async def _join(self, join: Callable[..., Awaitable[Ingested]], targets: Collection[Target]) -> int:
        async with self.db.unit_of_work(workspaces={workspace for workspace, _ in targets}) as tx:
            ingested = await join(tx, targets, period_ms=self.settings.period_ms)
            raised = await judge_feedback(tx, ingested.labels, now=self.clock.now(), cooldown_s=self.settings.alert_cooldown_s)
        self.wake_relay()
        if ingested.left_over:
            self.join_soon(ingested.left_over)
        metrics.joined_total.labels("joiner").inc(ingested.joined)
        metrics.alerts_raised_total.labels(KIND).inc(raised)
        return ingested.joined

    async def judge_due(self) -> int:
        """Judges feedback again whose cooldown is over or whose rule has changed. Returns how many alerts were raised."""
        async with self.db.unit_of_work() as tx:
            due = await detector_store.labels_due(tx, at_most=MOST_AT_ONCE)
        return await together_or_each("judge", due, self._judge, of=attrgetter("workspace_id"))

    async def _judge(self, due: Collection[LabelKey]) -> int:
        async with self.db.unit_of_work(workspaces={key.workspace_id for key in due}) as tx:
            raised = await judge_feedback(tx, due, now=self.clock.now(), cooldown_s=self.settings.alert_cooldown_s)
        self.wake_relay()
        metrics.alerts_raised_total.labels(KIND).inc(raised)
        return raised

    async def tidy(self) -> None:
        """Makes partitions, forgets what is old, counts what waits. One that fails does not keep the others from being done."""
        await self._round("partitions", self.make_partitions)
        await self._round("forget", self.forget_old)
        await self._round("count", self.count_waiting)
        await self._round("letters", self.count_letters)
        await self._round("backups", self.show_backups)
        await self._round("budgets", partial(follow_budgets, self.db))
        await self._round("words", self.renew_words)
        await self._round("whole", self.fill_whole)

    async def turn_month(self) -> int:
        """Gives what plans give in a month, to whom it was not given yet."""
        return await turn_month(self.db)

    async def close_days(self) -> int:
        """Sums up the days of usage that are over."""
        return await close_days(self.db)

    async def make_partitions(self) -> None:
        """Makes the partitions of today and the days to come."""
        async with self.db.unit_of_work() as tx:
            await detector_store.ensure_partitions(tx, days_ahead=PARTITION_DAYS_AHEAD)

    async def forget_old(self) -> None:
        """Forgets some of the old keys and event ids. What is left over waits for the next round."""
        async with self.db.unit_of_work() as tx:
            await detector_store.forget_old(tx, keys_h=KEYS_KEPT_H, events_d=EVENT_IDS_KEPT_D, at_most=FORGET_MOST)

    async def renew_words(self) -> None:
        """Keeps words by which prompts are found anew, where a release before kept them: some in each round, a few at a time."""
        until = asyncio.get_running_loop().time() + WORDS_MOST_S
        while not self._words.done and asyncio.get_running_loop().time() < until:
            async with self.db.unit_of_work() as tx:
                last = await detector_store.renew_prompt_words(tx, after=self._words.after, at_most=WORDS_AT_ONCE)
            if last == NONE_TO_BE_HAD:
                return  # somebody holds what is left; the next round asks again
            self._words.done = last is None and self._words.after is None
            self._words.after = last

    async def fill_whole(self) -> int:
        """Adds up rows of whole workspaces that lack something, as after a release that wrote none: some in each round."""
        return await fill_whole(self.db, most_s=FILL_MOST_S)

    async def count_waiting(self) -> None:
        """Writes down how much feedback waits, by workspace."""
        async with self.db.unit_of_work() as tx:
            counts = await detector_store.changed_waiting_counts(tx, days=self.settings.orphan_days)
        if counts:
            async with self.db.unit_of_work(workspaces={one.workspace_id for one in counts}) as tx:
                await detector_store.save_waiting_counts(tx, counts)
        async with self.db.unit_of_work() as tx:
            waiting, orphans = await detector_store.waiting_totals(tx)
        metrics.feedback_waiting.set(waiting)
        metrics.feedback_orphans.set(orphans)

    async def count_letters(self) -> None:
        """Shows how many dead letters of each consumer wait for somebody."""
        async with self.db.unit_of_work(read_only=True) as tx:
            counts = await dead_letters_store.open_counts(tx)
        for consumer in CONSUMERS:
            metrics.dead_letters.labels(consumer.durable).set(counts.get(consumer.durable, 0))

    async def show_backups(self) -> None:
        """Shows when backups were last taken, where any were: who backs up otherwise has no figure here."""
        async with self.db.unit_of_work(read_only=True) as tx:
            taken = await backups_store.last_taken(tx)
        for kind, at in taken.items():
            metrics.backup_taken.labels(kind).set(at.timestamp())

    async def _every(self, task: str, interval_s: float, round_: Callable[[], Awaitable[object]], stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self._round(task, round_)
            await came(stop, within_s=in_step(interval_s))

    async def _round(self, task: str, round_: Callable[[], Awaitable[object]]) -> None:
        try:
            await round_()
        except Unavailable:
            log.warning("housework_waits_for_database", task=task)
        except Exception:  # The edge of a round: it is rolled back, and the next one finds the same work again.
            metrics.housework_failures_total.labels(task).inc()
            log.exception("housework_failed", task=task)

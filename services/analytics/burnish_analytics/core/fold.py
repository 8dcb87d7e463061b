"""From columns of finished executions to what is added to which rollup row: what `Intake.add_fact` of each would, in a tenth of the time.

Executions that share every dimension and the minute are summed up together, once; hours are added up from minutes, and days from hours.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from operator import add, itemgetter
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID

from burnish_analytics.core.finished import Finished, fact_at, traffic_of
from burnish_analytics.core.intake import FAILURES, Intake, LabelKey
from burnish_analytics.core.rollup import (
    COARSE,
    COST,
    COUNTED_SUMS,
    LATENCY,
    SET_GRAINS,
    SLOW,
    SPARSE,
    STATUS_SUMS,
    SUCCESSES,
    WHOLE_WORKSPACE,
    EndUserKey,
    Grain,
    Mark,
    Measures,
    RollupKey,
    SetKey,
    Traffic,
    arm_value,
    bucket_start,
    experiment_of,
    whole_key,
)
from burnish_shared.contracts.executions import Status
from burnish_shared.contracts.finished_columns import FinishedColumns
from burnish_shared.distinct import mark_of
from burnish_shared.measures import bucket_of

Key = TypeVar("Key", bound=Hashable)
From = TypeVar("From", bound=Hashable)

MINUTE: Final = len("2026-11-20T14:04")
SUCCESS: Final = Status.SUCCESS.value
CANCELLED: Final = Status.CANCELLED.value


class _Group(NamedTuple):
    """Every dimension that any rollup tells apart, and a bucket of time."""

    workspace_id: UUID
    bucket: datetime
    slug: str
    version: int
    label: str
    model: str
    traffic: Traffic
    app: str
    api_key: str
    provider: str
    provider_key: str
    arm: str


@dataclass(slots=True)
class _Sums:
    """What a group adds up to: the sums of Measures in their order, and histograms by bucket."""

    counts: Sequence[int]
    latency: Mapping[int, int]
    first_token: Mapping[int, int]

    def plus(self, other: "_Sums") -> "_Sums":
        return _Sums(
            list(map(add, self.counts, other.counts)),
            _added(self.latency, other.latency),
            _added(self.first_token, other.first_token),
        )

    def measures(self) -> Measures:
        made = Measures(latency=_dense(self.latency), first_token=_dense(self.first_token))
        for name, count in zip(COUNTED_SUMS, self.counts, strict=True):
            setattr(made, name, count)
        return made


def add_finished(intake: Intake, rows: FinishedColumns) -> None:
    """Counts finished executions. What is counted twice adds up twice, so callers give only what the database said is new."""
    if len(rows):
        intake.finished = Finished(rows)
        batch = _Batch(rows, intake)
        _roll_up(intake, batch.minutes, batch.end_users)
        _count_units(intake, rows)


class _Batch:
    """The rows of one transaction, summed up by minute and every dimension. Adds to the intake what detectors are to see."""

    def __init__(self, rows: FinishedColumns, intake: Intake) -> None:
        self._rows = rows
        self._latency_ms = [one if one > 0 else 0 for one in rows.latency_ms]
        self._latency = list(map(bucket_of, self._latency_ms))
        self._first_token = [None if one is None else bucket_of(one) for one in rows.first_token_ms]
        self._cost = list(map(bucket_of, rows.cost_nusd))
        self._marks: dict[UUID, dict[str, Mark]] = {}
        self.minutes: dict[_Group, _Sums] = {}
        self.end_users: dict[_Group, set[Mark]] = {}
        for key, members in self._members().items():
            group, sums = _group_of(key), self._sums(members)
            # An empty text and none at all are one dimension: two keys may be one group.
            self.minutes[group] = self.minutes[group].plus(sums) if group in self.minutes else sums
            if group.traffic == "live":
                self._mark(group, members)
                if group.slug and group.label and group.version:
                    self._observe(intake, group, members)

    def _members(self) -> dict[tuple[Any, ...], list[int]]:
        """Numbers of rows by all they have in common."""
        rows = self._rows
        minutes = [one[:MINUTE] for one in rows.finished_at]
        found: dict[tuple[Any, ...], list[int]] = {}
        for n, key in enumerate(
            zip(
                rows.workspace_id, minutes, rows.slug, rows.version, rows.label, rows.model, rows.lane, rows.app, rows.api_key_id,
                rows.provider, rows.provider_key_id, self._arms(), strict=True,
            )
        ):  # fmt: skip
            held = found.get(key)
            if held is None:
                found[key] = [n]
            else:
                held.append(n)
        return found

    def _arms(self) -> list[str]:
        rows = self._rows
        return list(map(arm_value, rows.experiment_id, rows.arm, rows.allocation_epoch, rows.unit))

    def _mark(self, group: _Group, members: Sequence[int]) -> None:
        """Remembers whom live executions were for."""
        known = self._marks.setdefault(group.workspace_id, {})
        found = self.end_users.setdefault(group, set())
        for name in {one for one in _picked(self._rows.end_user, members) if one}:
            mark = known.get(name)
            if mark is None:
                mark = known[name] = mark_of(name, key=group.workspace_id.bytes)
            found.add(mark)

    def _sums(self, members: Sequence[int]) -> _Sums:
        rows, pick = self._rows, itemgetter(*members, members[0])  # One more than asked for: of a single one it would give no tuple.
        statuses = Counter(pick(rows.status)[:-1])
        first_token = Counter(pick(self._first_token)[:-1])
        del first_token[None]
        counts = [
            len(members),
            *[statuses[status] for status in STATUS_SUMS],
            *[sum(pick(column)[:-1]) for column in (rows.cached, rows.simulated, rows.input_tokens, rows.output_tokens)],
            *[sum(pick(column)[:-1]) for column in (rows.cached_input_tokens, rows.cost_nusd, self._latency_ms)],
        ]
        return _Sums(counts, Counter(pick(self._latency)[:-1]), {one: count for one, count in first_token.items() if one is not None})

    def _observe(self, intake: Intake, group: _Group, members: Sequence[int]) -> None:
        """What the detectors see of it: a cancelled execution was somebody's wish, and our cache says nothing of a version."""
        status = self._rows.status
        seen = [n for n in members if status[n] != CANCELLED]
        if not seen:
            return
        timed = [n for n in seen if status[n] == SUCCESS and not self._rows.cached[n]]
        intake.observe(
            LabelKey(group.workspace_id, group.slug, group.label, group.version),
            executions=len(seen),
            failures=sum(status[n] in FAILURES for n in seen),
            latency=Counter(_picked(self._latency, timed)),
            cost=Counter(_picked(self._cost, timed)),
            last_finished_at=max(map(datetime.fromisoformat, _picked(self._rows.finished_at, seen))),
            simulated=any(_picked(self._rows.simulated, seen)),
        )


def _roll_up(intake: Intake, minutes: Mapping[_Group, _Sums], end_users: Mapping[_Group, set[Mark]]) -> None:
    hours = _folded(minutes, lambda one: _at(one, "hour"))
    days = _folded(hours, lambda one: _at(one, "day"))
    for grain, groups in (("minute", minutes), ("hour", hours), ("day", days)):
        for key, sums in _folded(groups, partial(_row_key, grain=grain)).items():
            intake.deltas.put(key, sums.measures())
        for dimension, grains in SET_GRAINS.items():
            if grain in grains:
                for one, sums in _folded(groups, partial(_set_key, dimension=dimension, grain=grain)).items():
                    if one.value or dimension not in SPARSE:
                        intake.deltas.put_set(one, sums.measures())
        for whole, sums in _folded(groups, partial(_whole_key, grain=grain)).items():
            intake.deltas.put_set(whole, sums.measures())
    for group, marks in end_users.items():
        for grain in COARSE:
            for slug in {group.slug, WHOLE_WORKSPACE}:
                intake.deltas.mark(EndUserKey(group.workspace_id, grain, bucket_start(group.bucket, grain), slug), marks)


def _count_units(intake: Intake, rows: FinishedColumns) -> None:
    """Adds what took part in an experiment to its unit. Latency and cost are those of answers which were made: a new
    arm finds nothing in the cache, and would look dearer for that alone."""
    for n, experiment_id in enumerate(rows.experiment_id):
        if experiment_id is None:
            continue
        fact = fact_at(rows, n)
        if (experiment := experiment_of(fact)) is None or fact.status == CANCELLED:
            continue
        intake.deltas.add_observation(experiment, SUCCESSES, 1, Decimal(fact.status == SUCCESS))
        if not fact.cached:
            intake.deltas.add_observation(experiment, COST, 1, Decimal(fact.cost_nusd))
        if fact.status == SUCCESS and not fact.cached:
            intake.deltas.add_observation(experiment, LATENCY, 1, Decimal(fact.latency_ms))
            if fact.slow is not None:
                intake.deltas.add_observation(experiment, SLOW, 1, Decimal(fact.slow))


def _at(group: _Group, grain: Grain) -> _Group:
    return group._replace(bucket=bucket_start(group.bucket, grain))


def _row_key(group: _Group, *, grain: str) -> RollupKey:
    return RollupKey(group.workspace_id, grain, group.bucket, group.slug, group.version, group.label, group.model, group.traffic)


def _set_key(group: _Group, *, dimension: str, grain: str) -> SetKey:
    return SetKey(group.workspace_id, grain, group.bucket, dimension, getattr(group, dimension), group.slug, group.traffic)


def _whole_key(group: _Group, *, grain: str) -> SetKey:
    return whole_key(group.workspace_id, grain, group.bucket, group.traffic)


def _group_of(key: tuple[Any, ...]) -> _Group:
    workspace_id, minute, slug, version, label, model, lane, app, api_key, provider, provider_key, arm = key
    return _Group(
        UUID(workspace_id), datetime.fromisoformat(minute).replace(tzinfo=UTC), slug or "", version or 0, label or "", model,
        traffic_of(lane), app or "", api_key or "", provider, provider_key or "", arm,
    )  # fmt: skip


def _folded(groups: Mapping[From, _Sums], to: Callable[[From], Key]) -> dict[Key, _Sums]:
    """The sums of groups that have the same new key. What is alone keeps its sums as they are: nobody changes them in place."""
    found: dict[Key, _Sums] = {}
    for key, sums in groups.items():
        target = to(key)
        held = found.get(target)
        found[target] = sums if held is None else held.plus(sums)
    return found


def _picked(column: Sequence[Any], members: Iterable[int]) -> list[Any]:
    return [column[n] for n in members]


def _added(one: Mapping[int, int], other: Mapping[int, int]) -> dict[int, int]:
    total = dict(one)
    for bucket, count in other.items():
        total[bucket] = total.get(bucket, 0) + count
    return total


def _dense(counts: Mapping[int, int]) -> list[int]:
    if not counts:
        return []
    dense = [0] * (max(counts) + 1)
    for bucket, count in counts.items():
        dense[bucket] = count
    return dense

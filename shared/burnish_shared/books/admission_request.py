"""What may begin is asked for with: requests, their rates and keys, and the one statement that answers for many of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from uuid import UUID

RATE_WINDOW_US = 60_000_000
BURST_RATIO = 0.2
"""Accepted in any window ≤ limit × (1 + burst) (PROMISES G-16)."""

BURST_US: Final = int(RATE_WINDOW_US * BURST_RATIO)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """`per_minute` requests in any minute, plus a burst of 20%, of `whose`. `calls`: so many this one counts as, all let in or none."""

    rate_id: int
    per_minute: int
    calls: int = 1
    whose: Literal["workspace", "api_key"] = "workspace"
    step_us: int = field(init=False, repr=False, compare=False)
    """What one request moves the theoretical arrival time by (GCRA, ITU-T I.371)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "step_us", max(1, RATE_WINDOW_US // self.per_minute))

    @property
    def burst_us(self) -> int:
        return BURST_US + self.step_us

    @property
    def taken_us(self) -> int:
        """What this one moves the theoretical arrival time by."""
        return self.step_us * self.calls

    @property
    def most_at_once(self) -> int:
        """Calls that may begin at the same moment, where none began lately."""
        return self.burst_us // self.step_us

    def left_in(self, slack_us: int) -> int:
        """How many may begin where `slack_us` of the burst is free."""
        return slack_us // self.step_us


@dataclass(frozen=True, slots=True)
class TokenLimit(RateLimit):
    """`per_minute` tokens, all of which may be taken at once (docs/decisions/0110).

    `tokens`: what it may use at most, together with what begins with it; 0: another one took it. `own`: its own part of `together`, which
    becomes what it used when it ends.
    """

    tokens: int = 0
    own: int = 0
    together: int = 0

    @property
    def burst_us(self) -> int:
        return RATE_WINDOW_US

    @property
    def taken_us(self) -> int:
        """No more than all of the limit: what may use more begins when nothing else is taken, and takes on the rest when it ends."""
        return self._us(self.tokens)

    @property
    def own_us(self) -> int:
        return self._us(self.together) * self.own // self.together if self.together else 0

    @property
    def most_at_once(self) -> int:
        return self.per_minute

    def left_in(self, slack_us: int) -> int:
        return slack_us * self.per_minute // RATE_WINDOW_US

    def _us(self, tokens: int) -> int:
        return -(-min(tokens, self.per_minute) * RATE_WINDOW_US // self.per_minute)


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A key in its scope. `fingerprint`: SHA-256 of the canonical body."""

    route: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class AdmissionRequest:
    """One execution that wants to begin. `ttl_ms` from the moment of admission, on the database's clock.

    `claim`: an executor takes what may be held already; the fence rises. `message`: a background request to publish, as (subject, body).
    `account_ids`: the account that is charged first, budgets after it. `slot_account_id`: where an interactive one counts as in flight,
    of which there may be `most_in_flight`; None: it is not counted. `widen_fence`: what is held by this claim shall reach `amount_nusd`.
    `user_accounts`: those of `account_ids` that count for one end user each, with the account of the budget that they are made from, where
    they are not there yet.
    """

    execution_id: UUID
    workspace_id: UUID
    amount_nusd: int
    ttl_ms: int
    lane: str
    account_ids: Sequence[int]
    rates: Sequence[RateLimit] = ()
    key: IdempotencyKey | None = None
    claim: bool = False
    message: tuple[str, bytes] | None = None
    slot_account_id: int | None = None
    most_in_flight: int = 0
    widen_fence: int | None = None
    user_accounts: Sequence[tuple[int, int]] = ()


ADMIT: Final = (
    "SELECT verdict, limit_id, retry_us, warned, original, fence, slack_us FROM admit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, "
    "$11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)"
)

ADMIT_USERS: Final = ADMIT.replace("$16", "ready_accounts($16, $26, $27)")
"""The same statement, which makes accounts of end users first (docs/decisions/0101)."""


def noting_tokens(statement: str, *, after: int) -> str:
    """The same statement, which notes what each new hold took of limits of tokens; `after`: arguments that it has."""
    noted = ", ".join(f"${after + place}" for place in range(1, 6))
    return statement.replace(" FROM admit(", f", note_tokens(verdict, slack_us, $1, {noted}) FROM admit(", 1)


def statement_of(asked: Sequence[AdmissionRequest], seen_before: Sequence[bool]) -> tuple[str, tuple[Any, ...]]:
    """The one statement that admits all of them, and its arguments. `seen_before`: of each, whether its id may be known already."""
    arguments = _arguments(asked, seen_before)
    statement, users = ADMIT, {account: parent for request in asked for account, parent in request.user_accounts}
    if users:
        ordered = sorted(users)
        statement, arguments = ADMIT_USERS, (*arguments, ordered, [users[one] for one in ordered])
    if tokens := _tokens(asked):
        statement, arguments = noting_tokens(statement, after=len(arguments)), (*arguments, *tokens)
    return statement, arguments


def _tokens(asked: Sequence[AdmissionRequest]) -> tuple[list[int], ...] | None:
    """The arrays of `note_tokens`: request, place among all rates, rate, µs, tokens a minute. None: nobody has a limit of tokens."""
    noted: list[tuple[int, int, int, int, int]] = []
    place = 0
    for index, request in enumerate(asked, start=1):
        for rate in request.rates:
            place += 1
            if isinstance(rate, TokenLimit):
                noted.append((index, place, rate.rate_id, rate.own_us, rate.per_minute))
    return tuple(list(column) for column in zip(*noted, strict=True)) if noted else None


def _arguments(asked: Sequence[AdmissionRequest], seen_before: Sequence[bool]) -> tuple[Any, ...]:
    """The arrays of `admit`, flattened: distinct rates and accounts ascending, and for each request its slots and where they end.

    What none of them has, such as a key, is NULL in place of an array of NULLs: each element has its price here and there.
    """
    rates = {rate.rate_id: rate for request in asked for rate in request.rates}
    rate_ids = sorted(rates)
    named = {account for request in asked for account in request.account_ids}
    account_ids = sorted(named | {request.slot_account_id for request in asked if request.slot_account_id is not None})
    rate_slot = {rate_id: slot for slot, rate_id in enumerate(rate_ids, start=1)}
    account_slot = {account_id: slot for slot, account_id in enumerate(account_ids, start=1)}
    rate_to: list[int] = []
    account_to: list[int] = []
    for request in asked:
        rate_to.append((rate_to[-1] if rate_to else 0) + len(request.rates))
        account_to.append((account_to[-1] if account_to else 0) + len(request.account_ids))
    keys = [request.key for request in asked]
    messages = [request.message for request in asked]
    claims = [request.claim for request in asked]
    fences = [request.widen_fence or 0 for request in asked]
    has_keys, has_messages = any(keys), any(messages)
    return (
        [request.execution_id for request in asked],
        [request.workspace_id for request in asked],
        [request.amount_nusd for request in asked],
        [request.ttl_ms for request in asked],
        [request.lane for request in asked],
        list(seen_before) if any(seen_before) else None,
        claims if any(claims) else None,
        [key.route if key else None for key in keys] if has_keys else None,
        [key.key if key else None for key in keys] if has_keys else None,
        [key.fingerprint if key else None for key in keys] if has_keys else None,
        [message[0] if message else None for message in messages] if has_messages else None,
        [message[1] if message else None for message in messages] if has_messages else None,
        rate_ids,
        [RATE_WINDOW_US] * len(rate_ids),
        [rates[rate_id].burst_us for rate_id in rate_ids],
        account_ids,
        [rate_slot[rate.rate_id] for request in asked for rate in request.rates],
        [rate.taken_us for request in asked for rate in request.rates],
        rate_to,
        [account_slot[account] for request in asked for account in request.account_ids],
        [account for request in asked for account in request.account_ids],
        account_to,
        [0 if request.slot_account_id is None else account_slot[request.slot_account_id] for request in asked],
        [request.most_in_flight for request in asked],
        fences if any(fences) else None,
    )

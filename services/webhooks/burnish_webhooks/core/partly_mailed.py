"""A mail that a server took for some addresses and not for others: who is tried again, and what is said of the rest. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from burnish_webhooks.core.notice import Failed, Sent, Told, again

SOME_REFUSED: Final = "smtp_recipients_refused"
DETAIL_MOST: Final = 300

Refused = Mapping[str, str | None]
"""Addresses that the server did not take: what it said of each, None where it put it off (4xx), so that another attempt may succeed."""


@dataclass(frozen=True, slots=True)
class Mailed:
    """The server took it, but for those `refused`."""

    refused: Refused = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NotMailed:
    """Nobody got it by this attempt. `lasting`: another would meet the same answer.

    `refused`: those of whom the server said so. The others did not get it either: it may have hung up after one of them (421).
    """

    error: str
    detail: str | None = None
    lasting: bool = False
    refused: Refused = field(default_factory=dict)


def still_to_tell(recipients: Sequence[str], before: Refused | None) -> list[str]:
    """All at first, then those alone whom the server put off."""
    return [one for one in recipients if before is None or (one in before and before[one] is None)]


def told_of(
    answer: Mailed | NotMailed, *, recipients: Sequence[str], before: Refused | None, failed_before: int, factor: float
) -> tuple[Told, Refused | None]:
    """What came of an attempt at those `still_to_tell`, and whom the next one is to tell of (None: everybody, or nobody is left)."""
    earlier = {one: said for one, said in (before or {}).items() if said is not None}
    now: dict[str, str | None] = {}
    if isinstance(answer, NotMailed):
        now |= dict.fromkeys(still_to_tell(recipients, before), _for_all(answer))
    now |= answer.refused
    refused: Refused = {**earlier, **now}
    if not refused:
        return Sent(), None
    error, detail = (SOME_REFUSED, None) if isinstance(answer, Mailed) else (answer.error, answer.detail)
    if answer.refused or earlier:
        detail = in_words(refused)
    may_come = None in now.values() and not (isinstance(answer, NotMailed) and answer.lasting)
    told: Told = again(error, detail, failed_before=failed_before, factor=factor) if may_come else Failed(error, detail)
    if isinstance(told, Failed) and any(one not in refused for one in recipients):
        told = Sent(SOME_REFUSED, in_words(refused))
    is_the_same_for_all = all(one in refused for one in recipients) and not any(refused.values())
    return told, None if is_the_same_for_all else refused


def whom_it_did_not_reach(before: Refused | None) -> Sent:
    """The end where nobody waits any more: those who did were taken off the channel."""
    lost = {one: said for one, said in (before or {}).items() if said is not None}
    return Sent(SOME_REFUSED, in_words(lost)) if lost else Sent()


def _for_all(answer: NotMailed) -> str | None:
    return (answer.detail or answer.error) if answer.lasting and not answer.refused else None


def in_words(refused: Refused) -> str:
    said = "; ".join(f"{address}: {answer or 'put off by the mail server'}" for address, answer in refused.items())
    return f"Not delivered to {said}"[:DETAIL_MOST]

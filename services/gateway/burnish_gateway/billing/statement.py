"""A month's statement: everything that moved, and the balance before and after, to the nano-dollar. Pure.

A charge counts in the month in which its execution was admitted, everything else in the month in which it was booked. So the months lie
side by side without gap or overlap: what one ends with, the next begins with.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

OURS: Final = frozenset({"credit", "job"})
"""Accounts whose sum is the balance of a statement: the credit, and what is set aside for test runs and jobs."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Sum of the transfers of one kind between two kinds of accounts: credit, job, allowance, platform, elsewhere."""

    kind: str
    debit: str
    credit: str
    transfers: int
    amount_nusd: int


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month in UTC."""

    first: date

    @classmethod
    def parse(cls, text: str) -> "Month":
        """Raises ValueError for anything but YYYY-MM."""
        year, month = text.split("-")
        if len(year) != 4 or len(month) != 2:
            raise ValueError(text)
        return cls(date(int(year), int(month), 1))

    @property
    def last(self) -> date:
        return (self.first.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"


def balance_nusd(moves: Iterable[Moved], accounts: frozenset[str]) -> int:
    """What these transfers left on the accounts."""
    return sum(one.amount_nusd * ((one.credit in accounts) - (one.debit in accounts)) for one in moves)


def lines(moves: Sequence[Moved]) -> list[dict[str, Any]]:
    """What changed the balance, by kind: `amount_nusd` above zero came in, below it went out. Moves between own accounts are no lines."""
    sums: dict[str, list[int]] = {}
    for one in moves:
        sign = (one.credit in OURS) - (one.debit in OURS)
        if sign:
            kept = sums.setdefault(one.kind, [0, 0])
            kept[0] += one.transfers
            kept[1] += sign * one.amount_nusd
    return [{"kind": kind, "transfers": count, "amount_nusd": amount} for kind, (count, amount) in sorted(sums.items())]


def total(moves: Iterable[Moved], kind: str, *, debit: str | None = None, credit: str | None = None) -> int:
    """Sum of one kind, of all accounts or of those named."""
    return sum(
        one.amount_nusd
        for one in moves
        if one.kind == kind and (debit is None or one.debit == debit) and (credit is None or one.credit == credit)
    )


def statement(
    month: Month, *, before: Sequence[Moved], moves: Sequence[Moved], models: Sequence[Mapping[str, Any]], plan: Mapping[str, Any] | None
) -> dict[str, Any]:
    """`before`: sums of all days before the month. `models`: usage of the month by model. `plan`: what the month's plan gave, if known."""
    opening, change = balance_nusd(before, OURS), balance_nusd(moves, OURS)
    allowance = frozenset({"allowance"})
    charged = {paid: total(moves, "charge", debit=paid) for paid in ("credit", "job", "allowance")}
    drawn, base_fee = total(moves, "credit_line"), plan["base_fee_nusd"] if plan else 0
    return {
        "month": str(month),
        "plan": plan["plan"] if plan else None,
        "opening_balance_nusd": opening,
        "lines": lines(moves),
        "closing_balance_nusd": opening + change,
        "set_aside_nusd": balance_nusd([*before, *moves], frozenset({"job"})),
        "charges": {
            "total_nusd": sum(charged.values()),
            "from_credit_nusd": charged["credit"],
            "from_jobs_nusd": charged["job"],
            "from_allowance_nusd": charged["allowance"],
            "borne_by_platform_nusd": total(moves, "overage"),
            "simulated": any(one["simulated"] for one in models),
            "simulated_executions": sum(one["simulated_executions"] for one in models),
            "models": [dict(one) for one in models],
        },
        "allowance": {
            "opening_nusd": balance_nusd(before, allowance),
            "change_nusd": balance_nusd(moves, allowance),
            "used_nusd": charged["allowance"],
            "closing_nusd": balance_nusd([*before, *moves], allowance),
        },
        "base_fee_nusd": base_fee,
        "base_credit_nusd": plan["base_credit_nusd"] if plan else 0,
        "credit_line_nusd": drawn,
        "due_nusd": base_fee + drawn,
    }


def rows(whole: Mapping[str, Any]) -> list[tuple[str, str, int, int]]:
    """The statement as a table: (section, item, count, amount in nano-dollars); sections in the order of the JSON. `simulated`: how many
    of a model's executions were made by a simulated model; what they cost stands in `models`."""
    charges, allowance = whole["charges"], whole["allowance"]
    return [
        ("balance", "opening", 0, whole["opening_balance_nusd"]),
        *(("balance", one["kind"], one["transfers"], one["amount_nusd"]) for one in whole["lines"]),
        ("balance", "closing", 0, whole["closing_balance_nusd"]),
        ("balance", "set_aside", 0, whole["set_aside_nusd"]),
        *(
            ("charges", name, 0, charges[f"{name}_nusd"])
            for name in ("from_credit", "from_jobs", "from_allowance", "borne_by_platform", "total")
        ),
        *(("models", one["model"], one["executions"], one["cost_nusd"]) for one in charges["models"]),
        *(("simulated", one["model"], one["simulated_executions"], 0) for one in charges["models"] if one["simulated"]),
        *(("allowance", name, 0, allowance[f"{name}_nusd"]) for name in ("opening", "change", "used", "closing")),
        *(("invoice", name, 0, whole[f"{name}_nusd"]) for name in ("base_fee", "base_credit", "credit_line", "due")),
    ]

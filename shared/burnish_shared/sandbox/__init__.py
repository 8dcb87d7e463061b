"""A sandbox for other people's code: one interface, several backends (PRODUCT O3, PROMISES section 6)."""

from burnish_shared.sandbox.backend import Sandbox
from burnish_shared.sandbox.outcome import DEFAULT_LIMITS, Failed, FailureKind, Limits, Plain, Refused, Result, Value

__all__ = ["DEFAULT_LIMITS", "Failed", "FailureKind", "Limits", "Plain", "Refused", "Result", "Sandbox", "Value"]

"""Patch racing as a library without I/O: `optimize` and the words it speaks (SCIENCE section 3)."""

from burnish_optimizer.search.patch_racing import optimize
from burnish_optimizer.search.render import render
from burnish_optimizer.search.task import (
    Budget,
    Candidate,
    Edit,
    Effect,
    Failure,
    Item,
    Progress,
    Proposal,
    Reflection,
    Rejected,
    Scored,
    SearchResult,
    Settings,
    Task,
    digest,
)

__all__ = [
    "Budget",
    "Candidate",
    "Edit",
    "Effect",
    "Failure",
    "Item",
    "Progress",
    "Proposal",
    "Reflection",
    "Rejected",
    "Scored",
    "SearchResult",
    "Settings",
    "Task",
    "digest",
    "optimize",
    "render",
]

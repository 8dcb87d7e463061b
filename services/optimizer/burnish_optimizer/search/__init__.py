"""The search of better prompts as a library without I/O: `optimize`, its methods, and the words it speaks (SCIENCE section 3)."""

from burnish_optimizer.search.compression import Compression
from burnish_optimizer.search.evolution import Evolution, Generation, Individual
from burnish_optimizer.search.few_shot import nearest, with_examples
from burnish_optimizer.search.guard import Guard
from burnish_optimizer.search.learned import Contribution, Learned, NoSignal, Row, learn
from burnish_optimizer.search.manual import FewShot, Manual, Nearest, Tuning, document
from burnish_optimizer.search.optimize import Method, optimize
from burnish_optimizer.search.patch_racing import Racing
from burnish_optimizer.search.reflective import Reflective
from burnish_optimizer.search.render import render
from burnish_optimizer.search.semantic import Theme, themes
from burnish_optimizer.search.task import (
    BEFORE_PROOF,
    Budget,
    Candidate,
    Edit,
    EditsSoFar,
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
from burnish_optimizer.search.tried import Tried
from burnish_shared.prompt_contract import Contract, breach

__all__ = [
    "BEFORE_PROOF",
    "Budget",
    "Candidate",
    "Compression",
    "Contract",
    "Contribution",
    "Edit",
    "EditsSoFar",
    "Effect",
    "Evolution",
    "Failure",
    "FewShot",
    "Generation",
    "Guard",
    "Individual",
    "Item",
    "Learned",
    "Manual",
    "Method",
    "Nearest",
    "NoSignal",
    "Progress",
    "Proposal",
    "Racing",
    "Reflection",
    "Reflective",
    "Rejected",
    "Row",
    "Scored",
    "SearchResult",
    "Settings",
    "Task",
    "Theme",
    "Tried",
    "Tuning",
    "breach",
    "digest",
    "document",
    "learn",
    "nearest",
    "optimize",
    "render",
    "themes",
    "with_examples",
]

"""What is measured: products side by side before one mock, and what was found of each."""

import statistics
from dataclasses import dataclass, field
from typing import Final

from benchmarks.gateway.load import Result, Target
from benchmarks.gateway.processes import family, pss_mib


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of work under load. `model` is the mock's: with or without gaps between chunks."""

    title: str
    connections: int
    stream: bool
    model: str
    requests: int


ROWS: Final = (
    Row("JSON, 1 connection", 1, False, "mock", 400),
    Row("JSON, 32 connections", 32, False, "mock", 3000),
    Row("30-chunk stream in a burst, 32 connections", 32, True, "mock", 1500),
    Row("30-chunk stream, 2 ms gaps, 32 connections", 32, True, "mock-gap", 800),
)
REST: Final = (("JSON", False), ("30-chunk stream", True))
"""At 20 requests a second: title, whether streamed."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One measurement of one product under load: milliseconds of CPU a request, of the product and of the mock meanwhile."""

    cpu_ms: float
    mock_ms: float
    result: Result


@dataclass(slots=True)
class Rest:
    """At 20 requests a second, all rounds together: the product's answers, the direct ones in between, milliseconds of CPU a request."""

    ours: Result = field(default_factory=Result)
    direct: Result = field(default_factory=Result)
    cpu_ms: list[float] = field(default_factory=list)

    def added_ms(self) -> float:
        return self.ours.p50_ms() - self.direct.p50_ms()

    def added_first_ms(self) -> float:
        return self.ours.first_p50_ms() - self.direct.first_p50_ms()


@dataclass(slots=True)
class Product:
    """One way to the mock. `classes`: what it does for a JSON call and for a stream (A plain forward, B with keys, limits, spend and a
    durable record, C the same with usage of streams). `share`: of the requests of a row; more where one costs less than a tick of the clock. `roots`: its processes, whose children count; none: the direct call."""

    title: str
    classes: tuple[str, str]
    targets: dict[str, Target]
    roots: set[int]
    note: str = ""
    share: float = 1.0
    answers: str = ""
    idle_cpu_ms: float = 0.0
    idle_mib: float = 0.0
    loaded_mib: float = 0.0
    sent: int = 0
    answered: int = 0
    miscounted: list[str] = field(default_factory=list)
    cells: dict[str, list[Cell]] = field(default_factory=dict)
    rest: dict[str, Rest] = field(default_factory=dict)

    def pids(self) -> set[int]:
        return family(self.roots)

    def mib(self) -> float:
        return pss_mib(self.pids())

    def class_of(self, *, stream: bool) -> str:
        return self.classes[int(stream)]

    def cpu_ms(self, row: str) -> float:
        return statistics.median(cell.cpu_ms for cell in self.cells[row])

    def per_second(self, row: str) -> float:
        return statistics.median(cell.result.answered / cell.result.seconds for cell in self.cells[row])

    def p50_ms(self, row: str) -> float:
        return statistics.median(cell.result.p50_ms() for cell in self.cells[row])

    def failed(self, row: str) -> int:
        return sum(cell.result.failed for cell in self.cells[row])


def rotated(products: list[Product], turn: int) -> list[Product]:
    """The same products, beginning with another one each turn."""
    start = turn % len(products)
    return products[start:] + products[:start]

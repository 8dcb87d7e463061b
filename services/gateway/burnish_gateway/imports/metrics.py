"""Prometheus objects of executions made elsewhere."""

from typing import Final

from prometheus_client import Counter

IMPORTED: Final = Counter("burnish_imported_executions_total", "Executions made elsewhere, by what became of them.", ["outcome"])
"""outcome: new | repeated | rejected."""

SPANS_IGNORED: Final = Counter("burnish_otlp_spans_ignored_total", "Spans that are no call of a model.")

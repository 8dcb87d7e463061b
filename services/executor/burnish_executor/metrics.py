"""Prometheus objects of the executor."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from burnish_shared.bound_metric import Bound
from burnish_shared.contracts.executions import Lane

RUNNING = Gauge("burnish_executor_running", "Executions under way", ["lane"])
FINISHED = Counter("burnish_executor_finished_total", "Executions by how they ended", ["lane", "status"])
PROVIDER_SECONDS = Histogram(
    "burnish_executor_provider_seconds",
    "Time of one call of a provider",
    ["outcome"],
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
RECORD_ROWS = Histogram("burnish_executor_record_rows", "Executions booked in one transaction", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256))
RECORD_WAITING = Gauge("burnish_executor_record_waiting", "Finished executions that wait to be booked")
RECORDS_SUPERSEDED = Counter("burnish_executor_superseded_total", "Finished executions whose row another claim had written")
SWEPT = Counter("burnish_executor_swept_total", "Executions ended by the sweeper")
HOLDS_OPEN = Gauge("burnish_holds_open", "Holds of executions that are not booked yet, queued background work too", ["lane"])
HOLD_OLDEST_SECONDS = Gauge("burnish_hold_oldest_seconds", "Age of the oldest hold; 0 when there is none", ["lane"])
HOLD_OVERDUE_SECONDS = Gauge(
    "burnish_hold_overdue_seconds", "How long a hold has outlived its deadline, of the one that did so longest; 0 when none has", ["lane"]
)
HELD_LANES: Final = (Lane.INTERACTIVE.value, Lane.BACKGROUND.value, Lane.BATCH.value)
"""What is imported was paid elsewhere: nothing is held for it."""

for _held in HELD_LANES:
    for _gauge in (HOLDS_OPEN, HOLD_OLDEST_SECONDS, HOLD_OVERDUE_SECONDS):
        _gauge.labels(_held)

LEDGER_DRIFT_NUSD = Gauge("burnish_ledger_drift", "How far costs and bookings of the last two days are apart, in nano-dollars; must be 0")
LEDGER_CHECKED = Gauge("burnish_ledger_checked_timestamp_seconds", "When costs and bookings were last compared to the end")
OVERAGE_NUSD = Counter("burnish_executor_overage_nusd_total", "What providers billed beyond holds, in nano-dollars")
FALLBACKS = Counter("burnish_executor_fallbacks_total", "Times that another model was asked, by what had failed", ["reason"])
KEY_TROUBLES = Counter("burnish_executor_key_troubles_total", "What befell provider keys, workspaces' own and the operator's", ["outcome"])
for _outcome in ("set_aside", "cooled_down", "platform_fallback", "platform_refused"):
    KEY_TROUBLES.labels(_outcome)  # From 0 on: an alert goes by what is added, and a series that begins with 1 adds nothing.
LITELLM_STARTS = Counter("burnish_executor_litellm_starts_total", "Starts of LiteLLM's process; more than one is a sign of trouble")
CACHE = Counter("burnish_executor_cache_total", "Executions that may be answered from the cache, by what came of it", ["outcome"])
CIRCUITS = Counter("burnish_executor_circuits_total", "Providers left alone because they failed, and calls refused meanwhile", ["outcome"])
SLOTS_REFUSED = Counter("burnish_executor_slots_refused_total", "Requests not accepted, by whose share of the slots was taken", ["reason"])
STEPPED_ASIDE = Counter(
    "burnish_executor_stepped_aside_total", "Queued executions that made way, as their workspace or provider had its share", ["lane"]
)
TICKETS = Counter("burnish_executor_tickets_total", "Tickets of limited provider keys", ["how"])
LIMIT_WAIT_SECONDS = Histogram(
    "burnish_executor_limit_wait_seconds",
    "How long calls waited for their provider's limit",
    buckets=(0.001, 0.01, 0.1, 0.5, 1, 5, 15, 30, 60),
)
LIMITED = Counter("burnish_executor_limited_total", "Executions that ended because their provider's limit left no time", ["reason"])
GUARDED = Counter("burnish_executor_guarded_total", "Executions that guardrails changed or stopped", ["outcome"])
ANSWERS_CHECKED = Counter("burnish_executor_answers_checked_total", "Answers looked at as their version wants them", ["outcome"])
UNREADABLE = Counter("burnish_executor_unreadable_total", "Calls of providers that ended by something nobody had thought of", ["outcome"])
COST_NUSD = Counter("burnish_executor_cost_nusd_total", "What booked executions cost, in nano-dollars", ["lane"])
for _lane in Lane:
    COST_NUSD.labels(_lane.value)  # A series that begins with its first booking has not grown by it, and overage would be all there is.
TOKENS = Counter("burnish_executor_tokens_total", "Tokens of booked executions: input, cached_input (a part of input), output", ["kind"])

RUNNING_IN, FINISHED_AS, PROVIDER_SECONDS_OF = Bound(RUNNING), Bound(FINISHED), Bound(PROVIDER_SECONDS)
COST_NUSD_OF, TOKENS_OF = Bound(COST_NUSD), Bound(TOKENS)
"""What every call counts."""

"""Prometheus objects of the gateway. Labels are bounded: routes, not paths; no tenant, user or prompt.

Times are told apart by area (the tag of a route): a histogram of each route would be thousands of series.
"""

from prometheus_client import Counter, Gauge, Histogram

from burnish_shared.bound_metric import Bound

REQUESTS = Counter("burnish_gateway_requests_total", "HTTP requests", ["route", "method", "status_class"])
REQUEST_SECONDS = Histogram(
    "burnish_gateway_request_seconds",
    "Time to the last byte of an answer",
    ["area"],
    buckets=(0.005, 0.02, 0.1, 0.5, 2, 10, 60),
)
ADMISSIONS = Counter("burnish_gateway_admissions_total", "Verdicts of admission", ["verdict"])
ROUTED = Counter(
    "burnish_gateway_routed_total",
    "Calls whose model or version was chosen: rule (auto by one, too), auto, no_model",
    ["outcome"],
)
EXPERIMENT_CALLS = Counter(
    "burnish_gateway_experiment_calls_total",
    "Calls of prompts with a running experiment: taken, or why they stayed outside: no_unit, named, targeting, holdout, namespace, "
    "not_allocated, unavailable, shadow_dropped, unknown",
    ["outcome"],
)
HANDOVERS = Counter("burnish_gateway_handovers_total", "Executions taken from an executor", ["reason"])
OPEN_EXECUTIONS = Gauge("burnish_gateway_open_executions", "Executions whose frames this gateway waits for")
LIVE_STREAMS = Gauge("burnish_gateway_live_streams", "Open streams of GET /v1/live")
LIVE_ENDED = Counter(
    "burnish_gateway_live_ended_total", "Streams of GET /v1/live that ended: left, access_ended, too_slow, stopping", ["reason"]
)
SLOW_READERS = Counter("burnish_gateway_slow_readers_total", "Connections cut off whose client took nothing of an answer, or too little")
PACED = Counter(
    "burnish_gateway_requests_limited_total",
    "Requests besides executions and feedback refused, of whom there were too many: api_key, user, workspace, address (links)",
    ["reason"],
)
SIGN_INS = Counter("burnish_gateway_sign_ins_total", "Tries to sign in with a password: signed_in, refused, slowed_down", ["outcome"])
BACKGROUND_FAILED = Counter(
    "burnish_gateway_background_failed_total",
    "Work for one workspace that failed; others went on: digest, policy, chain_run, clarification, enrichment, experiment_orders, …",
    ["task"],
)
CLARIFICATIONS = Counter(
    "burnish_gateway_clarifications_total", "Calls of models for clarifying sessions, by where the session stood afterwards", ["status"]
)
ENRICHMENTS = Counter("burnish_gateway_enrichments_total", "Enrichments that ended, by how", ["status"])
CHAIN_RUNS = Counter("burnish_gateway_chain_runs_total", "Runs of chains that ended, by how", ["status"])

REQUESTS_OF, REQUEST_SECONDS_OF, ADMISSIONS_OF = Bound(REQUESTS), Bound(REQUEST_SECONDS), Bound(ADMISSIONS)
"""What every call counts."""

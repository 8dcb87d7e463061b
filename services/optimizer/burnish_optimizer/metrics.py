"""Prometheus objects of the optimizer."""

from prometheus_client import Counter, Gauge, Histogram

EVALUATIONS = Counter("burnish_optimizer_evaluations_total", "Evaluations, by what happened to them.", ["outcome"])
WORK_RUNNING = Gauge("burnish_optimizer_work_running", "Test runs and jobs that this replica works on.", ["kind"])
WORK_ENDED = Counter("burnish_optimizer_work_ended_total", "Test runs and jobs that ended here, by how.", ["kind", "how"])
WORK_SECONDS = Histogram(
    "burnish_optimizer_work_seconds", "Time from claim to end.", ["kind"], buckets=(0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200)
)
EXPERIMENT_LOOKS = Counter(
    "burnish_optimizer_experiment_looks_total",
    "Looks at running experiments, by what was decided; `failed`: the look itself; `busy`: the database.",
    ["outcome"],
)
PERCENTILES_READ = Counter(
    "burnish_optimizer_percentiles_read_total",
    "Readings of an experiment's percentiles of latency; `busy`: the database was, and the last ones stay.",
    ["outcome"],
)
SCORES = Counter("burnish_optimizer_scores_total", "Scores of live traffic, by kind of evaluator and what it said.", ["kind", "outcome"])

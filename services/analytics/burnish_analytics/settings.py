"""Settings of analytics."""

from pydantic import Field

from burnish_analytics.core.cusum import THRESHOLD
from burnish_analytics.core.degradation import DetectorLimits
from burnish_shared.settings import SharedSettings


class AnalyticsSettings(SharedSettings):
    """How often analytics looks, and how sensitive its detectors are. Tests and demos shorten the times; defaults are SCIENCE's."""

    database_connections: int = Field(default=6, ge=2, description="Most connections of the pool of analytics.")
    ingest_most_items: int = Field(default=5000, ge=1, description="Most executions, or reactions, counted in one transaction.")
    period_ms: int = Field(
        default=60_000, ge=50, description="Length of a period of ingestion, the detectors' step. The same in all replicas."
    )
    watch_interval_s: float = Field(default=10.0, gt=0, description="How often closed periods are looked for.")
    join_interval_s: float = Field(default=15.0, gt=0, description="How often feedback is looked for that both sides of the join missed.")
    orphan_days: int = Field(default=7, ge=1, description="Feedback that waited this long for its execution is an orphan.")
    month_interval_s: float = Field(
        default=30.0, gt=0, description="How often base credit and allowances of the month are looked for that were not given yet."
    )
    progress_interval_s: float = Field(
        default=5.0, gt=0, le=20, description="How often it is written down until when everything is counted."
    )
    recount_interval_s: float = Field(
        default=5.0, gt=0, description="How often recounts of rollups are looked for: those of the night, and those asked for."
    )
    failure_groups_interval_s: float = Field(
        default=0.5, gt=0, description="How often groups of failures are looked for that somebody asked for."
    )
    usage_interval_s: float = Field(default=600.0, gt=0, description="How often days of usage that are over are summed up.")
    end_users_interval_s: float = Field(
        default=300.0, gt=0, description="How often closed hours are looked at for unusual use by one end user."
    )
    models_interval_s: float = Field(default=600.0, gt=0, description="How often models that end soon are looked for.")
    providers_interval_s: float = Field(default=30.0, gt=0, description="How often providers that answer no call are looked for.")
    targets_interval_s: float = Field(default=30.0, gt=0, description="How often absolute targets of alert rules are looked at.")
    tidy_interval_s: float = Field(default=60.0, gt=0, description="How often waiting feedback is counted and partitions are made.")
    alert_cooldown_s: float = Field(
        default=3600.0, ge=0, description="Quiet after a threshold alert was resolved, before the next of its kind."
    )
    news_interval_s: float = Field(default=1.0, gt=0, description="How often webhooks that asked for it are told of new reactions.")
    adopt_interval_s: float = Field(default=2.0, gt=0, description="How often the history of groups that became a prompt is moved on.")
    scores_interval_s: float = Field(default=1.0, gt=0, description="How often new scores of evaluators are counted.")
    detector_threshold: float = Field(
        default=THRESHOLD, gt=0, description="h of the CUSUM detectors; one more means about e times fewer false alarms."
    )
    baseline_full: int = Field(default=1000, ge=10, description="Observations that make a baseline on their own.")
    baseline_least: int = Field(
        default=100, ge=10, description="Observations that make a baseline when the label moves, or after `baseline_days`."
    )
    baseline_days: float = Field(default=7.0, gt=0, description="Days after which a smaller baseline is taken.")
    window_observations: int = Field(default=200, ge=10, description="Observations of the recent window that an alert compares.")

    retention_interval_s: float = Field(default=900.0, gt=0, description="How often text and persons are forgotten that are too old.")
    retention_batch_rows: int = Field(default=1000, ge=1, description="Rows that retention and erasure look at in one transaction.")
    erasure_interval_s: float = Field(default=5.0, gt=0, description="How often erasures are looked for that somebody asked for.")
    tombstones_interval_s: float = Field(
        default=30.0, gt=0, description="How often the stream of erasures is compared with the table; the first time at the start."
    )
    publish_interval_s: float = Field(
        default=3600.0, gt=0, description="How often it is looked for what is published daily: marketplace figures, platform statistics."
    )

    def detector_limits(self) -> DetectorLimits:
        return DetectorLimits(
            threshold=self.detector_threshold,
            full_baseline=self.baseline_full,
            least_baseline=self.baseline_least,
            baseline_days=self.baseline_days,
            window=self.window_observations,
        )

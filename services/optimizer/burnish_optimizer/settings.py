"""Settings of the optimizer."""

from typing import Self

from pydantic import Field, model_validator

from burnish_shared.sandbox.settings import SandboxSettings
from burnish_shared.settings import SharedSettings


class OptimizerSettings(SandboxSettings, SharedSettings):
    """How jobs and test runs are claimed and how much they may do at once. Tests shorten the times."""

    database_connections: int = Field(default=6, ge=2, description="Most connections of the pool of the optimizer.")
    jobs_at_once: int = Field(default=4, ge=1, description="Most test runs and optimization jobs that one replica works on at once.")
    job_in_flight: int = Field(default=64, ge=1, le=1024, description="Most evaluations of one job on their way at once.")
    batches_at_once: int = Field(default=8, ge=1, description="Most batches that one replica works on at once.")
    batch_turn_s: float = Field(default=20.0, gt=0, description="After so long a batch, or a scoring of past executions, makes room.")
    live_evaluations_at_once: int = Field(default=4, ge=1, description="Most live evaluations that one replica scores for at once.")
    score_interval_s: float = Field(default=1.0, gt=0, description="How often it is looked whether live traffic waits to be scored.")
    experiment_interval_s: float = Field(default=10.0, gt=0, description="How often a running experiment is looked at.")
    sandbox_workers: int = Field(
        default=4, ge=1, le=64, description="Processes, or sandboxes at Daytona at once, that run code of evaluators."
    )
    sandbox_wasm: bool = Field(default=False, description="Offer WebAssembly beside Python; needs `burnish[wasm]`.")
    lease_s: int = Field(default=60, ge=2, description="How long a claimed job stays with a replica that says nothing.")
    renew_s: float = Field(default=20.0, gt=0, description="How often a claim is renewed.")
    claim_interval_s: float = Field(default=5.0, gt=0, description="How often unclaimed jobs are looked for when no message says so.")
    watch_interval_s: float = Field(default=1.0, gt=0, description="How often a running job looks whether it is to stop.")
    progress_interval_s: float = Field(default=0.5, gt=0, description="How often a running job writes down how far it is.")
    lost_after_s: float = Field(default=2.0, gt=0, description="An evaluation that is silent for so long is looked up in the books.")
    republish_after_s: float = Field(
        default=150.0,
        gt=0,
        description="A silent evaluation without a row is sent again, sooner if it is under way nowhere; longer than a batch deadline.",
    )

    @model_validator(mode="after")
    def _is_renewed_in_time(self) -> Self:
        if self.renew_s + self.watch_interval_s > self.lease_s / 2:
            raise ValueError(
                "BURNISH_RENEW_S and BURNISH_WATCH_INTERVAL_S together must be at most half of BURNISH_LEASE_S, else a moment without"
                " PostgreSQL ends a job that is worked on; a third of the lease is a good time to renew it"
            )
        return self

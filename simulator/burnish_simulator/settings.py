"""Settings of the simulator, from the environment (`BURNISH_SIMULATOR_…`) or the command line."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class SimulatorSettings(BaseSettings):
    """Where the simulator listens and how it behaves when a request does not say."""

    model_config = SettingsConfigDict(env_prefix="BURNISH_SIMULATOR_", extra="ignore")

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=0, ge=0, le=65535, description="Port to listen on; 0 takes a free one, which the ready line names.")
    latency_ratio: float = Field(
        default=0.0,
        ge=0,
        le=100,
        description="How much of the simulated latency is waited when a request does not say: 0 none, 1 all of it.",
    )
    max_body_bytes: int = Field(default=16 * 2**20, ge=1024, description="Largest request body; a larger one is answered with 413.")

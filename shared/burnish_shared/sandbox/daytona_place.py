"""Which Daytona, and as whom."""

from dataclasses import dataclass

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class DaytonaPlace:
    """`url` of the API without a slash at its end. `target` and `snapshot` empty: Daytona's own choice. The key shows in no text of it."""

    url: str
    key: SecretStr
    target: str = ""
    snapshot: str = ""

"""What `burnish status` shows: written by the launcher at every change, read by everybody."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from burnish.launcher.files import read_json, write_json
from burnish.launcher.home import Home, holder

Phase = Literal["starting", "ready", "stopping", "stopped", "failed"]


@dataclass(slots=True)
class State:
    """One installation as its launcher sees it. Holds no secret."""

    state: Phase = "stopped"
    home: str = ""
    pid: int | None = None
    started_at: str | None = None
    url: str | None = None
    ports: dict[str, int] = field(default_factory=dict)
    pids: dict[str, int] = field(default_factory=dict)
    replicas: dict[str, int] = field(default_factory=dict)
    left_out: list[str] | None = None
    """Services that are installed and of which `--replicas` wanted none. None: written by a launcher that did not write it down."""
    restarts: dict[str, int] = field(default_factory=dict)
    metrics: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    error: str | None = None
    build: str = ""
    """Of the code that it was started with (`build.py`)."""
    kek_id: str | None = None
    """Which key-encryption key the services seal with. The id says nothing about the key."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def write_state(home: Home, state: State) -> None:
    write_json(home.state, state.to_json())


def recorded_state(home: Home) -> State:
    """The state as it was last written, whether or not its launcher still lives."""
    stored = read_json(home.state)
    known = State.__dataclass_fields__
    return State(**{name: value for name, value in stored.items() if name in known}) if isinstance(stored, dict) else State()


def present_state(home: Home) -> State:
    """The state now: without a living launcher nothing runs, whatever was written last."""
    state = recorded_state(home)
    state.home = str(home.path)
    pid = holder(home)
    if pid is None:
        state.pid, state.pids, state.url = None, {}, None
        state.state = "failed" if state.state == "failed" else "stopped"
    elif state.pid != pid:  # It took the lock and wrote nothing yet.
        state = State(state="starting", home=str(home.path), pid=pid or None)
    return state


def running_connection(home: Home) -> dict[str, Any] | None:
    """What `up --json` printed, while that installation is ready; else None."""
    connection = read_json(home.connection)
    return connection if present_state(home).state == "ready" and isinstance(connection, dict) else None

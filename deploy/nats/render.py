"""Writes deploy/nats/nats.conf, and the copy that the Helm chart carries.

One server with JetStream and the users of burnish_shared/bus/users.py, passwords from the environment.
Run `python deploy/nats/render.py` after a change of users or subjects; a test compares.
"""

import sys
from pathlib import Path

from burnish_shared.bus.users import USERS, authorization

TARGETS = (Path(__file__).with_name("nats.conf"), Path(__file__).parents[1] / "helm/burnish/files/nats.conf")

HEAD = """# Made by deploy/nats/render.py; change that. Passwords come from the environment (nats-server reads `$NAME`).
listen: "0.0.0.0:4222"
http: "0.0.0.0:8222"
server_name: burnish
max_payload: 1MB
ping_interval: "10s"
jetstream { store_dir: "/data", sync_interval: always, max_file_store: 20GB, max_memory_store: 64MB }
"""


def rendered() -> str:
    text = authorization({user: f"password-of-{user}-from-environment" for user in USERS})
    for user in USERS:
        text = text.replace(f'"password-of-{user}-from-environment"', f"$BURNISH_NATS_PASSWORD_{user.upper()}")
    return HEAD + text


if __name__ == "__main__":
    for target in TARGETS:
        target.write_text(rendered())
        sys.stderr.write(f"wrote {target}\n")

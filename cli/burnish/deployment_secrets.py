"""`burnish secrets`: passwords, keys and addresses of a deployment in containers, made once, a folder for each who is given them.

Everything follows from one seed and one key-encryption key in `DIR/secrets.json`, which nobody but this command reads. What the
environment names (`BURNISH_KEK`, `BURNISH_PG_PASSWORD_…`, `BURNISH_NATS_PASSWORD_…`) takes the place of what would be derived, so
that an installation which kept them in `.env` goes on with the same.
"""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from burnish.embedded.child import StartFailed
from burnish.embedded.postgres import SUPERUSER
from burnish.embedded.roles import GROUP_OF_LOGIN
from burnish.launcher.files import write_json
from burnish.launcher.passwords import derived_password, kept_secrets, keyring_of, new_kek
from burnish.launcher.services import PROVISIONER, SERVICES

FOLDER_MODE: Final = 0o755
FILE_MODE: Final = 0o444
"""Containers run as users of their own; what keeps them apart is that each is given its own folder and no other."""

LOGINS: Final = tuple(login.removeprefix("burnish_") for login in GROUP_OF_LOGIN)
USERS: Final = (*LOGINS, PROVISIONER.name)
OPENERS: Final = frozenset(service.name for service in SERVICES if service.opens_secrets)


@dataclass(frozen=True, slots=True)
class Servers:
    """`host:port` of the two servers, and the name of the database."""

    postgres: str = "postgres:5432"
    nats: str = "nats:4222"
    database: str = "burnish"


def write_deployment_secrets(
    folder: Path, *, nats_conf: str, servers: Servers = Servers(), environment: Mapping[str, str] = os.environ
) -> tuple[str, ...]:
    """Writes one folder for each part of the deployment and returns their names. Idempotent: the same again gives the same bytes.

    `nats_conf` is the text of deploy/nats/nats.conf, which takes the passwords as variables. Raises StartFailed where the folder
    cannot be written, a key is none, or a password would break the file that it stands in.
    """
    try:
        files = _files(_Values.of(folder, environment), nats_conf=nats_conf, servers=servers)
        for name, text in files.items():
            _write(folder / name, text)
    except OSError as error:
        raise StartFailed(f"Secrets cannot be written to {folder}: {error}.") from error
    return tuple(sorted({name.partition("/")[0] for name in files}))


def read_environment_file(path: Path) -> dict[str, str]:
    """`NAME=value` lines as `burnish secrets` writes them: no quotes, no comments. Raises StartFailed where there is none."""
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise StartFailed(f"BURNISH_ENV_FILE names {path}, which cannot be read: {error.strerror}.") from error
    return dict(line.split("=", 1) for line in lines if "=" in line)


@dataclass(frozen=True, slots=True)
class _Values:
    kek: str
    kek_previous: str
    seed: bytes
    environment: Mapping[str, str]

    @classmethod
    def of(cls, folder: Path, environment: Mapping[str, str]) -> "_Values":
        folder.mkdir(parents=True, exist_ok=True)
        place = folder / "secrets.json"
        stored = kept_secrets(place, names=("kek", "seed"))
        if stored is None:
            stored = {"kek": new_kek(), "seed": secrets.token_hex(32)}
            write_json(place, stored, is_durable=True)
        kek = environment.get("BURNISH_KEK", "").strip() or stored["kek"]
        previous = [part for one in environment.get("BURNISH_KEK_PREVIOUS", "").split(",") if (part := one.strip())]
        keyring_of([kek, *previous])
        return cls(kek, ",".join(previous), stored["seed"].encode(), environment)

    @property
    def keys(self) -> dict[str, str]:
        """For the services that open secrets, and for who operates: also the key before, while a rotation runs."""
        previous = {"BURNISH_KEK_PREVIOUS": self.kek_previous} if self.kek_previous else {}
        return {"BURNISH_KEK": self.kek} | previous

    def password(self, variable: str) -> str:
        """Raises StartFailed for one that could end its line or its quotes."""
        given = self.environment.get(variable) or derived_password(self.seed, variable)
        if any(sign in given for sign in '"\\') or not given.isprintable():
            raise StartFailed(f'{variable} may not contain a line break, another sign that is not printed, " or \\.')
        return given


def _files(values: _Values, *, nats_conf: str, servers: Servers) -> dict[str, str]:
    superuser = values.password("BURNISH_PG_PASSWORD_SUPERUSER")
    passwords = {f"BURNISH_PG_PASSWORD_{login.upper()}": values.password(f"BURNISH_PG_PASSWORD_{login.upper()}") for login in LOGINS}
    bus = {user: values.password(f"BURNISH_NATS_PASSWORD_{user.upper()}") for user in USERS}
    provisioner_url = _nats_url(servers, PROVISIONER.name, bus[PROVISIONER.name])
    migrate = {"DATABASE_URL": _database_url(servers, SUPERUSER, superuser), "NATS_URL": provisioner_url} | values.keys
    analytics = passwords["BURNISH_PG_PASSWORD_ANALYTICS"]
    provisioner = {"DATABASE_URL": _database_url(servers, "burnish_analytics", analytics), "NATS_URL": provisioner_url}
    variables = "".join(
        f"BURNISH_NATS_PASSWORD_{user.upper()}: {json.dumps(password, ensure_ascii=False)}\n" for user, password in bus.items()
    )
    return {
        "postgres/password": superuser,
        "nats/nats.conf": variables + nats_conf,
        "grafana/password": values.password("GRAFANA_PASSWORD"),
        "migrate/env": _lines(migrate | passwords),
        "provisioner/env": _lines(provisioner),
        **{f"{login}/env": _lines(_service(values, login, servers=servers, bus=bus[login])) for login in LOGINS},
    }


def _service(values: _Values, login: str, *, servers: Servers, bus: str) -> dict[str, str]:
    """The key that opens secrets goes to those who open them alone."""
    database = _database_url(servers, f"burnish_{login}", values.password(f"BURNISH_PG_PASSWORD_{login.upper()}"))
    return {"DATABASE_URL": database, "NATS_URL": _nats_url(servers, login, bus)} | (values.keys if login in OPENERS else {})


def _database_url(servers: Servers, login: str, password: str) -> str:
    return f"postgresql://{login}:{quote(password, safe='')}@{servers.postgres}/{servers.database}"


def _nats_url(servers: Servers, user: str, password: str) -> str:
    return f"nats://{user}:{quote(password, safe='')}@{servers.nats}"


def _lines(values: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in values.items())


def _write(path: Path, text: str) -> None:
    """Replaces the file at once, so that who starts meanwhile reads the old or the new one whole."""
    path.parent.mkdir(mode=FOLDER_MODE, exist_ok=True)
    path.parent.chmod(FOLDER_MODE)
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.write_text(text)
    fresh.chmod(FILE_MODE)
    fresh.replace(path)

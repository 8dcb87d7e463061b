"""How each process reaches PostgreSQL and NATS: the packaged servers, or the user's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote_plus, urlsplit, urlunsplit

from burnish.embedded.nats import Nats
from burnish.embedded.postgres import Postgres
from burnish.embedded.roles import GROUP_OF_LOGIN, MIGRATOR
from burnish.launcher.passwords import Secrets, derived_password

DATABASE = "burnish"

SERVICE_LOGINS: Mapping[str, str] = {login.removeprefix("burnish_"): login for login in GROUP_OF_LOGIN}


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """`admin` may create roles (a superuser in the packaged server); `migrator` runs the migrations; `services` by service."""

    admin: str
    migrator: str
    services: Mapping[str, str]
    passwords: Mapping[str, str]


def packaged_database(server: Postgres, secrets: Secrets) -> DatabaseUrls:
    passwords = {name: secrets.password(f"postgres {login}") for name, login in SERVICE_LOGINS.items()}
    return DatabaseUrls(
        admin=server.url(DATABASE),
        migrator=server.url(DATABASE, user=MIGRATOR, password=secrets.password(f"postgres {MIGRATOR}")),
        services={name: server.url(DATABASE, user=login, password=passwords[name]) for name, login in SERVICE_LOGINS.items()},
        passwords=passwords,
    )


def external_database(url: str, login_seed: bytes) -> DatabaseUrls:
    """`url` names a login that may create roles. Passwords follow from a secret of the installation, which lies sealed in the
    database itself: so machines that share a database agree on them, whatever key it is sealed under."""
    passwords = {name: derived_password(login_seed, f"postgres {login}") for name, login in SERVICE_LOGINS.items()}
    services = {name: with_login(url, user=login, password=passwords[name]) for name, login in SERVICE_LOGINS.items()}
    return DatabaseUrls(admin=url, migrator=url, services=services, passwords=passwords)


def packaged_nats(server: Nats) -> dict[str, str]:
    """User → URL."""
    return {user: server.url(user) for user in server.passwords}


def external_nats(url: str, users: tuple[str, ...], environment: Mapping[str, str]) -> dict[str, str]:
    """User → URL. A user with BURNISH_NATS_PASSWORD_<USER> logs in as itself; the others with what the URL holds."""
    urls = {}
    for user in users:
        password = environment.get(f"BURNISH_NATS_PASSWORD_{user.upper()}")
        urls[user] = url if password is None else with_login(url, user=user, password=password)
    return urls


def with_login(url: str, *, user: str, password: str) -> str:
    """The same URL with another user. A pooler's suffix of the user name (`postgres.project`) is kept, what the query says of a user or
    a password is not: it is another's."""
    parts = urlsplit(url)
    address = parts.netloc.rpartition("@")[2]
    query = "&".join(one for one in parts.query.split("&") if unquote_plus(one.partition("=")[0]) not in ("user", "password"))
    suffix = "." + (parts.username or "").partition(".")[2] if "." in (parts.username or "") else ""
    return urlunsplit(parts._replace(netloc=f"{quote(user + suffix, safe='')}:{quote(password, safe='')}@{address}", query=query))

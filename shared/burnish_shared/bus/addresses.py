"""What NATS_URL says: one server or several of a cluster, and who we are there."""

from dataclasses import dataclass
from typing import TypedDict
from urllib.parse import unquote


class Options(TypedDict):
    """As `nats.aio.client.Client.connect` takes them."""

    servers: list[str]
    user: str | None
    password: str | None
    token: str | None


@dataclass(frozen=True, slots=True)
class Addresses:
    """`servers` without any login, as those that a cluster tells its clients of. Its `repr` shows no password."""

    servers: tuple[str, ...]
    user: str | None
    password: str | None

    @classmethod
    def of(cls, url: str) -> "Addresses":
        """`nats://user:password@one:4222,two:4222`; each server may also repeat scheme and login. The first login counts."""
        scheme = url.partition("://")[0] if "://" in url else "nats"
        logins, servers = [], []
        for one in url.split(","):
            login, _, address = one.strip().rpartition("://")[2].rpartition("@")
            logins.append(login)
            servers.append(f"{scheme}://{address}")
        user, has_password, password = next(filter(None, logins), "").partition(":")
        return cls(tuple(servers), unquote(user) or None, unquote(password) if has_password else None)

    def options(self) -> Options:
        """A login without a password is a token."""
        is_token = self.password is None
        return {
            "servers": list(self.servers),
            "user": None if is_token else self.user,
            "password": self.password,
            "token": self.user if is_token else None,
        }

    def __repr__(self) -> str:
        return f"Addresses({', '.join(self.servers)})"

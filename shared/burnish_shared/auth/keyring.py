"""The key-encryption keys of a process: the current one, which seals, and others that still open (PROMISES S-03)."""

import contextlib
from collections.abc import Callable, Sequence

from burnish_shared.auth.sealing import KEY_BYTES, key_from_text, key_id_of, open_sealed, rewrapped, seal, sealed_under


class Keyring:
    """Seals with the current key; opens with the key that a sealed secret names. Its `repr` shows ids only.

    `previous` are keys that may still be needed for opening: the ones before, while a rotation runs, or the next one,
    which has to be known everywhere before anybody seals with it.
    """

    __slots__ = ("_by_id", "_current", "current_id")

    def __init__(self, current: bytes, previous: Sequence[bytes] = ()) -> None:
        if any(len(key) != KEY_BYTES for key in (current, *previous)):
            raise ValueError(f"a key-encryption key has {KEY_BYTES} bytes")
        self._current = current
        self.current_id = key_id_of(current)
        self._by_id = {key_id_of(key): key for key in (current, *previous)}

    @classmethod
    def from_texts(cls, texts: Sequence[str], *, name: str = "BURNISH_KEK") -> "Keyring":
        """From keys in base64, the current one first. Raises ValueError, in words for an operator."""
        if not texts:
            raise ValueError(f"{name} holds no key; make one with `openssl rand -base64 32`")
        keys = [key_from_text(one, name=name) for one in texts]
        return cls(keys[0], keys[1:])

    @property
    def ids(self) -> frozenset[bytes]:
        """The ids of all its keys."""
        return frozenset(self._by_id)

    def seal(self, plaintext: bytes, *, context: str) -> bytes:
        """Always under the current key. `context` names tenant, secret and purpose, and must be the same to open it."""
        return seal(self._current, plaintext, context=context)

    def open(self, sealed: bytes, *, context: str) -> bytes:
        """The plaintext. Raises ValueError when its key is not among ours, or the context or a byte is wrong."""
        return self._first_that_fits(sealed, lambda key: open_sealed(key, sealed, context=context))

    def needs_rewrap(self, sealed: bytes) -> bool:
        """Whether it is under another key than the current one."""
        return sealed_under(sealed) != self.current_id

    def rewrap(self, sealed: bytes, *, context: str) -> bytes:
        """The same secret under the current key: only its data key is sealed anew, the secret is not opened. Raises as `open` does."""
        if not self.needs_rewrap(sealed):
            return sealed
        return self._first_that_fits(sealed, lambda key: rewrapped(sealed, old=key, new=self._current, context=context))

    def _first_that_fits(self, sealed: bytes, use: Callable[[bytes], bytes]) -> bytes:
        """What `use` makes of the key that `sealed` names, or, where it names none, of the first key that fits."""
        named = sealed_under(sealed)
        if named is not None and named not in self._by_id:
            raise ValueError(
                f"sealed under the key {named.hex()}, which is not among BURNISH_KEK and BURNISH_KEK_PREVIOUS ({self._listed()})"
            )
        for key in [self._by_id[named]] if named is not None else self._by_id.values():
            with contextlib.suppress(ValueError):
                return use(key)
        raise ValueError("the secret does not open with our keys in this place")

    def _listed(self) -> str:
        return ", ".join(sorted(one.hex() for one in self._by_id))

    def __repr__(self) -> str:
        return f"Keyring(current={self.current_id.hex()}, ids={self._listed()})"

"""The keyring: one key seals, several open, and a rotation touches no secret but its data key's seal."""

import os

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from burnish_shared.auth.keyring import Keyring
from burnish_shared.auth.sealing import open_sealed, sealed_under

OLD, NEW, OTHER = (os.urandom(32) for _ in range(3))
CONTEXT = "workspace|secret|1|provider-key"

pytestmark = pytest.mark.promise("S-02", "S-03")


def _in_the_first_format(kek: bytes, plaintext: bytes, *, context: str) -> bytes:
    data_key, wrap_nonce, nonce = os.urandom(32), os.urandom(12), os.urandom(12)
    wrapped = AESGCM(kek).encrypt(wrap_nonce, data_key, b"wrap|" + context.encode())
    return b"\x01" + wrap_nonce + wrapped + nonce + AESGCM(data_key).encrypt(nonce, plaintext, b"data|" + context.encode())


def test_the_current_key_seals_and_every_key_opens() -> None:
    before, during, after = Keyring(OLD), Keyring(NEW, [OLD]), Keyring(NEW)
    sealed = before.seal(b"secret", context=CONTEXT)
    assert before.open(sealed, context=CONTEXT) == during.open(sealed, context=CONTEXT) == b"secret"
    assert sealed_under(during.seal(b"secret", context=CONTEXT)) == during.current_id == after.current_id != before.current_id
    with pytest.raises(ValueError, match=before.current_id.hex()):
        after.open(sealed, context=CONTEXT)


def test_the_key_to_come_can_be_known_before_it_seals() -> None:
    ahead, changed = Keyring(OLD, [NEW]), Keyring(NEW, [OLD])
    assert ahead.open(changed.seal(b"secret", context=CONTEXT), context=CONTEXT) == b"secret"
    assert changed.open(ahead.seal(b"secret", context=CONTEXT), context=CONTEXT) == b"secret"


def test_a_rewrap_changes_the_key_and_leaves_the_sealed_text_as_it_is() -> None:
    sealed, during = Keyring(OLD).seal(b"secret", context=CONTEXT), Keyring(NEW, [OLD])
    assert during.needs_rewrap(sealed)
    rewrapped = during.rewrap(sealed, context=CONTEXT)
    assert Keyring(NEW).open(rewrapped, context=CONTEXT) == b"secret"
    tail = len(b"secret") + 12 + 16
    assert rewrapped[-tail:] == sealed[-tail:] and rewrapped[:-tail] != sealed[:-tail]
    assert not during.needs_rewrap(rewrapped) and during.rewrap(rewrapped, context=CONTEXT) == rewrapped


def test_the_first_format_opens_and_is_rewrapped() -> None:
    first, during = _in_the_first_format(OLD, b"secret", context=CONTEXT), Keyring(NEW, [OLD])
    assert during.needs_rewrap(first) and during.open(first, context=CONTEXT) == b"secret"
    assert Keyring(NEW).open(during.rewrap(first, context=CONTEXT), context=CONTEXT) == b"secret"
    with pytest.raises(ValueError):
        Keyring(OTHER).open(first, context=CONTEXT)


def test_a_secret_that_was_copied_elsewhere_neither_opens_nor_rewraps() -> None:
    during, sealed = Keyring(NEW, [OLD]), Keyring(OLD).seal(b"secret", context=CONTEXT)
    for context in ("other|secret|1|provider-key", "workspace|other|1|provider-key", "workspace|secret|2|provider-key", ""):
        with pytest.raises(ValueError):
            during.open(sealed, context=context)
        with pytest.raises(ValueError):
            during.rewrap(sealed, context=context)


def test_no_cut_and_no_flipped_bit_opens() -> None:
    ring = Keyring(OLD)
    sealed = ring.seal(b"secret", context=CONTEXT)
    for at in range(len(sealed)):
        for broken in (sealed[:at], sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]):
            with pytest.raises(ValueError):
                ring.open(broken, context=CONTEXT)


def test_each_secret_has_a_data_key_of_its_own() -> None:
    ring = Keyring(OLD)
    one, other = (ring.seal(b"secret", context=CONTEXT) for _ in range(2))
    assert one != other
    mixed = one[: 1 + 4 + 12 + 48] + other[1 + 4 + 12 + 48 :]
    with pytest.raises(ValueError):
        ring.open(mixed, context=CONTEXT)
    assert open_sealed(OLD, one, context=CONTEXT) == b"secret"


def test_a_keyring_shows_ids_and_never_a_key() -> None:
    ring = Keyring(OLD, [NEW])
    assert OLD.hex() not in repr(ring) and str(OLD) not in repr(ring) and ring.current_id.hex() in repr(ring)
    assert ring.ids == {Keyring(OLD).current_id, Keyring(NEW).current_id}


def test_keys_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Keyring(b"short")
    with pytest.raises(ValueError, match="BURNISH_KEK_FILE"):
        Keyring.from_texts(["short"], name="BURNISH_KEK_FILE")
    with pytest.raises(ValueError, match="no key"):
        Keyring.from_texts([])

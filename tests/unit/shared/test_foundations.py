"""Ids, money, keys and sealing: pure rules that everything rests on."""

import hashlib
import hmac
import json
import os
import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_executor.settings import ExecutorSettings
from burnish_shared.auth.api_keys import digest_of, matches, new_key, prefix_of
from burnish_shared.auth.sealing import derived_key, key_from_text, open_sealed, rewrapped, seal
from burnish_shared.books.finished import json_text
from burnish_shared.contracts.provider_keys import KeyPlace
from burnish_shared.ids import created_at, derived_uuid7, new_uuid
from burnish_shared.money import MAX_AMOUNT_NUSD, credits_text, price_of
from burnish_shared.refusal import StartRefused
from burnish_shared.settings import SharedSettings, from_environment, own_replica, replica_part
from burnish_shared.storable_text import storable
from burnish_shared.tokens import tokens_in_messages, tokens_in_text
from burnish_simulator.settings import SimulatorSettings

PEPPER = b"p" * 32
KEK = b"k" * 32


@given(st.text(max_size=30))
def test_a_derived_id_is_a_uuid7_of_the_same_time_and_always_the_same(name: str) -> None:
    origin = new_uuid()
    one = derived_uuid7(origin, name)
    assert one == derived_uuid7(origin, name)
    assert (one.version, one.variant) == (7, UUID(int=0x8 << 60).variant)
    assert created_at(one) == created_at(origin)
    assert one != derived_uuid7(origin, name + "x")


@given(st.text(max_size=80))
def test_any_host_name_can_be_part_of_a_replicas_name(host: str) -> None:
    part = replica_part(host)
    assert re.fullmatch("[a-z0-9-]{1,30}", part) and part.strip("-") == part
    assert replica_part("API-2.Some_Net") == "api-2-some-net"


def test_processes_without_a_name_of_their_own_have_different_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BURNISH_REPLICA", raising=False)
    given_settings = {"DATABASE_URL": "postgresql://unused", "NATS_URL": "unused", "kek": "unused"}
    one = SharedSettings.model_validate(given_settings).replica
    assert one == SharedSettings.model_validate(given_settings).replica  # one process keeps its name
    own_replica.cache_clear()
    other = SharedSettings.model_validate(given_settings).replica
    assert other != one
    assert re.fullmatch("[a-z0-9-]{1,40}", other)
    assert SharedSettings.model_validate(given_settings | {"replica": "a-2"}).replica == "a-2"


@pytest.mark.capability("I1")
def test_a_wrong_environment_is_told_variable_by_variable_without_its_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://me:secret@host/db")
    monkeypatch.delenv("NATS_URL", raising=False)
    monkeypatch.setenv("BURNISH_EGRESS_ALLOW", "10.0.0.0/8, inside")
    monkeypatch.setenv("BURNISH_SWEEP_GRACE_S", "long")
    with pytest.raises(StartRefused) as refused:
        from_environment(SharedSettings)
    said = str(refused.value)
    for name in ("DATABASE_URL: must begin with postgresql://", "NATS_URL: Field required", "BURNISH_EGRESS_ALLOW: 'inside' does not"):
        assert name in said
    assert "BURNISH_SWEEP_GRACE_S: Input should be a valid number" in said and "secret" not in said and "\n" not in said


@pytest.mark.capability("I1")
def test_a_setting_that_is_no_json_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BURNISH_PROVIDER_LIMITS", "{bad")
    with pytest.raises(StartRefused, match="BURNISH_PROVIDER_LIMITS: is no JSON"):
        from_environment(ExecutorSettings)


@pytest.mark.capability("I1")
def test_a_setting_is_named_by_its_own_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BURNISH_SIMULATOR_PORT", "many")
    with pytest.raises(StartRefused, match="BURNISH_SIMULATOR_PORT: Input should be a valid integer"):
        from_environment(SimulatorSettings)


@pytest.mark.promise("C-07")
@given(st.integers(0, 10**9), st.integers(0, MAX_AMOUNT_NUSD))
def test_a_price_is_exact_rounded_up_and_never_less_than_its_parts(tokens: int, price: int) -> None:
    whole = price_of(tokens, nusd_per_million=price)
    assert isinstance(whole, int) and whole * 1_000_000 >= tokens * price > (whole - 1) * 1_000_000


@pytest.mark.parametrize(
    ("nusd", "text"), [(0, "0.0000"), (10_000_000, "1.0000"), (1_500_000, "0.1500"), (-25_000_000, "-2.5000"), (999, "0.0000")]
)
def test_credits_are_shown_truncated(nusd: int, text: str) -> None:
    assert credits_text(nusd) == text


@pytest.mark.promise("S-01")
@given(st.integers(0, 60), st.sampled_from("abcXYZ019_"))
def test_a_mistyped_key_is_seen_without_a_look_into_the_database(position: int, letter: str) -> None:
    key = new_key(PEPPER).text
    typo = key[:position] + letter + key[position + 1 :]
    assert prefix_of(key) is not None
    assert typo == key or prefix_of(typo) is None or not matches(typo, digest_of(key, PEPPER), PEPPER)


@pytest.mark.promise("S-01")
@pytest.mark.parametrize(
    "text", ["", "bk_live_", "sk-abc", "bk_live_é_x_y", "bk_test_aaaaaaaa_b_c", "\x00", "bk_live_12345678_" + "a" * 43 + "_000000"]
)
def test_what_is_no_key_has_no_prefix(text: str) -> None:
    assert prefix_of(text) is None


@pytest.mark.promise("S-01")
def test_what_is_kept_of_a_key_says_nothing_without_the_pepper() -> None:
    key = new_key(PEPPER)
    assert matches(key.text, key.digest, PEPPER)
    assert key.digest != digest_of(key.text, b"q" * 32) and not matches(key.text, key.digest, b"q" * 32)
    assert key.digest != hashlib.sha256(key.text.encode()).digest()


@pytest.mark.promise("S-01")
def test_a_key_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """No clock of a test sees the difference of one byte: what compares is asked for."""
    key = new_key(PEPPER)
    compared: list[tuple[object, object]] = []
    compare = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda one, other: compared.append((one, other)) or compare(one, other))
    assert matches(key.text, key.digest, PEPPER)
    assert compared == [(key.digest, key.digest)]


@pytest.mark.promise("S-02")
def test_no_two_sealed_secrets_share_a_nonce_or_a_data_key() -> None:
    """Format, id of the key (4), nonce (12), sealed data key (48), nonce (12), sealed secret."""
    made = [seal(KEK, b"the same", context="tenant|id") for _ in range(20)]
    made += [rewrapped(made[0], old=KEK, new=KEK, context="tenant|id") for _ in range(5)]
    assert len({one[5:17] for one in made}) == 25, "nonces under the key-encryption key"
    assert len({one[17:65] for one in made}) == 25, "sealed data keys"
    assert len({one[65:77] for one in made}) == 20, "nonces of the secrets, which a new key leaves alone"
    assert len({one[77:] for one in made}) == 20, "sealed secrets"


@pytest.mark.promise("S-02")
def test_a_provider_key_opens_for_its_workspace_id_and_version_alone() -> None:
    workspace, key = new_uuid(), new_uuid()
    places = [KeyPlace(workspace, key, 1), KeyPlace(new_uuid(), key, 1), KeyPlace(workspace, new_uuid(), 1), KeyPlace(workspace, key, 2)]
    assert len({one.context for one in places}) == 4


@pytest.mark.promise("S-02")
@given(st.binary(max_size=200), st.integers(0, 10**6))
def test_a_sealed_secret_opens_only_with_its_key_in_its_place_and_whole(secret: bytes, where: int) -> None:
    sealed = seal(KEK, secret, context="tenant|id")
    assert open_sealed(KEK, sealed, context="tenant|id") == secret
    at = where % len(sealed)
    for wrong in (
        lambda: open_sealed(KEK, sealed, context="other|id"),
        lambda: open_sealed(b"x" * 32, sealed, context="tenant|id"),
        lambda: open_sealed(KEK, sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :], context="tenant|id"),
        lambda: open_sealed(KEK, sealed[:at], context="tenant|id"),
    ):
        with pytest.raises(ValueError):
            wrong()
    assert secret == b"" or len(secret) < 4 or secret not in sealed


@pytest.mark.promise("S-04")
@pytest.mark.parametrize("text", ["", "short", "!" * 44, "AAAA"])
def test_a_wrong_key_encryption_key_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="BURNISH_KEK"):
        key_from_text(text)


def test_keys_of_different_purposes_differ() -> None:
    assert derived_key(KEK, purpose="a") != derived_key(KEK, purpose="b")
    assert len(derived_key(os.urandom(32), purpose="a")) == 32


@given(st.text(alphabet=st.characters(), max_size=50))
def test_storable_text_encodes_and_holds_no_nul(text: str) -> None:
    kept = storable(text)
    assert "\x00" not in kept and _encodes(kept)
    assert kept == text or "\x00" in text or not _encodes(text)
    assert json.loads(json_text({"x": text}))["x"] == kept


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@given(st.text(max_size=300))
def test_the_token_estimate_is_at_least_one_and_grows_with_the_text(text: str) -> None:
    assert tokens_in_text(text) >= 1
    assert tokens_in_text(text + "abc") >= tokens_in_text(text)
    assert tokens_in_messages([{"role": "user", "content": text}]) > tokens_in_text(text)

"""Models that steps of a chain name (PRODUCT P8, E5)."""

import pytest

from tests.embedded.stack import Caller
from tests.integration.chains.chains import call, make_prompt

pytestmark = pytest.mark.capability("P8")


async def test_a_step_whose_model_nobody_can_call_is_said_when_the_chain_is_saved(caller: Caller) -> None:
    await make_prompt(caller, "reply")
    good = [call("one"), call("two", model="simulated/chat"), call("three", model="auto")]
    made = await caller("POST", "/v1/chains", {"slug": "models", "steps": good})
    assert made.status == 201 and "warnings" not in made.body
    inside = {"id": "both", "parallel": [[call("absent", model="own/absent")], [call("vectors", model="simulated/embed")]]}
    for again in (False, True):
        saved = await caller("POST", "/v1/chains/models/versions", {"base_version": 1, "steps": [call("one"), inside]})
        assert (saved.status, saved.body["is_new"]) == (201, not again), saved.body
        absent, vectors = saved.body["warnings"]
        assert absent.startswith("steps.absent.model: there is no model 'own/absent'") and "until there is one" in absent
        assert vectors.startswith("steps.vectors.model: 'simulated/embed' makes embeddings")
    assert "warnings" not in (await caller("GET", "/v1/chains/models/versions/2")).body
    first = await caller("POST", "/v1/chains", {"slug": "first", "steps": [call("absent", model="own/absent")]})
    assert (first.status, first.body["warnings"]) == (201, [absent])

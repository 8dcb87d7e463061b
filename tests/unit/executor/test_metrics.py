"""What the first booking costs is seen to have grown: each of its series is there before (PROMISES 5.4 rings by shares of it)."""

from burnish_executor import metrics
from burnish_shared.contracts.executions import Lane


def test_cost_is_counted_from_nought_in_each_lane() -> None:
    (family,) = metrics.COST_NUSD.collect()
    assert {sample.labels["lane"] for sample in family.samples if sample.name.endswith("_total")} == {lane.value for lane in Lane}

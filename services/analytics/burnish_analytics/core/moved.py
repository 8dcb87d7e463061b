"""What is added to the rollups when executions that were counted count for another prompt from now on. Pure."""

from burnish_analytics.core.rollup import SUMS, Deltas, Measures, MetricSums


def moved(before: Deltas, after: Deltas) -> Deltas:
    """`before`: all that these executions and their reactions were ever counted as, which is taken back; `after`: what they count as now.

    Figures that know no prompt stay. Sketches of end users cannot be taken back: one that names somebody who is not there any more
    overstates.
    """
    made = Deltas(end_users=after.end_users)
    for deltas, sign in ((before.settle(), -1), (after.settle(), 1)):
        for key, measures in deltas.rows.items():
            made.put(key, _signed(measures, sign))
        for one, measures in deltas.sets.items():
            made.put_set(one, _signed(measures, sign))
        for name, sums in deltas.metrics.items():
            held = made.metrics.setdefault(name, MetricSums())
            held.reactions += sign * sums.reactions
            held.positives += sign * sums.positives
            held.total += sign * sums.total
    return made


def _signed(measures: Measures, sign: int) -> Measures:
    made = Measures(latency=[sign * one for one in measures.latency], first_token=[sign * one for one in measures.first_token])
    for name in SUMS:
        setattr(made, name, sign * getattr(measures, name))
    return made

"""What the NATS users may do, as data. That the server enforces it is shown in tests/integration/test_bus_permissions.py."""

import pytest

from burnish_shared import streams
from burnish_shared.bus import users
from burnish_shared.contracts.events import EVENT_TYPES


def test_every_event_type_has_a_publisher_and_no_other_is_named() -> None:
    assert set(users.EVENT_PUBLISHERS) == set(EVENT_TYPES)
    assert all(publisher in users.SERVICES for by in users.EVENT_PUBLISHERS.values() for publisher in by)


def test_every_consumer_names_a_stream_that_exists_and_subjects_that_lie_in_it() -> None:
    subjects = {one.name: set(one.subjects) for one in streams.STREAMS}
    for consumer in streams.CONSUMERS:
        assert set(consumer.filter_subjects) <= subjects[consumer.stream]


def test_work_queues_have_no_two_consumers_for_one_subject() -> None:
    for stream in streams.STREAMS:
        if stream.retention == "workqueue":
            filters = [one for consumer in streams.consumers_of(stream.name) for one in consumer.filter_subjects or stream.subjects]
            assert sorted(filters) == sorted(stream.subjects)


@pytest.mark.promise("T-06")
def test_requests_are_published_by_those_who_make_them_and_by_the_executor_that_puts_them_back() -> None:
    def publishers(part: str) -> set[str]:
        return {user for user in users.USERS if any(part in subject for subject in users.permissions(user).publish)}

    assert publishers("executions.requested.interactive") == {"gateway"}
    assert publishers("executions.requested.background") == {"gateway", "executor"}  # the executor: what makes way
    assert publishers("executions.requested.batch") == {"gateway", "optimizer", "executor"}  # the gateway: shadow arms of experiments
    assert publishers("executions.completed.batch") == {"executor"}
    assert publishers("feedback.recorded") == {"gateway"}


@pytest.mark.promise("T-06")
def test_nobody_may_delete_or_purge() -> None:
    everything = {">", "$JS.>", "$JS.API.>", "$JS.API.STREAM.>"}
    for user in users.USERS:
        allowed = users.permissions(user).publish
        assert not everything & set(allowed) and not [one for one in allowed if "DELETE" in one or "PURGE" in one]


def test_a_missing_or_short_password_is_refused() -> None:
    passwords = dict.fromkeys(users.USERS, "x" * 16)
    assert "executor" in users.authorization(passwords)
    with pytest.raises(ValueError, match="webhooks"):
        users.authorization(passwords | {"webhooks": "short"})


def test_a_password_cannot_break_out_of_the_configuration() -> None:
    text = users.authorization(dict.fromkeys(users.USERS, 'x"} ]\n' + "y" * 16))
    assert text.count('\\"} ]\\n') == len(users.USERS)

"""Two task instances never share a job, and one keeps its own over its retries."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_bcs.airflow_versions import submitter
from airflow_provider_bcs.waiting.submission import series_token, submission_token

# Few letters, so that parts which run into each other would be found: "a.b" + "c" and "a" + "b.c".
ids = st.text("ab1._-", min_size=1, max_size=4)
numbers = st.integers(-1, 12)


class Instance(NamedTuple):
    dag_id: str
    run_id: str
    run_started: str
    task_id: str
    map_index: int
    max_tries: int


instances = st.builds(Instance, ids, ids, ids, ids, numbers, numbers)


def owner(instance: Instance, try_number: int = 1) -> dict[str, Any]:
    ti = SimpleNamespace(**instance._asdict(), start_date=object(), try_number=try_number)
    context: Any = {"ti": ti, "dag_run": SimpleNamespace(start_date=instance.run_started)}
    return submitter(context)


@given(instances, instances, numbers, numbers)
def test_tokens_are_equal_for_equal_submissions_only(one, other, ended, other_ended):
    tokens_are_equal = submission_token(owner(one), ended) == submission_token(owner(other), other_ended)
    assert tokens_are_equal == ((one, ended) == (other, other_ended))


@given(instances, st.sampled_from(Instance._fields), st.data())
def test_each_part_counts(one, field, data):
    """At random two rarely differ in one part only."""
    before = getattr(one, field)
    value = data.draw((ids if isinstance(before, str) else numbers).filter(lambda value: value != before))
    other = one._replace(**{field: value})
    assert submission_token(owner(one)) != submission_token(owner(other))
    # What a clear finds again is the task instance's own.
    assert (series_token(owner(one)) == series_token(owner(other))) == (field == "max_tries")


@given(instances, numbers, numbers)
def test_a_retry_has_the_token_of_the_try_before(one, try_number, later):
    assert submission_token(owner(one, try_number)) == submission_token(owner(one, later))

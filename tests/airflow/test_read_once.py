"""A job description is read, copied and converted once, however a graph of it runs."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from airflow_provider_bcs.translator import BatchComputeTaskGroup, JobPerTask, PaiDlc, SingleJob, job_to_dag
from tests.batchcompute.jobs import job, task
from tests.batchcompute.legacy_jobs import find_prime, v1_job

#: The functions that read, convert and copy a description, by file and name.
READER = ("description/source.py", "read_description")
CONVERTER = ("batchcompute/legacy.py", "_convert")
COPIER = ("copy.py", "deepcopy")
MAPS = {"images": {"img-ubuntu": "ubuntu"}, "instance_types": {"ecs.c5.2xlarge": "ecs.c6.large"}}
EXECUTIONS = [JobPerTask(), SingleJob(), PaiDlc(**MAPS)]


class Counting(Mapping[str, Any]):
    """A mapping that counts how often its entries are read, and those of the mappings in it."""

    def __init__(self, content: Mapping[str, Any], counts: Counter[int]) -> None:
        self._content = {
            key: Counting(value, counts) if isinstance(value, Mapping) else value for key, value in content.items()
        }
        self._counts = counts

    def __getitem__(self, key: str) -> Any:
        return self._content[key]

    def __iter__(self) -> Iterator[str]:
        self._counts[id(self)] += 1
        return iter(self._content)

    def __len__(self) -> int:
        return len(self._content)


def counted(build: Callable[[], object]) -> Counter[tuple[str, str]]:
    """Return how often each of the three functions is called, recursion apart."""
    calls: Counter[tuple[str, str]] = Counter()
    depth: Counter[tuple[str, str]] = Counter()

    def profile(frame: Any, event: str, argument: object) -> None:
        code = frame.f_code
        for place in (READER, CONVERTER, COPIER):
            if code.co_name == place[1] and code.co_filename.endswith(place[0]):
                if event == "call":
                    calls[place] += not depth[place] and (place != COPIER or _is_ours(frame))
                    depth[place] += 1
                elif event == "return":
                    depth[place] -= 1

    sys.setprofile(profile)
    try:
        build()
    finally:
        sys.setprofile(None)
    return calls


def _is_ours(frame: Any) -> bool:
    return "airflow_provider_bcs" in frame.f_back.f_code.co_filename


@pytest.mark.parametrize("execution", EXECUTIONS, ids=lambda execution: type(execution).__name__)
def test_a_description_is_read_once(execution: Any):
    cluster = {"ImageId": "img-ubuntu", "InstanceType": "ecs.c5.2xlarge"}
    description = job({name: task(ClusterId="", AutoCluster=cluster) for name in "abc"}, {"a": ["b"], "b": ["c"]})
    counts: Counter[int] = Counter()
    counting = Counting(description, counts)
    assert len(job_to_dag(counting, "counted", execution=execution).tasks) >= 3
    assert set(counts.values()) == {1}


@pytest.mark.parametrize("execution", EXECUTIONS, ids=lambda execution: type(execution).__name__)
def test_a_job_of_the_first_api_is_converted_once_and_never_copied_whole(execution: Any):
    description = v1_job({name: {**find_prime(), "ImageId": "img-ubuntu"} for name in ("Find", "Count")}, JobTag="")
    calls = counted(lambda: job_to_dag(description, "counted", execution=execution))
    assert (calls[READER], calls[CONVERTER], calls[COPIER]) == (1, 1, 0)


def test_a_group_reads_once_too():
    from airflow.providers.common.compat.sdk import DAG

    def build() -> None:
        with DAG("counted", schedule=None):
            BatchComputeTaskGroup("group", job({"a": task(), "b": task()}))

    assert counted(build)[READER] == 1

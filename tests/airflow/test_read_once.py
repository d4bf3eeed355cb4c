"""A job description is read, copied and converted once, however a graph of it runs."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.batchcompute_on_dlc import BatchComputeTaskOnDlcOperator
from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator
from airflow_provider_bcs.translator import BatchComputeTaskGroup, JobPerTask, PaiDlc, SingleJob, job_to_dag
from tests.airflow.running import run_dag, states
from tests.batchcompute.jobs import job, task
from tests.batchcompute.legacy_jobs import find_prime, v1_job
from tests.dlc import jobs as dlc_jobs

#: The functions that read (and so copy), convert and copy a description, by file and name.
READER = ("description/source.py", "_plain")
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
    def build() -> None:
        with DAG("counted", schedule=None):
            BatchComputeTaskGroup("group", job({"a": task(), "b": task()}))

    assert counted(build)[READER] == 1


LEGACY = v1_job({"Find": {**find_prime(), "ImageId": "img-ubuntu"}}, JobTag="")
#: Operator, its job, its other arguments.
SUBMITTING: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "BatchCompute": (BatchComputeSubmitJobOperator, job({"a": task("true")}), {}),
    "BatchCompute's first API": (BatchComputeSubmitJobOperator, LEGACY, {}),
    "PAI-DLC": (DlcSubmitJobOperator, dlc_jobs.job("true"), {}),
    "a BatchCompute task on PAI-DLC": (
        BatchComputeTaskOnDlcOperator,
        job({"a": task("true")}),
        {"image": "ubuntu", "instance_type": "ecs.c6.large", "ignore": ["ClusterId"]},
    ),
    "a task of the first API on PAI-DLC": (
        BatchComputeTaskOnDlcOperator,
        LEGACY,
        {"image": "ubuntu", "instance_type": "ecs.c6.large"},
    ),
}


@pytest.mark.parametrize("name", SUBMITTING)
@pytest.mark.usefixtures("airflow_db", "connection")
def test_an_operator_reads_its_job_once_at_parse_time_and_once_on_the_way_to_the_wire(name: str):
    operator, description, arguments = SUBMITTING[name]
    is_of_first_api = "JobName" in description

    def build() -> None:
        operator(task_id="submit", job=description, wait_for_completion=False, **arguments)

    with DAG("read_once", start_date=datetime(2026, 1, 1, tzinfo=timezone.utc), schedule=None) as dag:
        parsing = counted(build)
    assert (parsing[READER], parsing[CONVERTER], parsing[COPIER]) == (1, int(is_of_first_api), 0)
    found = []
    running = counted(lambda: found.append(run_dag(dag)))
    assert states(found[0]) == {"submit": "success"}
    # What is rendered has the form of the current API.
    assert (running[READER], running[CONVERTER], running[COPIER]) == (1, 0, 0)

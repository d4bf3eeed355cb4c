"""Parsing is free: no network, no credentials, no client library."""

from __future__ import annotations

import multiprocessing
import socket
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any

# What Airflow itself has imported when it parses a DAG file.
import airflow.triggers.base  # noqa: F401
import pytest
from airflow.providers.common.compat.sdk import (  # noqa: F401
    DAG,
    AirflowException,
    BaseHook,
    BaseOperator,
    BaseSensorOperator,
    TaskGroup,
    conf,
)

from tests.child import LIMIT

EXAMPLES = Path(__file__).parents[2] / "example_dags"
#: What may not be imported, beyond what Airflow itself has imported by then.
HEAVY = (
    *("requests", "urllib3", "alibabacloud_credentials", "alibabacloud_oss_v2", "alibabacloud_tea", "Tea"),
    *("starlette", "uvicorn"),
)


def parse(statement: str) -> None:
    """Run a statement as Airflow parses a DAG file: in a fork of a process that has imported Airflow."""
    before = set(sys.modules)

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("a socket was opened while a DAG file was parsed")

    socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse  # type: ignore[assignment]
    sys.path.insert(0, str(EXAMPLES))
    exec(statement, {})
    heavy = sorted(name for name in set(sys.modules) - before if name.split(".")[0] in HEAVY)
    assert not heavy, heavy


@pytest.fixture(scope="module")
def parser() -> Iterator[Pool]:
    """Processes of which each does one thing, forked from one that has imported this module and nothing else."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with context.Pool(1, maxtasksperchild=1) as pool:
        yield pool


@pytest.mark.parametrize(
    "statement",
    [
        "import airflow_provider_bcs.operators.batchcompute",
        "import airflow_provider_bcs.sensors.batchcompute",
        "import airflow_provider_bcs.hooks.batchcompute",
        "import airflow_provider_bcs.triggers.batchcompute",
        *(f"import airflow_provider_bcs.{room}.dlc" for room in ("hooks", "operators", "sensors", "triggers", "links")),
        *(f"import airflow_provider_bcs.operators.batchcompute_{name}" for name in ("cluster", "graph", "job", "task")),
        "import airflow_provider_bcs.triggers.batchcompute_task",
        "import airflow_provider_bcs.sensors.batchcompute_cluster",
        "from airflow_provider_bcs.translator import BatchComputeJobTaskGroup, task_group_to_job",
        "import example_bcs_primes_as_one_job, example_bcs_wired_as_one_job; example_bcs_wired_as_one_job.DAG",
        "import airflow_provider_bcs.operators.batchcompute_on_dlc",
        "import example_bcs_primes_on_dlc; assert len(example_bcs_primes_on_dlc.dag.tasks) == 3",
        "import example_bcs_two_workers, example_bcs_ddp_training, example_bcs_train_and_evaluate",
        "import example_bcs_own_cluster; assert len(example_bcs_own_cluster.dag.tasks) == 6",
        "import example_bcs_assets, example_bcs_groups, example_bcs_job_per_day, example_bcs_map_jobs",
        "import example_bcs_mapped_group, example_bcs_parameters, example_bcs_setup_teardown",
        "import example_bcs_find_primes, example_bcs_diamond, example_bcs_chain",
        "import example_bcs_fan_out; assert len(example_bcs_fan_out.dag.tasks) == 16",
        "from airflow_provider_bcs.provider_info import get_provider_info; get_provider_info()",
    ],
)
def test_parsing_is_free(parser: Pool, statement: str) -> None:
    parser.apply_async(parse, [statement]).get(LIMIT)


def test_a_client_needs_no_airflow():
    program = (
        "import sys; from airflow_provider_bcs.batchcompute import Client, JobDescription, validate_job;"
        "Client('cn-shanghai', 'id', 'secret'); JobDescription();"
        "import airflow_provider_bcs.translator.plan, airflow_provider_bcs.dlc.conversion.conversion;"
        "from airflow_provider_bcs import dlc; dlc.Client('cn-shanghai', 'id', 'secret'); dlc.JobDescription();"
        "assert not [name for name in sys.modules if name.split('.')[0] == 'airflow']"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=LIMIT)


def test_validating_needs_no_http():
    program = (
        "import sys; from airflow_provider_bcs.batchcompute import validate_job; validate_job({});"
        "assert not {'requests', 'pendulum', 'airflow', 'airflow_provider_bcs.dlc'} & set(sys.modules);"
        "from airflow_provider_bcs.dlc import validate_job; validate_job({});"
        "assert not {'requests', 'pendulum', 'airflow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=LIMIT)

"""Graphs that run as one BatchCompute job."""

from datetime import datetime, timedelta
from typing import Any

from airflow.providers.common.compat.sdk import DAG, BaseOperator

from airflow_provider_bcs.airflow_versions import CAN_START_FROM_TRIGGER
from airflow_provider_bcs.translator import BatchComputeTaskGroup, SingleJob, job_to_dag

INTERVAL = 5
WAITING = {"poll_interval": INTERVAL, "retries": 0}
#: A scheduler under load now and then fails a task that comes back from its trigger.
RETRIED = {**WAITING, "retries": 2, "retry_delay": timedelta(seconds=1)}


def task(command: str, **fields: Any) -> dict[str, Any]:
    return {"Parameters": {"Command": {"CommandLine": command}}, "InstanceCount": 1, "ClusterId": "cls-x", **fields}


def job(name: str, tasks: dict[str, Any], dependencies: dict[str, Any]) -> dict[str, Any]:
    return {"Name": name, "Type": "DAG", "DAG": {"Tasks": tasks, "Dependencies": dependencies}}


class Nothing(BaseOperator):
    def execute(self, context: Any) -> None:
        pass


# 16 tasks in all; where there is one worker at a time, that would take minutes.
SLOW = [f"slow{number}" for number in range(14 if CAN_START_FROM_TRIGGER else 4)]

with DAG("many", schedule=None, start_date=datetime(2024, 1, 1)):
    tasks = {"first": task("true"), **{name: task("sleep 20") for name in SLOW}, "last": task("true")}
    many = BatchComputeTaskGroup(
        "g", job("many", tasks, {name: ["last"] for name in SLOW}), execution=SingleJob(), operator_args=RETRIED
    )
    # Ahead of the followers that have yet to begin, where there is one worker only.
    many["first"] >> Nothing(task_id="behind_first", priority_weight=100)

# The middle one fails until the flag is there.
FLAGGED = {"InputMapping": {"oss://bcs-processes/repaired/": "/mnt/in/"}}
job_to_dag(
    job(
        "repaired",
        {"a": task("true"), "b": task("test -e /mnt/in/flag", **FLAGGED), "c": task("true")},
        {"a": ["b"], "b": ["c"]},
    ),
    execution=SingleJob(),
    operator_args=RETRIED,
)

job_to_dag(
    job("given-up", {"a": task("true"), "b": task("sleep 600"), "c": task("true")}, {"a": ["b"], "b": ["c"]}),
    execution=SingleJob(),
    operator_args=WAITING,
)

if CAN_START_FROM_TRIGGER:
    job_to_dag(
        job(
            "light",
            {
                "a": task("true"),
                "b": task("test -e /mnt/in/flag", InputMapping={"oss://bcs-processes/light/": "/mnt/in/"}),
                "c": task("true"),
            },
            {"a": ["b"], "b": ["c"]},
        ),
        execution=SingleJob(start_from_trigger=True),
        operator_args=WAITING,
    )

job_to_dag(job("cleared-graph", {"a": task("sleep 600")}, {}), execution=SingleJob(), operator_args=WAITING)

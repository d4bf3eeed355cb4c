"""Graphs on clusters of their own."""

from datetime import timedelta

from airflow_provider_bcs.translator import JobPerTask, job_to_dag

AUTO = {"ImageId": "img-ubuntu", "InstanceType": "ecs.sn1ne.large"}


def task(command: str) -> dict:
    return {"Parameters": {"Command": {"CommandLine": command}}, "InstanceCount": 1, "AutoCluster": AUTO}


job_to_dag(
    {
        "Name": "own-cluster",
        "Type": "DAG",
        "DAG": {
            "Tasks": {"a": task("true"), "b": task("sleep 600"), "c": task("true")},
            "Dependencies": {"a": ["b"], "b": ["c"]},
        },
    },
    execution=JobPerTask(
        cluster={"Name": "own-cluster", "ImageId": "img-ubuntu", "Groups": {"all": {"DesiredVMCount": 2}}}
    ),
    operator_args={"poll_interval": 2, "retries": 0},
    task_args={"b": {"deferrable": True}},
)

# What the author says of retries is about jobs: the cluster's tasks have theirs all the same.
job_to_dag(
    {
        "Name": "lost-workers",
        "Type": "DAG",
        "DAG": {"Tasks": {"a": task("sleep 600"), "b": task("true")}, "Dependencies": {"a": ["b"]}},
    },
    execution=JobPerTask(
        cluster={"Name": "lost-workers", "ImageId": "img-ubuntu", "Groups": {"all": {"DesiredVMCount": 2}}}
    ),
    operator_args={"poll_interval": 2, "retries": 0, "retry_delay": timedelta(seconds=1), "deferrable": False},
)

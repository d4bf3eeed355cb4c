"""Graphs whose programs print what they were told in confidence, and fail."""

from datetime import timedelta

from airflow_provider_bcs.translator import JobPerTask, SingleJob, job_to_dag

#: What of a job nobody may see.
SECRETS = {"token": "a-t0ken-5ecret", "key": "first-5ecret-line\nsecond-5ecret-line", "mount": "a-m0unt-5ecret"}
TASK = {
    "Parameters": {
        "Command": {
            "CommandLine": "sh -c 'cat /mnt/in/told; cat /mnt/in/told >&2; sleep 1; exit 3'",
            "EnvVars": {"A_TOKEN": "{{ params.token }}", "PRIVATE_KEY": SECRETS["key"]},
        },
        "StdoutRedirectPath": "oss://bcs-processes/logs/",
        "StderrRedirectPath": "oss://bcs-processes/logs/",
    },
    "InputMapping": {"oss://bcs-processes/indiscreet/": "/mnt/in/"},
    "Mounts": {"Entries": [], "OSS": {"AccessKeyId": "id", "AccessKeySecret": SECRETS["mount"]}},
    "InstanceCount": 1,
    "ClusterId": "cls-x",
}

for name, execution in (("jobs", JobPerTask()), ("job", SingleJob())):
    for deferrable in (False, True):
        job_to_dag(
            {"Name": "indiscreet", "Type": "DAG", "DAG": {"Tasks": {"t": TASK}}},
            f"indiscreet-{name}-{deferrable}",
            execution=execution,
            # A scheduler under load now and then fails a task that comes back from its trigger.
            operator_args={
                "poll_interval": 2,
                "retries": 2 if deferrable else 0,
                "retry_delay": timedelta(seconds=1),
                "deferrable": deferrable,
            },
            params={"token": SECRETS["token"]},
        )

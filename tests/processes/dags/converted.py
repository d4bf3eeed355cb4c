"""BatchCompute tasks that run as PAI-DLC jobs and end when an object is there."""

from airflow_provider_bcs.translator import PaiDlc, job_to_dag

TASK = {
    "Parameters": {
        "Command": {
            "CommandLine": "sh -c 'until [ -e /mnt/in/flag ]; do sleep 1; done'",
            "EnvVars": {"A_TOKEN": "a-t0ken-5ecret"},
        }
    },
    "InputMapping": {"oss://bcs-processes/{{ dag.dag_id }}/": "/mnt/in/"},
    "InstanceCount": 1,
    "ClusterId": "cls-x",
}

for deferrable in (False, True):
    job_to_dag(
        {"Name": "converted", "Type": "DAG", "DAG": {"Tasks": {"t": TASK}}},
        f"converted-{deferrable}",
        execution=PaiDlc(ignore=["ClusterId"], image="ubuntu:22.04", instance_type="ecs.c6.large"),
        operator_args={"poll_interval": 2, "deferrable": deferrable},
    )

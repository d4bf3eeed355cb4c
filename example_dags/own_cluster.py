"""The diamond again, on one cluster that is made for it and deleted after it, whatever becomes of the tasks."""

from airflow_provider_bcs.translator import job_to_dag

dag = job_to_dag(
    "diamond.json",
    dag_id="own_cluster",
    cluster={
        "Name": "diamond",
        "ImageId": "img-ubuntu",
        "Groups": {"workers": {"DesiredVMCount": 2, "InstanceType": "ecs.sn1ne.large"}},
    },
    operator_args={"poll_interval": 1},
)

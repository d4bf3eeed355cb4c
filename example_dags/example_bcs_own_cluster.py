"""A diamond of four tasks on a cluster of its own.

`create_cluster` makes the cluster. `delete_cluster` deletes it, whatever becomes of the tasks.

Runs as it is against the local service (`airflow-bcs local`), with its connection `bcs_default`.
In the cloud it needs a bucket, images and instance types of your own.
"""

from airflow_provider_bcs.translator import JobPerTask, job_to_dag

dag = job_to_dag(
    "diamond.json",
    dag_id="example_bcs_own_cluster",
    description="A diamond of four tasks on a cluster of its own",
    doc_md=__doc__,
    tags=["example", "batchcompute"],
    catchup=False,
    execution=JobPerTask(
        cluster={
            "Name": "diamond",
            "ImageId": "img-ubuntu",
            "Groups": {"workers": {"DesiredVMCount": 2, "InstanceType": "ecs.sn1ne.large"}},
        }
    ),
    operator_args={"poll_interval": 1},
)

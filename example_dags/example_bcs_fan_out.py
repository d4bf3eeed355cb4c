"""A fan-out of one task to fourteen, and one task on its own.

`source` comes before fourteen tasks that run beside each other. `alone` has no edge.

Runs as it is against the local service (`airflow-bcs local`), with its connection `bcs_default`.
In the cloud it needs a bucket, images and instance types of your own.
"""

from airflow_provider_bcs.translator import job_to_dag

dag = job_to_dag(
    "fan_out.json",
    dag_id="example_bcs_fan_out",
    description="A fan-out of one task to fourteen, and one task on its own",
    doc_md=__doc__,
    tags=["example", "batchcompute"],
    catchup=False,
    operator_args={"poll_interval": 1},
)

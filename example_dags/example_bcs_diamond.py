"""A diamond of four tasks.

`start` writes 3, `square` and `cube` read it beside each other, and `join` adds up their results.

Runs as it is against the local service (`airflow-bcs local`), with its connection `bcs_default`.
In the cloud it needs a bucket, images and instance types of your own.
"""

from airflow_provider_bcs.translator import job_to_dag

dag = job_to_dag(
    "diamond.json",
    dag_id="example_bcs_diamond",
    description="A diamond of four tasks",
    doc_md=__doc__,
    tags=["example", "batchcompute"],
    catchup=False,
    operator_args={"poll_interval": 1},
)

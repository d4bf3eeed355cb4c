"""A chain of ten tasks.

Each task waits for the one before it and writes one object.

Runs as it is against the local service (`airflow-bcs local`), with its connection `bcs_default`.
In the cloud it needs a bucket, images and instance types of your own.
"""

from airflow_provider_bcs.translator import job_to_dag

dag = job_to_dag(
    "chain.json",
    dag_id="example_bcs_chain",
    description="A chain of ten tasks",
    doc_md=__doc__,
    tags=["example", "batchcompute"],
    catchup=False,
    operator_args={"poll_interval": 1},
)

"""A job file with templates.

The params of the run say how many instances count, how far they count, and where they write.

Runs as it is against the local service (`airflow-bcs local`), with its connection `bcs_default`.
In the cloud it needs a bucket, images and instance types of your own.
"""

from airflow_provider_bcs.translator import job_to_dag

dag = job_to_dag(
    "parameters/numbers.json",
    dag_id="example_bcs_parameters",
    description="A job file with templates",
    doc_md=__doc__,
    tags=["example", "batchcompute"],
    catchup=False,
    params={"limit": 10, "writers": 2, "folder": "parameters"},
    # So that InstanceCount becomes a number.
    render_template_as_native_obj=True,
    operator_args={"poll_interval": 1},
)

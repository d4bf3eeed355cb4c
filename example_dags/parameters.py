"""A job file with templates: how many instances, how far they count, where they write."""

from airflow_provider_bcs.translator import job_to_dag

dag = job_to_dag(
    "parameters/numbers.json",
    dag_id="parameters",
    params={"limit": 10, "writers": 2, "folder": "parameters"},
    # So that InstanceCount becomes a number.
    render_template_as_native_obj=True,
    operator_args={"poll_interval": 1},
)

"""Count the primes up to 1,000,000 with one BatchCompute job.

BatchCompute orders the three tasks of the job. One Airflow task follows each of them.

Needs its programs in the object store first. For a local service with `--data-dir ./bcs`, run beside this file:

```sh
mkdir -p bcs/oss/bcs-demo/packages
tar -C find_primes -czf bcs/oss/bcs-demo/packages/find_primes.tar.gz split.py find.py merge.py
```
"""

from airflow_provider_bcs.translator import SingleJob, job_to_dag

dag = job_to_dag(
    "find_primes.json",
    dag_id="example_bcs_primes_as_one_job",
    description="Count the primes up to 1,000,000 with one BatchCompute job",
    doc_md=__doc__,
    tags=["example", "batchcompute"],
    catchup=False,
    execution=SingleJob(),
    operator_args={"poll_interval": 1},
)

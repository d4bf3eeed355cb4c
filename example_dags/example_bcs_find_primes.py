"""Count the primes up to 1,000,000.

`split` makes five parts, the five instances of `find` search one part each, and `merge` counts what they found.

Needs its programs in the object store first. For a local service with `--data-dir ./bcs`, run beside this file:

```sh
mkdir -p bcs/oss/bcs-demo/packages
tar -C find_primes -czf bcs/oss/bcs-demo/packages/find_primes.tar.gz split.py find.py merge.py
```
"""

from airflow_provider_bcs.translator import job_to_dag

dag = job_to_dag(
    "find_primes.json",
    dag_id="example_bcs_find_primes",
    description="Count the primes up to 1,000,000",
    doc_md=__doc__,
    tags=["example", "batchcompute"],
    catchup=False,
    operator_args={"poll_interval": 1},
)

"""Count the primes up to 1,000,000 on PAI-DLC.

The job file is that of `example_bcs_find_primes`. Each of its tasks runs as a PAI-DLC job.

Needs its programs in the object store first. For a local service with `--data-dir ./bcs`, run beside this file:

```sh
mkdir -p bcs/oss/bcs-demo/packages
tar -C find_primes -czf bcs/oss/bcs-demo/packages/find_primes.tar.gz split.py find.py merge.py
```
"""

from airflow_provider_bcs.translator import PaiDlc, job_to_dag

dag = job_to_dag(
    "find_primes.json",
    dag_id="example_bcs_primes_on_dlc",
    description="Count the primes up to 1,000,000 on PAI-DLC",
    doc_md=__doc__,
    tags=["example", "pai-dlc"],
    catchup=False,
    execution=PaiDlc(images={"img-ubuntu": "python:3.11-slim"}, instance_types={"ecs.sn1ne.large": "ecs.g6.large"}),
    operator_args={"poll_interval": 1},
)

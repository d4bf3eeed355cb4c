"""Train with PyTorch on two pods of a PAI-DLC job.

The loss arrives in the task's log while it falls.

Needs the training script in the object store and, where the local service runs, PyTorch in its environment. For a
local service with `--data-dir ./bcs`, run beside this file:

```sh
mkdir -p bcs/oss/bcs-demo/ddp_training/code
cp ddp_training/train.py bcs/oss/bcs-demo/ddp_training/code/
```
"""

from datetime import datetime, timezone

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator

with DAG(
    "example_bcs_ddp_training",
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    schedule=None,
    description="Train with PyTorch on two pods of a PAI-DLC job",
    doc_md=__doc__,
    tags=["example", "pai-dlc"],
    catchup=False,
):
    DlcSubmitJobOperator(task_id="train", job="ddp_training.yaml", deferrable=True, poll_interval=2)

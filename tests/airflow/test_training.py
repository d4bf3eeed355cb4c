"""Example ddp_training, really trained: two processes, PyTorch, gloo."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from airflow_provider_bcs.dlc import Client
from tests.airflow.running import dag_bag, run_dag, states
from tests.local.service import Service

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("airflow_db", "connection")]

EXAMPLES = Path(__file__).parents[2] / "example_dags"


def test_two_processes_train_together(service: Service, dlc: Client):
    import torch

    folder = service.data_dir / "oss" / "bcs-demo" / "ddp_training"
    shutil.copytree(EXAMPLES / "ddp_training", folder / "code", ignore=shutil.ignore_patterns("__pycache__"))
    found = run_dag(dag_bag(EXAMPLES).dags["example_bcs_ddp_training"])
    assert states(found) == {"train": "success"}
    (ti,) = found.get_task_instances()
    job = dlc.get_job(ti.xcom_pull(task_ids="train", key="job_id"))
    logs = {pod.Type: "\n".join(dlc.get_pod_logs(job, pod.PodId).Logs) for pod in job.Pods}

    losses = [float(loss) for loss in re.findall(r"epoch \d+ loss ([\d.]+)", logs["master"])]
    assert len(losses) == 30
    assert losses[-1] < losses[0] / 2
    # Two processes, each with samples of its own: only exchanged gradients give them the same weights.
    assert len({re.search(r"pid (\d+)", log)[1] for log in logs.values()}) == 2
    fingerprints = {re.search(r"weights of process \d: (\w{16})", log)[1] for log in logs.values()}
    assert len(fingerprints) == 1
    weights = torch.load(folder / found.run_id / "model" / "model.pt", weights_only=True)
    assert sum(tensor.numel() for tensor in weights.values()) == 64 + 64 + 64 * 64 + 64 + 64 + 1

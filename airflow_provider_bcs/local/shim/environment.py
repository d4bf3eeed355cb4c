"""The environment variables of an instance; nothing of the service's own environment is in it."""

from __future__ import annotations

import os

from .layout import HOME, WORKDIR
from .spec import Spec

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/sbin:/usr/sbin:/bin:/usr/bin"


def environment(spec: Spec) -> dict[str, str]:
    """Return the variables the service documents, then the task's EnvVars, which may replace them."""
    return {
        "BATCH_COMPUTE_DAG_JOB_ID": spec.job_id,
        "BATCH_COMPUTE_DAG_TASK_ID": spec.task_name,
        "BATCH_COMPUTE_DAG_INSTANCE_ID": str(spec.instance_id),
        # No host yet: the objects here are files. The name cannot be resolved by anyone (RFC 6761).
        "BATCH_COMPUTE_OSS_HOST": "oss.invalid",
        "BATCH_COMPUTE_REGION": "local",
        "BATCH_COMPUTE_CLUSTER_ID": spec.task.get("ClusterId") or "",
        "BATCH_COMPUTE_WORKER_ID": os.uname().nodename,
        "USER": "root",
        "HOME": HOME,
        "PWD": WORKDIR,
        # The documented PATH has no /usr/local and no Python of ours: an addition, so that "python" works.
        "PATH": f"{spec.search_path}:{_SYSTEM_PATH}",
        **spec.task["Parameters"]["Command"]["EnvVars"],
    }

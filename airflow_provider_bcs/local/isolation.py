"""Probe of the isolation that this machine allows: it runs a command in a namespace."""

from __future__ import annotations

import select
import shutil
from pathlib import Path

from airflow_provider_bcs.batchcompute.facts import Quotas
from airflow_provider_bcs.exceptions import BcsError

from .attempt import Shim
from .batchcompute.description import fill_in_defaults
from .shim.spec import InstanceSpec

_PROBE_SECONDS = 20.0


class IsolationUnavailableError(BcsError):
    """Refusal of a namespace by this machine; the message has the reason."""


def probe_namespace(data_dir: Path, search_path: str) -> None:
    """Run ``true`` in a namespace.

    :raises IsolationUnavailableError: when the machine does not allow it
    """
    directory = data_dir / "tmp" / "probe"
    shutil.rmtree(directory, ignore_errors=True)
    task = {
        "Parameters": {"Command": {"CommandLine": "true"}},
        "InputMapping": {},
        "Timeout": int(_PROBE_SECONDS),
    }
    job = fill_in_defaults({"DAG": {"Tasks": {"probe": task}}}, Quotas())
    shim = Shim.launch(
        InstanceSpec(
            directory=str(directory),
            data_dir=str(data_dir),
            isolation="namespace",
            search_path=search_path,
            oss_host="",
            job_id="job-probe",
            task_name="probe",
            instance_id=0,
            task=job["DAG"]["Tasks"]["probe"],
            stdout="",
            stderr="",
        )
    )
    select.select([shim.pidfd], [], [], _PROBE_SECONDS)
    shim.end()
    result = shim.close()
    shutil.rmtree(directory, ignore_errors=True)
    if result is None or result["ErrorCode"]:
        raise IsolationUnavailableError(result["ErrorMessage"] if result else "The probe was killed.")

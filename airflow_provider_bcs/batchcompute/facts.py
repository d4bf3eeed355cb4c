"""Facts of BatchCompute: API version, states, limits, and the values that the service fills in.

This module is the only home of each of them. The client, the rules and the local service, with its SQL, take them
from here. Source: the API pages, API version 2015-11-11; facts without a source are marked "assumed".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

API_VERSION = "2015-11-11"

#: First page of the console. The vendor's list of consoles of 2026 has it; the page of a job is not documented.
CONSOLE = "https://batchcompute.console.aliyun.com/"

# States of jobs, tasks and instances: all three levels use the same five words.
WAITING = "Waiting"
RUNNING = "Running"
FINISHED = "Finished"
FAILED = "Failed"
STOPPED = "Stopped"

STATES = (WAITING, RUNNING, FINISHED, FAILED, STOPPED)
#: States in which a job can be stopped.
ACTIVE = (WAITING, RUNNING)
#: States that a job leaves only when a client starts it again.
TERMINAL = (FINISHED, FAILED, STOPPED)
#: Terminal states that are no success; a job in one of them can be started again.
UNSUCCESSFUL = (FAILED, STOPPED)

#: Parts of Result.ErrorCode of an instance that ended without fault of its program (assumed: no page lists the codes).
LOST_CODES = ("lost", "preempt", "evict", "reclaim", "released")
TIMEOUT_CODES = ("timeout", "timelimit")
#: Parts of the ErrorCode of an instance whose command did not run, or whose results were not delivered (assumed).
NOT_RUN_CODES = ("invalid", "notfound", "unsupported", "internal", "isolation", "output")

# States of clusters.
CLUSTER_ACTIVE = "Active"
CLUSTER_DELETING = "Deleting"
#: Outcome of a wait for a cluster: each group has its machines. The service has no such word.
READY = "Ready"
#: Outcome of a wait for the deletion of a cluster. The service has no such word.
GONE = "Gone"

# States of the machines of a cluster.
MACHINE_PENDING = "Pending"
MACHINE_STARTING = "Starting"
MACHINE_RUNNING = "Running"
MACHINE_DELETING = "Deleting"

#: Largest body of a request, in bytes.
MAX_BODY_SIZE = 256 * 1024
#: Most tasks of a job.
MAX_TASKS = 16
#: Highest Priority of a job; the lowest is 0.
MAX_PRIORITY = 1000
#: Most EnvVars of a task, and most characters of the value of one.
MAX_VARIABLES = 64
MAX_VARIABLE_LENGTH = 1024
#: Most machines of one group of a cluster.
MAX_VM_COUNT = 65_536
#: Most inputs, and most outputs, of an app.
MAX_PARAMETERS = 50
#: Most items on one page of a listing (MaxItemCount), and the number when a request names none.
MAX_PAGE_SIZE = 100
DEFAULT_PAGE_SIZE = 50


@dataclass(frozen=True)
class Quotas:
    """The numeric limits of an account; all defaults but MaxJobTaskCount are assumed.

    :ivar MaxJobTaskCount: tasks of a job
    :ivar MaxTaskInstanceCount: instances of a task
    :ivar MaxInstanceTimeout: seconds that one instance may run; also the Timeout of a task that names none (assumed)
    :ivar MaxJobCount: jobs that exist at the same time
    """

    MaxJobTaskCount: int = MAX_TASKS
    MaxTaskInstanceCount: int = 10_000
    MaxInstanceTimeout: int = 259_200
    MaxJobCount: int = 1_000


def quota_exhausted(name: str, limit: int) -> tuple[str, str]:
    """Return the error code and message for an exceeded quota.

    >>> quota_exhausted("MaxJobCount", 1000)
    ('QuotaExhausted.MaxJobCount', 'The MaxJobCount (1000) quota is exhausted.')
    """
    return f"QuotaExhausted.{name}", f"The {name} ({limit}) quota is exhausted."


# Values that the service fills in for absent fields. Those of Priority, JobFailOnInstanceFail and Timeout are assumed:
# a client that omits zeros must mean 0 by an absent Priority.
JOB_DEFAULTS: dict[str, Any] = {"Description": "", "Priority": 0, "JobFailOnInstanceFail": True, "AutoRelease": False}
TASK_DEFAULTS: dict[str, Any] = {
    "InputMapping": {},
    "OutputMapping": {},
    "LogMapping": {},
    "MaxRetryCount": 0,
    "ClusterId": "",
    "AutoCluster": {},
}
PARAMETERS_DEFAULTS: dict[str, Any] = {"InputMappingConfig": {}, "StdoutRedirectPath": "", "StderrRedirectPath": ""}
COMMAND_DEFAULTS: dict[str, Any] = {"PackagePath": "", "EnvVars": {}}
APP_DEFAULTS: dict[str, Any] = {
    "Description": "",
    "Docker": {},
    "VM": {},
    "EnvVars": {},
    "Daemonize": False,
    "InputParameters": {},
    "OutputParameters": {},
}
APP_PARAMETER_DEFAULTS: dict[str, Any] = {"Description": "", "Type": "String", "LocalPath": ""}
#: Defaults of the settings of an app; sizes in GB, Timeout in seconds.
APP_CONFIG_DEFAULTS: dict[str, Any] = {
    "ResourceType": "OnDemand",
    "InstanceType": "",
    "InstanceCount": 1,
    "MinDiskSize": 40,
    "DiskType": "cloud_efficiency",
    "MinDataDiskSize": 0,
    "DataDiskType": "cloud_efficiency",
    "DataDiskMountPoint": "",
    "MaxRetryCount": 0,
    "Timeout": 86_400,
}

"""The statuses of jobs and pods."""

from __future__ import annotations

CREATING = "Creating"
QUEUING = "Queuing"
ENV_PREPARING = "EnvPreparing"
RUNNING = "Running"
RESTARTING = "Restarting"
STOPPING = "Stopping"
SUCCEEDED_RESERVING = "SucceededReserving"
FAILED_RESERVING = "FailedReserving"
SUCCEEDED = "Succeeded"
FAILED = "Failed"
STOPPED = "Stopped"
#: Of a pod only.
PENDING = "Pending"

ENDED = (SUCCEEDED, FAILED, STOPPED)
RESERVING = {SUCCEEDED: SUCCEEDED_RESERVING, FAILED: FAILED_RESERVING}
#: A job in one of these has the room of all its pods.
HOLDING = (ENV_PREPARING, RUNNING, RESTARTING, STOPPING, *RESERVING.values())

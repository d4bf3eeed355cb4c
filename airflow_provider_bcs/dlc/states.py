"""The states of jobs and pods. Source: GetJob, ListJobs and JobItem pages, API version 2020-12-03."""

from __future__ import annotations

SUCCEEDED = "Succeeded"
FAILED = "Failed"
STOPPED = "Stopped"

#: What has come of a job, by Status. The user's command is done in the Reserving states too: only its pods are kept.
OUTCOMES = {
    SUCCEEDED: SUCCEEDED,
    "SucceededReserving": SUCCEEDED,
    FAILED: FAILED,
    "FailedReserving": FAILED,
    STOPPED: STOPPED,
}
#: States in which a job goes on. A status in neither list is waited for: the service's own list is not complete.
ACTIVE = frozenset(
    {
        "Creating",
        "Queuing",
        "Bidding",
        "EnvPreparing",
        "SanityChecking",
        "Running",
        "Restarting",
        "Stopping",
    }
)
#: Pod states after which nothing more happens. Stopped is not documented as one, but occurs.
POD_TERMINAL = frozenset({SUCCEEDED, FAILED, STOPPED})

"""Facts of PAI-DLC: API version, states, limits, and the values that the service fills in.

This module is the only home of each of them. The client, the rules and the local service, with its SQL, take them
from here. Source: the pages of CreateJob, GetJob, ListJobs, GetPodLogs and JobItem, API version 2020-12-03; facts
without a source are marked "assumed".
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final, Literal, TypeAlias

API_VERSION = "2020-12-03"

#: Page of a job in the console, as the vendor's own tools of 2026 write it.
CONSOLE = "https://pai.console.aliyun.com/?{query}#/dlc/jobs/{job_id}/overview"

# States of jobs, in the field Status.
CREATING = "Creating"
QUEUING = "Queuing"
BIDDING = "Bidding"
ENV_PREPARING = "EnvPreparing"
SANITY_CHECKING = "SanityChecking"
RUNNING = "Running"
RESTARTING = "Restarting"
STOPPING = "Stopping"
SUCCEEDED_RESERVING = "SucceededReserving"
FAILED_RESERVING = "FailedReserving"
SUCCEEDED = "Succeeded"
FAILED = "Failed"
STOPPED: Final = "Stopped"
#: State of a pod that has not started.
POD_PENDING = "Pending"

#: States in which a job continues. The service's own list is incomplete: a status in neither list is not terminal.
ACTIVE = (CREATING, QUEUING, BIDDING, ENV_PREPARING, SANITY_CHECKING, RUNNING, RESTARTING, STOPPING)
#: States that a job never leaves.
ENDED = (SUCCEEDED, FAILED, STOPPED)
#: Outcome -> the state of a job whose command has ended that way and whose pods are kept.
RESERVING = {SUCCEEDED: SUCCEEDED_RESERVING, FAILED: FAILED_RESERVING}
#: Status -> outcome of a job whose command has ended.
OUTCOMES = {**{state: state for state in ENDED}, **{state: outcome for outcome, state in RESERVING.items()}}
#: States of a job that has not begun to run.
QUEUED = (CREATING, QUEUING, BIDDING, ENV_PREPARING, SANITY_CHECKING)
#: Parts of a reason or SubStatus of a job or pod that was lost, or taken back by the service (assumed).
LOST_REASONS = ("preempt", "evict", "reclaim", "nodelost", "podlost", "node lost", "pod lost")
#: Part of the ReasonCode of a job that exceeds its JobMaxRunningTimeMinutes (assumed).
TIME_LIMIT_REASON = "timeexceeded"
#: States in which a job holds the resources of all its pods.
HOLDING = (ENV_PREPARING, RUNNING, RESTARTING, STOPPING, *RESERVING.values())
#: States that a pod never leaves. Stopped is not documented as one, but occurs.
POD_TERMINAL = (SUCCEEDED, FAILED, STOPPED)

#: Status of a job that exceeds its JobMaxRunningTimeMinutes. Which of the two the service sets is not documented.
TimeLimitStatus: TypeAlias = Literal["Stopped", "Failed"]

#: Largest body of a request, in bytes. Fields that the service adds count too; their size is not known.
MAX_BODY_SIZE = 64 * 1024
#: Longest DisplayName of a job, in characters.
MAX_NAME_LENGTH = 256
#: Most items on one page of a listing (PageSize), and the numbers when a request names none. The most ids in JobIds
#: is not documented; the client sends at most one page of them.
MAX_PAGE_SIZE = 100
DEFAULT_PAGE_SIZE = 10
DEFAULT_ECS_SPECS_PAGE_SIZE = 100
#: Lines of a log (MaxLines) and events (MaxEventsNum) when a request names no number, and the most events.
DEFAULT_LINES = 2000
DEFAULT_EVENTS = 2000
MAX_EVENTS = 10_000
#: StartTime of a listing or a log lies this far in the past when a request names none.
DEFAULT_LOOK_BACK = timedelta(days=7)
#: Most tags that one call changes, and most characters of the key of a tag.
MAX_TAGS = 20
MAX_TAGGED_JOBS = 50
MAX_TAG_KEY_LENGTH = 128
#: Most tags of a job in Settings.Tags, and most characters of the value of one (both assumed).
MAX_JOB_TAGS = 20
MAX_TAG_VALUE_LENGTH = 128

#: Values that GetJob returns for fields that the job does not set.
JOB_DEFAULTS: dict[str, Any] = {
    "UserCommand": "",
    "Envs": {},
    "ThirdpartyLibs": [],
    "ThirdpartyLibDir": "",
    "Settings": {},
    "ElasticSpec": {},
    "SchedulingStrategy": "",
    "ResourceId": "",
    "Accessibility": "PRIVATE",
    "JobMaxRunningTimeMinutes": 0,
}
DEFAULT_PRIORITY = 1

INVALID = "InvalidParameter"
MISSING = "MissingParameter"


def invalid_parameter(path: str, reason: str) -> tuple[str, str]:
    """Return the error code and message for a parameter with a wrong value.

    :param path: the parameter, or the path of a field in the body
    :param reason: a sentence such as ``It must be at least 1.``; may be empty

    >>> invalid_parameter("Priority", "It must be in [1, 9].")
    ('InvalidParameter', 'The parameter Priority is invalid. It must be in [1, 9].')
    """
    return INVALID, f"The parameter {path} is invalid. {reason}".rstrip()


def missing_parameter(path: str) -> tuple[str, str]:
    """Return the error code and message for a parameter that is required and absent.

    >>> missing_parameter("JobSpecs")
    ('MissingParameter', 'The parameter JobSpecs is required.')
    """
    return MISSING, f"The parameter {path} is required."

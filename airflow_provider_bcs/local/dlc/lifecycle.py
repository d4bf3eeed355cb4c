"""State machines of jobs and pods.

Every method is one transaction. This module does not know processes: the engine starts Pending pods, and ends the pods
of jobs that have an outcome.
"""

from __future__ import annotations

import json
import logging

from airflow_provider_bcs.dlc.facts import (
    CREATING,
    ENDED,
    ENV_PREPARING,
    FAILED,
    HOLDING,
    POD_PENDING,
    QUEUING,
    RESERVING,
    RESTARTING,
    RUNNING,
    STOPPED,
    STOPPING,
    SUCCEEDED,
)
from airflow_provider_bcs.local.shim.result import Result
from airflow_provider_bcs.local.store import where

from .errors import bad_request
from .jobs import Job, Jobs, Pod
from .plan import free_ports
from .policies import MAX_RESTARTS, deciders, is_restarted, reserved_minutes, time_limit_minutes

_log = logging.getLogger(__name__)


class Lifecycle:
    """State machines of jobs and pods.

    :param max_pods: maximum number of pods that run concurrently; a job with more pods runs alone
    :param time_limit_status: status of a job after JobMaxRunningTimeMinutes, ``Stopped`` or ``Failed``
    """

    def __init__(self, jobs: Jobs, max_pods: int, time_limit_status: str) -> None:
        self._jobs = jobs
        self._store = jobs.store
        self._max_pods = max_pods
        self._time_limit_status = time_limit_status

    def stop(self, job: Job) -> None:
        """Stop a job; a job that already has an outcome keeps it.

        :raises ErrorResponse: BadRequest when it has ended
        """
        if job.status in ENDED:
            raise bad_request(f"The job {job.id} is {job.status}; it cannot be stopped.")
        with self._store.transaction():
            if job.status in RESERVING.values():
                self._end(job)
            elif not job.outcome:
                self._decide(job, STOPPED, "JobStoppedByUser", "Job is stopped by user.")

    def delete(self, job: Job) -> None:
        """Delete a job.

        :raises ErrorResponse: BadRequest, unless it has ended
        """
        if job.status not in ENDED:
            raise bad_request(f"The job {job.id} is {job.status}; only jobs that have ended can be deleted.")
        self._jobs.delete(job)

    def enqueue(self) -> None:
        """Move all Creating jobs to Queuing."""
        with self._store.transaction():
            for job in self._jobs.select(where(status=CREATING)):
                message = f"Job is waiting for resources; the capacity is {self._max_pods} pods."
                self._move(job, QUEUING, "JobEnqueue", message)

    def admit_next(self) -> bool:
        """Admit the first job of the queue, by Priority and age, if the capacity and the ports are sufficient.

        Return whether they are. A smaller job does not overtake the first one.
        """
        with self._store.transaction():
            first = self._jobs.select(where(status=QUEUING), "priority DESC, number", 1)
            holding = self._jobs.select(where(status__in=HOLDING))
            if not first or (holding and sum(job.pod_count for job in (*holding, *first)) > self._max_pods):
                return False
            [job] = first
            if any(pod.status == RUNNING for pod in self._jobs.present_pods(job)):
                # Pods of a previous run are still ending: the service was killed during its shutdown.
                return False
            taken = {port for other in holding for port in json.loads(other.ports)}
            ports = free_ports(job.body, taken)
            if ports is None:
                return False
            job = self._jobs.update(job, submitted=self._jobs.clock.now(), ports=json.dumps(ports))
            self._move(job, ENV_PREPARING)
            self._add_pods(job)
            return True

    def _add_pods(self, job: Job) -> None:
        pods = self._jobs.pods(job)
        for position in range(job.pod_count):
            incarnations = pods.get(position, [])
            if not incarnations or incarnations[-1].status == STOPPED:
                self._jobs.add_pod(job, position, len(incarnations) + 1)

    def pending_pods(self) -> list[Pod]:
        """Return the Pending pods of admitted jobs."""
        return self._jobs.pods_with_status(POD_PENDING, (ENV_PREPARING, RESTARTING))

    def begin_pod(self, job: Job, pod: Pod) -> None:
        """Record the start of a pod before its shim starts."""
        with self._store.transaction():
            self._jobs.update_pod(pod, status=RUNNING, started=self._jobs.clock.now())
            image = job.body["JobSpecs"][job.places[pod.position].spec].get("Image") or ""
            message = f"Started pod: {pod.id}. The local service does not use the image {image}."
            self._jobs.note(job, message, pod)

    def begin_jobs(self) -> None:
        """Move the jobs whose pods have all started to Running."""
        with self._store.transaction():
            for job in self._jobs.select(where(status__in=(ENV_PREPARING, RESTARTING), outcome="")):
                if any(pod.status == POD_PENDING for pod in self._jobs.present_pods(job)):
                    continue
                if job.running is None:
                    now = self._jobs.clock.now()
                    limit = time_limit_minutes(job.body)
                    job = self._jobs.update(job, running=now, deadline=now + 60 * limit if limit else None)
                self._move(job, RUNNING)

    def finish_pod(self, pod: Pod, result: Result | None) -> None:
        """Record the end of a running pod.

        :param result: None when the service has ended the pod
        """
        with self._store.transaction():
            job = self._jobs.by_number(pod.job)
            status = STOPPED if result is None else FAILED if result["ErrorCode"] else SUCCEEDED
            self._jobs.update_pod(pod, status=status, finished=self._jobs.clock.now())
            reason = f" {result['ErrorMessage']}" if result else ""
            self._jobs.note(job, f"Pod {pod.id} is {status}.{reason}".rstrip(), pod)
            if result and status == FAILED and not job.outcome:
                self._handle_failure(job, pod, result)
            self._settle(job)

    def _handle_failure(self, job: Job, pod: Pod, result: Result) -> None:
        spec = job.body["JobSpecs"][job.places[pod.position].spec]
        if is_restarted(spec.get("RestartPolicy"), result["ExitCode"]) and job.restarts < MAX_RESTARTS:
            job = self._jobs.update(job, restarts=job.restarts + 1)
            self._replace(job, pod, f"Pod {pod.id} failed: {result['ErrorMessage']}")
        else:
            self._decide(job, FAILED, "JobFailed", f"Pod {pod.id} failed: {result['ErrorMessage']}")

    def lose_pod(self, pod: Pod) -> None:
        """Run a pod again after a kill of the service or the machine, which does not count as a restart."""
        with self._store.transaction():
            job = self._jobs.by_number(pod.job)
            self._jobs.update_pod(pod, status=STOPPED, finished=self._jobs.clock.now())
            if job.outcome:
                self._settle(job)
            else:
                self._replace(job, pod, f"Pod {pod.id} was lost.")

    def requeue(self, pod: Pod) -> None:
        """Move the job of a pod to Queuing for a shutdown of the service, which does not count as a restart."""
        with self._store.transaction():
            job = self._jobs.by_number(pod.job)
            self._jobs.update_pod(pod, status=STOPPED, finished=self._jobs.clock.now())
            if job.outcome:
                self._settle(job)
            elif job.status != QUEUING:
                job = self._jobs.update(job, submitted=None, running=None, deadline=None, ports="[]")
                self._stop_pending(job)
                self._move(job, QUEUING, "JobEnqueue", "The service was shut down; the job runs again.")

    def _replace(self, job: Job, pod: Pod, why: str) -> None:
        self._jobs.add_pod(job, pod.position, pod.incarnation + 1)
        if job.status == RUNNING:
            self._move(job, RESTARTING, "JobRestarting", why)

    def expire(self) -> None:
        """End running jobs and reservations whose deadline has passed."""
        with self._store.transaction():
            for job in self._jobs.select(where(deadline__le=self._jobs.clock.now())):
                if job.status in RESERVING.values():
                    self._end(job)
                else:
                    message = f"Job has run longer than {time_limit_minutes(job.body)} minutes."
                    self._decide(job, self._time_limit_status, "JobRunTimeExceeded", message)

    def next_deadline(self) -> float | None:
        row = self._store.row("SELECT MIN(deadline) AS next FROM dlc_jobs WHERE deadline IS NOT NULL")
        next_deadline: float | None = row["next"] if row else None
        return next_deadline

    def _settle(self, job: Job) -> None:
        """Decide the outcome of a job that has succeeded; end a job that has an outcome and no running pod."""
        job = self._jobs.by_number(job.number)
        if job.status in (*ENDED, *RESERVING.values()):
            return
        pods = self._jobs.present_pods(job)
        if not job.outcome:
            succeeded = {pod.position for pod in pods if pod.status == SUCCEEDED}
            if succeeded.issuperset(deciders(job.body, job.places)):
                self._decide(job, SUCCEEDED, "JobSucceeded", f"{job.job_type} {job.id} successfully completed.")
            return
        if any(pod.status in (POD_PENDING, RUNNING) for pod in pods):
            return
        minutes = reserved_minutes(job.body, job.outcome)
        if minutes:
            job = self._jobs.update(job, deadline=self._jobs.clock.now() + 60 * minutes)
            message = f"Resources are reserved for {minutes} minutes. {job.outcome_message}"
            self._move(job, RESERVING[job.outcome], job.outcome_code, message)
        else:
            self._end(job)

    def _decide(self, job: Job, outcome: str, code: str, message: str) -> None:
        """Set the outcome of a job, which ends once none of its pods is running."""
        job = self._jobs.update(job, outcome=outcome, outcome_code=code, outcome_message=message, deadline=None)
        self._stop_pending(job)
        if outcome == STOPPED and any(pod.status == RUNNING for pod in self._jobs.present_pods(job)):
            self._move(job, STOPPING, code, message)
        self._settle(job)

    def _stop_pending(self, job: Job) -> None:
        for pod in self._jobs.present_pods(job):
            if pod.status == POD_PENDING:
                self._jobs.update_pod(pod, status=STOPPED, finished=self._jobs.clock.now())

    def _end(self, job: Job) -> None:
        job = self._jobs.update(job, finished=self._jobs.clock.now(), deadline=None, ports="[]")
        self._move(job, job.outcome, job.outcome_code, job.outcome_message)
        _log.info("%s", f"{job.id} is {job.outcome}. {job.outcome_message}".rstrip())

    def _move(self, job: Job, status: str, code: str = "", message: str = "") -> None:
        job = self._jobs.update(job, status=status, reason_code=code, reason_message=message)
        self._jobs.record(job, status, self._jobs.clock.now(), code, message)

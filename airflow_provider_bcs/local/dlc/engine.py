"""Engine that runs pods: starts all pods of a job together, and adopts them after a restart of the service."""

from __future__ import annotations

import json
import shutil
import signal
import time
from pathlib import Path
from typing import Any

from airflow_provider_bcs.dlc.facts import FAILED, QUEUING, RUNNING
from airflow_provider_bcs.local.attempt import Shim
from airflow_provider_bcs.local.runner import Runner, Settings
from airflow_provider_bcs.local.shim.result import Result, failed, read_result
from airflow_provider_bcs.local.shim.spec import PodSpec
from airflow_provider_bcs.local.store import where

from .jobs import Job, Jobs, Pod
from .lifecycle import Lifecycle
from .metrics import SAMPLE_SECONDS, Sampler
from .plan import host_names, platform_variables

_LOST = failed("PodLost", "The shim process of the pod was killed.", 128 + 9)
_GRACE_SECONDS = 30
_MAX_GRACE_SECONDS = 24 * 3600
# The timeout of epoll_wait(2) has a maximum.
_MAX_PAUSE_SECONDS = 3600.0
_SHELL = "/bin/sh"
_PREPARED_FROM = ("DataSources", "CodeSource", "ThirdpartyLibs", "ThirdpartyLibDir")


class Engine(Runner[Pod]):
    """Engine for the pods of all active jobs.

    :param install_libs: install third-party libraries in pods
    """

    def __init__(self, jobs: Jobs, lifecycle: Lifecycle, settings: Settings, *, install_libs: bool) -> None:
        super().__init__("pods", jobs.store.lock)
        self._jobs = jobs
        self._lifecycle = lifecycle
        self._settings = settings
        self._install_libs = install_libs
        self._store = jobs.store
        self._sampler = Sampler(jobs)

    def start(self) -> None:
        """Recover the pods of an earlier service, then start the thread."""
        with self._store.transaction():
            self._recover()
        self.end_obsolete()
        self._sweep()
        super().start()

    def end_obsolete(self) -> None:
        """Signal the pods of jobs that have an outcome to end, with a grace period."""
        with self._store.lock:
            decided = {job.number for job in self._jobs.select(where(outcome__ne="", finished=None))}
            for pod, shim in self.shims.items():
                if pod.job in decided:
                    shim.end(signal.SIGUSR1)

    def advance(self) -> float | None:
        self._lifecycle.expire()
        self._lifecycle.enqueue()
        self.end_obsolete()
        # Between these steps others may read the store, and stop a job.
        while self._lifecycle.admit_next():
            self._start_pods()
        self._start_pods()
        return self._pause()

    def ended(self, pod: Pod, shim: Shim, result: Result | None) -> None:
        job = self._jobs.by_number(pod.job)
        if result is None and (self.ending or job.status == QUEUING):
            self._lifecycle.requeue(pod)
        else:
            self._lifecycle.finish_pod(pod, result or (None if job.outcome else _LOST))

    def remove_job(self, job_id: str) -> None:
        """Remove the directory of a deleted job."""
        self.remove(self._settings.data_dir / "pods" / job_id)

    def directory(self, job: Job, pod: Pod) -> Path:
        """Return the directory of an incarnation."""
        return self._settings.data_dir / "pods" / job.id / pod.id / str(pod.incarnation)

    def result(self, job: Job, pod: Pod) -> Result | None:
        """Return the result of an incarnation that has failed."""
        return read_result(str(self.directory(job, pod))) if pod.status == FAILED else None

    def _start_pods(self) -> None:
        for pod in self._lifecycle.pending_pods():
            with self._store.lock:
                job = self._jobs.by_number(pod.job)
                if job.outcome:
                    # The job was stopped meanwhile, or another of its pods failed to start.
                    continue
                self._lifecycle.begin_pod(job, pod)
                try:
                    self.watch(pod, Shim.launch(self._spec(job, pod)))
                except OSError as error:
                    self._lifecycle.finish_pod(pod, failed("InternalError", str(error)))
        self._lifecycle.begin_jobs()

    def _pause(self) -> float | None:
        pauses = []
        deadline = self._lifecycle.next_deadline()
        if deadline is not None:
            clock = self._jobs.clock
            pauses.append(min(max(0.0, (deadline - clock.now()) / clock.rate), _MAX_PAUSE_SECONDS))
        if self.shims:
            pauses.append(self._sample())
        return min(pauses, default=None)

    def _sample(self) -> float:
        due = self._sampler.last + SAMPLE_SECONDS - time.monotonic()
        if due > 0:
            return due
        with self._store.lock:
            shims = {pod: shim.pid for pod, shim in self.shims.items()}
        self._sampler.sample(shims)
        return SAMPLE_SECONDS

    def _spec(self, job: Job, pod: Pod) -> PodSpec:
        body = job.body
        role = body["JobSpecs"][job.places[pod.position].spec]
        settings: dict[str, Any] = body.get("Settings") or {}
        custom = {item["Key"]: item.get("Value") or "" for item in body.get("CustomEnvs") or () if item.get("Key")}
        names = self._settings.isolation == "namespace"
        grace = settings.get("TerminationGracePeriodSeconds")
        return PodSpec(
            directory=str(self.directory(job, pod)),
            data_dir=str(self._settings.data_dir),
            isolation=self._settings.isolation,
            search_path=self._settings.search_path,
            oss_host=self._settings.oss_host,
            pod_id=pod.id,
            host_names=host_names(job.id, job.places),
            shell=settings.get("Shell") or _SHELL,
            command=role.get("UserCommand") or body.get("UserCommand") or "",
            variables={**(body.get("Envs") or {}), **custom},
            # Assumption: variables of the platform override variables of the job.
            platform=platform_variables(job.id, body, pod.position, json.loads(job.ports), names=names),
            job={name: body[name] for name in _PREPARED_FROM if body.get(name)},
            install_libs=self._install_libs,
            grace=min(_GRACE_SECONDS if grace is None else grace, _MAX_GRACE_SECONDS),
            clock=tuple(self._jobs.clock),
        )

    def _recover(self) -> None:
        """Adopt live shims, record the results of others, and run lost pods again."""
        for row in self._store.rows("SELECT * FROM dlc_pods WHERE status = ?", RUNNING):
            pod = Pod(*row)
            directory = self.directory(self._jobs.by_number(pod.job), pod)
            shim = Shim.adopt(directory)
            result = read_result(str(directory))
            if shim is not None:
                self.watch(pod, shim)
            elif result is not None:
                self._lifecycle.finish_pod(pod, result)
            else:
                self._lifecycle.lose_pod(pod)

    def _sweep(self) -> None:
        """Remove the files that a killed service has left."""
        pods = self._settings.data_dir / "pods"
        pods.mkdir(exist_ok=True)
        for directory in pods.iterdir():
            if self._jobs.get(directory.name) is None:
                shutil.rmtree(directory, ignore_errors=True)

"""Operations on jobs and their tags."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_bcs.dlc.facts import CREATING, MAX_TAG_KEY_LENGTH, MAX_TAGGED_JOBS, MAX_TAGS, QUEUING
from airflow_provider_bcs.local.error_response import ErrorResponse
from airflow_provider_bcs.local.gateway import JsonRoute
from airflow_provider_bcs.local.request import Request
from airflow_provider_bcs.local.routes import Response, Route

from .engine import Engine
from .errors import invalid, missing, not_found
from .fields import job_detail, job_item, without_secrets
from .jobs import Job, Jobs
from .lifecycle import Lifecycle
from .listing import list_jobs
from .parameters import is_true, json_object, text_list
from .plan import custom_port_count

_MAX_PODS = 1000
_MAX_CUSTOM_PORTS = 10_000


class JobApi:
    """Handlers of the operations on jobs and tags."""

    def __init__(self, jobs: Jobs, lifecycle: Lifecycle, engine: Engine) -> None:
        self._jobs = jobs
        self._lifecycle = lifecycle
        self._engine = engine
        self._store = jobs.store

    def routes(self) -> list[JsonRoute]:
        jobs, job, tags = "/api/v1/jobs", "/api/v1/jobs/{JobId}", "/api/v1/tags"
        return [
            Route("dlc.CreateJob", "POST", jobs, self.create_job),
            Route("dlc.ListJobs", "GET", jobs, self.list_jobs),
            Route("dlc.GetJob", "GET", job, self.get_job),
            Route("dlc.UpdateJob", "PUT", job, self.update_job),
            Route("dlc.DeleteJob", "DELETE", job, self.delete_job),
            Route("dlc.StopJob", "POST", f"{job}/stop", self.stop_job),
            Route("dlc.TagResources", "POST", tags, self.tag_resources),
            Route("dlc.UntagResources", "DELETE", tags, self.untag_resources),
        ]

    def create_job(self, request: Request) -> Response:
        # The import of the rules takes as long as all others of the local service: do not delay its start.
        from airflow_provider_bcs.dlc.rule_table import ROLES
        from airflow_provider_bcs.dlc.rules import validate_job

        body = json_object(request.body)
        for violation in validate_job(body, templates=False)[:1]:
            raise ErrorResponse(violation.status, violation.code, f"{violation.message} ({violation.path})")
        if body["JobType"] not in ROLES:
            # A newer PAI-DLC may have more types; the environment of their pods is not known here.
            raise invalid("JobType", f"The local service runs jobs of the types {', '.join(ROLES)}.")
        if body.get("TemplateId"):
            raise ErrorResponse(404, "NotFound.JobTemplate", f"The job template {body['TemplateId']} is not found.")
        pods = sum(spec["PodCount"] for spec in body["JobSpecs"])
        if pods > _MAX_PODS:
            raise invalid("JobSpecs", f"The local service runs at most {_MAX_PODS} pods per job.")
        for index, spec in enumerate(body["JobSpecs"]):
            if not (spec.get("UserCommand") or body.get("UserCommand") or "").strip():
                # A pod in the cloud would run the entry point of its image.
                raise missing(f"JobSpecs.{index}.UserCommand")
        if pods * custom_port_count(body) > _MAX_CUSTOM_PORTS:
            name = "Settings.AdvancedSettings.customPortNumPerWorker"
            raise invalid(name, f"The pods of a job get at most {_MAX_CUSTOM_PORTS} ports in the local service.")
        job = self._jobs.add(without_secrets(body))
        self._engine.wake()
        return Response(200, {"JobId": job.id})

    def get_job(self, request: Request) -> Response:
        # PAI-DLC does not document the effect of NeedDetail=false; the local service checks the value only.
        is_true(request.query, "NeedDetail")
        with self._store.transaction():
            return Response(200, job_detail(self._jobs, find_job(self._jobs, request), self._engine.result))

    def list_jobs(self, request: Request) -> Response:
        with self._store.transaction():
            jobs, total = list_jobs(self._jobs, request.query)
            return Response(200, {"Jobs": [job_item(self._jobs, job) for job in jobs], "TotalCount": total})

    def update_job(self, request: Request) -> Response:
        """Change Accessibility, Description and Priority.

        Priority takes effect only in Creating and Queuing. Pod counts and UserCommand are accepted without effect.
        """
        changes = json_object(request.body)
        with self._store.transaction():
            job = find_job(self._jobs, request)
            kept: dict[str, Any] = {}
            if changes.get("Accessibility") is not None:
                if changes["Accessibility"] != "PUBLIC":
                    raise invalid("Accessibility", "It can only be changed to PUBLIC.")
                kept["Accessibility"] = "PUBLIC"
            if changes.get("Description") is not None:
                if not isinstance(changes["Description"], str):
                    raise invalid("Description", "It must be a string.")
                kept["Description"] = changes["Description"]
            priority = changes.get("Priority")
            if priority is not None:
                if type(priority) is not int or not 1 <= priority <= 9:
                    raise invalid("Priority", "It must be an integer in [1, 9].")
                if job.status in (CREATING, QUEUING):
                    kept["Priority"] = priority
                    self._jobs.update(job, priority=priority)
            if kept:
                self._jobs.rewrite(job, {**job.body, **kept})
        self._engine.wake()
        return Response(200, {"JobId": job.id})

    def stop_job(self, request: Request) -> Response:
        with self._store.lock:
            job = find_job(self._jobs, request)
            self._lifecycle.stop(job)
            self._engine.end_obsolete()
        # The next job of the queue may now have enough capacity.
        self._engine.wake()
        return Response(200, {"JobId": job.id})

    def delete_job(self, request: Request) -> Response:
        with self._store.transaction():
            job = find_job(self._jobs, request)
            self._lifecycle.delete(job)
        self._engine.remove_job(job.id)
        return Response(200, {"JobId": job.id})

    def tag_resources(self, request: Request) -> Response:
        """Set tags. Assumption: they are the Settings.Tags that ListJobs filters by."""
        change = json_object(request.body)
        tags = change.get("Tag")
        if not isinstance(tags, list) or not 1 <= len(tags) <= MAX_TAGS:
            raise invalid("Tag", f"It must be a list of 1 to {MAX_TAGS} tags.")
        found = dict(_tag(tag) for tag in tags)
        self._change_tags(change.get("ResourceType"), change.get("ResourceId"), lambda old: {**old, **found})
        return Response(200, {})

    def untag_resources(self, request: Request) -> Response:
        keys, everything = text_list(request.query, "TagKey"), is_true(request.query, "All")
        if not keys and not everything:
            raise missing("TagKey")
        self._change_tags(
            request.query.get("ResourceType"),
            text_list(request.query, "ResourceId"),
            lambda old: {} if everything else {key: old[key] for key in old if key not in keys},
        )
        return Response(200, {})

    def _change_tags(
        self, resource_type: Any, job_ids: Any, change: Callable[[dict[str, str]], dict[str, str]]
    ) -> None:
        if resource_type != "Job":
            raise invalid("ResourceType", "It must be Job.")
        if not isinstance(job_ids, list) or not 1 <= len(job_ids) <= MAX_TAGGED_JOBS:
            raise invalid("ResourceId", f"It must be a list of 1 to {MAX_TAGGED_JOBS} ids.")
        with self._store.transaction():
            for job_id in job_ids:
                job = self._jobs.get(str(job_id))
                if job is None:
                    raise not_found(f"The job {job_id}")
                settings = job.body.get("Settings") or {}
                tags = change(settings.get("Tags") or {})
                self._jobs.rewrite(job, {**job.body, "Settings": {**settings, "Tags": tags}})


def find_job(jobs: Jobs, request: Request) -> Job:
    """Return the job that a request names.

    :raises ErrorResponse: NotFound
    """
    job = jobs.get(request.names["JobId"])
    if job is None:
        raise not_found(f"The job {request.names['JobId']}")
    return job


def _tag(tag: Any) -> tuple[str, str]:
    key, value = (tag.get("Key"), tag.get("Value") or "") if isinstance(tag, Mapping) else (None, "")
    if not isinstance(key, str) or not isinstance(value, str) or not 1 <= len(key) <= MAX_TAG_KEY_LENGTH:
        raise invalid("Tag", f"It must have a Key of 1 to {MAX_TAG_KEY_LENGTH} characters and a Value, both strings.")
    if key.startswith(("aliyun", "acs:")) or "http://" in key or "https://" in key:
        raise invalid("Tag", "Its Key must not begin with aliyun or acs:, or contain http:// or https://.")
    return key, value

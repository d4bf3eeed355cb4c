"""Paths of jobs, tasks, clusters, machines, images and apps in the API."""

from __future__ import annotations

from typing import Any

from airflow_provider_bcs.http import roa
from airflow_provider_bcs.http.client import path_segment


def job_path(job: Any) -> str:
    return f"/jobs/{path_segment(getattr(job, 'Id', job), 'job id')}"


def task_path(job: Any, task_name: str) -> str:
    return f"{job_path(job)}/tasks/{path_segment(task_name, 'task name')}"


def cluster_path(cluster: Any) -> str:
    return f"/clusters/{path_segment(getattr(cluster, 'Id', cluster), 'cluster id')}"


def instances_path(cluster: Any, group_name: str) -> str:
    return f"{cluster_path(cluster)}/groups/{path_segment(group_name, 'group name')}/instances"


def instance_path(cluster: Any, group_name: str, instance: Any) -> str:
    segment = path_segment(getattr(instance, "Id", instance), "machine id")
    return f"{instances_path(cluster, group_name)}/{segment}"


def image_path(image: Any) -> str:
    return f"/images/{path_segment(getattr(image, 'Id', image), 'image id')}"


def app_path(app: Any, **query: str) -> str:
    path = f"/apps/{path_segment(getattr(app, 'Name', app), 'app name')}"
    given = {name: value for name, value in query.items() if value}
    return f"{path}?{roa.encode_query(given)}" if given else path

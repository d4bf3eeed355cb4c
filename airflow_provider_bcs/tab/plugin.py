"""The plugin. Each process of Airflow imports this module, so that it imports nothing else."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import AirflowPlugin

__all__ = ["JobTabPlugin"]

#: Path at the API server.
_PREFIX = "/bcs"
_QUERY = "dag_id={DAG_ID}&run_id={RUN_ID}&task_id={TASK_ID}&map_index={MAP_INDEX}"


class JobTabPlugin(AirflowPlugin):
    """Plugin with the tab *Remote job*. Before Airflow 3.1, it has no effect."""

    name = "bcs_job_tab"
    # Relative, so that the browser puts the path of Airflow's own base URL before it.
    external_views: list[Any] = [  # noqa: RUF012
        {
            "name": "Remote job",
            "href": f"{_PREFIX[1:]}/job?{_QUERY}",
            "destination": "task_instance",
            "url_route": "bcs_remote_job",
        }
    ]

    @property
    def fastapi_apps(self) -> list[Any]:  # type: ignore[override]
        """The app behind the tab. Only the API server, and ``airflow plugins``, ask for it."""
        from airflow_provider_bcs.airflow_versions import HAS_TABS

        if not HAS_TABS:
            return []
        from .app import make_app

        return [{"name": self.name, "app": make_app(), "url_prefix": _PREFIX}]

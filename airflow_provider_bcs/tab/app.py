"""FastAPI app behind the tab: who may see the job of a task instance, and which job it is."""

# FastAPI reads annotations at run time. As texts, they could not name what a function imports.

import asyncio
from typing import Any
from urllib.parse import urlencode

__all__ = ["make_app"]

_NO_JOB = (
    "This task instance has named no job of BatchCompute or PAI-DLC. A task names its job when the job is submitted, "
    "or when the wait for it begins."
)


def make_app() -> Any:
    """Return the app. Airflow 2 lacks what this function imports."""
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
    from airflow.api_fastapi.core_api.security import get_user, requires_access_dag
    from fastapi import Depends, FastAPI, HTTPException, Request
    from fastapi.responses import HTMLResponse

    from airflow_provider_bcs.pages.headers import page_headers
    from airflow_provider_bcs.pages.html import sentence_page
    from airflow_provider_bcs.pages.logs import address_of_log, log_of_address
    from airflow_provider_bcs.pages.model import LogName

    from .jobs import JobPages

    pages = JobPages()
    check_instances = requires_access_dag("GET", DagAccessEntity.TASK_INSTANCE)
    check_logs = requires_access_dag("GET", DagAccessEntity.TASK_LOGS)

    def may_read_logs(request: Request, user: Any = Depends(get_user)) -> bool:  # noqa: B008
        try:
            check_logs(request, user)
        except HTTPException:
            return False
        return True

    async def job(
        dag_id: str,
        run_id: str,
        task_id: str,
        map_index: str = "-1",
        log: str = "",
        shows_logs: bool = Depends(may_read_logs),
    ) -> HTMLResponse:
        """Return the page of a task instance's job."""
        address = {"dag_id": dag_id, "run_id": run_id, "task_id": task_id, "map_index": map_index}

        def log_link(name: LogName) -> str:
            return f"?{urlencode({**address, 'log': address_of_log(name)})}"

        remote = await asyncio.to_thread(_remote_job, dag_id, run_id, task_id, map_index)
        if remote is None:
            page = sentence_page("No remote job", _NO_JOB)
        else:
            page = await pages.page(remote, log_of_address(log), log_link if shows_logs else None)
        # A description may hold a lone surrogate, which has no UTF-8 form.
        return HTMLResponse(page.encode(errors="replace"), headers=page_headers(framed_by="'self'"))

    app = FastAPI(title="Remote job", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_api_route("/job", job, methods=["GET"], dependencies=[Depends(check_instances)])
    return app


def _remote_job(dag_id: str, run_id: str, task_id: str, map_index: str) -> Any:
    """Return the XCom by which a task instance names its job, None when there is none."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    from airflow_provider_bcs.xcom import REMOTE_JOB

    from .jobs import read_remote_job

    statement = select(XComModel).where(
        XComModel.dag_id == dag_id,
        XComModel.run_id == run_id,
        XComModel.task_id == task_id,
        XComModel.map_index == (int(map_index) if map_index.isdecimal() else -1),
        XComModel.key == REMOTE_JOB,
    )
    with create_session() as session:
        row = session.scalars(statement).first()
        return None if row is None else read_remote_job(XComModel.deserialize_value(row))

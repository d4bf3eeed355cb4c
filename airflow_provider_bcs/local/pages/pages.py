"""Requests for pages: the token of the link, and the headers of the response."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from urllib.parse import unquote

from starlette.responses import HTMLResponse, PlainTextResponse, Response

from airflow_provider_bcs.http.job_page import JOB_PAGES, page_token
from airflow_provider_bcs.pages.headers import page_headers
from airflow_provider_bcs.pages.html import job_page
from airflow_provider_bcs.pages.model import JobReader

_HEADERS = page_headers(framed_by="'none'")
_NOT_FOUND = "There is no such page: the job does not exist or was deleted, or the link is not complete.\n"


class Pages:
    """Pages of the jobs of all services, each behind the token in its link.

    :param secret: secret of the service's AccessKey, from which the tokens are made
    :param readers: one for each service
    """

    def __init__(self, secret: str, readers: Sequence[JobReader]) -> None:
        self._secret = secret
        self._readers = readers

    def respond(self, method: str, path: str) -> Response:
        """Return the page at a path below :data:`JOB_PAGES`.

        :param path: path as received
        """
        if method not in ("GET", "HEAD"):
            return PlainTextResponse(
                "A page can only be read: expected GET.\n", 405, {**_HEADERS, "Allow": "GET, HEAD"}
            )
        page = self._page(path)
        if page is None:
            return PlainTextResponse(_NOT_FOUND, 404, _HEADERS)
        # A description may hold a lone surrogate, which has no UTF-8 form.
        return HTMLResponse(page.encode(errors="replace"), headers=_HEADERS)

    def _page(self, path: str) -> str | None:
        job_id, _, token = path.removeprefix(JOB_PAGES).partition("/")
        job_id = unquote(job_id, errors="replace")
        # Compared before the job is looked up: the answer without a token does not tell which jobs exist.
        if not hmac.compare_digest(page_token(self._secret, job_id).encode(), token.encode(errors="replace")):
            return None
        found = (reader(job_id) for reader in self._readers)
        job = next((job for job in found if job is not None), None)
        return None if job is None else job_page(job)

"""Base of the BatchCompute client: the signature, paging, and retries after a lost answer."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_bcs.exceptions import NotFoundError, ServiceError
from airflow_provider_bcs.http import roa
from airflow_provider_bcs.http.client import ServiceClient
from airflow_provider_bcs.http.response import Response, Unreadable, page_parser, read_answer, read_items

from .facts import API_VERSION, MAX_PAGE_SIZE
from .operations import POLLS, operation_of

if TYPE_CHECKING:
    import requests

R = TypeVar("R", bound=Response)


class RoaClient(ServiceClient):
    """Client that signs requests and sends those of the usual forms: create, get, list, delete."""

    service = "batchcompute"
    polls = POLLS

    def _operation(self, method: str, target: str, headers: Mapping[str, str]) -> str:
        return operation_of(method, target)

    def _sign(self, request: requests.PreparedRequest) -> None:
        keys = self.credentials()
        body = request.body or b""
        headers: dict[str, str] = {}
        roa.sign(
            request.method or "",
            request.path_url,
            headers,
            body=body.encode() if isinstance(body, str) else body,
            access_key_id=keys.access_key_id,
            access_key_secret=keys.access_key_secret,
            security_token=keys.security_token,
            region=self.region,
            version=API_VERSION,
            date=formatdate(usegmt=True),
            nonce=str(uuid.uuid4()),
        )
        request.headers.update(headers)

    def _create(self, model: type[R], path: str, description: Mapping[str, Any], token: str, **query: str) -> R:
        # A token of the client's own: a retry after a lost answer then creates no second resource.
        target = f"{path}?{roa.encode_query({'IdempotentToken': token or uuid.uuid4().hex, **query})}"
        return read_answer(model, self._session.send("POST", target, description, repeatable=True))

    def _get(self, model: type[R], path: str) -> R:
        return read_answer(model, self._session.send("GET", path, repeatable=True))

    def _list(
        self,
        model: type[R],
        path: str,
        filters: dict[str, str],
        page_size: int,
        first_marker: str = "",
        unreadable: Unreadable | None = None,
        fields: Collection[str] | None = None,
    ) -> Iterator[R]:
        if not 1 <= page_size <= MAX_PAGE_SIZE:
            raise ValueError(f"page_size: found {page_size!r}; expected a number from 1 to {MAX_PAGE_SIZE}.")
        params = {name: value for name, value in filters.items() if value}
        params |= {"Marker": first_marker, "MaxItemCount": str(page_size)}
        parse = None if fields is None else page_parser("Items", tuple(fields), ("NextMarker",))
        # The list of instances ends with the marker "0".
        seen = {"", "0", first_marker}
        while True:
            page = self._session.send("GET", f"{path}?{roa.encode_query(params)}", repeatable=True, parse=parse)
            yield from read_items(model, page.get("Items") or [], unreadable, fields)
            marker = str(page.get("NextMarker") or "")
            if marker in seen:
                return
            seen.add(marker)
            params["Marker"] = marker

    def _send_until(self, method: str, path: str, *done: type[ServiceError]) -> None:
        """Send a request; after a retry, take the errors ``done`` for the success of an earlier attempt."""
        try:
            self._session.send(method, path, repeatable=True)
        except done as error:
            # After a retry, the first attempt succeeded and only its answer was lost.
            if error.attempts == 1:
                raise

    def _delete(self, path: str, *done: type[ServiceError]) -> None:
        self._send_until("DELETE", path, NotFoundError, *done)

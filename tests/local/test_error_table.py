"""All 81 rows of the CreateJob error table, compared with the responses of the service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.batchcompute.error_rows import ROWS, Row, breaking
from tests.batchcompute.jobs import job, task
from tests.local.service import Service


def post(service: Service, body: object, query: str = "") -> tuple[int, str, str]:
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    response = service.call("POST", f"/jobs{query}", data)
    answer = response.json()
    return response.status_code, answer["Code"], answer["Message"]


@contextmanager
def limited(data_dir: Path, quota: str) -> Iterator[Service]:
    service = Service(data_dir, "--quota", f"{quota}=2")
    yield service
    service.session.close()
    assert service.end() == 0


@pytest.mark.parametrize("row", [row for row in ROWS if not row.quota], ids=lambda row: row.id)
def test_row(service: Service, row: Row):
    if row.rule == "idempotency":
        service.create(job(), "used_before")
        answer = post(service, job({"count": task("other")}), "?IdempotentToken=used_before")
        assert answer == (row.status, row.code, row.message)
        return
    case = breaking(row)
    assert post(service, case.body) == (row.status, case.code, case.message)


@pytest.mark.parametrize("row", [row for row in ROWS if row.quota], ids=lambda row: row.id)
def test_quota_row(tmp_path: Path, row: Row):
    case = breaking(row)
    with limited(tmp_path / "data", row.quota) as service:
        if row.quota == "MaxJobCount":
            for _ in range(2):
                service.create(job({"count": task("true")}))
        assert post(service, case.body) == (row.status, case.code, case.message)


def test_a_cycle(service: Service):
    cyclic = job({"a": task(), "b": task()}, {"a": ["b"], "b": ["a"]})
    assert post(service, cyclic) == (400, "BadDAG", "It is a cyclic dag.")

"""Each row of the CreateJob error table, found by validate_job, which is told what the account holds."""

from __future__ import annotations

import pytest

from airflow_provider_bcs.batchcompute import Quotas, validate_job
from tests.batchcompute.error_rows import ROWS, breaking
from tests.batchcompute.jobs import job, task


def test_the_table_is_whole():
    assert len(ROWS) == 81


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_row(row):
    if row.rule == "idempotency":
        (found,) = validate_job(job(), earlier=job({"count": task("other")}))
        assert (found.code, found.message, found.status, found.path) == (row.code, row.message, row.status, row.field)
        assert validate_job(job(), earlier=job()) == []
        return
    case = breaking(row)
    quotas = Quotas(**{row.quota: 2}) if row.quota else None
    # The first finding is what the service answers with.
    first = validate_job(case.body, quotas=quotas, job_count=2)[0]
    assert (first.code, first.message, first.status, first.path) == (case.code, case.message, row.status, case.path)
    assert first.advice

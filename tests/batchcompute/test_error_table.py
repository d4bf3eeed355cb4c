"""Each row of the CreateJob error table that a description alone can break, found by validate_job."""

from __future__ import annotations

import pytest

from airflow_provider_bcs.batchcompute import Quotas, validate_job
from tests.batchcompute.error_rows import ROWS, SERVICE_ONLY, breaking


def test_the_table_is_whole():
    assert len(ROWS) == 81


@pytest.mark.parametrize("row", [row for row in ROWS if row.rule not in SERVICE_ONLY], ids=lambda row: row.id)
def test_row(row):
    case = breaking(row)
    quotas = Quotas(**{row.quota: 2}) if row.quota else None
    # The first finding is what the service answers with.
    first = validate_job(case.body, quotas=quotas)[0]
    assert (first.code, first.message, first.status, first.path) == (case.code, case.message, row.status, case.path)
    assert first.advice

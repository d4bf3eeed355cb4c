"""Warnings of OSS paths whose bucket cannot exist."""

from __future__ import annotations

import pytest

from airflow_provider_bcs.batchcompute.rules import check_job, job_warnings
from airflow_provider_bcs.description.buckets import bucket_warnings
from airflow_provider_bcs.dlc import rules as dlc_rules
from tests.batchcompute.jobs import job, task
from tests.dlc.bodies import body

WRONG = ["b", "ab", "My-Bucket", "my_bucket", "-data", "data-", "x" * 64, "<bucket>"]
RIGHT = ["abc", "data-2024", "0ab", "x" * 63, "{{ params.bucket }}", "data.oss-cn-shanghai.aliyuncs.com", ""]


def found(bucket: str) -> list[str]:
    return [text.partition(": ")[0] for text in bucket_warnings({"Path": f"oss://{bucket}/folder/"})]


@pytest.mark.parametrize("bucket", WRONG)
def test_a_bucket_that_cannot_be(bucket):
    assert found(bucket) == ["Path"]


@pytest.mark.parametrize("bucket", RIGHT)
def test_a_bucket_that_can_be(bucket):
    assert found(bucket) == []


def test_every_path_of_a_job():
    url = "oss://b/x/"
    one = task(InputMapping={url: "/in/"}, OutputMapping={"/out/": url}, LogMapping={"/log": url})
    one["Mounts"] = {"Entries": [{"Source": url, "Destination": "/mnt/m/"}]}
    one["Parameters"] |= {"StdoutRedirectPath": url, "StderrRedirectPath": url}
    one["Parameters"]["Command"] |= {"PackagePath": "oss://b/p.zip", "EnvVars": {"PLACE": url}}
    content = job({"t": one}, Description="oss://b/")
    fields = [text.partition(": found bucket 'b'")[0].removeprefix("DAG.Tasks.t.") for text in job_warnings(content)]
    assert sorted(fields) == [
        "InputMapping.oss://b/x/",
        "LogMapping./log",
        "Mounts.Entries.0.Source",
        "OutputMapping./out/",
        "Parameters.Command.PackagePath",
        "Parameters.StderrRedirectPath",
        "Parameters.StdoutRedirectPath",
    ]
    assert check_job(content, ignore=["DAG.Tasks.t"]).warnings == ()


def test_a_job_of_dlc():
    content = body(DataSources=[{"Uri": "oss://b2.oss-cn-x.aliyuncs.com/data/", "MountPath": "/mnt"}])
    assert dlc_rules.validate_job(content) == []
    (text,) = dlc_rules.job_warnings(content)
    assert text.startswith("DataSources.0.Uri: found bucket 'b2'; expected 3 to 63 of ")
    assert dlc_rules.check_job(content, ignore=["DataSources.Uri"]).warnings == ()

"""A log-count job whose programs use a client of the object store: each way to run it writes the same objects.

The job has the shape of the vendor's template: split a log, count its levels in three parts, merge the counts.
"""

from __future__ import annotations

import io
import json
import tarfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_bcs.translator import JobPerTask, PaiDlc, SingleJob, job_to_dag
from tests.airflow.running import run_dag, states
from tests.batchcompute.jobs import job

pytestmark = pytest.mark.usefixtures("airflow_db", "connection")

BUCKET = "log-count"
LEVELS = ("INFO", "WARN", "ERROR", "DEBUG")
EXECUTIONS = {
    "jobs": JobPerTask(),
    "job": SingleJob(),
    "dlc": PaiDlc(image="python:3.11", instance_type="ecs.g6.large"),
}

_STORE = """
import json, os
import alibabacloud_oss_v2 as oss

config = oss.config.load_default()
config.region, config.endpoint = os.environ["BATCH_COMPUTE_REGION"], "http://" + os.environ["BATCH_COMPUTE_OSS_HOST"]
config.credentials_provider = oss.credentials.StaticCredentialsProvider(os.environ["KEY_ID"], os.environ["KEY"])
client = oss.Client(config)
folder, number = os.environ["FOLDER"], os.environ["BATCH_COMPUTE_DAG_INSTANCE_ID"]

def get(key):
    return client.get_object(oss.GetObjectRequest(bucket="log-count", key=key)).body.read().decode()

def put(key, text):
    client.put_object(oss.PutObjectRequest(bucket="log-count", key=folder + "/" + key, body=text.encode()))
"""
_SPLIT = """
from store import get, put

lines = get("log-count-data.txt").splitlines(keepends=True)
for part in range(3):
    put(f"split-output/{part}.txt", "".join(lines[part::3]))
print(len(lines), "lines")
"""
_COUNT = """
import json
from store import folder, get, number, put

text = get(f"{folder}/split-output/{number}.txt")
counts = {level: text.count(level) for level in ("INFO", "WARN", "ERROR", "DEBUG")}
put(f"count-output/{number}.json", json.dumps(counts))
"""
_MERGE = """
import json
from collections import Counter
from store import folder, get, put

total = Counter()
for part in range(3):
    total.update(json.loads(get(f"{folder}/count-output/{part}.json")))
put("merge-result.json", json.dumps(total))
"""


def log_count(way: str, ready: dict[str, str]) -> dict[str, Any]:
    def task(program: str, instances: int) -> dict[str, Any]:
        variables = {"FOLDER": way, "KEY_ID": ready["access_key_id"], "KEY": ready["access_key_secret"]}
        package = f"oss://{BUCKET}/log-count.tar.gz"
        logs = {f"{name}RedirectPath": f"oss://{BUCKET}/{way}/logs/{name}/" for name in ("Stdout", "Stderr")}
        command = {"CommandLine": f"python {program}.py", "PackagePath": package, "EnvVars": variables}
        return {
            "Parameters": {"Command": command, **logs},
            "InstanceCount": instances,
            "Timeout": 120,
            "AutoCluster": {"InstanceType": "ecs.sn1.medium", "ResourceType": "OnDemand", "ImageId": "img-ubuntu"},
        }

    tasks = {"split": task("split", 1), "count": task("count", 3), "merge": task("merge", 1)}
    return job(tasks, {"split": ["count"], "count": ["merge"]}, Name="log-count")


@pytest.fixture
def data(service) -> list[str]:
    """Levels of the lines of a log, which is in the object store beside the programs."""
    levels = [LEVELS[number * number % 7 % 4] for number in range(1000)]
    lines = (f"2017-01-05 10:{number % 60:02} {level} value = {number}\n" for number, level in enumerate(levels))
    service.put_object(f"{BUCKET}/log-count-data.txt", "".join(lines))
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in (("store", _STORE), ("split", _SPLIT), ("count", _COUNT), ("merge", _MERGE)):
            member = tarfile.TarInfo(f"{name}.py")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    service.put_object(f"{BUCKET}/log-count.tar.gz", buffer.getvalue())
    return levels


def written(root: Path) -> dict[str, bytes]:
    """Objects below a folder, without the logs of the tasks."""
    files = (file for file in root.rglob("*") if file.is_file())
    found = {str(file.relative_to(root)): file.read_bytes() for file in files}
    return {key: content for key, content in found.items() if not key.startswith("logs/")}


def test_each_way_to_run_writes_the_same_objects(service, data) -> None:
    for way, execution in EXECUTIONS.items():
        dag = job_to_dag(
            log_count(way, service.ready),
            f"log_count_{way}",
            execution=execution,
            operator_args={"poll_interval": 0.2, "execution_timeout": timedelta(minutes=2)},
        )
        found = states(run_dag(dag))
        assert set(found.values()) == {"success"}, (found, *(service.data_dir / "oss" / BUCKET / way).rglob("std*"))
    objects = {way: written(service.data_dir / "oss" / BUCKET / way) for way in EXECUTIONS}
    assert objects["jobs"] == objects["job"] == objects["dlc"]
    parts = {f"split-output/{part}.txt" for part in range(3)} | {f"count-output/{part}.json" for part in range(3)}
    assert set(objects["jobs"]) == {*parts, "merge-result.json"}
    assert json.loads(objects["jobs"]["merge-result.json"]) == {level: data.count(level) for level in LEVELS}

"""Programs beside a DAG file become the package of its tasks; uploaded once, when a task runs."""

from __future__ import annotations

import os
import tarfile
from datetime import datetime
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.exceptions import PackageError, UnknownArgumentError
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.oss.package import Package
from airflow_provider_bcs.translator import BatchComputeTaskGroup, JobPerTask, PaiDlc, SingleJob, job_to_dag
from tests.airflow.running import output, run_dag, states
from tests.local.service import job, task
from tests.local.test_faults import counted

FOLDER = "oss://packages/shipped/"
ARGUMENTS = {"package": "programs", "package_uri": FOLDER, "poll_interval": 0.2}
CLUSTER = {"Name": "packed", "ImageId": "img-ubuntu", "Groups": {"all": {"DesiredVMCount": 1}}}
EXECUTIONS = {
    "jobs": JobPerTask(),
    "job": SingleJob(),
    "dlc": PaiDlc(images={"img-ubuntu": "ubuntu:22.04"}),
}


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    # A name that is no pattern.
    tmp_path = tmp_path / "[dags]"
    folder = tmp_path / "programs"
    (folder / "lib/__pycache__").mkdir(parents=True)
    (folder / "main.sh").write_text("#!/bin/sh\ncat lib/word\n")
    (folder / "main.sh").chmod(0o755)
    (folder / "lib/word").write_text("shipped\n")
    (folder / "lib/__pycache__/x.pyc").write_bytes(b"x")
    return folder


class Bucket(dict[str, bytes]):
    """Remembers what is uploaded; the real one is used below."""

    def exists(self, uri: str) -> bool:
        return uri in self

    def upload(self, path: str, uri: str) -> None:
        self[uri] = Path(path).read_bytes()


def test_the_same_content_has_the_same_bytes_and_name(programs, tmp_path):
    found = []
    for _ in range(2):
        bucket = Bucket()
        Package.of("programs", [str(tmp_path / "nothing"), str(programs.parent)]).ship(bucket, FOLDER)
        found.append(dict(bucket))
        for path in programs.rglob("*"):
            os.utime(path, (1, 1))
    assert found[0] == found[1]
    (programs / "lib/word").write_text("other\n")
    bucket = Bucket()
    Package.of(str(programs), ["/"]).ship(bucket, FOLDER)
    assert set(bucket).isdisjoint(found[0])


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("programs", {"main.sh", "lib/word"}),
        ("programs/main.sh", {"main.sh"}),
        ("programs/*.sh", {"main.sh"}),
        ("programs/**/*", {"main.sh", "lib/word"}),
        ("pro*/lib/*", {"programs/lib/word"}),
    ],
)
def test_what_is_packed(programs, tmp_path, source, expected):
    bucket = Bucket()
    uri = Package.of(source, [str(programs.parent)]).ship(bucket, FOLDER)
    (tmp_path / "archive").write_bytes(bucket[uri])
    with tarfile.open(tmp_path / "archive") as archive:
        members = archive.getmembers()
    assert {member.name for member in members} == expected
    assert {(member.mtime, member.uid, member.gid, member.uname) for member in members} == {(0, 0, 0, "")}
    assert all(member.mode == (0o755 if member.name.endswith(".sh") else 0o644) for member in members)


def test_nothing_to_pack(tmp_path):
    with pytest.raises(PackageError, match=f"package: found no file for 'no/\\*' in {tmp_path}"):
        Package.of("no/*", [str(tmp_path)])


def test_no_name_in_the_archive_climbs_out_of_it(programs):
    with pytest.raises(PackageError, match=r"package: found '..' after a wildcard in 'lib/\*/../../main.sh'"):
        Package.of("lib/*/../../main.sh", [str(programs)])
    assert set(Package.of("lib/../*.sh", [str(programs)]).files.values()) == {"main.sh"}


@pytest.mark.usefixtures("airflow_db", "connection")
@pytest.mark.parametrize("way", EXECUTIONS)
def test_uploaded_once_when_a_task_runs(programs, service, tmp_path, caplog, capfd, way):
    (service.data_dir / "oss/packages").mkdir(exist_ok=True)
    (programs / "lib/word").write_text(f"shipped {way}\n")
    before = counted(service, "oss.PutObject")
    auto = {"ImageId": "img-ubuntu", "InstanceType": "ecs.g6.large"}
    tasks = {name: task("./main.sh", ClusterId="", AutoCluster=auto) for name in ("a", "b")}
    for number in range(2):
        dag = job_to_dag(
            job(tasks),
            dag_id=f"shipped_{way}_{number}",
            execution=EXECUTIONS[way],
            package=programs,
            package_uri="oss://{{ params.bucket }}/shipped/",
            operator_args={"poll_interval": 0.2} | ({} if way == "dlc" else {"log_instances": "all"}),
            params={"bucket": "packages"},
        )
        assert counted(service, "oss.PutObject") == before + (1 if number else 0)
        assert set(states(run_dag(dag)).values()) == {"success"}
    assert counted(service, "oss.PutObject") == before + 1
    assert output(caplog, capfd).count(f"shipped {way}") >= 4


@pytest.mark.usefixtures("airflow_db", "connection")
def test_relative_to_the_dag_file_and_only_where_there_is_none(programs, service, tmp_path):
    (service.data_dir / "oss/packages").mkdir(exist_ok=True)
    with DAG(
        "shipped", schedule=None, start_date=datetime(2024, 1, 1), template_searchpath=[str(programs.parent)]
    ) as dag:
        own = task("true", PackagePath="oss://packages/own.sh")
        service.put_object("packages/own.sh", "#!/bin/sh\n")
        submit = BatchComputeSubmitJobOperator(
            task_id="t", job=job({"own": own, "none": task("./main.sh")}), wait_for_completion=False, **ARGUMENTS
        )
        missing = BatchComputeSubmitJobOperator(
            task_id="missing", job=job("true"), **{**ARGUMENTS, "package": "nothing"}
        )
    run = run_dag(dag)
    assert states(run) == {submit.task_id: "success", missing.task_id: "failed"}
    job_id = run.get_task_instance("t").xcom_pull(task_ids="t", key="job_id")
    found = service.get(f"/jobs/{job_id}?description")["DAG"]["Tasks"]
    packages = {name: found[name]["Parameters"]["Command"]["PackagePath"] for name in found}
    assert packages["own"] == "oss://packages/own.sh"
    assert packages["none"].startswith(FOLDER)


@pytest.mark.parametrize(
    "execution",
    [
        JobPerTask(cluster=CLUSTER),
        SingleJob(cluster=CLUSTER),
        PaiDlc(images={"img-ubuntu": "ubuntu:22.04"}),
    ],
)
def test_of_a_group_that_has_a_cluster_and_of_single_tasks(programs, execution):
    auto = {"ImageId": "img-ubuntu", "InstanceType": "ecs.g6.large"}
    with DAG("grouped", schedule=None, start_date=datetime(2024, 1, 1)):
        made = BatchComputeTaskGroup(
            "g",
            job({name: task("true", ClusterId="", AutoCluster=auto) for name in ("a", "b")}),
            execution=execution,
            package=str(programs),
            package_uri=FOLDER,
            operator_args={"poll_interval": 1, "deferrable": False},
            # The one job of all tasks has one package.
            task_args={} if isinstance(execution, SingleJob) else {"b": {"package": "other"}},
        )
    packages = {name: getattr(each, "package", None) for name, each in made.children.items()}
    assert {name: package for name, package in packages.items() if package} == (
        {"g.submit": str(programs)} if isinstance(execution, SingleJob) else {"g.a": str(programs), "g.b": "other"}
    )


@pytest.mark.parametrize(
    ("own", "found"),
    [
        ({"package": "other"}, "package"),
        ({"package": None}, "package"),
        ({"package_uri": "oss://other/"}, "package_uri"),
        ({"retry_strategy": "resubmit"}, "retry_strategy"),
    ],
)
def test_a_package_of_its_own_is_nothing_that_one_job_keeps(own, found):
    arguments = {"execution": SingleJob(), "package": "programs", "package_uri": FOLDER, "task_args": {"b": own}}
    says = (
        rf"task_args\['b'\]: found '{found}'; BatchComputeTaskOperator has no such argument;"
        r" BatchComputeSubmitGraphOperator has it: expected in operator_args"
    )
    with pytest.raises(UnknownArgumentError, match=says):
        job_to_dag(job({"a": task("true"), "b": task("true")}), **arguments)
    arguments["task_args"] = {"submit": {"package_uri": "oss://other/"}}
    dag = job_to_dag(job({"a": task("true"), "b": task("true")}), **arguments)
    assert (dag.get_task("submit").package, dag.get_task("submit").package_uri) == ("programs", "oss://other/")


def test_a_package_needs_a_place():
    for execution in EXECUTIONS.values():
        auto = {"ImageId": "img-ubuntu", "InstanceType": "ecs.g6.large"}
        with pytest.raises(ValueError, match="package needs package_uri"):
            job_to_dag(
                job({"a": task("true", ClusterId="", AutoCluster=auto)}), execution=execution, package="programs"
            )
    with DAG("no_place", schedule=None, start_date=datetime(2024, 1, 1)):
        for uri in (None, "oss://packages/x"):
            with pytest.raises(ValueError, match="package needs package_uri"):
                BatchComputeSubmitJobOperator(task_id="t", job=job("true"), package="programs", package_uri=uri)

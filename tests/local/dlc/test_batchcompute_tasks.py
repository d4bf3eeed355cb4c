"""Conversion of BatchCompute tasks to PAI-DLC jobs: both write the same objects."""

from __future__ import annotations

import io
import os
import tarfile
import time
import zipfile
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from airflow_provider_bcs.dlc.conversion import Options, Site, convert
from tests.local.service import Service, job, task

from .dlc_service import DlcService

HOME = "/home/bcs-dlc-test"
OPTIONS = Options(image="python:3.11", instance_type="ecs.g6.large", ignore=["ClusterId"])


@pytest.fixture(autouse=True)
def untouched() -> Any:
    """Check that no file of a job appears on the machine itself."""
    yield
    assert not os.path.exists(HOME)
    assert not os.path.exists("/batchcompute")


class Pods:
    """Service that runs tasks as PAI-DLC jobs and returns their JobIds."""

    def __init__(self, service: DlcService) -> None:
        self.service = service

    def create(self, command_line: str, whole: dict[str, Any] | None = None, **fields: Any) -> str:
        description = job({"t": task(command_line, **fields)}, **(whole or {}))
        body, violations = convert(description, OPTIONS, Site.of("local"))
        assert violations == []
        return self.service.create(body)

    def run(self, command_line: str, status: str = "Succeeded", **fields: Any) -> str:
        job_id = self.create(command_line, **fields)
        try:
            self.service.wait_for(job_id, status)
        except AssertionError:
            raise AssertionError(self.service.texts(job_id)) from None
        return job_id

    def stdout(self, job_id: str, instance: int = 0) -> str:
        return self.service.object(f"logs/stdout.{job_id}.t.{instance}")

    def stderr(self, job_id: str) -> str:
        return self.service.object(f"logs/stderr.{job_id}.t.0")


@pytest.fixture
def pods(isolated: DlcService) -> Pods:
    return Pods(isolated)


@pytest.fixture
def both(isolated: DlcService) -> Callable[..., dict[str, str]]:
    """Run a task in BatchCompute and in PAI-DLC; return the objects that both wrote below ``oss://out/``."""

    def run(command_line: str, *, fails: bool = False, **fields: Any) -> dict[str, str]:
        first = _written(isolated, _run_in_batchcompute(isolated, command_line, fails, fields))
        end = "Failed" if fails else "Succeeded"
        assert _written(isolated, Pods(isolated).run(command_line, end, **fields)) == first
        return first

    _written(isolated, "")
    return run


def _run_in_batchcompute(service: DlcService, command_line: str, fails: bool, fields: dict[str, Any]) -> str:
    job_id = Service.create(service, job({"t": task(command_line, **fields)}))
    assert service.wait(job_id)["State"] == ("Failed" if fails else "Finished")
    return job_id


def _written(service: Service, job_id: str) -> dict[str, str]:
    """Remove the objects below ``oss://out/``."""
    found = {key: service.object(f"out/{key}") for key in service.objects("out")}
    for key in found:
        (service.data_dir / "oss" / "out" / key).unlink()
    return {key.replace(job_id, "JOB"): text for key, text in found.items()}


def test_inputs_and_outputs(isolated: DlcService, both: Callable[..., dict[str, str]]) -> None:
    isolated.put_object("in/deep/a.txt", "A")
    isolated.put_object("in/deep/sub/b.txt", "B")
    isolated.put_object("in/one file.txt", "1")
    inputs = {"oss://in/deep/": f"{HOME}/deep/", "oss://in/one file.txt": f"{HOME}/single/uno.txt"}
    script = (
        f"mkdir -p {HOME}/out/sub && cat {HOME}/deep/a.txt {HOME}/deep/sub/b.txt {HOME}/single/uno.txt > {HOME}/out/all"
        f' && echo 2 > "{HOME}/out/sub/b c" && ln -s all {HOME}/out/link && ln -s /etc/hosts {HOME}/out/away &&'
        f" mkfifo {HOME}/out/pipe && echo 3 > {HOME}/file && echo 4 > {HOME}/my.log"
    )
    written = both(
        f"sh -c '{script}'",
        InputMapping=inputs,
        OutputMapping={
            f"{HOME}/out/": "oss://out/folder/",
            f"{HOME}/file": "oss://out/object",
            f"{HOME}/none": "oss://out/none",
        },
        LogMapping={f"{HOME}/my.log": "oss://out/logs/"},
    )
    assert written == {
        "folder/all": "AB1",
        "folder/link": "AB1",
        "folder/sub/b c": "2\n",
        "object": "3\n",
        "logs/my.log.JOB.t.0": "4\n",
    }


def test_outputs_come_from_failed_commands_too(both: Callable[..., dict[str, str]]) -> None:
    script = f"echo 1 > {HOME}/out/rc && exit 3"
    assert both(f"sh -c '{script}'", fails=True, OutputMapping={f"{HOME}/out/": "oss://out/"}) == {"rc": "1\n"}


def test_standard_streams(both: Callable[..., dict[str, str]]) -> None:
    streams = {"StdoutRedirectPath": "oss://out/o/", "StderrRedirectPath": "oss://out/e/"}
    fields = task("sh -c 'echo said; echo complained >&2'", 2)
    fields["Parameters"].update(streams)
    written = both("", Parameters=fields["Parameters"], InstanceCount=2)
    assert written == {
        **{f"o/stdout.JOB.t.{number}": "said\n" for number in (0, 1)},
        **{f"e/stderr.JOB.t.{number}": "complained\n" for number in (0, 1)},
    }


def test_the_streams_are_in_the_log_too(isolated: DlcService, pods: Pods) -> None:
    job_id = pods.run("sh -c 'echo said; echo complained >&2'")
    assert sorted(isolated.texts(job_id)) == ["complained", "said"]


def test_each_instance_has_its_number(both: Callable[..., dict[str, str]]) -> None:
    names = ("DAG_INSTANCE_ID", "DAG_TASK_ID", "REGION", "CLUSTER_ID")
    values = " ".join(f"$BATCH_COMPUTE_{name}" for name in names[:3])
    script = f"echo {values} $A > {HOME}/out/$BATCH_COMPUTE_DAG_INSTANCE_ID"
    written = both(
        f"sh -c '{script}'", InstanceCount=3, EnvVars={"A": "a  b"}, OutputMapping={f"{HOME}/out/": "oss://out/"}
    )
    assert written == {str(n): f"{n} t local a b\n" for n in range(3)}


def test_the_job_id(isolated: DlcService, pods: Pods) -> None:
    job_id = pods.run("sh -c 'echo $BATCH_COMPUTE_DAG_JOB_ID; pwd'", InstanceCount=2)
    for number in (0, 1):
        found, directory = pods.stdout(job_id, number).split()
        assert found == job_id
        assert directory.endswith("/batchcompute/workdir")


def archive(kind: str) -> bytes:
    buffer = io.BytesIO()
    script = b"#!/bin/sh\ncat data/x.txt > $1/x\n"
    if kind == "zip":
        with zipfile.ZipFile(buffer, "w") as target:
            info = zipfile.ZipInfo("worker.sh")
            info.external_attr = 0o755 << 16
            target.writestr(info, script)
            target.writestr("data/x.txt", "X")
        return buffer.getvalue()
    with tarfile.open(fileobj=buffer, mode=f"w:{kind}") as tar:  # type: ignore[call-overload]
        for name, content, mode in (("./worker.sh", script, 0o755), ("./data/x.txt", b"X", 0o644)):
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.uid = len(content), mode, 12345
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "kind"),
    [("p q.tar.gz", "gz"), ("p.tgz", "gz"), ("p.tar", ""), ("p.tar.bz2", "bz2"), ("p.tar.xz", "xz"), ("p.zip", "zip")],
)
def test_packages(isolated: DlcService, both: Callable[..., dict[str, str]], name: str, kind: str) -> None:
    isolated.put_object(f"packages/{name}", archive(kind))
    outputs = {f"{HOME}/out/": "oss://out/"}
    written = both(f"./worker.sh {HOME}/out", PackagePath=f"oss://packages/{name}", OutputMapping=outputs)
    assert written == {"x": "X"}


def test_a_plain_package_is_executable(isolated: DlcService, both: Callable[..., dict[str, str]]) -> None:
    isolated.put_object("packages/it's me", "#!/bin/sh\nls > $1/ls")
    outputs = {f"{HOME}/out/": "oss://out/"}
    written = both(f'"./it\'s me" {HOME}/out', PackagePath="oss://packages/it's me", OutputMapping=outputs)
    assert written == {"ls": "it's me\n"}


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"PackagePath": "oss://none/p.tar.gz"}, "PackageNotFound: there is no oss://none/p.tar.gz."),
        ({"PackagePath": "oss://bad/p.tar.gz"}, "InvalidPackage: oss://bad/p.tar.gz cannot"),
        ({"InputMapping": {"oss://none/a b/x": f"{HOME}/x"}}, "InputNotFound: there is no oss://none/a b/x for"),
    ],
)
def test_what_cannot_be_prepared(pods: Pods, fields: dict[str, Any], text: str) -> None:
    pods.service.put_object("bad/p.tar.gz", archive("gz")[:100])
    outputs = {f"{HOME}/out/": "oss://never/"}
    job_id = pods.run("true", "Failed", OutputMapping=outputs, **fields)
    assert text in pods.stderr(job_id)
    assert pods.service.objects("never") == []


def test_an_instance_is_tried_again_in_a_fresh_directory(both: Callable[..., dict[str, str]]) -> None:
    # The outputs of an attempt stay in the object store; its files do not.
    script = f"ls {HOME}/out > $0; test -e left && echo left >> $0; touch left {HOME}/out/$$-a; exit 1"
    for retries in (0, 2):
        written = both(
            f"sh -c '{script}' {HOME}/listing",
            fails=True,
            MaxRetryCount=retries,
            OutputMapping={f"{HOME}/listing": "oss://out/listing"},
        )
        assert written == {"listing": ""}


def test_attempts_are_counted(isolated: DlcService, pods: Pods) -> None:
    entry = {"Entries": [{"Source": "nas://host/tried/", "Destination": f"{HOME}/n", "WriteSupport": True}]}
    script = f"echo x >> {HOME}/n/count; test $(wc -l < {HOME}/n/count) -ge 3"
    job_id = pods.run(f"sh -c '{script}'", MaxRetryCount=5, Mounts=entry)
    count = isolated.data_dir / "nas/host/tried/count"
    assert count.read_text() == "x\n" * 3
    assert "Attempt 3 of 6 begins." in "\n".join(isolated.texts(job_id))
    count.unlink()


def test_a_timeout_is_to_the_second(pods: Pods) -> None:
    begin = time.monotonic()
    job_id = pods.run("sh -c 'sleep 60 & wait'", "Failed", Timeout=2)
    assert 2 <= time.monotonic() - begin < 6
    assert "ran longer than 2 s" in pods.stderr(job_id)


def test_a_program_that_ignores_the_end_of_its_time(pods: Pods) -> None:
    script = "trap '' TERM; while :; do sleep 1; done"
    begin = time.monotonic()
    pods.run(f'sh -c "{script}"', "Failed", Timeout=1)
    assert 11 <= time.monotonic() - begin < 15


def test_failures_that_are_put_up_with(pods: Pods) -> None:
    script = "sh -c 'exit $BATCH_COMPUTE_DAG_INSTANCE_ID'"
    lenient = {"JobFailOnInstanceFail": False}
    job_id = pods.run(script, InstanceCount=2, whole=lenient)
    assert "This instance failed" in "\n".join(pods.service.texts(job_id, "worker-0"))
    pods.run(script, "Failed", InstanceCount=2)
    pods.run("false", "Failed", whole=lenient)


def test_two_pods_at_a_time_do_not_see_each_other(pods: Pods) -> None:
    script = (
        f"ls -A . {HOME}/out; touch here {HOME}/out/$BATCH_COMPUTE_DAG_INSTANCE_ID {HOME}/out/same; sleep 1;"
        f" ls -A . {HOME}/out | wc -l"
    )
    outputs = {f"{HOME}/out/": "oss://seen/"}
    job_id = pods.run(f"sh -c '{script}'", InstanceCount=2, OutputMapping=outputs)
    for number in (0, 1):
        assert pods.stdout(job_id, number).split()[-1] == "6"
    assert pods.service.objects("seen") == ["0", "1", "same"]


def test_a_stopped_job_writes_no_outputs(pods: Pods) -> None:
    outputs = {f"{HOME}/out/": "oss://stopped/"}
    job_id = pods.create(f"sh -c 'echo begun; touch {HOME}/out/x; exec sleep 60'", OutputMapping=outputs)
    pods.service.wait_for(job_id, "Running")
    deadline = time.monotonic() + 10
    while not pods.service.texts(job_id):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    pods.service.client.stop_job(job_id)
    pods.service.wait_for(job_id, "Stopped")
    assert pods.service.objects("stopped") == []
    assert pods.stdout(job_id) == "begun\n"


def test_inputs_can_be_executed(isolated: DlcService, pods: Pods) -> None:
    isolated.put_object("tools/one", "#!/bin/sh\necho one")
    mapping = {"oss://tools/": f"{HOME}/tools/"}
    assert pods.stdout(pods.run(f"{HOME}/tools/one", InputMapping=mapping)) == "one\n"


def test_inputs_never_change(isolated: DlcService, pods: Pods) -> None:
    isolated.put_object("ro/a.txt", "A")
    command = f"sh -c 'echo changed > {HOME}/ro/a.txt; echo new > {HOME}/ro/b.txt; rm -f {HOME}/ro/a.txt; true'"
    pods.run(command, InputMapping={"oss://ro/": f"{HOME}/ro"})
    assert isolated.objects("ro") == ["a.txt"]
    assert isolated.object("ro/a.txt") == "A"


@pytest.mark.parametrize("region", ["local", "cn-shanghai"])
def test_the_object_store_of_a_region_is_the_local_one(isolated: DlcService, region: str) -> None:
    description = job({"t": task("sh -c 'echo $BATCH_COMPUTE_OSS_HOST'")})
    body, _ = convert(description, OPTIONS, Site.of(region))
    assert body["Envs"]["BATCH_COMPUTE_OSS_HOST"] == f"oss-{region}-internal.aliyuncs.com"
    job_id = isolated.create(body)
    isolated.wait_for(job_id, "Succeeded")
    assert isolated.object(f"logs/stdout.{job_id}.t.0") == f"{urlsplit(isolated.ready['oss']).netloc}\n"


def test_the_object_store_that_a_task_names_stays(pods: Pods) -> None:
    job_id = pods.run("sh -c 'echo $BATCH_COMPUTE_OSS_HOST'", EnvVars={"BATCH_COMPUTE_OSS_HOST": "oss.example"})
    assert pods.stdout(job_id) == "oss.example\n"


def test_variables_that_the_platform_sets_too(pods: Pods) -> None:
    job_id = pods.run("sh -c 'echo $JOB_NAME $CUSTOM_PORTS'", EnvVars={"JOB_NAME": "mine", "CUSTOM_PORTS": "1;2"})
    assert pods.stdout(job_id) == "mine 1;2\n"

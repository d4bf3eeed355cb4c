"""One job file, run in each way there is: the objects it writes are the same, byte by byte."""

from __future__ import annotations

import io
import json
import logging
import re
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.batchcompute import InvalidJobError
from airflow_provider_bcs.description.violation import JobWarning
from airflow_provider_bcs.operators.batchcompute_on_dlc import BatchComputeTaskOnDlcOperator
from airflow_provider_bcs.translator import BatchComputeTaskGroup, JobPerTask, PaiDlc, SingleJob, job_to_dag
from tests.airflow.conftest import connection_json
from tests.airflow.running import rendered, run_dag, states, task_log
from tests.airflow.test_translator import DIAMOND, START, edges, expected_edges
from tests.batchcompute.jobs import job

pytestmark = pytest.mark.usefixtures("airflow_db", "connection")

HOME = "/home/three-ways"
CLUSTER = {"ImageId": "img-ubuntu", "InstanceType": "bcs.a2.large"}
WAYS = ("jobs", "job", "dlc")
HUSH = "hush-5b1f"
ON_DLC = PaiDlc(
    images={"img-ubuntu": "python:3.11"},
    instance_types={"bcs.a2.large": "ecs.g6.large"},
    # The NAS of this test is a directory of the local service, which no network leads to.
    ignore=["Mounts.OSS", "DataSources.Uri"],
    dlc_job={"Envs": {"MORE_TOKEN": HUSH}},
)

# Each part takes every third word of the book, in capitals; the first attempt of part 1 fails.
_SPLIT = """
import os, pathlib, sys
book, notes, out, number = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), sys.argv[4]
words = [word for page in sorted(book.rglob("*.txt")) for word in page.read_text().split()]
mine = words[int(os.environ["BATCH_COMPUTE_DAG_INSTANCE_ID"])::int(number)]
name = "part " + os.environ["BATCH_COMPUTE_DAG_INSTANCE_ID"]
(out / "deep").mkdir()
(out / "deep" / name).write_text(" ".join(mine).upper() + os.environ["SIGN"])
(out / name).write_bytes(notes.read_bytes())
print(len(mine), "words of", os.environ["BATCH_COMPUTE_DAG_TASK_ID"])
tried = pathlib.Path("/home/three-ways/tried") / os.environ["BATCH_COMPUTE_DAG_INSTANCE_ID"]
tried.write_text(tried.read_text() + "x" if tried.exists() else "x")
sys.exit(name == "part 1" and tried.read_text() == "x")
"""
_JOIN = """
import pathlib, sys
parts = sorted(pathlib.Path(sys.argv[1]).rglob("part *"))
pathlib.Path(sys.argv[2]).write_bytes(b"|".join(part.read_bytes() for part in parts))
"""


def three_ways() -> dict[str, Any]:
    """A job of two tasks with a bit of everything; ``{{ params.way }}`` tells its outputs apart."""
    out = "oss://ways/{{ params.way }}/out"
    logs = {"StdoutRedirectPath": f"{out}/logs/", "StderrRedirectPath": f"{out}/errors/"}
    package = {"PackagePath": "oss://ways/packages/scripts.tar.gz"}
    split = {
        "Parameters": {
            "Command": {
                "CommandLine": f"python split.py {HOME}/book '{HOME}/one note.bin' {HOME}/out 3",
                "EnvVars": {"SIGN": '$HOME "it\'s" `not` run\\n', "A_TOKEN": HUSH},
                **package,
            },
            **logs,
        },
        "InputMapping": {"oss://ways/book/": f"{HOME}/book/", "oss://ways/notes/one note.bin": f"{HOME}/one note.bin"},
        "OutputMapping": {f"{HOME}/out/": f"{out}/parts/"},
        "Mounts": {
            "Entries": [
                {"Source": "nas://host/{{ params.way }}/", "Destination": f"{HOME}/tried", "WriteSupport": True}
            ],
            "OSS": {"AccessKeyId": "id", "AccessKeySecret": HUSH},
        },
        "InstanceCount": 3,
        "MaxRetryCount": 1,
        "Timeout": 60,
        "AutoCluster": CLUSTER,
    }
    merge = {
        "Parameters": {"Command": {"CommandLine": f"python join.py {HOME}/parts/ {HOME}/joined", **package}, **logs},
        "InputMapping": {f"{out}/parts/": f"{HOME}/parts/"},
        "OutputMapping": {f"{HOME}/joined": f"{out}/joined.bin"},
        "InstanceCount": 1,
        "Timeout": 60,
        "AutoCluster": CLUSTER,
    }
    return job({"split": split, "merge": merge}, {"split": ["merge"]}, Name="ways", Priority=7)


def one(command: str, **fields: Any) -> dict[str, Any]:
    """A job of one task ``t`` with its streams below ``oss://one/``."""
    parameters = {"Command": {"CommandLine": command}, "StdoutRedirectPath": "oss://one/logs/"}
    whole = {name: fields.pop(name) for name in ("AutoRelease", "JobFailOnInstanceFail") if name in fields}
    content = {"Parameters": parameters, "InstanceCount": 1, "AutoCluster": CLUSTER, **fields}
    return job({"t": content}, Name="one", **whole)


def to_dag(description: Any, way: str, **kwargs: Any) -> DAG:
    """The graph of a job; only ``execution`` differs."""
    execution = {"jobs": JobPerTask(), "job": SingleJob(), "dlc": ON_DLC}[way]
    task_args = {"t": {"image": "python:3.12"} if way == "dlc" else {}, "split": {"retries": 0}}
    return job_to_dag(
        description,
        f"{description['Name']}_{way}",
        execution=execution,
        params={"way": way},
        operator_args={"poll_interval": 0.2},
        task_args={name: value for name, value in task_args.items() if name in description["DAG"]["Tasks"]},
        **kwargs,
    )


@pytest.fixture
def log(caplog, capfd) -> Callable[[], str]:
    """What was logged since this was asked for last; tasks write to either, depending on the version."""
    caplog.set_level(logging.INFO)

    def taken() -> str:
        text = task_log(caplog) + "".join(capfd.readouterr())
        caplog.clear()
        return text

    return taken


@pytest.fixture
def scripts(service) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in (("split.py", _SPLIT), ("join.py", _JOIN)):
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    service.put_object("ways/packages/scripts.tar.gz", buffer.getvalue())
    service.put_object("ways/book/a.txt", "the quick brown fox jumps over the lazy dog")
    service.put_object("ways/book/more/b.txt", "größer als je zuvor")
    service.put_object("ways/notes/one note.bin", bytes(range(256)))


def job_ids(dag_run: Any) -> list[str]:
    """The jobs that were submitted."""
    tis = dag_run.get_task_instances()
    return [found for ti in tis if (found := ti.xcom_pull(task_ids=ti.task_id, key="job_id"))]


def followed(dag_run: Any) -> dict[str, str]:
    """The states of the tasks of the file."""
    return {name: state for name, state in states(dag_run).items() if name not in ("submit", "stop")}


def objects_of(root: Path, ids: list[str]) -> dict[str, bytes]:
    """The objects below a folder, with JOB in place of an id of a job."""
    found = {}
    for file in root.rglob("*"):
        if file.is_file():
            key = str(file.relative_to(root))
            for job_id in ids:
                key = key.replace(job_id, "JOB")
            found[key] = file.read_bytes()
    return found


@pytest.mark.usefixtures("scripts")
def test_the_objects_are_the_same(service, log):
    written: dict[str, dict[str, bytes]] = {}
    for way in WAYS:
        found = run_dag(to_dag(three_ways(), way))
        assert followed(found) == {"split": "success", "merge": "success"}
        ids = job_ids(found)
        assert len(ids) == (1 if way == "job" else 2)
        assert all(name.startswith("dlc" if way == "dlc" else "job-") for name in ids)
        written[way] = objects_of(service.data_dir / "oss" / "ways" / way / "out", ids)
        tried = service.data_dir / "nas" / "host" / way
        assert {file.name: file.read_text() for file in tried.iterdir()} == {"0": "x", "1": "xx", "2": "x"}
        assert HUSH not in log()
        assert HUSH not in json.dumps(rendered(found, "submit" if way == "job" else "split"))
        assert HUSH not in json.dumps(ids)
    streams = {way: {key for key in written[way] if key.startswith("errors/")} for way in WAYS}
    assert len(streams["jobs"]) == 4
    assert streams["jobs"] == streams["job"] == streams["dlc"]
    objects, *others = ({key: text for key, text in written[way].items() if key not in streams[way]} for way in WAYS)
    assert others == [objects, objects]
    assert len(objects["joined.bin"]) > 3 * 256
    assert objects["parts/deep/part 0"] == 'THE FOX THE GRÖSSER ZUVOR$HOME "it\'s" `not` run\\n'.encode()
    assert objects["logs/stdout.JOB.split.1"] == b"4 words of split\n"
    assert len(objects) == 3 + 3 + 1 + 4


@pytest.mark.parametrize("way", WAYS)
def test_a_task_that_fails(service, way):
    description = one("sh -c 'echo so far; exit 3'", OutputMapping={f"{HOME}/o/": "oss://one/o/"})
    found = run_dag(to_dag(description, way))
    assert followed(found) == {"t": "failed"}
    (job_id,) = job_ids(found)
    assert service.object(f"one/logs/stdout.{job_id}.t.0") == "so far\n"


@pytest.mark.parametrize("way", WAYS)
def test_an_output_behind_a_link(service, way):
    # Both are there, one where a directory on the way was replaced by a link.
    program = "mkdir z; echo far > z/q; rmdir {0}/p; ln -s $PWD/z {0}/p; echo near > {0}/d/q"
    outputs = {f"{HOME}/{name}/q": f"oss://one/{way}/behind/{name}" for name in "pd"}
    found = run_dag(to_dag(one(f"sh -c '{program.format(HOME)}'", OutputMapping=outputs), way))
    assert followed(found) == {"t": "success"}
    assert objects_of(service.data_dir / "oss" / "one" / way / "behind", []) == {"d": b"near\n"}


@pytest.mark.parametrize("way", WAYS)
def test_variables_and_words_that_shells_take_for_their_own(service, way):
    variables = {"OPTIND": "abc", "PPID": "def", "BC_ENV_PPID": "ghi", "BATCH_COMPUTE_PRIVATE_PATHS": "jkl"}
    show = f"import os; print(*map(os.environ.get, {list(variables)}))"
    description = one(f'python -c "{show}"')
    description["DAG"]["Tasks"]["t"]["Parameters"]["Command"]["EnvVars"] = variables
    found = run_dag(to_dag(description, way))
    (job_id,) = job_ids(found)
    assert service.object(f"one/logs/stdout.{job_id}.t.0") == "abc def ghi jkl\n"
    assert followed(run_dag(to_dag(one("--version"), way))) == {"t": "failed"}


@pytest.mark.parametrize("way", WAYS)
def test_a_timeout(way, log):
    begin = time.monotonic()
    assert followed(run_dag(to_dag(one("sh -c 'sleep 60 & wait'", Timeout=2), way))) == {"t": "failed"}
    assert 2 <= time.monotonic() - begin < 12
    assert re.search(r"ran longer than (its Timeout of )?2 s", log())


@pytest.mark.parametrize("way", WAYS)
def test_auto_release(service, way, client, dlc, log):
    found = run_dag(to_dag(one("echo a word", AutoRelease=True), way))
    assert followed(found) == {"t": "success"}
    (job_id,) = job_ids(found)
    listed = [item.JobId for item in dlc.list_jobs()] if way == "dlc" else [item.Id for item in client.list_jobs()]
    assert job_id not in listed
    assert service.object(f"one/logs/stdout.{job_id}.t.0") == "a word\n"
    if way == "dlc":
        # The log was read before it was deleted.
        assert re.search(r"\d a word", log())


def test_what_is_said_of_one_task(dlc):
    found = run_dag(to_dag(one("true"), "dlc"))
    (job_id,) = job_ids(found)
    created = dlc.get_job(job_id)
    assert created.JobSpecs[0]["Image"] == "python:3.12"
    assert created.JobSpecs[0]["EcsSpec"] == "ecs.g6.large"
    assert created.DisplayName.startswith("one-t-")


@pytest.mark.parametrize("way", WAYS)
def test_the_graph_is_the_same(way):
    def between(tasks: Any) -> set[tuple[str, str]]:
        return {edge for edge in edges(tasks) if not {"submit", "stop"} & set(edge)}

    on_dlc = PaiDlc(image="i", instance_type="ecs.x", ignore=["ClusterId"])
    execution = {"jobs": JobPerTask(), "job": SingleJob(), "dlc": on_dlc}[way]
    dag = job_to_dag(DIAMOND, execution=execution)
    assert between(dag.tasks) == expected_edges(DIAMOND)
    with DAG("d", start_date=START, schedule=None):
        group = BatchComputeTaskGroup("g", DIAMOND, execution=execution, prefix_group_id=False)
    assert between(group.children.values()) == expected_edges(DIAMOND)


def test_all_errors_of_a_graph_come_at_once():
    with pytest.raises(InvalidJobError) as caught:
        job_to_dag(three_ways(), execution=PaiDlc(images={"img-ubunto": "x"}), task_args={"merge": {"image": "mine"}})
    text = str(caught.value)
    assert "DAG.Tasks.split.Mounts.OSS: " in text
    assert "DAG.Tasks.split.AutoCluster.ImageId: " in text
    assert "did you mean img-ubunto" in text
    assert "DAG.Tasks.merge.AutoCluster.ImageId" not in text
    assert text.count("AutoCluster.InstanceType: ") == 2
    assert HUSH not in text


def test_a_mount_of_nas_without_a_network():
    nas = {"Source": "nas://0abc-x.cn-x.nas.aliyuncs.com:/share/", "Destination": "/mnt/nas/", "WriteSupport": True}
    content = one("ls /mnt/nas", Mounts={"Entries": [nas]})
    arguments = {"image": "python:3.11", "instance_type": "ecs.g6.large"}
    with pytest.warns(JobWarning, match="found NAS without UserVpc; .* Found in the PAI-DLC job of t."):
        job_to_dag(content, execution=PaiDlc(**arguments))
    network = {"VpcId": "vpc-1", "SecurityGroupId": "sg-1"}
    assert job_to_dag(content, execution=PaiDlc(**arguments, dlc_job={"UserVpc": network}))


def test_the_operator_alone(service):
    tables = {"images": {"img-ubuntu": "python:3.11"}, "instance_types": {"bcs.a2.large": "ecs.g6.large"}}
    with DAG("alone", start_date=START, schedule=None, params={"n": 2}) as dag:
        BatchComputeTaskOnDlcOperator(
            task_id="t",
            job=one("sh -c 'echo {{ params.n }} $MORE \"a  b\"'"),
            dlc_job={"Envs": {"MORE": "{{ params.n + 1 }}"}},
            poll_interval=0.2,
            deferrable=True,
            **tables,
        )
    found = run_dag(dag)
    assert states(found) == {"t": "success"}
    (job_id,) = job_ids(found)
    assert service.object(f"one/logs/stdout.{job_id}.t.0") == "2 3 a  b\n"
    with DAG("wrong", start_date=START, schedule=None):
        with pytest.raises(InvalidJobError, match="AutoCluster.UserData.* in ignore"):
            BatchComputeTaskOnDlcOperator(
                task_id="t", job=one("x", AutoCluster={**CLUSTER, "UserData": {"a": "b"}}), **tables
            )


def test_what_a_template_gives_is_checked_when_the_task_runs(log):
    description = one("run {{ params.word }}")
    with DAG("late", start_date=START, schedule=None, params={"word": "'"}) as dag:
        BatchComputeTaskOnDlcOperator(task_id="t", job=description, image="i", instance_type="ecs.x", retries=3)
    assert states(run_dag(dag)) == {"t": "failed"}
    assert "CommandLine: NotCarriedOver: It must be a command." in log()


def test_the_endpoint_of_the_objects(service, dlc, log, monkeypatch):
    local = json.loads(connection_json(service))
    for name, connection in {
        "with_oss": {**local, "extra": {"oss_endpoint": "https://oss-cn-x.example"}},
        "with_region": {**local, "extra": {"region": "cn-shanghai"}},
        "with_neither": {**local, "host": "", "extra": {"dlc_endpoint": "https://dlc.example"}},
    }.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(connection))
    description = one("true", InputMapping={"oss://ways/book/": f"{HOME}/book"})
    hosts = {"with_oss": "oss-cn-x.example", "with_region": "oss-cn-shanghai-internal.aliyuncs.com"}
    for name, host in hosts.items():
        found = run_dag(to_dag(description, "dlc", bcs_conn_id=name))
        assert states(found) == {"t": "success"}
        created = dlc.get_job(*job_ids(found))
        assert created.DataSources[0]["Uri"] == f"oss://ways.{host}/book/"
    assert states(run_dag(to_dag(description, "dlc", bcs_conn_id="with_neither"))) == {"t": "failed"}
    assert "Connection with_neither has no region" in log()

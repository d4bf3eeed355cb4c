"""Environment of a pod: variables, host names, data sources, libraries."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.local.service import wait_until

from .dlc_service import DlcService, dlc_job, role, write_dataset

_ENVIRONMENT = "python -c 'import json, os; print(json.dumps(dict(os.environ)))'"
# Rank 0 listens, the other ranks connect; each prints the received data.
_RENDEZVOUS = """
import os, socket, time
rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
address = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
if rank == 0:
    with socket.create_server(address) as server:
        server.settimeout(30)
        for _ in range(size - 1):
            peer, _ = server.accept()
            print("got", peer.recv(100).decode())
            peer.sendall(os.environ["TOKEN"].encode())
else:
    deadline = time.monotonic() + 10
    while True:
        try:
            peer = socket.create_connection(address, timeout=10)
            break
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    peer.sendall(b"rank %d" % rank)
    print("got", peer.recv(100).decode())
"""


def environments(service: DlcService, job: dict[str, Any]) -> dict[str, dict[str, str]]:
    done = service.run_job({**job, "UserCommand": _ENVIRONMENT})
    names = [pod["PodId"].removeprefix(done["JobId"] + "-") for pod in done["Pods"]]
    found = {name: json.loads(service.texts(done["JobId"], name)[0]) for name in names}
    return {name: {"JobId": done["JobId"], **variables} for name, variables in found.items()}


def test_pytorch_environment(isolated: DlcService) -> None:
    envs = {"A": "α 'x'", "RANK": "77", "USER": "me"}
    job = dlc_job("", 3, Envs=envs, CustomEnvs=[{"Key": "C", "Value": "3", "Visible": "false"}])
    found = environments(isolated, job)
    assert list(found) == ["master-0", "worker-0", "worker-1"]
    assert [item["RANK"] for item in found.values()] == ["0", "1", "2"]
    job_id = found["master-0"]["JobId"]
    is_named = "namespace" in isolated.options
    for item in found.values():
        assert item["MASTER_ADDR"] == (f"{job_id}-master-0" if is_named else "127.0.0.1")
        assert int(item["MASTER_PORT"]) >= 23456
        assert (item["WORLD_SIZE"], item["NPROC_PER_NODE"]) == ("3", "1")
        assert (item["A"], item["C"], item["USER"]) == ("α 'x'", "3", "me")
        assert item["JOB_NAME"] == job_id
        assert "CUSTOM_PORTS" not in item
        assert "SERVER_SECRET" not in item


def test_custom_ports(dlc: DlcService) -> None:
    settings = {"AdvancedSettings": {"customPortNumPerWorker": 3}}
    first, second = (environments(dlc, dlc_job("", 2, Settings=settings)) for _ in range(2))
    for found in (first, second):
        ports = [int(port) for item in found.values() for port in item["CUSTOM_PORTS"].split(";")]
        assert len(set(ports)) == 6
        assert not {int(item["MASTER_PORT"]) for item in found.values()} & set(ports)
        assert all(10_000 <= port < 32_768 for port in ports)


def test_jobs_that_run_at_once_have_other_custom_ports(dlc: DlcService) -> None:
    settings = {"AdvancedSettings": {"customPortNumPerWorker": "2"}}
    command = "echo $CUSTOM_PORTS; sleep 60"
    jobs = [dlc.create(dlc_job(command, Settings=settings)) for _ in range(2)]
    for job_id in jobs:
        dlc.wait_for(job_id, "Running")
    wait_until(lambda: all(dlc.texts(job_id) for job_id in jobs))
    ports = [port for job_id in jobs for port in dlc.texts(job_id)[0].split(";")]
    for job_id in jobs:
        dlc.send("POST", f"/api/v1/jobs/{job_id}/stop")
        dlc.wait_for(job_id, "Stopped")
    assert len(set(ports)) == 4


def test_more_custom_ports_than_there_are(dlc: DlcService) -> None:
    response = dlc.send(
        "POST",
        "/api/v1/jobs",
        body=dlc_job("true", 2, Settings={"AdvancedSettings": {"customPortNumPerWorker": 5001}}),
    )
    assert (response.status_code, response.json()["Code"]) == (400, "InvalidParameter")
    assert "customPortNumPerWorker" in response.json()["Message"]


def test_node_has_as_many_processes_as_gpus(dlc: DlcService) -> None:
    job = dlc_job("")
    job["JobSpecs"][0]["EcsSpec"] = "ecs.gn6v-c8g1.16xlarge"
    assert environments(dlc, job)["master-0"]["NPROC_PER_NODE"] == "8"


@pytest.mark.parametrize("job_type", ["XGBoostJob", "OneFlowJob", "ElasticBatchJob"])
def test_other_types_with_a_master(dlc: DlcService, job_type: str) -> None:
    specs = [role("Worker"), role("Master")]
    found = environments(dlc, dlc_job("", JobType=job_type) | {"JobSpecs": specs})
    assert {name: item["RANK"] for name, item in found.items()} == {"master-0": "0", "worker-0": "1"}


def test_tf_config(isolated: DlcService) -> None:
    job = dlc_job("", JobType="TFJob") | {"JobSpecs": [role("Chief"), role("Worker", pods=2), role("PS")]}
    # All roles run the same command, which ends.
    found = environments(isolated, {**job, "SuccessPolicy": "Partial"})
    configs = {name: json.loads(item["TF_CONFIG"]) for name, item in found.items()}
    assert configs["worker-1"]["task"] == {"type": "worker", "index": 1}
    assert {json.dumps(config["cluster"], sort_keys=True) for config in configs.values()} == {
        json.dumps(configs["chief-0"]["cluster"], sort_keys=True)
    }
    cluster = configs["ps-0"]["cluster"]
    assert configs["ps-0"]["environment"] == "cloud"
    assert {name: len(hosts) for name, hosts in cluster.items()} == {"chief": 1, "worker": 2, "ps": 1}
    hosts = [host.rpartition(":") for group in cluster.values() for host in group]
    assert len({int(port) for _, _, port in hosts}) == 4
    job_id = found["ps-0"]["JobId"]
    is_named = "namespace" in isolated.options
    assert cluster["ps"][0].startswith(f"{job_id}-ps-0.t1234567890.svc:" if is_named else "127.0.0.1:")
    assert "MASTER_ADDR" not in found["ps-0"]


@pytest.mark.parametrize(
    ("job_type", "specs"),
    [("MPIJob", [role("Master"), role("Worker")]), ("RayJob", [role("Head"), role("Worker-cpu")])],
)
def test_types_without_variables(dlc: DlcService, job_type: str, specs: list[dict[str, Any]]) -> None:
    found = environments(dlc, dlc_job("", JobType=job_type) | {"JobSpecs": specs})
    assert list(found) == [f"{spec['Type'].lower()}-0" for spec in specs]
    variables = found[f"{specs[1]['Type'].lower()}-0"]
    assert not {"MASTER_ADDR", "RANK", "TF_CONFIG", "CUSTOM_PORTS"} & set(variables)
    assert variables["JOB_NAME"] == variables["JobId"]


def test_two_jobs_meet_their_own_workers(isolated: DlcService) -> None:
    jobs = [
        isolated.create(dlc_job(f"python -u -c '{_RENDEZVOUS}'", 2, Envs={"TOKEN": token})) for token in ("one", "two")
    ]
    for job_id, token in zip(jobs, ("one", "two"), strict=True):
        isolated.wait_for(job_id, "Succeeded")
        assert isolated.texts(job_id) == ["got rank 1"]
        assert isolated.texts(job_id, "worker-0") == [f"got {token}"]


def test_hosts_of_a_job(dlc: DlcService) -> None:
    """Check that each pod in a namespace has its own host name, and that all host names resolve to this machine."""
    command = "hostname; for host in $(hostname) $(hostname).t1234567890.svc $MASTER_ADDR; do getent hosts $host; done"
    done = dlc.run_job(dlc_job(command, 2))
    lines = dlc.texts(done["JobId"], "worker-0")
    assert lines[0] == f"{done['JobId']}-worker-0"
    assert [line.split()[0] for line in lines[1:]] == ["127.0.0.1"] * 3
    assert done["JobId"] not in Path("/etc/hosts").read_text()


def test_shell_and_directory(isolated: DlcService) -> None:
    script = "[[ a == a ]] && echo bash\nls -A | wc -l\necho $((1 +\n 2))\ntouch here\n"
    done = isolated.run_job(dlc_job(script, Settings={"Shell": "/bin/bash"}))
    assert isolated.texts(done["JobId"]) == ["bash", "0", "3"]
    failed = isolated.run_job(dlc_job("nothing-like-this"), "Failed")
    assert "exit code 127" in failed["ReasonMessage"]


def test_data_sources(isolated: DlcService) -> None:
    write_dataset(isolated, "oss/in/data", "a.txt", "input\n")
    share = write_dataset(isolated, "nas/fsid.local/share", "b.txt", "shared\n").parent
    sources = [
        {"Uri": "oss://in.oss-cn-x-internal.aliyuncs.com/data/", "MountPath": "/mnt/in", "MountAccess": "RO"},
        {"Uri": "oss://out/results/", "MountPath": "/mnt/out", "MountAccess": "RW"},
        {"Uri": "nas://fsid.local/share/", "MountPath": "/mnt/nas"},
        {"DataSourceId": "d-1", "MountPath": "/mnt/set"},
        {"Uri": "cpfs://x.y/z/", "MountPath": "/mnt/cpfs"},
    ]
    command = (
        "cat /mnt/in/a.txt /mnt/nas/b.txt\n"
        "cat $WHERE/a.txt > /mnt/out/copy.txt; touch /mnt/nas/new\n"
        "ls -A /mnt/set /mnt/cpfs /root/code\n"
        "touch /mnt/in/forbidden"
    )
    job = dlc_job(command, DataSources=sources, CodeSource={"CodeSourceId": "code-1"}, Envs={"WHERE": "/mnt/in"})
    job_id = isolated.create(job)
    status = isolated.wait_for(job_id, "Succeeded", "Failed")["Status"]
    texts = isolated.texts(job_id)
    assert texts.index("input") + 1 == texts.index("shared")
    assert any("d-1" in text and "empty" in text for text in texts)
    assert any("cpfs://x.y/z/" in text and "empty" in text for text in texts)
    assert any("code-1" in text and "empty" in text for text in texts)
    assert isolated.object("out/results/copy.txt") == "input\n"
    assert (share / "new").exists()
    # With rewrite, the command writes to a copy, without an error.
    assert isolated.objects("in") == ["data/a.txt"]
    assert status == ("Failed" if "namespace" in isolated.options else "Succeeded")
    assert not Path("/mnt/out").exists()


def test_read_only_data_sources_without_files_are_read_only(dlc: DlcService) -> None:
    sources: list[dict[str, Any]] = [
        {"Uri": "oss://lost/none/", "MountPath": "/mnt/bcs-oss"},
        {"Uri": "oss://lost.oss-cn-x-internal.aliyuncs.com/", "MountPath": "/mnt/bcs-bucket"},
        {"Uri": "nas://fsid.local/none/", "MountPath": "/mnt/bcs-nas"},
        {"Uri": "cpfs://x.y/z/", "MountPath": "/mnt/bcs-cpfs"},
        {"DataSourceId": "d-1", "MountPath": "/mnt/bcs-set"},
    ]
    command = "for path in /mnt/bcs-*; do ls -A $path; touch $path/new || echo $path is read-only; done"
    for access, expected in (("RO", [f"{item['MountPath']} is read-only" for item in sources]), ("RW", [])):
        job = dlc_job(command, DataSources=[{**item, "MountAccess": access} for item in sources])
        done = dlc.run_job(job)
        found = [text for text in dlc.texts(done["JobId"]) if text.endswith("is read-only")]
        assert sorted(found) == sorted(expected)
    assert dlc.objects("lost") == ["new", "none/new"]


@pytest.mark.parametrize(
    ("paths", "text"),
    [(["/mnt/a", "/mnt/a/b"], "found the mount"), (["/proc/x"], "/proc"), (["/a/../b"], "..")],
)
def test_mount_paths_that_cannot_be(isolated: DlcService, paths: list[str], text: str) -> None:
    sources = [{"Uri": f"oss://b/{number}/", "MountPath": path} for number, path in enumerate(paths)]
    done = isolated.run_job(dlc_job("true", DataSources=sources), "Failed")
    assert text in done["ReasonMessage"]
    assert text in "\n".join(isolated.texts(done["JobId"]))


def write_wheel(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    wheel = directory / "answer-1.0-py3-none-any.whl"
    info = "answer-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("answer.py", "VALUE = 42\n")
        file.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: answer\nVersion: 1.0\n")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")
    return wheel


def test_libraries_are_installed(isolated: DlcService) -> None:
    write_wheel(isolated.data_dir / "oss" / "libs" / "wheels")
    (isolated.data_dir / "oss/libs/wheels/requirements.txt").write_text("--no-index\n--find-links /nowhere\nanswer\n")
    source = {"Uri": "oss://libs/wheels/", "MountPath": "/mnt/wheels"}
    show = "python -c 'import answer; print(answer.VALUE)'"
    fields = {"DataSources": [source], "ThirdpartyLibs": ["/mnt/wheels/answer-1.0-py3-none-any.whl"]}
    done = isolated.run_job(dlc_job(show, **fields))
    assert isolated.texts(done["JobId"])[-1] == "42"
    failed = isolated.run_job(dlc_job(show, DataSources=[source], ThirdpartyLibDir="/mnt/wheels"), "Failed")
    assert "ThirdpartyLibsFailed" in isolated.texts(failed["JobId"])[-1]
    done = isolated.run_job(dlc_job("echo done", ThirdpartyLibDir="/nowhere"))
    warning, text = isolated.texts(done["JobId"])
    assert "/nowhere/requirements.txt" in warning
    assert text == "done"


def test_libraries_are_not_installed_unasked(dlc: DlcService) -> None:
    done = dlc.run_job(dlc_job("true", ThirdpartyLibs=["numpy==1.16.1"], ThirdpartyLibDir="/root/code"))
    [text] = dlc.texts(done["JobId"])
    assert "numpy==1.16.1" in text
    assert "/root/code/requirements.txt" in text
    assert "not installed" in text.lower()

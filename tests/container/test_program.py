"""A BatchCompute task as a program for any container platform."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from airflow_provider_bcs.container import (
    FIELDS_OF_CONTAINERS,
    FieldTable,
    Image,
    Lost,
    Mount,
    Platform,
    Site,
    Spot,
    SystemDisk,
    container_program,
)
from airflow_provider_bcs.exceptions import InvalidJobError
from tests.batchcompute.jobs import job, task
from tests.child import LIMIT

SITE = Site.of("cn-shanghai")
#: How pods of a Kubernetes Job with completion mode Indexed are named.
KUBERNETES = Platform(job=("${bc_pod%-*-*}",), rank="${JOB_COMPLETION_INDEX:-0}", variables=("JOB_COMPLETION_INDEX",))


def description(**fields):
    found = task("python run.py", **{"ClusterId": "", **fields})
    return job({"count": found}, Priority=7, Description="numbers")


def test_the_whole_task():
    cluster = {
        "InstanceType": "ecs.sn1.large",
        "ImageId": "img-ubuntu",
        "ResourceType": "Spot",
        "SpotStrategy": "SpotWithPriceLimit",
        "SpotPriceLimit": 0.5,
        "ReserveOnFail": True,
        "Configs": {"Disks": {"SystemDisk": {"Type": "cloud_ssd", "Size": 50}}},
    }
    program = container_program(
        description(
            AutoCluster=cluster,
            InstanceCount=3,
            MaxRetryCount=2,
            Timeout=60,
            InputMapping={"oss://b/in/": "/home/in/"},
            OutputMapping={"/home/out/": "oss://b/out/"},
            Mounts={"Entries": [{"Source": "nas://f-1.cn-x.nas.aliyuncs.com:/s!", "Destination": "/nas/x"}]},
        ),
        KUBERNETES,
        SITE,
    )
    assert (program.job, program.name, program.description, program.priority) == ("a-job", "count", "numbers", 7)
    assert program.image == Image("img-ubuntu", "AutoCluster.ImageId", is_pullable=False)
    assert program.mounts == (
        Mount("oss://b/in/", "/home/in", writable=False),
        Mount("nas://f-1.cn-x.nas.aliyuncs.com/s/", "/nas/x", writable=False),
        Mount("oss://b/out/", "/batchcompute/oss/2", writable=True),
    )
    assert program.resources.instance_type == "ecs.sn1.large"
    assert program.resources.system_disk == SystemDisk("cloud_ssd", 50)
    assert program.resources.spot == Spot("Spot", "SpotWithPriceLimit", 0.5)
    assert program.resources.clusters == {}
    assert (program.instance_count, program.retries, program.timeout) == (3, 2, 60)
    assert program.fails_job
    assert program.keeps_failed
    assert program.variables["BATCH_COMPUTE_REGION"] == "cn-shanghai"
    assert program.violations == ()


def test_ignored_fields_are_left_out():
    program = container_program(
        description(ClusterId="cls-1", Timeout=60), KUBERNETES, SITE, ignore=["ClusterId", "Timeout", "Description"]
    )
    assert program.resources.clusters == {}
    assert program.timeout > 60
    assert program.description is None


@pytest.mark.parametrize(("count", "fails"), [(1, True), (2, False)])
def test_who_fails_the_job(count, fails):
    content = {**description(InstanceCount=count), "JobFailOnInstanceFail": False}
    program = container_program(content, KUBERNETES, SITE)
    assert program.fails_job is fails
    assert program.script.endswith("exit 0\n") is not fails


def test_the_script_takes_names_from_the_platform(tmp_path):
    content = description()
    content["DAG"]["Tasks"]["count"]["Parameters"]["Command"] = {
        "CommandLine": "sh -c 'echo $BATCH_COMPUTE_DAG_JOB_ID $BATCH_COMPUTE_DAG_INSTANCE_ID $BATCH_COMPUTE_WORKER_ID"
        " $JOB_COMPLETION_INDEX $RANK'",
        "EnvVars": {"JOB_COMPLETION_INDEX": "mine", "RANK": "17"},
    }
    program = container_program(content, KUBERNETES, SITE)
    assert program.variables["BC_ENV_JOB_COMPLETION_INDEX"] == "mine"
    environment = {
        **program.variables,
        "PATH": os.environ["PATH"],
        "HOSTNAME": "primes-3-x7k2p",
        "JOB_COMPLETION_INDEX": "3",
    }
    script = program.script.replace("/batchcompute", str(tmp_path))
    done = subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True, timeout=30)
    assert done.stdout == "primes 3 primes-3-x7k2p mine 17\n", done.stderr


def test_what_no_platform_runs_is_a_violation():
    program = container_program(
        description(TaskName="other", OutputMapping={"/usr": "oss://b/o"}), KUBERNETES, Site.of("cn-x")
    )
    assert [str(item) for item in program.violations] == [
        "DAG.Tasks.count.TaskName: NotCarriedOver: The task has another name. Found 'other'; expected 'count', or"
        " 'TaskName' in ignore.",
        "DAG.Tasks.count.OutputMapping./usr: NotCarriedOver: A container needs this directory itself. Found '/usr';"
        " expected a path such as '/home/data'.",
    ]


def test_a_target_extends_the_table():
    table = FieldTable({**FIELDS_OF_CONTAINERS, "Name": "metadata.name", "Description": Lost("A Job has none.")})
    found = [*table.lost({"Name": "n", "Description": "d"}, (), templates=False)]
    assert [(item.path, item.fate.why, item.found) for item in found] == [("Description", "A Job has none.", "'d'")]
    assert {"Description", "Mounts", "Mounts.Lock"} < table.ignorable
    assert not {"Name", "DAG.Tasks", "Parameters.Command"} & table.ignorable


def test_two_tasks_are_no_program():
    with pytest.raises(InvalidJobError, match=r"DAG.Tasks: .* Found 2 in job a-job; expected one task\."):
        container_program(job({"a": task(), "b": task()}), KUBERNETES, SITE)


def test_it_knows_neither_airflow_nor_a_target():
    program = (
        "import sys, airflow_provider_bcs.container as c;"
        "assert not {'airflow', 'requests', 'airflow_provider_bcs.dlc'} & set(sys.modules), sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=LIMIT)

"""A graph for each element of a list.

The group stands in a mapped task group. Its argument stands in values of the job.

Runs as it is against the local service (`airflow-bcs local`), with its connection `bcs_default`.
In the cloud it needs a bucket, images and instance types of your own.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from airflow.providers.common.compat.sdk import DAG, task, task_group

from airflow_provider_bcs.translator import BatchComputeTaskGroup

WORD = "{{ ti.xcom_pull(task_ids='words')[ti.map_index] }}"
FOLDER = "oss://bcs-demo/mapped_group/{{ run_id }}/{{ ti.map_index }}/"


def command(line: str, word: str, **fields: Any) -> dict[str, Any]:
    return {
        "Parameters": {
            "Command": {"CommandLine": f'sh -c "mkdir -p /home/out && {line}"', "EnvVars": {"WORD": word}},
        },
        "OutputMapping": {"/home/out/": FOLDER},
        "InstanceCount": 1,
        "AutoCluster": {"ImageId": "img-ubuntu", "InstanceType": "ecs.sn1ne.large"},
        **fields,
    }


@task
def words() -> list[str]:
    return ["ab", "xyz"]


@task_group
def for_each(word: str) -> None:
    BatchComputeTaskGroup(
        "graph",
        {
            "Name": "letters",
            "Type": "DAG",
            "DAG": {
                "Tasks": {
                    "write": command("echo $WORD > /home/out/word", word),
                    "check": command(
                        "test $(cat /home/in/word) = $WORD && echo checked $WORD > /home/out/checked",
                        word,
                        InputMapping={FOLDER: "/home/in/"},
                    ),
                },
                "Dependencies": {"write": ["check"]},
            },
        },
        # The UI shows the word in place of the map index.
        operator_args={"poll_interval": 1, "map_index_template": WORD},
    )


with DAG(
    "example_bcs_mapped_group",
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    schedule=None,
    description="A graph for each element of a list",
    doc_md=__doc__,
    tags=["example", "batchcompute"],
    catchup=False,
):
    for_each.expand(word=words())

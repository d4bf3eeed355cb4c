"""A graph for each element of a list: the group stands in a mapped task group, its argument in values of the job."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from airflow.providers.common.compat.sdk import DAG, task, task_group

from airflow_provider_bcs.translator import BatchComputeTaskGroup

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
        operator_args={"poll_interval": 1},
    )


with DAG("mapped_group", start_date=datetime(2024, 1, 1, tzinfo=timezone.utc), schedule=None):
    for_each.expand(word=words())

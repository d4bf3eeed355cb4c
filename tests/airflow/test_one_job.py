"""A graph that runs as one BatchCompute job, each of its tasks followed by an Airflow task."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import requests
from airflow.providers.common.compat.sdk import DAG, TriggerRule, task_group
from airflow.providers.common.compat.sdk import task as decorated_task

from airflow_provider_bcs.airflow_versions import CAN_START_FROM_TRIGGER
from airflow_provider_bcs.batchcompute import Client, InvalidJobError, Job
from airflow_provider_bcs.batchcompute.mirror import FollowedTarget
from airflow_provider_bcs.batchcompute.port import BatchComputePort
from airflow_provider_bcs.operators.batchcompute_task import BatchComputeTaskOperator
from airflow_provider_bcs.translator import BatchComputeJobTaskGroup, BatchComputeTaskGroup, SingleJob, job_to_dag
from airflow_provider_bcs.triggers.batchcompute_task import BatchComputeTaskTrigger
from tests.airflow.running import Nothing, output, run_dag, serialized, states
from tests.batchcompute.jobs import job, task
from tests.local.service import Service

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
FAST = {"poll_interval": 0.3}
DIAMOND = job({n: task(f"echo {n}") for n in "abcd"}, {"a": ["b", "c"], "b": ["d"], "c": ["d"]}, Name="one-diamond")


def edges(dag: Any) -> set[tuple[str, str]]:
    return {(item.task_id, below) for item in dag.tasks for below in item.downstream_task_ids}


def test_the_graph():
    dag = job_to_dag(DIAMOND, execution=SingleJob())
    inner = {("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")}
    assert edges(dag) == inner | {("submit", "a")} | {(name, "stop") for name in "abcd"}
    assert dag.get_task("stop").is_teardown
    dag.resolve_template_files()
    assert dag.get_task("submit").job == DIAMOND
    assert serialized(dag)


def only_job(client: Client, name: str) -> Job:
    (found,) = [item for item in client.list_jobs() if item.Name == name]
    return found


@pytest.mark.parametrize("deferrable", [True, False])
def test_one_job_for_the_whole_graph(airflow_db, connection, client: Client, deferrable):
    name = f"whole-{deferrable}"
    dag = job_to_dag({**DIAMOND, "Name": name}, execution=SingleJob(), operator_args={**FAST, "deferrable": deferrable})
    run = run_dag(dag)
    assert set(states(run).values()) == {"success"}
    created = only_job(client, name)
    assert created.State == "Finished"
    assert created.TaskMetrics.FinishedCount == 4


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_further_try_continues_the_job(
    airflow_db, connection, service: Service, client: Client, caplog, capfd, deferrable
):
    """The second task fails until a file is there, which the wait before the second try gives the time to make."""
    name = f"continued-{deferrable}"
    flag = f"oss://bcs-one-job/{name}/flag"
    check = "import os, sys; sys.exit('flag is missing' if not os.path.exists('/mnt/in/flag') else 0)"
    content = job(
        {
            "a": task("true"),
            "b": task(f'python3 -c "{check}"', InputMapping={f"oss://bcs-one-job/{name}/": "/mnt/in/"}),
            "c": task("true"),
        },
        {"a": ["b"], "b": ["c"]},
        Name=name,
    )
    path = service.data_dir / "oss" / flag.removeprefix("oss://")

    def repair(context: Any) -> None:
        path.parent.mkdir(parents=True)
        path.write_text("now")

    dag = job_to_dag(
        content,
        execution=SingleJob(),
        operator_args={**FAST, "deferrable": deferrable},
        task_args={"b": {"retries": 1, "retry_delay": timedelta(0), "on_retry_callback": repair}},
    )
    run = run_dag(dag)
    assert set(states(run).values()) == {"success"}
    log = output(caplog, capfd)
    assert "flag is missing" in log
    assert f"Task b of job {only_job(client, name).Id} is Failed" in log
    assert "starting it again" in log
    # The first task ran once.
    found = only_job(client, name)
    assert client.get_task(found, "a").EndTime < client.get_task(found, "b").StartTime
    assert found.State == "Finished"


def test_a_failed_task_fails_its_follower_and_leaves_nothing_running(
    airflow_db, connection, client: Client, caplog, capfd
):
    content = job(
        {"bad": task("sh -c 'echo why >&2; exit 3'"), "other": task("sleep 600"), "behind": task("true")},
        {"bad": ["behind"]},
        Name="one-fails",
        JobFailOnInstanceFail=False,
    )
    dag = job_to_dag(content, execution=SingleJob(), operator_args=FAST, task_args={"other": {"timeout": 5}})
    run = run_dag(dag)
    found = states(run)
    assert found == {
        "submit": "success",
        "bad": "failed",
        "other": "failed",
        "behind": "upstream_failed",
        "stop": "success",
    }
    log = output(caplog, capfd)
    assert "exit code 3" in log
    assert "why" in log
    assert only_job(client, "one-fails").State == "Stopped"


def test_what_never_ran_says_why(airflow_db, connection, client: Client, caplog, capfd):
    content = job({"bad": task("false"), "other": task("sleep 600")}, Name="one-stopped")
    run = run_dag(job_to_dag(content, execution=SingleJob(), operator_args=FAST))
    assert states(run) == {"submit": "success", "bad": "failed", "other": "failed", "stop": "success"}
    created = only_job(client, "one-stopped")
    assert f"Task other of job {created.Id} is Stopped: job {created.Id} (one-stopped) is Failed" in output(
        caplog, capfd
    )


def test_auto_release_deletes_the_job_at_the_end(airflow_db, connection, client: Client):
    content = job({"a": task("true"), "b": task("true")}, {"a": ["b"]}, Name="released", AutoRelease=True)
    run = run_dag(job_to_dag(content, execution=SingleJob(), operator_args=FAST))
    assert set(states(run).values()) == {"success"}
    assert "released" not in [item.Name for item in client.list_jobs()]


def test_sixteen_followers_share_their_requests(service: Service, client: Client, connection):
    """One event loop, as in a triggerer; each interval one ListTasks and one GetJob, whoever asks first."""
    names = [f"t{number}" for number in range(16)]
    created = client.create_job(job({name: task(f"sleep {2 + number % 4}") for number, name in enumerate(names)}))
    interval = 1.0

    def served() -> tuple[int, int]:
        counts = requests.get(f"{service.url}/_local/requests", timeout=10).json()
        return counts.get("batchcompute.ListTasks", 0), counts.get("batchcompute.GetJob", 0)

    async def follow(name: str, delay: float) -> list[Any]:
        await asyncio.sleep(delay)
        trigger = BatchComputeTaskTrigger(created.Id, name, poll_interval=interval)
        return [event.payload async for event in trigger.run()]

    async def all_of_them() -> list[list[Any]]:
        return await asyncio.gather(*(follow(name, number * 0.11) for number, name in enumerate(names)))

    before, started = served(), time.monotonic()
    events = asyncio.run(all_of_them())
    intervals = (time.monotonic() - started) / interval
    assert events == [[{"job_id": created.Id, "state": "Finished"}] for _ in names]
    asked = [later - earlier for earlier, later in zip(before, served(), strict=True)]
    assert min(asked) >= 2
    assert max(asked) <= intervals + 1, (asked, intervals)


@pytest.mark.usefixtures("impatient")
def test_a_lost_answer_is_the_loss_of_all(service: Service, client: Client, connection, faults):
    """A poll without an answer is repeated an interval later, not by each follower."""
    created = client.create_job(job({"a": task("sleep 3"), "b": task("sleep 3")}))
    faults({"operation": "batchcompute.ListTasks", "kind": "error-500", "times": 4})

    async def follow(name: str) -> list[Any]:
        trigger = BatchComputeTaskTrigger(created.Id, name, poll_interval=0.5)
        return [event.payload async for event in trigger.run()]

    async def both() -> list[list[Any]]:
        return await asyncio.gather(follow("a"), follow("b"))

    assert asyncio.run(both()) == [[{"job_id": created.Id, "state": "Finished"}]] * 2


def test_a_task_that_the_job_does_not_have(airflow_db, connection, client: Client, caplog, capfd):
    created = client.create_job(job({"count": task("true")}))
    with DAG("nothing-to-follow", start_date=START, schedule=None) as dag:
        BatchComputeTaskOperator(task_id="counts", job_id=created.Id, **FAST)
    run = run_dag(dag)
    assert states(run) == {"counts": "failed"}
    assert f"Job {created.Id} has no task counts." in output(caplog, capfd)


def test_a_job_with_tasks_called_like_ours(airflow_db, connection):
    content = job({"submit": task("true"), "stop": task("true")}, {"submit": ["stop"]}, Name="confusing")
    dag = job_to_dag(content, execution=SingleJob(), operator_args=FAST)
    assert set(dag.task_ids) == {"submit", "stop", "submit_job", "stop_job"}
    assert set(states(run_dag(dag)).values()) == {"success"}


def test_two_groups_of_one_file_and_what_comes_behind(airflow_db, connection, client: Client):
    with DAG("twice", start_date=START, schedule=None) as dag:
        before, after = Nothing(task_id="before"), Nothing(task_id="after")
        for name in ("one", "two"):
            group = BatchComputeTaskGroup(
                name, {**DIAMOND, "Name": f"twice-{name}"}, execution=SingleJob(), operator_args=FAST
            )
            before >> group >> after
    assert dag.get_task("one.submit").upstream_task_ids == {"before"}
    assert after.upstream_task_ids == {"one.d", "two.d"}
    assert set(states(run_dag(dag)).values()) == {"success"}
    assert only_job(client, "twice-one").State == only_job(client, "twice-two").State == "Finished"


def test_more_tasks_than_one_job_takes():
    many = job({f"t{number}": task() for number in range(17)})
    dag = job_to_dag(many, execution=SingleJob())
    with pytest.raises(InvalidJobError, match=r"DAG\.Tasks: InvalidTasks.*17"):
        dag.resolve_template_files()
    job_to_dag(many).resolve_template_files()


def test_edges_that_the_service_would_not_keep():
    with DAG("outside", start_date=START, schedule=None) as dag:
        group = BatchComputeTaskGroup("g", DIAMOND, execution=SingleJob())
        Nothing(task_id="other") >> group["b"]
    with pytest.raises(ValueError, match=r"Task g\.b waits for other, .*expected other before g\.submit"):
        dag.resolve_template_files()


def test_edges_that_are_added_reach_the_job():
    with DAG("added", start_date=START, schedule=None) as dag:
        group = BatchComputeTaskGroup("g", DIAMOND, execution=SingleJob())
        group["b"] >> group["c"]
    dag.resolve_template_files()
    assert dag.get_task("g.submit").job["DAG"]["Dependencies"] == {"a": ["b", "c"], "b": ["d", "c"], "c": ["d"]}


def test_parameters_that_only_one_task_has():
    dag = job_to_dag(
        DIAMOND, execution=SingleJob(), operator_args={"params": {"x": 1}}, task_args={"b": {"params": {"x": 2}}}
    )
    with pytest.raises(ValueError, match="params of task b: found 'x' for this task alone; .* rendered in submit"):
        dag.resolve_template_files()
    job_to_dag(DIAMOND, execution=SingleJob(), operator_args={"params": {"x": 1}}).resolve_template_files()


def test_the_ends_have_arguments_of_their_own():
    dag = job_to_dag(DIAMOND, execution=SingleJob(), operator_args={"retries": 1}, task_args={"submit": {"retries": 5}})
    assert [dag.get_task(name).retries for name in ("submit", "a", "stop")] == [5, 1, 1]
    with DAG("ends", start_date=START, schedule=None):
        group = BatchComputeTaskGroup("g", DIAMOND, execution=SingleJob())
    assert [group[name].task_id for name in ("submit", "a", "stop")] == ["g.submit", "g.a", "g.stop"]


def test_all_that_is_wrong_with_the_wiring_comes_at_once():
    with DAG("wrong", start_date=START, schedule=None) as dag:
        rule = {"d": {"trigger_rule": "one_failed"}}
        group = BatchComputeTaskGroup("g", DIAMOND, execution=SingleJob(), task_args=rule)
        Nothing(task_id="other") >> group["b"]
    with pytest.raises(ValueError, match=r"Task g\.b waits for other.*\ntrigger_rule of task g\.d: found 'one_failed'"):
        dag.resolve_template_files()


def test_trigger_rules_that_the_service_does_not_have():
    dag = job_to_dag(DIAMOND, execution=SingleJob(), task_args={"d": {"trigger_rule": TriggerRule.ALL_DONE}})
    with pytest.raises(ValueError, match="trigger_rule of task d: found 'all_done'"):
        dag.resolve_template_files()


def test_bad_arguments():
    with pytest.raises(ValueError, match="operator_args: found 'wait_for_completion'; the tasks of the graph follow"):
        job_to_dag(DIAMOND, execution=SingleJob(), operator_args={"wait_for_completion": False})
    with DAG("alone", start_date=START, schedule=None), pytest.raises(ValueError, match="Task a has no job to follow"):
        BatchComputeTaskOperator(task_id="a")
    with pytest.raises(
        ValueError, match="job_id and submit_task_id of task a: found 'j' and 's'; expected one of them"
    ):
        BatchComputeTaskOperator(task_id="a", job_id="j", submit_task_id="s")


def test_one_dict_may_serve_several_operators():
    shared = task("echo a")
    whole = {"Name": "shared", "Type": "DAG", "Notification": {"Topic": {"Name": "t", "Endpoint": "e", "Events": []}}}
    with DAG("shared", start_date=START, schedule=None) as dag:
        with BatchComputeJobTaskGroup("g", job=whole):
            for name in "ab":
                shared["Parameters"]["Command"]["EnvVars"] = {"N": name}
                BatchComputeTaskOperator(task_id=name, task=shared)
        whole["Notification"]["Topic"]["Name"] = "changed"
    dag.resolve_template_files()
    found = dag.get_task("g.submit").job
    assert [found["DAG"]["Tasks"][name]["Parameters"]["Command"]["EnvVars"]["N"] for name in "ab"] == ["a", "b"]
    assert found["Notification"]["Topic"]["Name"] == "t"


def test_start_from_trigger_needs_a_newer_airflow():
    arguments = {"execution": SingleJob(start_from_trigger=True)}
    if CAN_START_FROM_TRIGGER:
        dag = job_to_dag(DIAMOND, **arguments, task_args={"b": {"start_from_trigger": False}})
        assert [dag.get_task(name).start_from_trigger for name in ("a", "b", "submit")] == [True, False, False]
    else:
        with pytest.raises(ValueError, match="start_from_trigger: found True; expected False, .* before Airflow 3.3"):
            job_to_dag(DIAMOND, **arguments)


def test_a_trigger_gets_an_output_as_a_template():
    with DAG("output", start_date=START, schedule=None) as dag:
        output = Nothing(task_id="first").output
        given = {"job_id": output, "task_name": "a", "start_from_trigger": CAN_START_FROM_TRIGGER}
        follow = BatchComputeTaskOperator(task_id="follow", **given)
    assert edges(dag) == {("first", "follow")}
    if CAN_START_FROM_TRIGGER:
        assert follow.start_trigger_args.trigger_kwargs["job_id"] == str(output)
        assert "xcom_pull(task_ids='first'" in str(output)


def test_one_job_for_each_element_of_a_list(airflow_db, connection, service: Service, client: Client):
    """In a mapped task group: a job for each, followed under the same map index."""

    @decorated_task
    def words() -> list[str]:
        return ["ab", "xyz"]

    @task_group
    def for_each(word: str) -> None:
        folder = "oss://bcs-one-job/mapped/{{ ti.map_index }}/"
        write = task("sh -c 'mkdir -p /home/out && echo $WORD > /home/out/word'", OutputMapping={"/home/out/": folder})
        write["Parameters"]["Command"]["EnvVars"] = {"WORD": word}
        content = job({"write": write, "then": task("true")}, {"write": ["then"]}, Name="mapped-job")
        BatchComputeTaskGroup("g", content, execution=SingleJob(), operator_args=FAST)

    with DAG("mapped-job", start_date=START, schedule=None) as dag:
        for_each.expand(word=words())
    run = run_dag(dag)
    assert {str(ti.state) for ti in run.get_task_instances()} == {"success"}
    folder = service.data_dir / "oss" / "bcs-one-job" / "mapped"
    assert {path.name: (path / "word").read_text() for path in folder.iterdir()} == {"0": "ab\n", "1": "xyz\n"}
    assert [item.State for item in client.list_jobs() if item.Name == "mapped-job"] == ["Finished"] * 2


def test_a_lost_answer_to_the_start_is_no_failure(airflow_db, connection, client: Client, faults):
    """The job goes on, so its follower does."""
    once = "sh -c 'test -e /home/tried/flag || { touch /home/tried/flag; exit 1; }'"
    mount = {"Entries": [{"Source": "nas://host/lost-start/", "Destination": "/home/tried", "WriteSupport": True}]}
    content = job({"a": task(once, Mounts=mount)}, Name="lost-start")
    retry = {"retries": 1, "retry_delay": timedelta(0)}
    faults({"operation": "batchcompute.StartJob", "kind": "drop-after", "times": 1})
    run = run_dag(job_to_dag(content, execution=SingleJob(), operator_args=FAST, task_args={"a": retry}))
    assert set(states(run).values()) == {"success"}


def test_a_further_try_waits_for_the_end_of_a_job_that_goes_on(client: Client):
    """Its task has failed, but the others of the job have not ended, so it cannot be started again yet."""
    content = job({"a": task("false"), "b": task("sleep 30")}, JobFailOnInstanceFail=False)
    created = client.create_job(content)
    while client.get_task(created, "a").State != "Failed":
        time.sleep(0.1)
    port = BatchComputePort(client)
    poll = port.poll(port.continue_job(FollowedTarget(created.Id, "a")), logging.getLogger())
    assert poll().outcome is None
    client.stop_job(created)
    assert poll().outcome == "Failed"


def test_an_argument_goes_to_the_operators_that_have_it():
    arguments = {**FAST, "timeout": 60, "soft_fail": True, "retry_strategy": "resubmit"}
    dag = job_to_dag(DIAMOND, execution=SingleJob(), operator_args=arguments)
    assert (dag.get_task("a").soft_fail, dag.get_task("submit").retry_strategy) == (True, "resubmit")
    assert not hasattr(dag.get_task("submit"), "soft_fail")


def test_a_graph_that_was_refused_is_refused_again():
    dag = job_to_dag(DIAMOND, execution=SingleJob(), task_args={"d": {"trigger_rule": "all_done"}})
    for _ in range(2):
        with pytest.raises(ValueError, match="trigger_rule of task d: found"):
            dag.resolve_template_files()


def test_no_assets_without_a_worker():
    if CAN_START_FROM_TRIGGER:
        with pytest.raises(ValueError, match="assets: found True with start_from_trigger"):
            job_to_dag(DIAMOND, execution=SingleJob(start_from_trigger=True), assets=True)
    assert job_to_dag(DIAMOND, execution=SingleJob(), assets=True).get_task("a").retries == 0

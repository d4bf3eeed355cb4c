"""The operations on apps, over real HTTP against the local service."""

from __future__ import annotations

import pendulum
import pytest

from airflow_provider_bcs.batchcompute import AppDescription
from airflow_provider_bcs.exceptions import AccessDeniedError, InvalidRequestError, NotFoundError
from tests.batchcompute.apps import app, app_job, command


def test_the_life_of_an_app(client):
    before = pendulum.now("UTC").subtract(seconds=2)
    created = client.create_app(AppDescription(command("true", Name="life", EnvVars={"A": "b"})), token="a_life")
    assert client.create_app(command("true", Name="life", EnvVars={"A": "b"}), token="a_life").Name == "life"
    with pytest.raises(AccessDeniedError, match="InvalidResource.AlreadyExisting"):
        client.create_app(command("true", Name="life"))
    client.modify_app(created, command("false", Name="", Description="fails"))
    found = client.get_app(created)
    assert (found.Name, found.Scope, found.Revision, found.Description) == ("life", "Private", 1, "fails")
    assert before < found.UpdateTime
    assert found.Config["Timeout"]["Default"] == 86400
    first, newest = client.get_app_detail(found, 0), client.get_app_detail("life")
    assert (first.CommandLine, first.EnvVars, first.Revision) == ("true", {"A": "b"}, 0)
    assert (newest.CommandLine, newest.EnvVars, newest.Docker) == ("false", {}, {"Image": "ubuntu"})
    assert [item.Revision for item in client.get_app_revisions("life")] == [0, 1]
    client.delete_app("life", 1)
    assert client.get_app_detail("life").CommandLine == "true"
    client.delete_app("life")
    for call in (client.get_app, client.get_app_detail, client.get_app_revisions, client.delete_app):
        with pytest.raises(NotFoundError):
            call("life")


def test_scopes_and_pages(client):
    for name in ("paged_b", "paged_a", ":paged_c", "Public:paged_a", "paged_c"):
        client.create_app(command("true", Name=name))
    assert [item.Name for item in client.list_apps(page_size=1) if "paged" in item.Name] == [
        *("paged_a", "paged_b", "paged_c")
    ]
    assert [item.Name for item in client.list_apps("Public", page_size=1)] == ["paged_a", "paged_c"]
    client.modify_app("paged_b", command("false", Name="paged_b"))
    assert {item.Name: item.Revision for item in client.list_apps()}["paged_b"] == 1
    assert client.get_app("paged_a", scope="Public").Scope == client.get_app(":paged_a").Scope == "Public"
    with pytest.raises(NotFoundError):
        client.get_app("paged_b", scope="Public")
    with pytest.raises(InvalidRequestError, match="InvalidScope: .* one of Private, Public"):
        list(client.list_apps("Mine"))


@pytest.mark.parametrize("operation", ["CreateApp", "DeleteApp", "ModifyApp", "CreateJob"])
def test_a_lost_answer_does_nothing_twice(client, faults, operation):
    name = f"lost_{operation}"
    if operation != "CreateApp":
        client.create_app(command("true", Name=name))
    faults({"operation": f"batchcompute.{operation}", "kind": "drop-after", "times": 1})
    if operation == "CreateApp":
        assert client.create_app(command("true", Name=name)).Name == name
    elif operation == "DeleteApp":
        client.delete_app(name)
    elif operation == "ModifyApp":
        client.modify_app(name, command("false", Name=name))
        assert client.get_app_detail(name).CommandLine == "false"
    else:
        before = len(list(client.list_jobs()))
        assert client.create_job(app_job(name), sync=True).Error.Code == ""
        assert len(list(client.list_jobs())) == before + 1


def test_a_job_that_is_waited_for(client, service):
    client.create_app(app(Name="waited"))
    service.put_object("waited/words.txt", "b\na\n")
    parameters = {"Inputs": {"words": "oss://waited/words.txt"}, "Outputs": {"sorted": "oss://waited/sorted.txt"}}
    done = client.create_job(app_job("waited", **parameters), sync=True)
    assert done.Outputs == {"sorted": "oss://waited/sorted.txt"}
    assert (done.Error.Code, done.Error.Message) == ("", "")
    assert done.RequestId
    assert done.StartTime <= done.EndTime
    assert service.object("waited/sorted.txt") == "a\nb\n"
    job = next(client.list_jobs())
    assert client.get_job_description(job).App.Inputs == {"words": "oss://waited/words.txt"}
    (task,) = client.list_tasks(job)
    assert client.get_instance(job, task.TaskName, 0).Outputs == done.Outputs


def test_a_job_that_is_deleted_before_it_is_asked_for_again(client, faults):
    client.create_app(command("true", Name="released"))
    faults({"operation": "batchcompute.CreateJob", "kind": "drop-after", "times": 1})
    done = client.create_job({**app_job("released"), "AutoRelease": True}, sync=True)
    assert (done.Error.Code, done.StartTime) == ("JobDeleted", None)
    assert done.Error.Message.endswith("has ended and was deleted; its outcome is not available.")


def test_qualifiers_and_names_of_the_wrong_kind(client):
    client.create_app(command("true", Name="qualified"))
    for call in (client.get_app_detail, client.delete_app):
        for qualifier in ("newest", -1, None, "\u0661"):
            with pytest.raises(InvalidRequestError, match="InvalidQualifier: .* must be the number of a revision"):
                call("qualified", qualifier)
    for name in (False, 0, [], {}):
        with pytest.raises(InvalidRequestError, match="InvalidName: .* Its type must be string"):
            client.modify_app("qualified", command("true", Name=name))
    assert client.get_app("qualified").Revision == 0


@pytest.mark.parametrize("name", ["", " ", ".", "..", "\ud800", None, 5, {"Name": "x"}])
def test_what_can_be_no_name_is_not_asked_for(client, name):
    with pytest.raises(TypeError, match="app name: found .*; expected text that is not blank and not a relative path"):
        client.get_app(name)


def test_numbers_beyond_all_floats(client):
    parameters = {"n": {"Type": "Number", "Default": 10**400}}
    client.create_app(command("true", Name="huge") | {"InputParameters": parameters})
    done = client.create_job(app_job("huge", Inputs={"n": 10**4000}), sync=True)
    assert done.Error.Code == ""
    assert client.get_app("huge").InputParameters["n"]["Default"] == 10**400

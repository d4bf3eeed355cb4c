"""The rules of a CreateJob body on random bodies: what is right is valid, and one damage anywhere is found."""

from __future__ import annotations

from copy import deepcopy
from typing import get_origin

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_bcs.description.model import Description
from airflow_provider_bcs.dlc.facts import INVALID, MISSING
from airflow_provider_bcs.dlc.job import JobDescription
from airflow_provider_bcs.dlc.rules import job_warnings, validate_job
from tests.dlc.bodies import ABSENT, bodies, body, changed, places

R = "JobSpecs.0"


def found(description, **options):
    return [(item.path, item.code) for item in validate_job(description, **options)]


@given(bodies(), st.booleans())
def test_random_valid_bodies_are_valid(content, templates):
    assert validate_job(content, templates=templates) == []


_WRONG_TYPE = {str: 7, int: "7", float: "0.5", bool: "true", list: {"a": 1}, dict: [1]}


@given(bodies(), st.data())
def test_a_value_of_a_wrong_type_is_found_wherever_it_is(content, data):
    everything = list(places(JobDescription, content))[1:]
    path, kind, _ = data.draw(st.sampled_from(everything))
    wrong_value = _WRONG_TYPE.get(get_origin(kind) or kind, "text")
    assert (path, INVALID) in found(changed(deepcopy(content), {path: wrong_value}), templates=False)


@given(bodies(), st.data())
def test_an_unknown_field_is_found_wherever_it_is(content, data):
    models = [
        path
        for path, kind, value in places(JobDescription, content)
        # An empty object may become one that says something.
        if isinstance(kind, type) and issubclass(kind, Description) and value
    ]
    path = ".".join(filter(None, [data.draw(st.sampled_from(models)), "Colour"]))
    painted = changed(deepcopy(content), {path: "red"})
    assert found(painted, templates=False) == []
    assert any(text.startswith(f"{path}: found a field") for text in job_warnings(painted))


@given(bodies(), st.data())
def test_a_missing_field_is_found(content, data):
    content.pop("TemplateId", None)
    roles = range(len(content["JobSpecs"]))
    required = ["DisplayName", "JobType", "JobSpecs"]
    required += [f"JobSpecs.{index}.{name}" for index in roles for name in ("Type", "PodCount", "Image")]
    path = data.draw(st.sampled_from(required))
    assert (path, MISSING) in found(changed(content, {path: ABSENT}), templates=False)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.sampled_from(
        ["JobType", "JobSpecs", "DataSources", "Settings", "UserVpc", "UserCommand", "SuccessPolicy", "ResourceId", R]
        + [f"{R}.{name}" for name in ("Type", "EcsSpec", "ResourceConfig", "SpotSpec", "ElasticSpotSpecs", "IsChief")]
    ),
    json_values,
    st.booleans(),
)
def test_no_json_value_anywhere_makes_the_rules_themselves_fail(path, value, templates):
    description = changed(body(), {path: value})
    unknown = any("is not known here" in text for text in job_warnings(description))
    if validate_job(description, templates=templates) == [] and not unknown:
        JobDescription(description)

"""The rules of a CreateJob body: each on its own, and all at once."""

from __future__ import annotations

import json

import pytest

from airflow_provider_bcs.description.model import Description
from airflow_provider_bcs.description.type_rows import type_rows
from airflow_provider_bcs.dlc import rules
from airflow_provider_bcs.dlc.facts import INVALID, MISSING
from airflow_provider_bcs.dlc.job import JobDescription
from airflow_provider_bcs.dlc.rule_table import LIMITS
from airflow_provider_bcs.dlc.rules import job_warnings, validate_job
from tests.dlc.bodies import ABSENT, body, changed, role

R = "JobSpecs.0"
URI = "DataSources.0.Uri"
OSS = "oss://bucket.oss-cn-x.aliyuncs.com/p/"
PRICED = "SpotWithPriceLimit"
SPOT = {"SpotStrategy": PRICED, "SpotPriceLimit": 0.5}
CONFIG = {"CPU": "2", "Memory": "4Gi"}
ON_QUOTA = {"ResourceId": "quota1", f"{R}.EcsSpec": ABSENT}


def found(description, **options):
    return [(item.path, item.code) for item in validate_job(description, **options)]


def case(changes, path, code, advice):
    return pytest.param(changes, path, code, advice, id=f"{path} {advice}")


def wrong(path, value, advice, code=INVALID):
    """A case in which the changed field is what is reported."""
    return case({path: value}, path, code, advice)


def missing(path, advice="Add"):
    return wrong(path, ABSENT, advice, MISSING)


CASES = [
    # Names
    missing("DisplayName", "Add DisplayName"),
    wrong("DisplayName", "", "Add DisplayName", MISSING),
    wrong("DisplayName", None, "Add DisplayName", MISSING),
    wrong("DisplayName", "my job", "letters, digits"),
    wrong("DisplayName", "训练", "letters, digits"),
    wrong("DisplayName", "Infer[model-7b/set_0]", "write _ instead of brackets"),
    wrong("DisplayName", "job\n", "letters, digits"),
    wrong("DisplayName", "a" * 257, "1 to 256 characters"),
    wrong("DisplayName", 7, 'Found 7; expected text in quotes, such as "2".'),
    # Type of the job and its roles
    missing("JobType", "Add JobType"),
    case({"JobSpecs": [role(), role()]}, "JobSpecs.1.Type", INVALID, "which JobSpecs.0 has too"),
    case(
        {"JobSpecs": [role(IsChief=True), role(Type="Master", IsChief=True)]},
        "JobSpecs.1.IsChief",
        INVALID,
        "here and in JobSpecs.0",
    ),
    case(
        {"JobSpecs": [role(IsChief=True), role(Type="Master", IsCheif=True)]},
        "JobSpecs.1.IsCheif",
        INVALID,
        "here and in JobSpecs.0",
    ),
    # Roles
    wrong("JobSpecs", [], "Add JobSpecs", MISSING),
    wrong("JobSpecs", role(), "expected an array in brackets"),
    wrong("JobSpecs.0", "Worker", "expected an object in braces"),
    missing(f"{R}.Type", "Add Type"),
    missing(f"{R}.PodCount", "Add PodCount"),
    missing(f"{R}.Image", "Add Image"),
    wrong(f"{R}.PodCount", 0, "Found 0 in each role; expected at least 1."),
    wrong(f"{R}.PodCount", -1, "Found -1; expected a whole number of at least 0."),
    wrong("JobMaxRunningTimeMinutes", -1, "at least 0"),
    wrong(f"{R}.PodCount", "2", "Found '2'; expected a whole number without quotes."),
    wrong(f"{R}.PodCount", True, "a whole number without quotes"),
    wrong(f"{R}.PodCount", 1.0, "a whole number without quotes"),
    case({f"{R}.ServiceSpec.ExtraPorts": [80, "81"]}, f"{R}.ServiceSpec.ExtraPorts.1", INVALID, "a whole number"),
    # Resources
    missing(f"{R}.EcsSpec", "such as ecs.c6.large"),
    case({**ON_QUOTA}, f"{R}.ResourceConfig", MISSING, "ResourceConfig"),
    case({**ON_QUOTA, f"{R}.ResourceConfig": {}}, f"{R}.ResourceConfig", MISSING, "ResourceConfig"),
    wrong(f"{R}.ResourceConfig", CONFIG, "expected ResourceConfig alone on a quota, and EcsSpec alone without one"),
    case({"ResourceId": "quota1", f"{R}.ResourceConfig": CONFIG}, f"{R}.ResourceConfig", INVALID, "on a quota"),
    case(
        {**ON_QUOTA, f"{R}.ResourceConfig": {"CPU": 2}},
        f"{R}.ResourceConfig.CPU",
        INVALID,
        'Found 2; expected text in quotes, such as "2".',
    ),
    # Spot instances
    case(
        {f"{R}.SpotSpec": {**SPOT, "SpotPriceLimit": "0.5"}}, f"{R}.SpotSpec.SpotPriceLimit", INVALID, "without quotes"
    ),
    # Data
    case({"DataSources": [{"MountPath": "/mnt/in"}]}, "DataSources.0.Uri", MISSING, "or DataSourceId"),
    case({"DataSources": [{"Uri": OSS}]}, "DataSources.0.MountPath", MISSING, "Add MountPath"),
    case({"DataSources": [{"Uri": OSS, "MountPath": "in"}]}, "DataSources.0.MountPath", INVALID, "begins with /"),
    case({"DataSources": [{"Uri": "nas:///p/", "MountPath": "/in"}]}, "DataSources.0.Uri", INVALID, "nas://"),
    case({"DataSources": [{"DataSourceId": "d-1", "Options": "a=b"}]}, "DataSources.0.Options", INVALID, "as JSON"),
    case(
        {"DataSources": [{"DataSourceId": "d-1", "Options": {"a": 1}}]}, "DataSources.0.Options", INVALID, "in quotes"
    ),
    case({"DataSources": [{"DataSourceId": "d-1", "RoleChain": "{}"}]}, "DataSources.0.RoleChain", INVALID, "an array"),
    case(
        {"DataSources": [{"Uri": OSS, "MountPath": "/in/"}, {"DataSourceId": "d-1", "MountPath": "/in"}]},
        "DataSources.1.MountPath",
        INVALID,
        "which DataSources.0 has too",
    ),
    # The rest of the body
    wrong("Settings.JobReservedMinutes", -1, "at least 0"),
    wrong("Settings.EnableRDMA", "true", "true or false without quotes"),
    wrong("Settings.Tags.retries", 3, "Found 3; expected text in quotes"),
    wrong("Settings.Tags", ["a"], "an object in braces"),
    wrong("Envs.N", 1, "Found an int; expected text in quotes"),
    case({"Envs": {"": "1"}}, "Envs.", INVALID, "a name of at least one character"),
    wrong("ThirdpartyLibs", "numpy==1.16.1", "an array in brackets"),
    case({"ThirdpartyLibs": ["numpy", 1]}, "ThirdpartyLibs.1", INVALID, "text in quotes"),
    wrong("TemplateVersion", 0, "at least 1"),
    case({"UserCommand": "x" * 66_000}, "$", INVALID, "bytes"),
    case({"UserCommand": "中" * 22_000}, "$", INVALID, "bytes"),
]
#: Values and fields that a newer version of the service may have.
WARNED = [
    case({"ResourceId": "quota1"}, f"{R}.EcsSpec", INVALID, "expected ResourceConfig alone"),
    case({f"{R}.QuotaId": "quota1"}, f"{R}.EcsSpec", INVALID, "expected ResourceConfig alone"),
    case(
        {f"{R}.ResourceConfig": CONFIG, f"{R}.EcsSpec": ABSENT},
        f"{R}.ResourceConfig",
        INVALID,
        "expected ResourceId too, or EcsSpec alone",
    ),
    case({**ON_QUOTA, f"{R}.ResourceConfig": {"CPU": "two"}}, f"{R}.ResourceConfig.CPU", INVALID, 'such as "10"'),
    case({**ON_QUOTA, f"{R}.ResourceConfig": {"Memory": "4 GB"}}, f"{R}.ResourceConfig.Memory", INVALID, '"10Gi"'),
    case({**ON_QUOTA, f"{R}.ResourceConfig": {"GPU": "V100"}}, f"{R}.ResourceConfig.GPU", INVALID, 'such as "3"'),
    case(
        {**ON_QUOTA, f"{R}.ResourceConfig": {"SharedMemory": "half"}},
        f"{R}.ResourceConfig.SharedMemory",
        INVALID,
        '"10Gi"',
    ),
    case({"DataSources": [{"Uri": OSS[:-1], "MountPath": "/in"}]}, "DataSources.0.Uri", INVALID, "/folder/"),
    case({**ON_QUOTA, f"{R}.ResourceConfig": CONFIG, "Priority": 10}, "Priority", INVALID, "a number from 1 to 9"),
    case({**ON_QUOTA, f"{R}.ResourceConfig": CONFIG, "Priority": 0}, "Priority", INVALID, "a number from 1 to 9"),
    case({f"{R}.SpotSpec": {"SpotPriceLimit": 1}}, f"{R}.SpotSpec.SpotStrategy", MISSING, "SpotWithPriceLimit"),
    case({f"{R}.SpotSpec": {"SpotStrategy": PRICED}}, f"{R}.SpotSpec.SpotPriceLimit", MISSING, "or SpotDiscountLimit"),
    case({f"{R}.SpotSpec": {**SPOT, "SpotDiscountLimit": 1}}, f"{R}.SpotSpec.SpotDiscountLimit", INVALID, "Found both"),
    # As answers of GetJob have it.
    case({"DataSources": [{"Uri": OSS, "DataSourceId": "d-1", "MountPath": "/a"}]}, URI, INVALID, "with DataSourceId"),
    case({"DataSources": [{"Uri": "s3://data/p/", "MountPath": "/in"}]}, URI, INVALID, "nas://"),
    wrong("Displayname", "a", "did you mean DisplayName?"),
    wrong("Settings.Tag", {}, "did you mean Tags?"),
    wrong(f"{R}.Podcount", 1, "did you mean PodCount?"),
    wrong(f"{R}.ExtraPodSpec.Lifecycle.PreStopp", {}, "did you mean PreStop?"),
    wrong("UserVpc.ExtendedCidrs", [], "did you mean ExtendedCIDRs?"),
    wrong("JobType", "pytorchjob", "Found 'pytorchjob'; did you mean PyTorchJob?"),
    wrong("JobType", "Custom", "known here: DataJuicerJob"),
    wrong(f"{R}.Type", "worker", "Found 'worker'; did you mean Worker?"),
    wrong(f"{R}.Type", "PS", "known here: Master, Worker."),
    case({"JobType": "TFJob", f"{R}.Type": "Cheif"}, f"{R}.Type", INVALID, "did you mean Chief?"),
    case({"JobType": "RayJob", f"{R}.Type": "Worker-"}, f"{R}.Type", INVALID, "did you mean Worker?"),
    case({"JobType": "MPIJob", f"{R}.Type": "Head"}, f"{R}.Type", INVALID, "known here: Master, Worker."),
    wrong(f"{R}.RestartPolicy", "onFailure", "did you mean OnFailure?"),
    wrong(f"{R}.OversoldType", "Accept", "known here: AcceptQuotaOverSold"),
    wrong(f"{R}.ServiceSpec.ServiceMode", "perpod", "did you mean PerPod?"),
    case({f"{R}.SpotSpec": {**SPOT, "SpotStrategy": "SpotAsPriceGo"}}, f"{R}.SpotSpec.SpotStrategy", INVALID, "SpotWi"),
    case(
        {f"{R}.ElasticSpotSpecs": [{"SpotStrategy": "Lowest"}]},
        f"{R}.ElasticSpotSpecs.0.SpotStrategy",
        INVALID,
        "did you mean LowestPrice?",
    ),
    case(
        {"DataSources": [{"DataSourceId": "d-1", "MountAccess": "ReadOnly"}]},
        "DataSources.0.MountAccess",
        INVALID,
        "known here: RO, RW.",
    ),
    wrong("Accessibility", "Public", "did you mean PUBLIC?"),
    case({"JobType": "TFJob", "SuccessPolicy": "Chief"}, "SuccessPolicy", INVALID, "did you mean ChiefWorker?"),
    wrong("UserVpc.DefaultRoute", "eth2", "did you mean eth"),
    wrong("Settings.JobReservedPolicy", "OnSuccess", "did you mean OnSucceed?"),
    wrong("Settings.OversoldType", "ForceQuotaOversold", "did you mean ForceQuotaOverSold?"),
    wrong("Settings.DataJuicerConfig.CommandType", "Shell", "did you mean shell?"),
    wrong("Settings.DataJuicerConfig.ExecutionMode", "cluster", "known here: distributed, standalone."),
    case(
        {"CredentialConfig.CredentialConfigItems": [{"Key": "0", "Type": "role"}]},
        "CredentialConfig.CredentialConfigItems.0.Type",
        INVALID,
        "did you mean Role?",
    ),
    case(
        {"CredentialConfig.CredentialConfigItems": [{"Roles": [{"RoleType": "User"}]}]},
        "CredentialConfig.CredentialConfigItems.0.Roles.0.RoleType",
        INVALID,
        "did you mean user?",
    ),
]


@pytest.mark.parametrize(("changes", "path", "code", "advice"), CASES)
def test_one_wrong_field_gives_one_violation(changes, path, code, advice):
    description = changed(body(), changes)
    (violation,) = validate_job(description)
    assert (violation.path, violation.code, violation.status) == (path, code, 400)
    assert advice in violation.advice
    assert f"The parameter {path} is " in violation.message or path == "$"


@pytest.mark.parametrize(("changes", "path", "code", "advice"), WARNED)
def test_what_a_newer_service_may_have_is_a_warning(changes, path, code, advice):
    description = changed(body(), changes)
    assert validate_job(description, templates=False) == []
    (text,) = job_warnings(description)
    assert text.startswith(f"{path}: found ")
    assert advice.removeprefix("Found") in text


def test_each_limit_has_a_case():
    cases = CASES + WARNED
    tried = {".".join("[]" if name.isdigit() else name for name in item.values[1].split(".")) for item in cases}
    assert {path.replace(".{key}", ".") for path, _ in LIMITS} - tried == set()


@pytest.mark.parametrize(
    "changes",
    [
        {"DisplayName": "A.b_c-1" + "x" * 249},
        {"JobType": "TFJob", "SuccessPolicy": "Partial", f"{R}.Type": "PS"},
        {
            "JobType": "RayJob",
            "JobSpecs": [role(Type="Head"), role(), role(Type="Worker-gpu"), role(Type="Worker-a b")],
        },
        {"JobType": "SlurmJob", f"{R}.Type": "anything"},
        {"JobType": "DataJuicerJob", f"{R}.Type": "anything"},
        {"UserCommand": ABSENT, f"{R}.UserCommand": "echo"},
        {**ON_QUOTA, f"{R}.ResourceConfig": CONFIG, "Priority": 9},
        {f"{R}.EcsSpec": ABSENT, f"{R}.QuotaId": "quota1", f"{R}.ResourceConfig": CONFIG},
        {f"{R}.EcsSpec": "", f"{R}.ElasticSpotSpecs": [{"InstanceType": "ecs.c6.large"}]},
        {"ResourceId": "", f"{R}.ResourceConfig": {}, f"{R}.SpotSpec": {}, f"{R}.ElasticSpotSpecs": []},
        {"ResourceId": "", f"{R}.ResourceConfig": {"CPU": "", "GPU": "", "Memory": ""}},
        {f"{R}.SpotSpec": {"SpotStrategy": "SpotWithPriceLimit", "SpotDiscountLimit": 1}},
        {"JobSpecs": [role(IsChief=True, IsCheif=True), role(Type="Master", IsChief=False)]},
        {"DataSources": [{"DataSourceId": "d-1"}, {"DataSourceId": "d-2"}]},
        {"DataSources": [{"Uri": OSS, "MountPath": "/a"}, {"Uri": OSS, "MountPath": "/a/b"}]},
        {"DataSources": [{"Uri": "nas://fs.cn-x/dir", "MountPath": "/a", "Options": ""}], "CustomEnvs": []},
        {"UserVpc": {"VpcId": "vpc-1"}},
        {"Envs": {"EMPTY": ""}, "Settings": {"Tags": {"": ""}, "AdvancedSettings": {"any": [1, None]}}},
        {"TemplateId": "tpl1", "JobType": ABSENT, "JobSpecs": [], "UserCommand": ABSENT},
        {"TemplateId": "tpl1", "JobSpecs": [{"PodCount": 2}], "UserCommand": ABSENT},
        {"UserCommand": "x" * 65_000},
        {"JobMaxRunningTimeMinutes": 0},
        {"UserVpc": {"SwitchId": "vsw-1", "SecurityGroupId": "sg-1"}},
        {"SuccessPolicy": "AllWorkers"},
        {"JobSpecs": [role(Type="Master"), role(PodCount=0)]},
        {"UserCommand": ABSENT},
        {"UserCommand": " \n"},
        {"JobSpecs": [role(UserCommand="a"), role(Type="Master")], "UserCommand": ""},
        # As answers of GetJob have them.
        {**ON_QUOTA, f"{R}.ResourceConfig": CONFIG, f"{R}.EcsSpec": {}, "Options": [], "Priority": {}},
    ],
)
def test_what_is_valid(changes):
    assert validate_job(changed(body(), changes), templates=False) == []


def test_a_template_of_the_service_gives_no_name_and_excuses_nothing_wrong():
    assert found({"TemplateId": "tpl1", "JobSpecs": [{"PodCount": -1}]}) == [
        ("DisplayName", MISSING),
        (f"{R}.PodCount", INVALID),
    ]


def test_messages_name_the_field_by_its_path():
    (low,) = validate_job(changed(body(), {f"{R}.PodCount": -1}))
    assert low.message == "The parameter JobSpecs.0.PodCount is invalid. It must be at least 0."
    (none,) = validate_job(changed(body(), {f"{R}.Image": ABSENT}))
    assert none.message == "The parameter JobSpecs.0.Image is required."


def test_all_violations_at_once():
    description = body(Colour="red", Envs={"A": 1}, TemplateVersion=0)
    description["JobSpecs"] = [role(PodCount=-1, Type="worker"), role(Image=None, Imag="x"), 3]
    assert set(found(description)) == {
        ("Envs.A", INVALID),
        ("TemplateVersion", INVALID),
        ("JobSpecs.0.PodCount", INVALID),
        ("JobSpecs.1.Image", MISSING),
        ("JobSpecs.2", INVALID),
    }


@pytest.mark.parametrize(("text", "advice"), [("", "is empty"), ("{", "is not JSON"), ("[]", "found an array")])
def test_what_is_no_body_at_all(text, advice):
    (violation,) = validate_job(text)
    assert (violation.path, violation.code) == ("$", INVALID)
    assert violation.message == "The request body is invalid. It must be a JSON object."
    assert advice in violation.advice


def test_the_limit_of_a_body_counts_its_bytes():
    description = body(UserCommand="")
    room = 65_536 - len(json.dumps(description, separators=(",", ":")))
    assert found({**description, "UserCommand": "x" * room}) == []
    assert found({**description, "UserCommand": "x" * (room + 1)}) == [("$", INVALID)]
    assert found({**description, "UserCommand": "中" * (room // 3 + 1)}) == [("$", INVALID)]
    # Half of a surrogate pair, which JSON can hold.
    assert found({**description, "UserCommand": "\ud800"}) == []


def test_secrets_are_not_in_a_violation():
    secret = "hunter2"
    description = body(
        Envs={"A": [secret], "B": {"x": secret}},
        CustomEnvs=[{"Key": "A", "Value": 2718281828}],
        CredentialConfig={"CredentialConfigItems": [{"Roles": [{"AssumeUserInfo": {"SecurityToken": 2718281828}}]}]},
        JobSpecs=[
            role(
                ImageConfig={"Password": 2718281828, "Auth": [secret]},
                ExtraPodSpec={"InitContainers": [{"Env": [{"Name": "A", "Value": 2718281828}]}]},
            )
        ],
    )
    violations = validate_job(description)
    assert len(violations) == 7
    text = "".join(map(str, violations))
    assert secret not in text
    assert "2718281828" not in text


PENDING = "{{ params.x }}"


@pytest.mark.parametrize(
    "changes",
    [
        *({path: PENDING} for path in ("DisplayName", "JobType", "JobSpecs", "UserCommand", "Priority", "Settings")),
        *({f"{R}.{name}": PENDING} for name in ("Type", "PodCount", "Image", "EcsSpec", "IsChief", "SpotSpec")),
        {R: PENDING},
        {"JobSpecs": [role(Type=PENDING), role(Type=PENDING)]},
        {"JobSpecs": [role(UserCommand="a"), PENDING], "UserCommand": ABSENT},
        {"JobType": PENDING, "SuccessPolicy": "AllWorkers", f"{R}.Type": "Chief"},
        {"SuccessPolicy": PENDING},
        {"ResourceId": PENDING},
        {"ResourceId": PENDING, f"{R}.EcsSpec": ABSENT, f"{R}.ResourceConfig": CONFIG},
        {"ResourceId": "quota1", f"{R}.EcsSpec": PENDING, f"{R}.ResourceConfig": CONFIG},
        {f"{R}.QuotaId": PENDING},
        {f"{R}.SpotSpec": {**SPOT, "SpotDiscountLimit": PENDING}},
        {"DataSources": PENDING},
        {"DataSources": [PENDING]},
        {"DataSources": [{"Uri": PENDING, "DataSourceId": "d-1"}]},
        {"DataSources": [{"Uri": OSS, "MountPath": PENDING}, {"Uri": OSS, "MountPath": PENDING}]},
        {"DataSources": [{"DataSourceId": "d-1", "Options": '{"a": "{{ params.x }}"'}]},
        {"UserVpc": {"SwitchId": PENDING}},
        {"UserVpc": {"SwitchId": "vsw-1", "ExtendedCIDRs": PENDING}},
        {"Envs": {"{{ params.key }}": PENDING}},
        {"TemplateId": PENDING, "JobSpecs": ABSENT, "UserCommand": ABSENT},
        {"UserCommand": "{% if x %}" + "x" * 70_000 + "{% endif %}"},
    ],
)
def test_what_holds_a_template_is_left_for_execute_time(changes):
    assert validate_job(changed(body(), changes)) == []


def test_a_template_says_nothing_of_the_fields_beside_it():
    both = changed(body(), {"ResourceId": PENDING, f"{R}.ResourceConfig": CONFIG})
    assert found(both) == [(f"{R}.ResourceConfig", INVALID)]
    neither = changed(body(), {"ResourceId": PENDING, f"{R}.EcsSpec": ABSENT})
    assert found(neither) == [(f"{R}.EcsSpec", MISSING)]
    assert found(body(DisplayName="job {{ ds }}"), templates=False) == [("DisplayName", INVALID)]
    assert (f"{R}.PodCount", INVALID) in found(body(JobSpecs=[role(PodCount=PENDING)]), templates=False)


def test_rules_and_models_know_the_same_fields():
    def fields(node, path=""):
        for name, child in node.fields.items():
            yield f"{path}{name}"
            yield from fields(child, f"{path}{name}.")
            if child.value is not None:
                yield from fields(child.value, f"{path}{name}.[].")

    typed = {path for path, _ in type_rows(JobDescription) if not path.endswith(("[]", "value"))}
    assert set(fields(rules.TABLE._root)) == typed


def test_an_annotation_without_a_json_type_is_an_error():
    class Odd(Description):
        When: complex | None = None

    with pytest.raises(TypeError, match="When: found the annotation .*complex"):
        list(type_rows(Odd))

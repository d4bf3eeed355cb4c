"""The ACS3 signature against golden vectors, which were made by running the vendor's Python SDK."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_bcs.http import acs3

TOKEN = {"x-acs-accesskey-id": "testAccessKeyId", "x-acs-security-token": "testSecurityToken+/="}
BODY = (
    '{"DisplayName":"tf-mnist-test","Envs":{"A":"1"},"JobMaxRunningTimeMinutes":60,"JobSpecs":[{"EcsSpec":'
    '"ecs.c6.large","ElasticSpotSpecs":[],"Image":"example/train:1","LocalMountSpecs":[],"PodCount":1,'
    '"StartupDependencies":[],"Type":"Worker"}],"JobType":"TFJob","Priority":1,"Settings":{"Tags":{"dag":"d/t"}},'
    '"UserCommand":"echo \\"你好\\" && python /root/code/mnist.py","WorkspaceId":"268"}'
)
QUERY = {
    "DisplayName": "训练 任务+a/b*c~d&e=f",
    "PageNumber": "1",
    "PageSize": "100",
    "ShowOwn": "True",
    "StartTime": "2026-01-01T00:00:00Z",
    "Status": "Running",
    "Tags": '{"team":"α 1","k":"v"}',
    "WorkspaceId": "268",
}
TAGS = {"All": "false", "ResourceId": '["dlc1","dlc2"]', "ResourceType": "Job", "TagKey": '["a","b"]'}


@dataclass(frozen=True)
class Vector:
    """A request and its signatures: over everything the SDK sends, and over what has to be signed."""

    method: str
    segments: tuple[str, ...]
    action: str
    full: tuple[str, str]
    least: tuple[str, str]
    query: dict[str, str] = field(default_factory=dict)
    body: str = ""
    sts: bool = True

    def headers(self, *, full: bool) -> dict[str, str]:
        headers = {
            "Host": "pai-dlc.cn-hangzhou.aliyuncs.com",
            "x-acs-action": self.action,
            "x-acs-version": "2020-12-03",
            "x-acs-date": "2026-01-02T03:04:05Z",
            "x-acs-signature-nonce": "0123456789abcdef0123456789abcdef",
            "x-acs-content-sha256": acs3.body_digest(self.body.encode()),
            **(TOKEN if self.sts else {}),
        }
        if self.body:
            headers["Content-Type"] = "application/json; charset=utf-8"
        if full:
            headers |= {"Accept": "application/json", "User-Agent": "dlc-sheet/1.0"}
            headers["x-acs-credentials-provider"] = "static_sts" if self.sts else "static_ak"
        return headers


VECTORS = {
    "V1": Vector(
        "GET",
        ("api", "v1", "jobs"),
        "ListJobs",
        (
            "b9df4d1c93aa6a3c739f6bb98b84f50ac0e6117c627bd5647bd2c6ac67fb1167",
            "9d89710a2f0fb4aba6c2d624bf04013a8538a420d677921523e3cd9cacc1f508",
        ),
        (
            "e8916dc07eb9f35500905ad3feddb9eed52b9aaa41f817fa130356b448b4a2ea",
            "0c38ba6a13d7c11998bbd143106b47332f01010037e023c104fbeaa5e33caee7",
        ),
        query=QUERY,
        sts=False,
    ),
    "V2": Vector(
        "POST",
        ("api", "v1", "jobs"),
        "CreateJob",
        (
            "4a73f15cb557e350c44f5dc0f5e1fc1c5524c7dc7566a2bd735a231596e621c7",
            "44f1dda4f88e1d3f05c984e7007490a445f9c0f6d848314e60934510299a4eae",
        ),
        (
            "446195701c24555a2a6b22a6f1df6ffca79476f3d542275e4a892fc9721a6264",
            "7d21f6ec13b9775769c561096d2391541343c2c626f90c7e2d34c43318afe758",
        ),
        body=BODY,
        sts=False,
    ),
    "V3": Vector(
        "POST",
        ("api", "v1", "jobs", "dlc1abcdef0", "stop"),
        "StopJob",
        (
            "475029df04597c72f5139bd17e80e6eae2e631211d6123c44d6cfd173f30d6e2",
            "65050aa578fed7329a6e1455ed4a943ee29f9ea9e8a1feb73205d031a23937e8",
        ),
        (
            "fa9428adaf955f9c6d0b0a88a335a87458058b49ae7f0149903c925570edf05b",
            "435f495f512f2272a12ccf29db4bc81316fac5481dbe1b12252d28af8279985e",
        ),
    ),
    "V4": Vector(
        "GET",
        ("api", "v1", "jobs", "dlc1abcdef0"),
        "GetJob",
        (
            "0670cf775dea576e151912c785683280b6d487bc6d7cc2cc29f0cf7136516bad",
            "3eeca51fb728fcfbb22294b01a64fd4c2ee317cce11d926a78a5d26ee4123880",
        ),
        (
            "d6e7dc83314171db5ef7aa2762886370bfe380ddd8b0eaf30b9ea01a3a5339f0",
            "7c492cdcf96e25e1b47648d4e90d8c8bc0711a72d6610a5d51171cb971791f74",
        ),
        query={"NeedDetail": "False"},
    ),
    "V5": Vector(
        "DELETE",
        ("api", "v1", "tags"),
        "UntagResources",
        (
            "ad1ffbc246ac61080fd182f9bb2551c0c3a20cc7dabf972cd9878d410c930f47",
            "7c03a606500249b57bc1851cb8cf2c1147f8959561cdb52f2a7eac2e0cd3e4f0",
        ),
        (
            "8f6c91c43863fe20aef6526c459070a54ed17236bf9c0b6cfe8723d60f877928",
            "88993b50cfa02cee4310eb3474000c88207c718861e1e7cf4fe050ac7c165b8f",
        ),
        query=TAGS,
    ),
    "V6": Vector(
        "GET",
        ("api", "v1", "jobs", "dlc 1/é~"),
        "GetJob",
        (
            "6a16828e4a434dd2017db7ef9d91b5cb0ea5f2e850f1d43b83900c6f90fc4bcb",
            "550f29166474c518d51863cefb5e4a6b3f2343873c960a76ef6eded58904fdcd",
        ),
        (
            "dbd440512126ebfc3296cd50177f90bab17ec53008e58b1d9bc2bcf65833af98",
            "7a8bd69cb53573c16baf8e08d56e3af127cbea1fbda8cb9d2c7f7a9059dca061",
        ),
    ),
}


@pytest.mark.parametrize("extent", ["full", "least"])
@pytest.mark.parametrize("name", VECTORS)
def test_golden_vectors(name, extent):
    vector = VECTORS[name]
    headers = vector.headers(full=extent == "full")
    signed = sorted(map(str.lower, headers)) if extent == "full" else acs3.signed_headers(headers)
    request = acs3.canonical_request(
        vector.method, acs3.encode_path(*vector.segments), acs3.encode_query(vector.query), headers, signed
    )
    digest, signature = getattr(vector, extent)
    assert hashlib.sha256(request.encode()).hexdigest() == digest
    assert acs3.signature("testAccessKeySecret", request) == signature


def test_the_authorization_header():
    headers = VECTORS["V1"].headers(full=False)
    assert acs3.authorization("testAccessKeyId", acs3.signed_headers(headers), "00ff") == (
        "ACS3-HMAC-SHA256 Credential=testAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;"
        "x-acs-signature-nonce;x-acs-version,Signature=00ff"
    )


def test_the_body_digest_of_a_vector():
    assert acs3.body_digest(BODY.encode()) == "49b74eb67dfcca87188b679ce127caa8cfafb31a0a75796e50b997bf64ac086d"


@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_a_query_with_plus_for_space_has_the_same_canonical_form(params):
    params = {_sayable(name): _sayable(value) for name, value in params.items() if _sayable(name)}
    query = acs3.encode_query(params)
    assert acs3.canonical_query(query) == query
    assert acs3.canonical_query(query.replace("%20", "+")) == query


def _sayable(text: str) -> str:
    return text.encode("utf-8", "ignore").decode()

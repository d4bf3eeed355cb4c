"""The rules of a job description, as a table; see :mod:`airflow_provider_bcs.description.rules`.

The rows for fields and types are derived from the models; this module adds the limits. Source: the CreateJob page, API
version 2020-12-03, and the texts of its Python SDK 1.11.6. Rows marked "assumed" have no source: they exclude values
with which no job can run.
"""

from __future__ import annotations

from dataclasses import replace

from airflow_provider_bcs.description.checks import Check, length, number_range
from airflow_provider_bcs.description.rules import Row, RuleTable, Wording
from airflow_provider_bcs.description.type_rows import type_rows

from .checks import (
    ABSOLUTE_PATH,
    CPU,
    DISPLAY_NAME,
    GPU,
    JSON_ARRAY,
    JSON_OBJECT,
    KEY_NAME,
    KNOWN_SCHEME,
    MEMORY,
    MOUNT_URI,
    OSS_FOLDER,
    STRING,
    at_least,
    one_of,
)
from .facts import MAX_NAME_LENGTH, invalid_parameter, missing_parameter
from .job import JobDescription

_MASTER_AND_WORKER = ("Master", "Worker")
#: JobType -> values of Type in its JobSpecs; empty when they are not documented.
ROLES: dict[str, tuple[str, ...]] = {
    "TFJob": ("Chief", "PS", "Worker", "Evaluator", "GraphLearn", "Master"),
    "PyTorchJob": _MASTER_AND_WORKER,
    "MPIJob": _MASTER_AND_WORKER,
    "XGBoostJob": _MASTER_AND_WORKER,
    "OneFlowJob": _MASTER_AND_WORKER,
    "ElasticBatchJob": _MASTER_AND_WORKER,
    "RayJob": ("Head", "Worker"),
    "SlurmJob": (),
    "DataJuicerJob": (),
    # Only the vendor's command-line tool names this one.
    "FlinkBatchJob": (),
}
#: JobType -> prefix of Type for a further group of workers.
NAMED_WORKERS = {"RayJob": "Worker-"}

#: Fields whose absence is an error. PodCount has no default (assumed).
REQUIRED = frozenset(
    {
        "DisplayName",
        "JobType",
        "JobSpecs",
        "JobSpecs.[].Type",
        "JobSpecs.[].PodCount",
        "JobSpecs.[].Image",
    }
)

#: The documented values of OversoldType in Settings. A role has the same (assumed).
_OVERSOLD = one_of("ForbiddenQuotaOverSold", "ForceQuotaOverSold", "AcceptQuotaOverSold")


def _role(field: str, *checks: Check) -> Row:
    return f"JobSpecs.[].{field}", checks


LIMITS: tuple[Row, ...] = (
    ("DisplayName", (length(1, MAX_NAME_LENGTH), DISPLAY_NAME)),
    ("JobType", (one_of(*ROLES),)),
    _role("PodCount", at_least(0)),
    _role("ResourceConfig.CPU", CPU),
    _role("ResourceConfig.Memory", MEMORY),
    _role("ResourceConfig.SharedMemory", MEMORY),
    _role("ResourceConfig.GPU", GPU),
    _role("RestartPolicy", one_of("Always", "Never", "OnFailure", "ExitCode")),
    _role("SpotSpec.SpotStrategy", one_of("SpotWithPriceLimit")),
    _role("ElasticSpotSpecs.[].SpotStrategy", one_of("LowestPrice", "CapacityOptimized")),
    _role("OversoldType", _OVERSOLD),
    _role("ServiceSpec.ServiceMode", one_of("PerPod", "PerRole")),
    ("Envs.{key}", (KEY_NAME,)),  # assumed
    ("DataSources.[].Uri", (MOUNT_URI, KNOWN_SCHEME, OSS_FOLDER)),
    ("DataSources.[].MountPath", (ABSOLUTE_PATH,)),
    ("DataSources.[].MountAccess", (one_of("RO", "RW"),)),
    ("DataSources.[].Options", (JSON_OBJECT,)),
    ("DataSources.[].RoleChain", (JSON_ARRAY,)),
    ("Priority", (replace(number_range(1, 9), is_warning=True),)),
    # 0 is no limit.
    ("JobMaxRunningTimeMinutes", (at_least(0),)),
    ("SuccessPolicy", (one_of("ChiefWorker", "AllWorkers", "Partial"),)),
    ("Accessibility", (one_of("PUBLIC", "PRIVATE"),)),
    ("UserVpc.DefaultRoute", (one_of("eth0", "eth1"),)),
    ("CredentialConfig.CredentialConfigItems.[].Type", (one_of("Role", "RoleChain"),)),
    ("CredentialConfig.CredentialConfigItems.[].Roles.[].RoleType", (one_of("service", "user"),)),
    ("Settings.JobReservedMinutes", (at_least(0),)),  # assumed
    ("Settings.JobReservedPolicy", (one_of("Always", "OnFailure", "OnSucceed"),)),
    ("Settings.OversoldType", (_OVERSOLD,)),
    ("Settings.DataJuicerConfig.CommandType", (one_of("shell", "config"),)),
    ("Settings.DataJuicerConfig.ExecutionMode", (one_of("standalone", "distributed"),)),
    ("TemplateVersion", (at_least(1),)),
)

WORDING = Wording(
    invalid=invalid_parameter,
    missing=missing_parameter,
    by_path=True,
    grows=True,
)

TABLE = RuleTable(
    (*type_rows(JobDescription, string=STRING), *LIMITS),
    WORDING,
    required=REQUIRED,
    # Answers of the service have empty objects and arrays for fields that are not set.
    empty_is_absent=True,
    # The submission adds its tokens to these.
    needed=("DisplayName", "Settings", "Settings.Tags"),
    # These fields hold passwords, tokens, and secrets in variables.
    secret=("ImageConfig", "AssumeUserInfo", "Envs", "CustomEnvs", "Env", "Options"),
)

"""Convert a BatchCompute job of one task into the body of a PAI-DLC job."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from math import ceil
from typing import Any, NamedTuple

from airflow_provider_bcs.batchcompute.rules import Quotas
from airflow_provider_bcs.description.template import is_template
from airflow_provider_bcs.description.violation import Violation
from airflow_provider_bcs.dlc.rules import MAX_BODY_SIZE, validate_job

from .fields import is_open, lost_advice, lost_fields, without
from .findings import CODE, Findings
from .mounts import LINK, MOUNT, OUTPUT_FILE, OUTPUT_FOLDER, WORKDIR, Mounts, entries_of, is_at_or_below
from .options import Options, Site
from .resources import RESERVED_MINUTES, job_spec
from .script import VARIABLE_NAME, Script, quote

#: Seconds between SIGTERM and SIGKILL at a Timeout; the script has the same.
_GRACE_SECONDS = 10
#: What a job may take besides its program: for its package and its outputs.
_SPARE_MINUTES = 60
_NOT_UNPACKED = (".gz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".lz", ".lzma", ".Z")
_UNPACKED = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar", ".zip")
#: What the script stands on.
_FIXED = ("JobType", "UserCommand", "DisplayName")
_SITE = Site.of("cn-region")


class Converted(NamedTuple):
    """A PAI-DLC job, and what is wrong with it.

    :ivar body: of CreateJob; of use only when there are no violations and nothing is left to be rendered
    """

    body: dict[str, Any]
    violations: list[Violation]


def convert(job: Mapping[str, Any], options: Options, site: Site = _SITE, *, templates: bool = False) -> Converted:
    """Convert a valid BatchCompute job of one task.

    :param templates: leave values alone that hold a Jinja template, and find out what can be known without them
    :raises ValueError: when it has not one task
    """
    if templates and is_open(job):
        return Converted({}, [])
    tasks = (job.get("DAG") or {}).get("Tasks") or {}
    if len(tasks) != 1:
        raise ValueError(
            f"A PAI-DLC job is made of a BatchCompute job of one task; job {job['Name']} has {len(tasks)}."
            ' job_to_dag(..., run_as="dlc") makes one of each.'
        )
    return _Conversion(job, options, site, templates).run()


class _Conversion:
    def __init__(self, job: Mapping[str, Any], options: Options, site: Site, templates: bool) -> None:
        [(self._name, task)] = job["DAG"]["Tasks"].items()
        self._job = without({**job, "DAG": {}}, options.ignore)
        self._task: dict[str, Any] = without(task, options.ignore)
        self._options = options
        self._site = site
        self._templates = templates
        self._findings = Findings(f"DAG.Tasks.{self._name}", templates=templates)
        self._mounts = Mounts(site, self._findings)
        self._script = Script(f"Task {self._name} of the BatchCompute job {_one_line(job['Name'])}.")
        self._parameters = self._task.get("Parameters") or {}
        self._command = self._parameters.get("Command") or {}

    def run(self) -> Converted:
        extra = self._extra()
        self._lost(extra)
        self._cluster(extra)
        self._inputs()
        self._package()
        self._outputs()
        self._program()
        self._mounts.check()
        body = _merged(self._body(extra), extra)
        violations = self._findings.violations
        if not violations:
            violations = [self._explained(item, body) for item in validate_job(body, templates=self._templates)]
        return Converted(body, violations)

    def _extra(self) -> Mapping[str, Any]:
        extra = self._options.dlc_job
        if not extra or self._findings.pending(extra):
            return {}
        if not isinstance(extra, Mapping):
            found = type(extra).__name__
            self._findings.add("dlc_job", "It must be fields of CreateJob.", f"Found {found}; right is an object")
            return {}
        for name in _FIXED:
            if name in extra:
                self._findings.add(
                    f"dlc_job.{name}", "It is made from the task.", "Found it in dlc_job; right is to leave it out"
                )
        if len(extra.get("JobSpecs") or ()) > 1:
            count = len(extra["JobSpecs"])
            self._findings.add("dlc_job.JobSpecs", "A task has one role.", f"Found {count}; right is one")
        return extra

    def _lost(self, extra: Mapping[str, Any]) -> None:
        for fields in (self._job, self._task):
            for path, lost, value in lost_fields(fields, extra, templates=self._templates):
                self._findings.add(path, lost.why, lost_advice(path, lost, value), ignore=path)
        own = self._task.get("TaskName")
        if own and own != self._name and not self._findings.pending(own):
            right = f"Found {own!r}; right is {self._name!r}"
            self._findings.add("TaskName", "The task has another name.", right, ignore="TaskName")

    def _cluster(self, extra: Mapping[str, Any]) -> None:
        cluster = self._task.get("AutoCluster") or {}
        on_quota = bool(extra.get("ResourceId")) or is_template(self._options.dlc_job)
        for path, value in (
            ("ClusterId", self._task.get("ClusterId")),
            ("AutoCluster.ClusterId", cluster.get("ClusterId")),
        ):
            if value and not on_quota and not self._findings.pending(value):
                advice = f"Found {value!r}; right is the ResourceId of a quota in dlc_job"
                self._findings.add(path, "A pod runs on no cluster of BatchCompute.", advice, ignore=path)

    # What the script does

    def _inputs(self) -> None:
        for source, destination in (self._task.get("InputMapping") or {}).items():
            if destination:
                self._input(source, destination, f"InputMapping.{source}", writable=False)
        field, entries = entries_of(self._task)
        for number, entry in enumerate(entries):
            source, destination = entry.get("Source") or "", entry.get("Destination") or ""
            self._input(source, destination, f"{field}.{number}", writable=bool(entry.get("WriteSupport")))

    def _input(self, source: str, destination: str, field: str, *, writable: bool) -> None:
        known = self._findings.pending(source) or source.startswith(("oss://", "nas://"))
        if not known:
            advice = f"Found {source!r}; right is oss:// or nas://"
            self._findings.add(field, "It cannot be mounted.", advice)
        is_folder = source.endswith("/") or source.startswith("nas://")
        path = self._mounts.claim(destination, MOUNT if is_folder else LINK, field)
        if is_folder:
            self._mounts.mount(source, path, writable=writable)
        else:
            # An object, or a folder that was written without its "/": only the pod can tell.
            place = self._mounts.object(source, writable=writable)
            self._script.prepare.append(f"bc_link {quote(place)} {quote(path)}")

    def _package(self) -> None:
        url = self._command.get("PackagePath")
        if not url:
            return
        if url.endswith(_NOT_UNPACKED) and not url.endswith(_UNPACKED) and not self._findings.pending(url):
            self._findings.add(
                "Parameters.Command.PackagePath",
                "The script cannot unpack it.",
                f"Found {url!r}; right is an archive ({', '.join(_UNPACKED)}) or a plain program",
            )
        self._script.prepare.append(f"bc_install {quote(self._mounts.object(url, writable=False))}")

    def _outputs(self) -> None:
        for local, url in (self._task.get("OutputMapping") or {}).items():
            if url:
                self._output(local, url, f"OutputMapping.{local}")
        for local, url in (self._task.get("LogMapping") or {}).items():
            if url:
                path = self._output(local, "", f"LogMapping.{local}")
                place = quote(f"{self._mounts.folder(url, writable=True)}/{path.rpartition('/')[2]}.")
                self._script.collect.append(f'bc_put_file {quote(path)} {place}"$bc_label"')
        for name in ("stdout", "stderr"):
            url = self._parameters.get(f"{name.capitalize()}RedirectPath")
            self._script.constants[f"bc_{name}"] = self._mounts.folder(url, writable=True) if url else ""

    def _output(self, local: str, url: str, field: str) -> str:
        is_folder = url.endswith("/")
        path = self._mounts.claim(local, OUTPUT_FOLDER if is_folder else OUTPUT_FILE, field)
        self._script.prepare.append(f"{'mkdir -p' if is_folder else 'bc_make_parent'} {quote(path)}")
        if not is_at_or_below(path, WORKDIR):
            # That is new for each attempt in any case.
            self._script.outputs.append(path)
        if is_folder:
            place = self._mounts.folder(url, writable=True)
            self._script.collect.append(f"bc_put_folder {quote(path)} {quote(place)}")
        elif url:
            place = self._mounts.object(url, writable=True)
            self._script.collect.append(f"bc_put_file {quote(path)} {quote(place)}")
        return path

    def _program(self) -> None:
        field, line = "Parameters.Command.CommandLine", self._command.get("CommandLine") or ""
        try:
            self._script.words = shlex.split(line) if isinstance(line, str) else []
            if not self._script.words:
                raise ValueError("it is empty")
        except ValueError as error:
            if not self._findings.pending(line):
                advice = f"Found that it cannot be split into words: {error}; right is a program and its arguments"
                self._findings.add(field, "It must be a command.", advice)
            self._script.words = [line]
        variables = self._command.get("EnvVars") or {}
        self._variables = self._script.carry(_texts(variables))
        for name in variables:
            if not VARIABLE_NAME.fullmatch(name) and not self._findings.pending(name):
                self._findings.add(
                    f"Parameters.Command.EnvVars.{name}",
                    "A shell passes no such variable on.",
                    f"Found {name!r}; right are letters, digits and _, beginning with no digit",
                    ignore="Parameters.Command.EnvVars",
                )
        fails = self._job.get("JobFailOnInstanceFail")
        # One that is alone decides, as it does there: its task has done nothing when it fails.
        self._script.swallow = fails is False and self._task.get("InstanceCount") != 1
        self._script.constants |= {
            "bc_task": self._name,
            "bc_attempts": str(_number(self._task.get("MaxRetryCount"), 0) + 1),
            "bc_timeout": str(self._timeout),
        }

    @property
    def _timeout(self) -> int:
        # An assumption: the longest time that is documented.
        return _number(self._task.get("Timeout"), Quotas.MaxInstanceTimeout)

    # The body

    def _body(self, extra: Mapping[str, Any]) -> dict[str, Any]:
        attempts = _number(self._task.get("MaxRetryCount"), 0) + 1
        minutes = ceil((self._timeout + _GRACE_SECONDS) * attempts / 60) + _SPARE_MINUTES
        priority = self._job.get("Priority")
        cluster = self._task.get("AutoCluster") or {}
        body = {
            "DisplayName": self._job["Name"],
            "Description": self._job.get("Description"),
            "JobType": "PyTorchJob",
            "JobSpecs": [job_spec(self._task, self._options, self._findings)],
            "Envs": self._envs(),
            "DataSources": self._mounts.data_sources,
            "UserCommand": self._script.text(),
            "JobMaxRunningTimeMinutes": minutes,
        }
        if isinstance(priority, int) and extra.get("ResourceId"):
            # Elsewhere it has no effect.
            body["Priority"] = min(9, 1 + priority * 9 // 1001)
        if cluster.get("ReserveOnFail") is True:
            body["Settings"] = {"JobReservedPolicy": "OnFailure", "JobReservedMinutes": RESERVED_MINUTES}
        return {name: value for name, value in body.items() if value not in (None, "", [])}

    def _envs(self) -> dict[str, str]:
        return {
            "BATCH_COMPUTE_DAG_TASK_ID": self._name,
            "BATCH_COMPUTE_REGION": self._site.region,
            "BATCH_COMPUTE_OSS_HOST": self._site.oss_endpoint,
            "BATCH_COMPUTE_CLUSTER_ID": self._task.get("ClusterId") or "",
            "BATCH_COMPUTE_PRIVATE_PATHS": json.dumps(self._mounts.private, ensure_ascii=False),
            **self._variables,
        }

    def _explained(self, found: Violation, body: dict[str, Any]) -> Violation:
        """Say of the size of a request which field makes it."""
        if found.path != "$":
            return found
        line, variables = (len(json.dumps(self._command.get(name) or "")) for name in ("CommandLine", "EnvVars"))
        advice = f"{found.advice} CommandLine has {line} bytes, EnvVars {variables} of at most {MAX_BODY_SIZE} in all."
        return Violation(f"DAG.Tasks.{self._name}.Parameters.Command", CODE, found.message, advice)


def _number(value: Any, otherwise: int) -> int:
    return value if type(value) is int else otherwise


def _texts(variables: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in variables.items()}


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _merged(body: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Merge objects at every level; the one role is one, and more data is mounted besides the task's."""
    merged = dict(body)
    for name, value in extra.items():
        mine = merged.get(name)
        if isinstance(value, Mapping) and isinstance(mine, Mapping):
            merged[name] = _merged(dict(mine), value)
        elif name == "JobSpecs" and isinstance(mine, list) and value:
            merged[name] = [_merged(mine[0], value[0])]
        elif name == "DataSources" and isinstance(mine, list):
            merged[name] = [*mine, *value]
        else:
            merged[name] = value
    return merged

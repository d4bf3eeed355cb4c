"""Arguments of Airflow's own base classes, for type checkers and editors.

The public classes and functions hand these on as ``**kwargs``. Each class here has the arguments of Airflow 2.11 and of
3.3; Airflow itself refuses one that its version does not have. Nothing imports this module at run time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

if TYPE_CHECKING:
    import jinja2
    from airflow.providers.common.compat.sdk import DAG, TaskGroup
    from airflow.sdk.definitions.dag import ScheduleArg
    from airflow.sdk.definitions.deadline import DeadlineAlert
    from airflow.sdk.definitions.retry_policy import RetryPolicy
    from airflow.sdk.types import WeightRuleParam
    from typing_extensions import Required

__all__ = ["DagArguments", "OperatorArguments", "SensorArguments", "TaskGroupArguments"]

#: Function that receives the context, or several of them.
Callbacks: TypeAlias = "Callable[[Any], None] | list[Callable[[Any], None]] | None"


class OperatorArguments(TypedDict, total=False):
    """Arguments of ``BaseOperator``."""

    task_id: Required[str]
    owner: str
    email: str | Sequence[str] | None
    email_on_retry: bool
    email_on_failure: bool
    retries: int | None
    retry_delay: timedelta | float
    retry_exponential_backoff: bool | float
    max_retry_delay: timedelta | float | None
    retry_policy: RetryPolicy | None
    start_date: datetime | None
    end_date: datetime | None
    depends_on_past: bool
    ignore_first_depends_on_past: bool
    wait_for_past_depends_before_skipping: bool
    wait_for_downstream: bool
    dag: DAG | None
    params: MutableMapping[str, Any] | None
    default_args: dict[str, Any] | None
    priority_weight: int
    weight_rule: WeightRuleParam
    queue: str
    pool: str | None
    pool_slots: int
    sla: timedelta | None
    execution_timeout: timedelta | None
    on_execute_callback: Callbacks
    on_failure_callback: Callbacks
    on_success_callback: Callbacks
    on_retry_callback: Callbacks
    on_skipped_callback: Callbacks
    pre_execute: Callable[[Any], Any] | None
    post_execute: Callable[[Any, Any], Any] | None
    trigger_rule: str
    resources: dict[str, Any] | None
    run_as_user: str | None
    task_concurrency: int | None
    map_index_template: str | None
    max_active_tis_per_dag: int | None
    max_active_tis_per_dagrun: int | None
    executor: str | None
    executor_config: dict[str, Any] | None
    do_xcom_push: bool
    multiple_outputs: bool
    inlets: Any
    outlets: Any
    task_group: TaskGroup | None
    doc: str | None
    doc_md: str | None
    doc_json: str | None
    doc_yaml: str | None
    doc_rst: str | None
    task_display_name: str | None
    logger_name: str | None
    allow_nested_operators: bool
    render_template_as_native_obj: bool | None


class SensorArguments(OperatorArguments, total=False):
    """Arguments of ``BaseSensorOperator``."""

    poke_interval: timedelta | float
    timeout: timedelta | float | None
    soft_fail: bool
    mode: str
    exponential_backoff: bool
    max_wait: timedelta | float | None
    silent_fail: bool
    never_fail: bool


class TaskGroupArguments(TypedDict, total=False):
    """Arguments of ``TaskGroup``, without ``group_id``."""

    group_display_name: str
    prefix_group_id: bool
    parent_group: TaskGroup | None
    dag: DAG
    default_args: dict[str, Any]
    tooltip: str
    doc_md: str | None
    ui_color: str
    ui_fgcolor: str
    add_suffix_on_collision: bool


class DagArguments(TypedDict, total=False):
    """Arguments of ``DAG``, without ``dag_id``."""

    description: str | None
    schedule: ScheduleArg
    schedule_interval: str | timedelta | None
    timetable: Any
    start_date: datetime | None
    end_date: datetime | None
    full_filepath: str | None
    template_searchpath: str | Iterable[str] | None
    template_undefined: type[jinja2.Undefined]
    user_defined_macros: dict[str, Any] | None
    user_defined_filters: dict[str, Callable[..., Any]] | None
    default_args: dict[str, Any] | None
    concurrency: int | None
    max_active_tasks: int
    max_active_runs: int
    max_consecutive_failed_dag_runs: int
    dagrun_timeout: timedelta | None
    deadline: list[DeadlineAlert] | DeadlineAlert | None
    sla_miss_callback: Callbacks
    default_view: str
    orientation: str
    catchup: bool
    on_success_callback: Callbacks
    on_failure_callback: Callbacks
    doc_md: str | None
    params: MutableMapping[str, Any] | None
    access_control: Mapping[str, Any] | None
    is_paused_upon_creation: bool | None
    jinja_environment_kwargs: dict[str, Any] | None
    render_template_as_native_obj: bool
    tags: Collection[str] | None
    owner_links: dict[str, str] | None
    auto_register: bool
    fail_stop: bool
    fail_fast: bool
    allowed_run_types: Any
    dag_display_name: str | None
    task_group: TaskGroup
    disable_bundle_versioning: bool
    rerun_with_latest_version: bool | None

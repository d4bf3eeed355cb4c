"""Classes stay flat: at most three of ours below each other, no diamond, at most three abstract methods."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import pytest
from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_3_PLUS

import airflow_provider_bcs
from airflow_provider_bcs.exceptions import BcsError

LONGEST_CHAIN = 3
MOST_ABSTRACT_METHODS = 3
PUBLIC_ROOMS = ("hooks", "links", "operators", "sensors", "triggers")


def own_modules() -> Iterator[str]:
    for module in pkgutil.walk_packages(airflow_provider_bcs.__path__, "airflow_provider_bcs."):
        # Airflow before 3.3 has no retry policies.
        is_missing = module.name.endswith(".retry_policy") and not AIRFLOW_V_3_3_PLUS
        if not module.name.endswith("__main__") and "example_dags" not in module.name and not is_missing:
            yield module.name


def own_classes() -> list[type]:
    """All classes of the package but the errors, whose tree is drawn in ``exceptions``."""
    found: dict[type, None] = {}
    for name in own_modules():
        for value in vars(importlib.import_module(name)).values():
            if inspect.isclass(value) and value.__module__ == name and not issubclass(value, BcsError):
                found[value] = None
    return list(found)


def chains(cls: type) -> list[list[type]]:
    """All ways from a class to the highest class of ours above it."""
    above = [base for base in cls.__bases__ if base.__module__.startswith("airflow_provider_bcs.")]
    return [[cls, *chain] for base in above for chain in chains(base)] or [[cls]]


def name_of(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


@pytest.fixture(scope="module")
def classes() -> list[type]:
    found = own_classes()
    # The walk has found the package.
    assert len(found) > 200
    return found


def test_chains_are_short(classes):
    longest = {name_of(cls): max(map(len, chains(cls))) for cls in classes}
    assert {name: length for name, length in longest.items() if length > LONGEST_CHAIN} == {}
    assert max(longest.values()) == LONGEST_CHAIN


def test_no_class_is_reached_twice(classes):
    above = {name_of(cls): [each for chain in chains(cls) for each in chain[1:]] for cls in classes}
    assert {name: each for name, each in above.items() if len(each) > len(set(each))} == {}


def test_few_methods_are_abstract(classes):
    abstract = {name_of(cls): sorted(getattr(cls, "__abstractmethods__", ())) for cls in classes}
    assert {name: names for name, names in abstract.items() if len(names) > MOST_ABSTRACT_METHODS} == {}


@pytest.mark.parametrize("name", [name for name in own_modules() if name.split(".")[1] in PUBLIC_ROOMS])
def test_public_modules_say_what_is_public(name):
    module = importlib.import_module(name)
    defined = {
        each
        for each, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == name and not each.startswith("_")
    }
    if name.count(".") == 1 or not defined:
        return
    assert defined <= set(module.__all__)
    assert all(hasattr(module, each) for each in module.__all__)


def test_public_classes_spell_their_parameters():
    """Editors show what a signature has: each parameter of a base class of ours is in that of its subclasses."""
    missing = {}
    for cls in own_classes():
        if cls.__module__.split(".")[1] not in ("operators", "sensors") or cls.__name__.startswith("_"):
            continue
        spelled = set(inspect.signature(cls.__init__).parameters)
        for base in chains(cls)[0][1:]:
            parameters = inspect.signature(vars(base).get("__init__", cls.__init__)).parameters.values()
            if unspelled := {each.name for each in parameters if each.kind != each.VAR_KEYWORD} - spelled:
                missing[cls.__name__] = sorted(unspelled)
    # The task does not wait, so that nothing of waiting is its own.
    of_waiting = ["deferrable", "poll_interval", "queue_timeout", "skip_on_exit_code", "wait_for_completion"]
    assert missing.pop("BatchComputeSubmitGraphOperator") == of_waiting
    assert missing == {}

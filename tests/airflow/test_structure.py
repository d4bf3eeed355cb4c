"""Classes stay flat: at most three of ours below each other, one of ours as a base, three abstract methods."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import pytest

import airflow_provider_bcs
from airflow_provider_bcs.exceptions import BcsError

LONGEST_CHAIN = 3
MOST_ABSTRACT_METHODS = 3
PUBLIC_ROOMS = ("hooks", "links", "operators", "sensors", "triggers")


def own_modules() -> Iterator[str]:
    for module in pkgutil.walk_packages(airflow_provider_bcs.__path__, "airflow_provider_bcs."):
        if not module.name.endswith("__main__") and "example_dags" not in module.name:
            yield module.name


def own_classes() -> list[type]:
    """All classes of the package but the errors, whose tree is drawn in ``exceptions``."""
    found: dict[type, None] = {}
    for name in own_modules():
        for value in vars(importlib.import_module(name)).values():
            if inspect.isclass(value) and value.__module__ == name and not issubclass(value, BcsError):
                found[value] = None
    return list(found)


def own(classes: tuple[type, ...]) -> list[type]:
    return [each for each in classes if each.__module__.startswith("airflow_provider_bcs.")]


@pytest.fixture(scope="module")
def classes() -> list[type]:
    found = own_classes()
    # The walk has found the package.
    assert len(found) > 200
    return found


def test_chains_are_short(classes):
    long = {f"{cls.__module__}.{cls.__qualname__}": [each.__qualname__ for each in own(cls.__mro__)] for cls in classes}
    assert {name: chain for name, chain in long.items() if len(chain) > LONGEST_CHAIN} == {}


def test_no_class_has_two_bases_of_ours(classes):
    assert [cls.__qualname__ for cls in classes if len(own(cls.__bases__)) > 1] == []


def test_few_methods_are_abstract(classes):
    abstract = {
        f"{cls.__module__}.{cls.__qualname__}": sorted(getattr(cls, "__abstractmethods__", ())) for cls in classes
    }
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
        for base in own(cls.__mro__)[1:]:
            parameters = inspect.signature(vars(base).get("__init__", cls.__init__)).parameters.values()
            if unspelled := {each.name for each in parameters if each.kind != each.VAR_KEYWORD} - spelled:
                missing[cls.__name__] = sorted(unspelled)
    # The task does not wait, so that nothing of waiting is its own.
    assert missing.pop("BatchComputeSubmitGraphOperator") == ["deferrable", "poll_interval", "wait_for_completion"]
    assert missing == {}

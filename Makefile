# Each target makes what it needs: a virtual environment with pinned versions, in the checkout and nowhere else.
PYTHON ?= python3
AIRFLOW3 := .venv
AIRFLOW2 := .venv-airflow2
TRAINING := .venv-training

.PHONY: demo test test-airflow2 test-processes test-processes-airflow2 test-training check bench bench-followers constraints clean

demo: $(AIRFLOW3)/.installed
	@$(AIRFLOW3)/bin/airflow-bcs demo

test: $(AIRFLOW3)/.installed
	$(AIRFLOW3)/bin/pytest -n 2 --dist loadscope -m "not processes and not training"

test-airflow2: $(AIRFLOW2)/.installed
	$(AIRFLOW2)/bin/pytest -n 2 --dist loadscope -m "not processes and not training"

test-processes: $(AIRFLOW3)/.installed
	$(AIRFLOW3)/bin/pytest -m processes tests/processes

test-processes-airflow2: $(AIRFLOW2)/.installed
	$(AIRFLOW2)/bin/pytest -m processes tests/processes

# A real training run; pip takes whatever build of PyTorch the index offers, and the one for CPUs is enough.
test-training: $(TRAINING)/.torch
	$(TRAINING)/bin/pytest -m training tests/airflow/test_training.py

check: $(AIRFLOW3)/.installed
	$(AIRFLOW3)/bin/ruff check .
	$(AIRFLOW3)/bin/ruff format --check .
	$(AIRFLOW3)/bin/mypy

bench: $(AIRFLOW3)/.installed
	AIRFLOW_HOME=$(CURDIR)/.bench PYTHONPATH=. $(AIRFLOW3)/bin/python bench/run.py; status=$$?; rm -rf .bench; exit $$status

# Takes minutes: whole Airflows with real processes.
bench-followers: $(AIRFLOW3)/.installed
	AIRFLOW_HOME=$(CURDIR)/.bench PYTHONPATH=. $(AIRFLOW3)/bin/python -W ignore bench/followers.py; status=$$?; rm -rf .bench; exit $$status

.venv/.installed .venv-training/.installed: constraints/airflow-3.txt
.venv-airflow2/.installed: constraints/airflow-2.txt
.venv/.installed .venv-airflow2/.installed .venv-training/.installed: pyproject.toml
	rm -rf $(@D)
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --no-cache-dir uv
	mkdir $(@D)/tmp
	TMPDIR=$(CURDIR)/$(@D)/tmp $(@D)/bin/uv pip install --quiet --no-cache --python $(@D)/bin/python --constraint $(filter constraints/%,$^) --editable '.[dev]'
	touch $@

$(TRAINING)/.torch: $(TRAINING)/.installed
	$(TRAINING)/bin/pip install --quiet --disable-pip-version-check --no-cache-dir torch==2.13.0
	touch $@

# Pin anew, for all supported Python versions at once.
constraints: $(AIRFLOW3)/.installed
	for major in 2:2.11.2 3:3.3.2; do \
	  echo "apache-airflow==$${major#*:}" > .airflow.in; \
	  $(AIRFLOW3)/bin/uv pip compile --quiet --universal --python-version 3.10 --no-header --no-annotate \
	    --no-emit-index-url --upgrade --extra dev pyproject.toml .airflow.in -o constraints/airflow-$${major%:*}.txt; \
	done; rm .airflow.in

clean:
	rm -rf .venv .venv-airflow2 .venv-training .demo .bench build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache

# Each target makes what it needs: a virtual environment with pinned versions, in the checkout and nowhere else.
PYTHON ?= python3
AIRFLOW3 := .venv
AIRFLOW2 := .venv-airflow2
TRAINING := .venv-training
BENCH := .venv-bench
CELERY := .venv-celery
OLDEST := .venv-oldest
# The oldest and the newest Python, with the newest packages.
PYTHON310 := .venv-python3.10
PYTHON313 := .venv-python3.13
# What the bench compares with.
PEERS := apache-airflow-providers-databricks apache-airflow-providers-amazon[aiobotocore] astronomer-cosmos
# PostgreSQL's.
DRIVER := psycopg2-binary
# CeleryExecutor, and the drivers of its database.
EXECUTOR := apache-airflow-providers-celery asyncpg $(DRIVER)
# Deferred jobs in one triggerer.
N ?= 1000
# How often "make test-rounds" kills whoever works; how many tasks wait when it is a triggerer, and how often it is killed
# while they do.
ROUNDS ?= 20
WAITS ?= 100
KILLS ?= 1
ROUNDS_IN = ROUNDS=$(ROUNDS) WAITS=$(WAITS) KILLS=$(KILLS) BCS_TEST_DATABASE=postgresql
# Who is killed.
KILLED ?= tests/processes/test_killed_workers.py tests/processes/test_killed_triggerer.py

# Without compiled modules each process compiles what it imports: 3.8 CPU seconds for Airflow, and not 1.7.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-airflow2 test-versions test-oldest test-newest test-python3.10 test-processes test-processes-airflow2 test-rounds test-rounds-airflow2 test-faults test-training test-celery fuzz check bench bench-followers constraints clean

demo: $(AIRFLOW3)/.installed
	@$(AIRFLOW3)/bin/airflow-bcs demo

test: $(AIRFLOW3)/.installed
	$(AIRFLOW3)/bin/pytest -n 2 --dist loadscope -m "not processes and not training and not faults and not celery"

# What knows nothing of Airflow is the same in both.
test-airflow2: $(AIRFLOW2)/.installed
	$(AIRFLOW2)/bin/pytest -n 2 --dist loadscope -m "not processes and not training and not faults and not celery" tests/airflow tests/container tests/dlc/conversion

# Every module is imported and the demonstration's graph runs: on Python 3.10 with the lowest declared version of each
# dependency, on the newest Python that Airflow takes, and on Python 3.10 with the newest versions.
test-versions: test-oldest test-newest test-python3.10

test-oldest: $(OLDEST)/.installed
	$(OLDEST)/bin/python -W ignore tests/versions/run.py $(OLDEST)/demo

test-newest: $(PYTHON313)/.installed
	$(PYTHON313)/bin/python -W ignore tests/versions/run.py $(PYTHON313)/demo

test-python3.10: $(PYTHON310)/.installed
	$(PYTHON310)/bin/python -W ignore tests/versions/run.py $(PYTHON310)/demo

# PROCESSES chooses some of them.
test-processes: $(AIRFLOW3)/.installed
	$(AIRFLOW3)/bin/pytest -m processes tests/processes -k "$(PROCESSES)"

test-processes-airflow2: $(AIRFLOW2)/.installed
	$(AIRFLOW2)/bin/pytest -m processes tests/processes -k "$(PROCESSES)"

# Takes hours: workers and triggerers are killed again and again, on PostgreSQL (BCS_TEST_POSTGRES says where).
test-rounds: $(CELERY)/.executor
	$(ROUNDS_IN) $(CELERY)/bin/pytest -o faulthandler_timeout=14400 -m processes $(KILLED)

test-rounds-airflow2: $(AIRFLOW2)/.driver
	$(ROUNDS_IN) $(AIRFLOW2)/bin/pytest -o faulthandler_timeout=14400 -m processes $(KILLED)

test-faults: $(AIRFLOW3)/.installed
	$(AIRFLOW3)/bin/pytest -n 2 -m faults

# A real training run; pip takes whatever build of PyTorch the index offers, and the one for CPUs is enough.
test-training: $(TRAINING)/.torch
	$(TRAINING)/bin/pytest -m training tests/airflow/test_training.py

# Takes minutes, and needs a PostgreSQL and a Redis that answer: on this machine, or where BCS_TEST_POSTGRES and
# BCS_TEST_REDIS say. So it is no part of .ci/run.
test-celery: $(CELERY)/.executor
	$(CELERY)/bin/pytest -m celery tests/celery

# Takes about ten minutes: what "make test" sends the local service too, with many more examples.
fuzz: $(AIRFLOW3)/.installed
	$(AIRFLOW3)/bin/pytest -n 2 --dist loadscope -m fuzz --hypothesis-profile=fuzz

check: $(AIRFLOW3)/.installed
	$(AIRFLOW3)/bin/ruff check .
	$(AIRFLOW3)/bin/ruff format --check .
	$(AIRFLOW3)/bin/mypy
	$(AIRFLOW3)/bin/deptry .

# Takes ten minutes on a machine that has nothing else to do.
bench: $(BENCH)/.peers
	AIRFLOW_HOME=$(CURDIR)/.bench PYTHONPATH=. $(BENCH)/bin/python -W ignore -m bench.run --waits $(N); status=$$?; rm -rf .bench; exit $$status

# Takes minutes: whole Airflows with real processes.
bench-followers: $(AIRFLOW3)/.installed
	AIRFLOW_HOME=$(CURDIR)/.bench PYTHONPATH=. $(AIRFLOW3)/bin/python -W ignore bench/followers.py; status=$$?; rm -rf .bench; exit $$status

.venv/.installed .venv-training/.installed: constraints/airflow-3.txt
.venv-airflow2/.installed: constraints/airflow-2.txt
.venv-bench/.installed: constraints/bench.txt
.venv-celery/.installed: constraints/celery.txt
.venv/.installed .venv-airflow2/.installed .venv-training/.installed .venv-bench/.installed .venv-celery/.installed: pyproject.toml
	rm -rf $(@D)
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --no-cache-dir uv
	mkdir $(@D)/tmp
	TMPDIR=$(CURDIR)/$(@D)/tmp $(@D)/bin/uv pip install --quiet --no-cache --python $(@D)/bin/python --constraint $(filter constraints/%,$^) --editable '.[dev]'
	touch $@

$(OLDEST)/.installed: PINS = --resolution lowest-direct 'apache-airflow<3'
$(OLDEST)/.installed $(PYTHON310)/.installed: VERSION = 3.10
$(PYTHON313)/.installed: VERSION = 3.13
$(PYTHON310)/.installed $(PYTHON313)/.installed: PINS = --constraint constraints/airflow-3.txt
$(PYTHON310)/.installed $(PYTHON313)/.installed: constraints/airflow-3.txt
$(OLDEST)/.installed $(PYTHON310)/.installed $(PYTHON313)/.installed: pyproject.toml | $(AIRFLOW3)/.installed
	rm -rf $(@D)
	python=$$(.ci/find-python $(VERSION)) && $(AIRFLOW3)/bin/uv venv --quiet --python "$$python" $(@D)
	mkdir $(@D)/tmp
	TMPDIR=$(CURDIR)/$(@D)/tmp $(AIRFLOW3)/bin/uv pip install --quiet --no-cache --python $(@D)/bin/python $(PINS) --editable '.[local]'
	touch $@

$(TRAINING)/.torch: $(TRAINING)/.installed
	$(TRAINING)/bin/pip install --quiet --disable-pip-version-check --no-cache-dir torch==2.13.0
	touch $@

$(CELERY)/.executor: $(CELERY)/.installed
	TMPDIR=$(CURDIR)/$(@D)/tmp $(@D)/bin/uv pip install --quiet --no-cache --python $(@D)/bin/python --constraint constraints/celery.txt $(EXECUTOR)
	touch $@

$(AIRFLOW2)/.driver: $(AIRFLOW2)/.installed
	TMPDIR=$(CURDIR)/$(@D)/tmp $(@D)/bin/uv pip install --quiet --no-cache --python $(@D)/bin/python --constraint constraints/airflow-2.txt $(DRIVER)
	touch $@

$(BENCH)/.peers: $(BENCH)/.installed
	missing=; for peer in $(PEERS); do \
	  TMPDIR=$(CURDIR)/$(@D)/tmp $(@D)/bin/uv pip install --quiet --no-cache --python $(@D)/bin/python --constraint constraints/bench.txt "$$peer" \
	    || { missing=yes; echo "bench: $$peer cannot be installed; the table will lack its lines"; }; \
	done; test -n "$$missing" || touch $@

# Pin anew, for all supported Python versions at once.
constraints: $(AIRFLOW3)/.installed
	for pins in "airflow-2 apache-airflow==2.11.2 $(DRIVER)" "airflow-3 apache-airflow==3.3.2" "bench apache-airflow==3.3.2 $(PEERS)" \
	  "celery apache-airflow==3.3.2 $(EXECUTOR)"; do \
	  printf '%s\n' $${pins#* } > .airflow.in; \
	  $(AIRFLOW3)/bin/uv pip compile --quiet --universal --python-version 3.10 --no-header --no-annotate \
	    --no-emit-index-url --upgrade --extra dev pyproject.toml .airflow.in -o constraints/$${pins%% *}.txt; \
	done; rm .airflow.in

clean:
	rm -rf .venv .venv-airflow2 .venv-training .venv-bench .venv-celery $(OLDEST) $(PYTHON310) $(PYTHON313) .demo .bench build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache

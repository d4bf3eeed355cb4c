# Each target creates its own virtual environment with pinned versions, inside the checkout only.
PYTHON ?= python3
AIRFLOW3 := .venv
AIRFLOW2 := .venv-airflow2
TRAINING := .venv-training
BENCH := .venv-bench
CELERY := .venv-celery
CLIENTS := .venv-clients
BROWSER := .venv-browser
# The vendor's clients that want other versions of the same packages; constraints/clients-*.txt has what is in each.
EACH_CLIENT := alipai bcs dlc-1.0.0 oss2-2.15 ossfs
CLIENTS_NODE := .venv-clients-node
OLDEST := .venv-oldest
# The oldest and the newest Python, with the newest packages.
PYTHON310 := .venv-python3.10
PYTHON313 := .venv-python3.13
# Packages that the bench compares with.
PEERS := apache-airflow-providers-databricks apache-airflow-providers-amazon[aiobotocore] astronomer-cosmos
# Driver of PostgreSQL.
DRIVER := psycopg2-binary
# CeleryExecutor and the drivers of its database.
EXECUTOR := apache-airflow-providers-celery asyncpg $(DRIVER)
# Drives Debian's Chromium; its own browsers are not downloaded.
PLAYWRIGHT := playwright
# Airflow's hook of the object store and its remote task logs.
ALIBABA := apache-airflow-providers-alibaba
# Number of deferred jobs in one triggerer, for bench.
N ?= 1000
# For test-rounds: number of rounds, tasks that wait in the triggerer, and kills of the triggerer per round.
ROUNDS ?= 20
WAITS ?= 100
KILLS ?= 1
ROUNDS_IN = ROUNDS=$(ROUNDS) WAITS=$(WAITS) KILLS=$(KILLS) BCS_TEST_DATABASE=postgresql
# For test-marks: number of tasks.
MARKS ?= 500
# Tests of killed workers and of killed triggerers.
KILLED ?= tests/processes/test_killed_workers.py tests/processes/test_killed_triggerer.py

# Without bytecode files, each process compiles Airflow again: 3.8 CPU seconds instead of 1.7.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test test-airflow2 test-versions test-oldest test-newest test-python3.10 test-processes test-processes-airflow2 test-rounds test-rounds-airflow2 test-marks test-faults test-training test-celery test-clients test-browser fuzz check bench bench-following constraints clean

help:  ## Print this list
	@awk -F ':.*## ' '/^[a-z0-9.-]+:.*## / {printf "%-24s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(AIRFLOW3)/.installed  ## Run the find-primes graph in Airflow on the local service
	@$(AIRFLOW3)/bin/airflow-bcs demo

# The tests wait longer than they compute: four processes keep two cores busy.
test: $(AIRFLOW3)/.installed  ## Run the tests on Airflow 3
	$(AIRFLOW3)/bin/pytest -n 4 --dist loadscope -m "not processes and not training and not faults and not celery and not clients and not browser"

# Only the tests that import Airflow; all others do the same in both environments.
test-airflow2: $(AIRFLOW2)/.installed  ## Run the tests that import Airflow on Airflow 2
	$(AIRFLOW2)/bin/pytest -n 4 --dist loadscope -m "not processes and not training and not faults and not celery and not clients and not browser" tests/airflow tests/container tests/dlc/conversion

# Each of the three imports every module and runs the demo's graph.
test-versions: test-oldest test-newest test-python3.10  ## Test the oldest and the newest versions of Python and of the dependencies

test-oldest: $(OLDEST)/.installed  ## Test Python 3.10 with the lowest declared version of each dependency
	$(OLDEST)/bin/python -W ignore tests/versions/run.py $(OLDEST)/demo

test-newest: $(PYTHON313)/.installed  ## Test the newest Python that Airflow supports
	$(PYTHON313)/bin/python -W ignore tests/versions/run.py $(PYTHON313)/demo

test-python3.10: $(PYTHON310)/.installed  ## Test Python 3.10 with the newest versions of the dependencies
	$(PYTHON310)/bin/python -W ignore tests/versions/run.py $(PYTHON310)/demo

test-processes: $(AIRFLOW3)/.installed  ## Run the tests with real Airflow processes; PROCESSES=... selects some by name
	$(AIRFLOW3)/bin/pytest -m processes tests/processes -k "$(PROCESSES)"

test-processes-airflow2: $(AIRFLOW2)/.installed  ## Run the tests with real Airflow processes on Airflow 2
	$(AIRFLOW2)/bin/pytest -m processes tests/processes -k "$(PROCESSES)"

# BCS_TEST_POSTGRES is the address of PostgreSQL.
test-rounds: $(CELERY)/.executor  ## Kill workers and triggerers for ROUNDS rounds (takes hours, needs PostgreSQL)
	$(ROUNDS_IN) $(CELERY)/bin/pytest -o faulthandler_timeout=14400 -m processes $(KILLED)

test-rounds-airflow2: $(AIRFLOW2)/.driver  ## Kill workers and triggerers on Airflow 2 (takes hours, needs PostgreSQL)
	$(ROUNDS_IN) $(AIRFLOW2)/bin/pytest -o faulthandler_timeout=14400 -m processes $(KILLED)

test-marks: $(AIRFLOW3)/.installed  ## Mark MARKS tasks that no triggerer knows (LISTENER=0: without the plugin)
	MARKS=$(MARKS) $(AIRFLOW3)/bin/pytest -s -m processes tests/processes/test_marked_tasks.py

test-faults: $(AIRFLOW3)/.installed  ## Run the tests that inject faults into hundreds of submissions
	$(AIRFLOW3)/bin/pytest -n 2 -m faults

# pip installs any build of PyTorch that the index has; the build for CPUs is enough.
test-training: $(TRAINING)/.torch  ## Train a model with PyTorch on the local service
	$(TRAINING)/bin/pytest -m training tests/airflow/test_training.py

# Needs PostgreSQL and Redis on this machine, or at BCS_TEST_POSTGRES and BCS_TEST_REDIS. .ci/run has neither of them.
test-celery: $(CELERY)/.executor  ## Run the tests with CeleryExecutor (takes minutes, needs PostgreSQL and Redis)
	$(CELERY)/bin/pytest -m celery tests/celery

# The first run installs seven environments.
test-clients: $(CLIENTS)/.alibaba $(EACH_CLIENT:%=.venv-clients-%/.installed) $(CLIENTS_NODE)/.installed  ## Run the vendor's clients on the local service (needs Node.js and Python 3.10)
	$(CLIENTS)/bin/pytest -n 2 --dist loadfile -m clients tests/clients

# Without Chromium there is nothing to install.
test-browser:  ## Look at links and the tab with headless Chromium (needs Debian's package chromium; takes minutes)
	@{ command -v chromium || command -v chromium-browser; } > /dev/null || { echo "test-browser: found no chromium on PATH; expected Debian's package: apt-get install chromium" >&2; exit 1; }
	$(MAKE) --no-print-directory $(BROWSER)/.playwright
	$(BROWSER)/bin/pytest -s -m browser tests/browser

fuzz: $(AIRFLOW3)/.installed  ## Fuzz the local service with many more examples than test (takes ten minutes)
	$(AIRFLOW3)/bin/pytest -n 2 --dist loadscope -m fuzz --hypothesis-profile=fuzz

check: $(AIRFLOW3)/.installed  ## Check style, format, types, dependencies, floor plan and prose
	$(AIRFLOW3)/bin/ruff check .
	$(AIRFLOW3)/bin/ruff format --check .
	$(AIRFLOW3)/bin/mypy
	$(AIRFLOW3)/bin/deptry .
	$(AIRFLOW3)/bin/lint-imports --no-logo --no-cache
	$(AIRFLOW3)/bin/python tests/prose.py

bench: $(BENCH)/.peers  ## Compare speed and memory with other providers (takes ten minutes on an idle machine)
	AIRFLOW_HOME=$(CURDIR)/.bench PYTHONPATH=. $(BENCH)/bin/python -W ignore -m bench.run --waits $(N); status=$$?; rm -rf .bench; exit $$status

bench-following: $(AIRFLOW3)/.installed  ## Measure the overhead of tasks that follow one job (takes minutes)
	AIRFLOW_HOME=$(CURDIR)/.bench PYTHONPATH=. $(AIRFLOW3)/bin/python -W ignore bench/following.py; status=$$?; rm -rf .bench; exit $$status

.venv/.installed .venv-training/.installed: constraints/airflow-3.txt
.venv-airflow2/.installed: constraints/airflow-2.txt
.venv-bench/.installed: constraints/bench.txt
.venv-celery/.installed: constraints/celery.txt
.venv-clients/.installed: constraints/clients.txt
.venv-browser/.installed: constraints/browser.txt
.venv/.installed .venv-airflow2/.installed .venv-training/.installed .venv-bench/.installed .venv-celery/.installed .venv-clients/.installed .venv-browser/.installed: pyproject.toml
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

$(BROWSER)/.playwright: $(BROWSER)/.installed
	TMPDIR=$(CURDIR)/$(@D)/tmp $(@D)/bin/uv pip install --quiet --no-cache --python $(@D)/bin/python --constraint constraints/browser.txt $(PLAYWRIGHT)
	touch $@

$(CLIENTS)/.alibaba: $(CLIENTS)/.installed
	TMPDIR=$(CURDIR)/$(@D)/tmp $(@D)/bin/uv pip install --quiet --no-cache --python $(@D)/bin/python --constraint constraints/clients.txt $(ALIBABA)
	touch $@

# Python 3.10, because the client ossfs works with an aiohttp of 2024 only, which no newer Python has builds of.
.venv-clients-%/.installed: constraints/clients-%.txt constraints/clients-build.txt | $(AIRFLOW3)/.installed
	rm -rf $(@D)
	python=$$(.ci/find-python 3.10) && $(AIRFLOW3)/bin/uv venv --quiet --python "$$python" $(@D)
	mkdir $(@D)/tmp
	TMPDIR=$(CURDIR)/$(@D)/tmp $(AIRFLOW3)/bin/uv pip install --quiet --no-cache --python $(@D)/bin/python --build-constraints constraints/clients-build.txt --requirements $<
	touch $@

# The other packages are those of the day that the file names: npm knows no constraints.
$(CLIENTS_NODE)/.installed: constraints/clients-node.txt
	@{ command -v node && command -v npm; } > /dev/null || { echo "test-clients: found no node or npm on PATH; expected Node.js 18 or newer with npm, such as Debian's packages nodejs and npm" >&2; exit 1; }
	rm -rf $(@D)
	mkdir -p $(@D)
	npm install --silent --no-audit --no-fund --no-package-lock --ignore-scripts --cache $(@D)/.npm --prefix $(@D) $$(grep -v '^#' $<)
	touch $@

$(AIRFLOW2)/.driver: $(AIRFLOW2)/.installed
	TMPDIR=$(CURDIR)/$(@D)/tmp $(@D)/bin/uv pip install --quiet --no-cache --python $(@D)/bin/python --constraint constraints/airflow-2.txt $(DRIVER)
	touch $@

$(BENCH)/.peers: $(BENCH)/.installed
	missing=; for peer in $(PEERS); do \
	  TMPDIR=$(CURDIR)/$(@D)/tmp $(@D)/bin/uv pip install --quiet --no-cache --python $(@D)/bin/python --constraint constraints/bench.txt "$$peer" \
	    || { missing=yes; echo "bench: $$peer cannot be installed; its rows are missing"; }; \
	done; test -n "$$missing" || touch $@

COMPILE = $(AIRFLOW3)/bin/uv pip compile --quiet --universal --python-version 3.10 --no-header --no-annotate --no-emit-index-url --upgrade

# One file of pins holds for all supported Python versions.
constraints: $(AIRFLOW3)/.installed  ## Pin all dependencies again
	for pins in "airflow-2 apache-airflow==2.11.2 $(DRIVER)" "airflow-3 apache-airflow==3.3.2" "bench apache-airflow==3.3.2 $(PEERS)" \
	  "browser apache-airflow==3.3.2 $(PLAYWRIGHT)" "celery apache-airflow==3.3.2 $(EXECUTOR)" "clients apache-airflow==3.3.2 $(ALIBABA)"; do \
	  printf '%s\n' $${pins#* } > .airflow.in; \
	  $(COMPILE) --extra dev pyproject.toml .airflow.in -o constraints/$${pins%% *}.txt; \
	done; rm .airflow.in
	for pins in "alipai alipai" "bcs batchcompute-cli==1.7.7" "dlc-1.0.0 alibabacloud-pai-dlc20201203==1.0.0" "oss2-2.15 oss2==2.15.*" \
	  "ossfs ossfs oss2==2.18.* aiohttp<3.10"; do \
	  printf '%s\n' $${pins#* } > .clients.in; \
	  $(COMPILE) --build-constraints constraints/clients-build.txt .clients.in -o constraints/clients-$${pins%% *}.txt; \
	done; rm .clients.in

clean:  ## Remove environments, build results and caches
	rm -rf .venv .venv-airflow2 .venv-training .venv-bench .venv-celery $(BROWSER) .screenshots $(CLIENTS) $(EACH_CLIENT:%=.venv-clients-%) $(CLIENTS_NODE) $(OLDEST) $(PYTHON310) $(PYTHON313) .demo .bench build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache

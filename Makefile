# Every task of a checkout. Needs Python 3.11 or newer, git and make; `make` alone lists the tasks.

PYTHONS ?= python3.11 python3.12 python3.13 python3
ARGS ?=
FILE ?=
PIP = .venv/bin/python -m pip install -qq --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo up down test test-load test-guests test-openstack test-openstack-short test-openstack-load screenshot bench check format record-histories show-history lock clean

help: ## list the tasks
	@awk -F ':.*## ' '/^[.a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' Makefile

# Shell lines that make the virtual environment $(1), or say in one sentence why they cannot.
define make_venv
set -e; \
for name in $(PYTHONS); do \
    $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
    found=$$name; \
    if $$name -c 'import ensurepip, venv' 2>/dev/null; then maker="$$name -m venv"; break; fi; \
    if $$name -c 'import virtualenv' 2>/dev/null; then maker="$$name -m virtualenv --quiet"; break; fi; \
done; \
if [ -z "$$found" ]; then \
    echo "durabase needs Python 3.11 or newer, and found none as $(PYTHONS):" \
        "install one, or name yours: make PYTHONS=/path/to/python" >&2; \
    exit 1; \
fi; \
if [ -z "$$maker" ]; then \
    echo "$$found cannot make virtual environments: install its venv module" \
        "(on Debian: apt-get install python3-venv)" >&2; \
    exit 1; \
fi; \
$$maker $(1)
endef

# The stamp is written last: an install that was interrupted is done again. It is done in place, because databases
# that `make demo` left running use what is there.
.venv/installed: requirements.lock pyproject.toml
	@$(call make_venv,.venv)
	@echo "installing durabase and what it needs into .venv: half a minute"
	@$(PIP) --require-hashes --requirement requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv: .venv/installed ## install durabase and what it needs, pinned by requirements.lock, into .venv

demo: .venv/installed ## build a three-member PostgreSQL on this machine, and leave it running
	.venv/bin/durabase demo

up: .venv/installed ## start Temporal with its Web UI, and a worker
	.venv/bin/durabase up

down: .venv/installed ## stop them; databases go on
	.venv/bin/durabase down

# A traceback's carets are found by parsing, and before Python 3.11.8 two threads that parse at once may get a
# SystemError (python/cpython#106905): a worker's thread and pytest, which then ends without a report.
PYTEST = PYTHONNODEBUGRANGES=1 .venv/bin/pytest

# A file's tests share servers, so they stay together; in the order that tests/conftest.py gives them. Three processes
# on two processors, because most tests wait for processes of their own.
test: .venv/installed ## run the tests, or some: make test ARGS=tests/guests
	$(PYTEST) --numprocesses 3 --dist loadfile --no-loadscope-reorder $(ARGS)

test-load: .venv/installed ## hold two hundred builds on one worker, and ask other things of it
	$(PYTEST) $(or $(ARGS),tests/load)

.PHONY: test-examples test-examples-guests

EXAMPLES = $(wildcard examples/*/pyproject.toml)
PIP_EXAMPLES = .venv-examples/bin/python -m pip install -qq --disable-pip-version-check --no-deps

# All that .venv has, and the examples' own packages beside it: the other tests must not see what these add.
.venv-examples/installed: .venv/installed $(EXAMPLES) $(wildcard examples/*/requirements.txt)
	@echo "installing the examples' packages into .venv-examples: some seconds"
	@rm -rf .venv-examples
	@.venv/bin/python -m venv --without-pip .venv-examples
	@.venv/bin/python -c 'import sysconfig; print("import site; site.addsitedir(%r)" % sysconfig.get_path("purelib"))' \
	    > "$$(.venv-examples/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/beside.pth"
	@ln -s "$(CURDIR)/.venv/bin/temporal" .venv-examples/bin/
	@for each in $(dir $(EXAMPLES)); do \
	    $(PIP_EXAMPLES) --require-hashes --requirement $${each}requirements.txt && \
	    $(PIP_EXAMPLES) --no-build-isolation --editable $$each || exit 1; \
	done
	@touch $@

test-examples: .venv-examples/installed ## test the example engine: a package of its own, in examples/
	@for each in $(dir $(EXAMPLES)); do \
	    (cd $$each && PYTHONNODEBUGRANGES=1 ../../.venv-examples/bin/python -m pytest --rootdir ../.. --numprocesses 2 --dist loadfile $(ARGS)) || exit 1; \
	done

NSPAWN = systemd-container debootstrap debian-archive-keyring
get_nspawn = dpkg --status $(NSPAWN) >/dev/null 2>&1 || { apt-get -qq update && \
    apt-get -qq --yes --no-install-recommends install $(NSPAWN); }

# One test at a time: dpkg on several machines at once waits for the same disk.
test-guests: .venv/installed ## as root: test guests and engines on real Debian 12, in machines of systemd-nspawn
	@test "$$(id -u)" = 0 || { echo "make test-guests needs root: it boots Debian in containers" >&2; exit 1; }
	@$(get_nspawn)
	$(PYTEST) $(or $(ARGS),tests/debian)

test-examples-guests: .venv-examples/installed ## as root: test it on real Debian 12, in machines of systemd-nspawn
	@test "$$(id -u)" = 0 || { echo "make $@ needs root: it boots Debian in containers" >&2; exit 1; }
	@$(get_nspawn)
	@for each in $(dir $(EXAMPLES)); do \
	    (cd $$each && PYTHONNODEBUGRANGES=1 ../../.venv-examples/bin/python -m pytest --rootdir ../.. $(or $(ARGS),tests/debian)) || exit 1; \
	done

# One test at a time: the tests set quotas of the project, and count what it has.
OPENSTACK = tests/providers/openstack/real tests/openstack/real

test-openstack: ## as root: test the provider and whole builds on the throwaway OpenStack, brought up if it is not
	$(MAKE) openstack-up ARGS=--cloud-init
	$(PYTEST) $(or $(ARGS),$(OPENSTACK))

test-openstack-short: openstack-up ## as root: what CI runs of that, in some fifteen minutes
	$(PYTEST) -m short $(OPENSTACK)

test-openstack-load: openstack-up ## as root: fifty clusters at once on its records, counting API calls
	$(PYTEST) -s tests/openstack/load

.PHONY: chaos chaos-short

chaos: .venv/installed ## provision fifty clusters while all they need fails: docs/chaos.md; ARGS='--seed 7' repeats a run
	.venv/bin/python -m tests.chaos $(ARGS)

chaos-short: .venv/installed ## the same with six
	.venv/bin/python -m tests.chaos --clusters 6 $(ARGS)

screenshot: .venv/installed ## take the pictures of the Web UI in docs/images anew (needs Chromium)
	.venv/bin/python -m tests.end_to_end.web_ui

# Beside .venv, so that what durabase itself needs stays as it is locked.
.venv-bench/installed: benchmarks/requirements.txt
	@$(call make_venv,.venv-bench)
	@echo "installing the engines that durabase is compared with into .venv-bench"
	@.venv-bench/bin/python -m pip install -qq --disable-pip-version-check --requirement benchmarks/requirements.txt
	@touch $@

bench: .venv/installed .venv-bench/installed ## measure the engine beside others: docs/performance.md; make bench ARGS=throughput
	.venv/bin/python -m benchmarks $(ARGS)

check: .venv/installed ## lint, format, types
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	@for each in $(dir $(EXAMPLES)); do \
	    MYPYPATH=$${each}src:$${each}tests .venv/bin/mypy --explicit-package-bases $${each}src $${each}tests || exit 1; \
	done

format: .venv/installed ## mend what ruff can mend
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

record-histories: .venv/installed ## record anew what tests replay (real runs) and compare (golden commands)
	.venv/bin/python -m tests.record_histories
	.venv/bin/python -m tests.golden

show-history: .venv/installed ## print a recorded history decrypted: make show-history FILE=tests/histories/…
	@test -n "$(FILE)" || { echo "say which history: make show-history FILE=tests/histories/…" >&2; exit 1; }
	@.venv/bin/python -m tests.show_history "$(FILE)"

.PHONY: openstack-up openstack-try openstack-down

openstack-up: .venv/installed ## bring a throwaway OpenStack up on this machine (root): tests/openstack/README.md
	.venv/bin/python -m tests.openstack.up $(ARGS)

openstack-try: .venv/installed ## try one real server in it
	.venv/bin/python -m tests.openstack.try_server $(ARGS)

openstack-down: .venv/installed ## stop it, and forget all but what was downloaded and built
	.venv/bin/python -m tests.openstack.down

# uv resolves for every platform and Python at once. What is locked stays as it is where pyproject.toml allows it.
lock: ## bring requirements.lock in line with pyproject.toml (all anew: remove it first)
	@$(call make_venv,.lock)
	.lock/bin/python -m pip install -qq --disable-pip-version-check uv
	.lock/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes --no-annotate \
	    --all-extras --custom-compile-command "make lock" --output-file requirements.lock pyproject.toml
	rm -rf .lock

clean: ## remove .venv and caches (databases that run use .venv: delete them first)
	rm -rf .venv .venv-bench .venv-examples .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

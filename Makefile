# Everything a person does with the repository. `make` alone lists it.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

# Tests that run at once. Those of screens mostly wait, so more than there are processors.
WORKERS ?= 4
# The tests of screens are slow and come together: a worker that is idle takes over a part of another's.
PARALLEL = -n $(WORKERS) --dist worksteal

# Each worker compiles all tests, and tests start many processes: keep what was compiled.
unexport PYTHONDONTWRITEBYTECODE

# The order of the tests below the screens in `make check`; make prints it, and ORDER=N repeats it.
ORDER ?= $(shell od -An -N2 -tu2 /dev/urandom | tr -d " ")

# What the monkey does, and the first of its seeds.
EVENTS ?= 100000
SEED   ?= 1

.DEFAULT_GOAL := help
.PHONY: help run test check types all-tests torch-types torch-tests mcp-types mcp-tests coverage shuffle reference format picture snapshots scenarios sessions long-watch networks ranks fuzz kills monkey torch-test logs-test mcp-test neon-test bench browser-test ssh-test animation clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(VENV)/.run  ## open the app: LeNet learning digits (first: set up)
	$(BIN)/tuitrain

test: $(VENV)/.dev  ## run the tests but for the slow ones (first: set up)
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow" --hypothesis-profile=quick

check: $(VENV)/.dev  ## everything that must hold: format, lint, types, import contracts, all tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(MAKE) --no-print-directory -j 2 types all-tests ORDER=$(ORDER)

types:  # one process, of one thread: beside the tests it uses a processor that waits for them
	$(BIN)/pyright

all-tests:
	$(BIN)/python -m pytest $(PARALLEL) --shuffle=$(ORDER)

shuffle: $(VENV)/.dev  ## the quick tests below the screens in random order, as `make check` runs all of them (ORDER=N repeats one)
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow" --hypothesis-profile=quick --shuffle=$(ORDER) \
	  tests/commands tests/run tests/engines tests/records tests/scenario

scenarios: $(VENV)/.run  ## replay every scenario and check what it expects
	$(BIN)/tuitrain replay scenarios/*.toml

torch-test: $(VENV)/.dev  ## hold the numerics against PyTorch and JAX (first: install them)
	$(BIN)/python -m pip install --quiet -c constraints.txt "torch==2.13.0" jax accelerate lightning transformers
	$(MAKE) --no-print-directory -j 2 torch-types torch-tests

torch-types:
	$(BIN)/pyright -p pyright-torch.json

torch-tests:
	$(BIN)/python -m pytest -n 2 tests/torch tests/jax
	$(BIN)/python -m pytest $(PARALLEL) tests/torch_script  # by itself: JAX has threads, and its tests fork
	$(BIN)/python -m pytest -n 2 tests/torch_distributed  # ranks mostly wait for one another
	$(BIN)/python -m pytest $(PARALLEL) tests/conformance -k torch

logs-test: $(VENV)/.dev  ## have TensorBoard, W&B and pandas read what is written for them (first: install them)
	$(BIN)/python -m pip install --quiet -c constraints.txt tensorboard wandb pandas
	$(BIN)/python -m pytest $(PARALLEL) tests/trackers

mcp-test: $(VENV)/.dev  ## serve runs to a client of the Model Context Protocol (first: install it)
	$(BIN)/python -m pip install --quiet -c constraints.txt mcp
	$(MAKE) --no-print-directory -j 2 mcp-types mcp-tests

mcp-types:
	$(BIN)/pyright -p pyright-mcp.json

mcp-tests:
	$(BIN)/python -m pytest tests/mcp

neon-test: $(VENV)/.dev  ## run the kernels for ARM under an emulator (gcc-aarch64-linux-gnu, qemu-user)
	TUITRAIN_EMULATE=neon $(BIN)/python -m pytest $(PARALLEL) tests/core/native \
	  --ignore tests/core/native/test_library.py --ignore tests/core/native/test_step_loop.py

bench: $(VENV)/.run  ## measure it beside PyTorch and JAX (first: install them; half an hour)
	$(BIN)/python -m pip install --quiet -c constraints.txt "torch==2.13.0" jax
	$(BIN)/tuitrain bench --continue build/bench.json

fuzz: $(VENV)/.dev  ## a thousand changed files of each kind: read, or one clear error (minutes)
	$(BIN)/python scripts/fuzz_files.py --count 1000 --train-every 50

sessions: $(VENV)/.dev  ## a thousand generated sessions, replayed and run as Python bit for bit (minutes)
	TUITRAIN_SESSIONS=1000 $(BIN)/python -m pytest tests/scenario/test_sessions.py \
	  tests/scenario/test_codegen.py --hypothesis-show-statistics

ranks: $(VENV)/.dev  ## trainings of two and four processes, two hundred generated sequences of commands (with PyTorch; minutes)
	TUITRAIN_RANK_SEQUENCES=200 TUITRAIN_RANK_SIZES=2,4 $(BIN)/python -m pytest tests/torch_distributed

long-watch: $(VENV)/.dev  ## watch a run for a million steps: the memory of its viewer stays flat (minutes)
	TUITRAIN_WATCHED_ROUNDS=20 $(BIN)/python -m pytest tests/remote/test_long_watch.py -s

networks: $(VENV)/.dev  ## two thousand random networks: recorded, eager and in float64 (half an hour)
	TUITRAIN_NETWORKS=2000 $(BIN)/python -m pytest $(PARALLEL) tests/core/compiler/test_networks.py

kills: $(VENV)/.run  ## kill a hundred runs at random instants, and resume them (minutes)
	$(BIN)/python scripts/kill_and_resume.py --kills 100

browser-test: $(VENV)/.dev  ## drive the app in a headless Chromium (which must be installed)
	$(BIN)/python -m pytest -n 2 tests/browser

ssh-test: $(VENV)/.dev  ## watch and steer runs through an sshd on loopback (openssh-server must be installed)
	$(BIN)/python -m pytest -n 2 tests/ssh

monkey: $(VENV)/.dev  ## random keys, clicks, pastes and sizes, faster than screens (EVENTS, SEED; minutes)
	$(BIN)/python -m tests.monkey --events $(EVENTS) --seed $(SEED) --seconds 86400
	$(BIN)/python -m tests.monkey --terminal --seed $(SEED) --seconds 120

format: $(VENV)/.dev  ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

reference: $(VENV)/.dev  ## write the generated parts of docs/reference anew
	$(BIN)/python scripts/write_reference.py

coverage: $(VENV)/.dev  ## print how many lines the quick tests reach; build/coverage shows which (minutes)
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow" --cov --cov-report=html:build/coverage
	@for files in "tuitrain/*" "core/*" "*"; do \
	  echo "coverage of $$files: $$($(BIN)/python -m coverage report --include="$$files" --format=total) % of lines"; \
	done

snapshots: $(VENV)/.dev  ## accept the screens as they are drawn now (then look at the difference)
	$(BIN)/python -m pytest tests/app --snapshot-update

picture: $(VENV)/.run  ## draw the README's picture from a real run
	$(BIN)/python scripts/draw_screenshot.py docs/screen.svg

animation: $(VENV)/.run  ## record the README's moving picture from a real run
	$(BIN)/python scripts/record_animation.py docs/flight.svg

clean:  ## remove what make has made
	rm -rf $(VENV) build dist .pytest_cache .hypothesis .ruff_cache .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "tuitrain needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@ $(VENV)/.run

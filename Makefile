# make demo and make test do all the set-up themselves on a machine having Python (>= 3.11), git and make.
# Options go through ARGS: make demo ARGS="--check --seed 7 --cases 500", make test ARGS="-k supplement".
PYTHON ?= python3
ARGS ?=
BOOTSTRAP = $(PYTHON) tools/bootstrap.py

.DEFAULT_GOAL := help
.PHONY: help demo test check bench messages lock bundle rollout-test

help:  ## list these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /  make \1\t/' | expand -t 24

demo:  ## build everything, play a working day, stay up until Ctrl-C (ARGS=--check: verify, stop, exit 0 or 1)
	@$(BOOTSTRAP) --for demo --run manage.py demo $(ARGS)

test:  ## run all tests: node side, core side, acceptance (ARGS go to pytest)
	@$(BOOTSTRAP) --for test --run -m tools.run_tests $(ARGS)

check:  ## lint, format, types, import rules, migrations, messages, sizes
	@$(BOOTSTRAP) --for check --run -m tools.run_checks $(ARGS)

bench:  ## measure speed and size; prints a table and writes var/bench.json
	@$(BOOTSTRAP) --for bench --run -m tests.bench $(ARGS)

messages:  ## collect translatable texts into the catalogues and compile them
	@$(BOOTSTRAP) --for messages --run -m tools.messages

lock:  ## write requirements/*.lock anew after a change of dependencies (ARGS=--upgrade: take the newest)
	@$(BOOTSTRAP) --run -m tools.lock $(ARGS)

bundle:  ## pack a version for machines without a network (ARGS="--codename trixie --arch arm64 --kiosk")
	@$(BOOTSTRAP) --run -m tools.bundle $(ARGS)

rollout-test:  ## prove the rollout on real hosts: a core and three nodes (ARGS="--short", "--only bundles,boot,core")
	@$(BOOTSTRAP) --for rollout-test --run -m tests.rollout $(ARGS)

# The whole product from a fresh checkout, with nothing but Python and make.

PYTHON ?= python3
# Not exported to everything: the services would take AUTH_PORT for a setting of theirs.
STACK_OPTIONS = AUTH_PORT="$(AUTH_PORT)" FIT_PORT="$(FIT_PORT)" APP_PORT="$(APP_PORT)" DEMO="$(DEMO)" STACK="$(STACK)" TLS="$(TLS)" REPLICAS="$(REPLICAS)" MAIL="$(MAIL)"
unexport AUTH_PORT FIT_PORT APP_PORT

.DEFAULT_GOAL := help
.PHONY: help up down restart logs demo image test test-matrix torture volumes models compliance lint audit bench bench-peers release lock

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: ## Start everything and say where it is (AUTH_PORT= FIT_PORT= APP_PORT= DEMO=0 STACK=local|compose TLS=1 REPLICAS=2 MAIL=1)
	@$(STACK_OPTIONS) "$(PYTHON)" -m tools.stack up

down: ## Stop what `make up` started; data stay
	@$(STACK_OPTIONS) "$(PYTHON)" -m tools.stack down

restart: ## Restart one replica after the other under load, and count how requests end (after make up REPLICAS=2)
	@$(STACK_OPTIONS) "$(PYTHON)" -m tools.stack restart

logs: ## Follow the logs
	@$(STACK_OPTIONS) "$(PYTHON)" -m tools.stack logs

demo: ## Play the story over HTTP and check every answer (starts and stops everything if nothing runs)
	@$(STACK_OPTIONS) "$(PYTHON)" -m tools.stack demo

image: ## Build the images moogle-auth, moogle-fit and moogle-app (needs a Docker engine)
	@for target in auth fit app; do \
	  docker build --file deploy/Dockerfile --target $$target --build-arg PIP_INDEX_URL --tag moogle-$$target . || exit 1; \
	done

test: ## Run the tests, on up to four cores
	@"$(PYTHON)" -m tools.environment dev
	@.venv/bin/pytest -n auto --maxprocesses 4 --dist loadfile

test-matrix: ## Run the tests on every Python of this machine, then beside two and eight busy loops
	@"$(PYTHON)" -m tools.matrix

torture: ## Run the fault and race suites that take longer (needs redis-server)
	@"$(PYTHON)" -m tools.environment dev
	@.venv/bin/pytest -m torture -rP
	@.venv/bin/pytest --redis sentinel -n auto --maxprocesses 4 --dist loadfile tests/flows

volumes: ## Do what the gate does a few times thousands of times, for hours, and print the table (VOLUMES=0.1: a tenth)
	@"$(PYTHON)" -m tools.environment dev
	@VOLUMES="$(or $(VOLUMES),1)" .venv/bin/pytest -m volume -n auto --maxprocesses 4

models: ## Explore the models of what must never happen: every interleaving within their bounds (minutes)
	@"$(PYTHON)" -m tools.environment dev
	@.venv/bin/python -m tests.state_models $(MODELS)

compliance: ## Run the tests behind every claimed line of a specification, write docs/compliance.md
	@"$(PYTHON)" -m tools.environment dev
	@.venv/bin/python -m tests.compliance

lint: ## Check style and types
	@"$(PYTHON)" -m tools.environment dev
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy

audit: ## Ask PyPI whether a package of the images has a known vulnerability
	@"$(PYTHON)" -m tools.environment audit .venv/audit
	@.venv/audit/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements.lock

bench: ## Measure token endpoints, validated calls, revocation latency, large tables, startup, limits (needs wrk, redis-server, PostgreSQL, nginx)
	@"$(PYTHON)" -m tools.environment dev
	@.venv/bin/python -m benchmarks.token_endpoints
	@.venv/bin/python -m benchmarks.hot_paths
	@.venv/bin/python -m benchmarks.validated_calls
	@.venv/bin/python -m benchmarks.revocation_latency
	@.venv/bin/python -m benchmarks.body_weights
	@.venv/bin/python -m benchmarks.imports
	@.venv/bin/python -m benchmarks.scale
	@.venv/bin/python -m benchmarks.startup
	@.venv/bin/python -m benchmarks.capacity
	@.venv/bin/python -m benchmarks.overload
	@.venv/bin/python -m benchmarks.tails

bench-peers: ## Measure the token endpoints beside node-oidc-provider's (needs wrk, redis-server, PostgreSQL, npm)
	@"$(PYTHON)" -m tools.environment dev
	@.venv/bin/python -m benchmarks.peers

release: ## Build wheels and source archives of the kit and of the gunicorn worker into dist/, and try them
	@"$(PYTHON)" -m tools.environment dev
	@.venv/bin/python -m tools.release

lock: ## Renew the lock files from pyproject.toml (needs uv)
	uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 pyproject.toml -o requirements.lock
	uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --extra local pyproject.toml -o requirements-local.lock
	uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --extra telemetry pyproject.toml -o requirements-telemetry.lock
	uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --extra dev pyproject.toml -o requirements-dev.lock
	uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --group chart -o requirements-chart.lock
	uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --group audit -o requirements-audit.lock

# Two commands do all the set-up: `make demo` and `make test`. Everything stays in .venv and .banana.
PYTHON ?= python3
BIN := .venv/bin
export BANANA_HOME ?= $(CURDIR)/.banana

.PHONY: demo test api-test conformance up check docs lock clean

demo: .venv/ready
	$(BIN)/banana demo

test: .venv/ready-dev
	$(BIN)/pytest --numprocesses auto --dist loadfile

URL ?= http://127.0.0.1:8000
api-test: .venv/ready-dev
	$(BIN)/schemathesis run $(URL)/openapi.json --checks all --max-examples 50 --seed 1 --continue-on-failure --workers 1

# The Model Context Protocol's own suite and Inspector; npx fetches them.
conformance: .venv/ready-dev
	BANANA_TESTS_REQUIRE_ALL=1 $(BIN)/pytest tests/system/test_mcp_conformance.py

up: .venv/ready
	$(BIN)/banana up

check: .venv/ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/dagster definitions validate

docs: .venv/ready
	$(BIN)/python -m banana_assets.interfaces.cli.reference
	$(BIN)/python -m banana_assets.interfaces.mcp.reference

# The locks are whole and pinned by hash, so pip resolves nothing; the package index is whichever pip is set up to use.
# Pip compiles what it copies, not what stays here; where PYTHONDONTWRITEBYTECODE is set each start would compile it again.
.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Banana needs Python 3.11 or newer; set PYTHON=")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q banana_assets jobs resources sensors
	touch $@

.venv/ready-dev: .venv/ready requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	touch $@

lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--extra build --extra embeddings pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--extra build --extra embeddings --extra dev pyproject.toml -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf .venv

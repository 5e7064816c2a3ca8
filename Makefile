# Two commands do everything: `make demo` and `make test`. The others measure and prove.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready
RELEASE_VENV := .stack/release
RELEASE_RUN := $(RELEASE_VENV)/bin/python
RELEASE := $(RELEASE_VENV)/.ready

.PHONY: help demo demo-full test test-long test-backends test-browser test-engine test-kubernetes bench scale chaos drill lint matrix docs dist sbom clean

help:   ## What there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(READY): requirements-dev.txt requirements-instrumentations.txt constraints.txt demo_services/requirements.txt instrumentation/pyproject.toml instrumentation/hatch_build.py $(wildcard instrumentation/clew/_path_c/*) instrumentation/clew/export/_native.pyx lens/pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt -c constraints.txt
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --upgrade \
	  --target $(VENV)/instrumentations -r requirements-instrumentations.txt
	@touch $(READY)

$(RELEASE): requirements-release.txt constraints.txt
	$(PYTHON) -m venv $(RELEASE_VENV)
	$(RELEASE_RUN) -m pip install --quiet --disable-pip-version-check -r requirements-release.txt -c constraints.txt
	@touch $(RELEASE)

demo: $(READY)   ## The shop, its load and the lens: nothing but Python
	$(RUN) -m demo_services

demo-full: $(READY)   ## The same on the real Collector, Jaeger, Prometheus and Loki
	$(RUN) -m demo_services --backends

test: $(READY)   ## The tests that need no backend binary, but for the longest
	$(RUN) -m pytest -n 2 -m "not long and not backends and not browser and not engine and not apiserver"

test-long: $(READY)   ## The longest of them
	$(RUN) -m pytest -n 2 -m "long and not backends and not browser and not engine and not apiserver"

test-backends: $(READY)   ## The rest: obtains the backends first, and runs them
	$(RUN) -m stack fetch
	$(RUN) -m pytest -m backends

test-browser: $(READY)   ## The lens's page in a headless Chromium
	$(RUN) -m pytest -m browser tests/lens/browser

test-engine: $(READY)   ## compose.yaml in a real Docker Engine (root; docker.io, debootstrap, Maven)
	$(RUN) -m stack fetch
	$(RUN) -m stack fetch consul
	CLEW_TEST_DOCKER=1 $(RUN) -m pytest -m engine

test-kubernetes: $(READY)   ## deploy/kubernetes in a real API server, which Go builds first (20 minutes)
	CLEW_TEST_KUBERNETES=1 $(RUN) -m pytest -m apiserver

bench: $(READY)   ## Overhead beside others, in interleaved rounds of one run
	$(RUN) -m benchmarks.overhead

scale: $(READY)   ## What each hop costs, and how it grows: the figures of docs/scale.md
	$(RUN) -m benchmarks.scale

chaos: $(READY)   ## Ends, blocks and starves each part under load, and reconciles the counts
	$(RUN) -m benchmarks.chaos

drill: $(READY)   ## Injects the fault of each alert and waits until it fires and resolves
	$(RUN) -m alerts.drill

lint: $(READY)   ## ruff and mypy
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/mypy tests/typing/api.py

matrix: $(READY)   ## clew's tests with the oldest and the newest dependencies
	$(RUN) -m tests.matrix

docs: $(READY)   ## The documentation's pages in site/; a broken link is an error
	$(RUN) -m tools.site

dist: $(RELEASE)   ## Wheels and sdists of clew and clew-lens in dist/
	$(RELEASE_RUN) -m build --outdir dist instrumentation
	$(RELEASE_RUN) -m build --outdir dist lens

sbom: $(READY) $(RELEASE)   ## dist/clew.cdx.json: the bill of materials of what `make` installed, as CycloneDX
	@mkdir -p dist
	$(RELEASE_VENV)/bin/cyclonedx-py environment --output-format JSON --output-file dist/clew.cdx.json $(RUN)

clean:   ## Remove what `make` made here (not the backends' cache)
	rm -rf $(VENV) .stack dist site .pytest_cache .mypy_cache .ruff_cache

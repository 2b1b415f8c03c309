# Rialto's commands. Everything installs itself into .venv on first use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
FILE ?= ../shared/data/bitstamp_btcusd_2015-05-01_feed.log.gz
SEASON ?= ../shared/data/football_epl_2019-20.csv.gz

.PHONY: run install check test test-slow node-clients bench replay season verify format

run: install            ## serve http://127.0.0.1:8080 with a PostgreSQL of its own
	$(BIN)/python run.py

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Rialto needs Python 3.11 or newer: make run PYTHON=python3.11"; exit 1; }
	@echo "Installing into $(VENV): about a minute, once."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test,bench]"
	touch $(INSTALLED)

check: install          ## format, lint, types, the fast tests: before every commit
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -q -n 2 -m "not slow"

test: install node-clients           ## all tests
	$(BIN)/pytest -q -n 2

test-slow: install node-clients      ## those that `check` leaves out: real processes, real PostgreSQL
	$(BIN)/pytest -q -n 2 -m slow

NODE_CLIENTS := tests/gateway/stomp/clients
node-clients: install   ## the STOMP client of browsers, for its tests: without it they are skipped, and say so
	@[ -d $(NODE_CLIENTS)/node_modules ] || \
	    (cd $(NODE_CLIENTS) && PATH="$(abspath $(BIN)):$$PATH" npm ci --silent) || \
	    echo "npm could not install @stomp/stompjs: its tests will be skipped."

bench: install          ## figures, printed as ratios of one run
	$(BIN)/python -m tests.benchmarks

replay: install         ## five recorded hours of a bitcoin exchange through the WebSocket API
	$(BIN)/python -m tests.replay $(FILE)

season: install         ## 380 football matches, bets and claims through the API, beside an independent calculation
	$(BIN)/python -m tests.season $(SEASON)

verify: install         ## fold the journal and compare it with the tables
	$(BIN)/python run.py verify

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The verbs. `make up` starts everything; `make test` installs what the tests need and runs them all.
# What each one needs is installed by itself: Python packages into .venv from the locks in requirements/, Node from a
# Python wheel, Debian packages (browser, X display, proxy) through apt-get when root.
SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
export UV_SYSTEM_CERTS := 1
export UV_LINK_MODE := copy
# A process of the hub starts in a third of the time when what it imports was compiled before.
unexport PYTHONDONTWRITEBYTECODE
PYTHON ?= python3
uv := .venv/bin/uv
web_sources = $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -not -name '.stamp' -print | sed 's/ /\\ /g')

.PHONY: help up test lint types format bench chaos soak lock web clean

help:
	@echo 'make up | test | lint | types | format | bench | chaos | soak | lock'

up: .venv/.up web/dist/index.html
	exec .venv/bin/daylight up

test: .venv/.dev web/dist/index.html
	exec .venv/bin/python tests/run.py

lint: .venv/.dev web/node_modules/.stamp
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports
	cd web && ../.venv/bin/python node.py npm run --silent lint

types: .venv/.dev web/node_modules/.stamp
	.venv/bin/mypy
	cd web && ../.venv/bin/python node.py npm run --silent types

format: .venv/.dev web/node_modules/.stamp
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .
	cd web && ../.venv/bin/python node.py npm run --silent format

bench: .venv/.dev web/dist/index.html
	exec .venv/bin/python -m bench

chaos: .venv/.dev
	exec .venv/bin/python -m chaos

soak: .venv/.dev web/dist/index.html
	exec .venv/bin/python -m bench.soak

# Compiled from pyproject.toml; no index address goes into them.
lock: .venv/.uv
	compile="$(uv) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header"
	$$compile pyproject.toml -o requirements/hub.txt
	$$compile pyproject.toml --extra embedded --extra agent --group web -c requirements/hub.txt -o requirements/up.txt
	$$compile pyproject.toml --extra embedded --extra agent --group web --group dev -c requirements/up.txt -o requirements/dev.txt

.venv/.uv:
	$(PYTHON) -m venv .venv
	.venv/bin/pip install -q --disable-pip-version-check 'uv==0.13.9'
	touch $@

.venv/.up: .venv/.uv requirements/up.txt pyproject.toml
	$(uv) pip install -q --python .venv/bin/python -r requirements/up.txt
	$(uv) pip install -q --python .venv/bin/python --no-deps -e .
	touch $@

.venv/.dev: .venv/.up requirements/dev.txt
	$(uv) pip install -q --python .venv/bin/python -r requirements/dev.txt
	touch $@

# Not `npm ci`: it refuses a lock that was made where optional packages of other platforms can't be had.
web/node_modules/.stamp: web/package-lock.json .venv/.up
	cd web && ../.venv/bin/python node.py npm install --no-save --prefer-offline --loglevel=error
	touch node_modules/.stamp

web/dist/index.html: web/node_modules/.stamp $(web_sources)
	cd web && ../.venv/bin/python node.py npm run --silent build
	touch dist/index.html

clean:
	rm -rf .venv web/node_modules web/dist

# Thin on purpose: every target is a script in scripts/, which says what it does in its first lines.
PREFIX ?= /usr/local

.PHONY: help setup build demo demo-resilience demo-backends test bench bench-backends sanitize dist install sample clean

help:
	@echo 'make demo       builds the library and answers real questions from C, Python and Elixir'
	@echo 'make demo-resilience   the library under a failing backend, printed and drawn into build/resilience.svg'
	@echo 'make demo-backends     the same questions on memory and four real servers, which it starts'
	@echo 'make test       builds and runs every test'
	@echo 'make bench      benchmarks beside faiss and numpy, into docs/benchmarks.md'
	@echo 'make bench-backends   the network backends beside their usual Python clients, on real servers'
	@echo 'make sanitize   the tests under the thread and address sanitizers'
	@echo 'make dist       the stripped library with header, pkg-config and CMake files in dist/'
	@echo 'make install    the same below PREFIX (/usr/local); DESTDIR is respected'
	@echo 'make build      the release library alone'
	@echo 'make setup      installs what is missing: Debian packages, and Python packages in .venv'
	@echo 'make sample     makes the sample in data/ again from public packages'
	@echo 'make clean      removes everything that was built, .venv and the environments of the servers'

setup:
	@scripts/setup

build: setup
	@scripts/build

demo:
	@scripts/demo

demo-resilience:
	@scripts/demo-resilience

demo-backends:
	@scripts/demo-backends

test:
	@scripts/test

bench:
	@scripts/bench

bench-backends:
	@scripts/bench-backends

sanitize:
	@scripts/sanitize

dist: setup
	@scripts/dist

install: setup
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' scripts/install

sample:
	@scripts/make-sample

clean:
	rm -rf .build .build-* build dist .venv .venv-milvus .venv-servers bindings/elixir/_build bindings/python/build

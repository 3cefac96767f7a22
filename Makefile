# The doors of the house; each target calls a preset or a script that also works by itself.
.DEFAULT_GOAL := build
.PHONY: setup build demo test test-all bench format tidy clean

setup: ## everything for building, testing and linting
	./setup --with-tests

build: ## the release build: build/release/apps/harka
	@./setup --deps-only
	cmake --preset release
	cmake --build --preset release --target harka

demo: build ## a cluster of nine nodes, a load, kill -9, healing
	build/release/apps/harka demo

test: ## every test on the release build
	./setup --with-tests
	./tests/run

test-all: ## also longer fuzzing, the simulator's long lanes, the matrix of faults, address, undefined and thread sanitizers
	./setup --with-tests
	./tests/run --fuzz-seconds 60
	./tests/sim/long_lanes build/release
	HARKA_BUILD=build/release ./tests/jepsen/matrix
	./tests/run --preset asan --only ctest
	./tests/run --preset tsan --only ctest

bench: ## side by side with the peers; prints ratios
	./setup --with-peers
	cmake --preset release
	cmake --build --preset release
	./bench/compare.py
	./bench/links.sh build/release

format: ## rewrites the sources in the house's format
	git ls-files '*.cpp' '*.hpp' | xargs clang-format -i

tidy: ## clang-tidy over everything, warnings are errors
	cmake --preset tidy
	cmake --build --preset tidy

clean:
	rm -rf build

# make run   sets up, then opens the app (with no display: runs the demo and says where the report is)
# make test  sets up, then checks style, types, layers and runs all tests
PYTHON ?= python3
VENV := .venv/bin
REAL_MODELS ?= .real-models

.PHONY: run test test-real demo lint format samples lock set-up clean

set-up:
	@$(PYTHON) packaging/set_up.py

run: set-up
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" = Darwin ]; then \
		exec $(VENV)/python -m workbench open; \
	else \
		echo "No display here: running the demo without a window."; \
		exec $(VENV)/python -m workbench demo --out demo-report; \
	fi

demo: set-up
	$(VENV)/python -m workbench demo --out demo-report

lint: set-up
	$(VENV)/ruff format --check .
	$(VENV)/ruff check .
	$(VENV)/mypy
	$(VENV)/lint-imports

# Everything but the window runs with Qt blocked, in the tests and in every process that they start.
test: lint
	PYTHONPATH=tests/without_qt $(VENV)/python -m pytest -p no:pytest-qt tests --ignore tests/gui --ignore tests/e2e
	$(VENV)/python -m pytest tests/gui tests/e2e

test-real: set-up
	$(VENV)/python tests/fetch_real_models.py $(REAL_MODELS)
	WORKBENCH_REAL_MODELS=$(abspath $(REAL_MODELS)) $(VENV)/python -m pytest -m real tests

samples: set-up
	$(VENV)/python tests/make_samples.py resources/samples

format: set-up
	$(VENV)/ruff format .
	$(VENV)/ruff check --fix .

lock: set-up
	$(VENV)/python -m pip freeze --exclude-editable > packaging/constraints.txt

clean:
	rm -rf .venv build dist demo-report .real-models

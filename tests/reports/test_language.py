"""Reports are in the language asked for, whole: catalogues lack nothing, and are compiled as they are written."""

import gettext
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from napari_hemalens.errors import RecipeError
from napari_hemalens.reports.language import DOMAIN, LANGUAGES, LOCALES, Language

KEYWORDS = {"say": None, "N_": None, "_": None, "say_count": (1, 2)}
TRANSLATED = [code for code in LANGUAGES if code != "en"]


def said_in_code() -> Iterator[str | tuple[str, str]]:
    """Yield every text that is marked for translation."""
    room = LOCALES.parent
    for file in sorted(room.glob("*.py")):
        yield from (found[1] for found in extract_from_file("python", file, KEYWORDS))
    for template in sorted((room / "templates").glob("*.html")):
        yield from (found[1] for found in extract_from_file("jinja2.ext:babel_extract", template, KEYWORDS))


def catalogue(code: str) -> Path:
    return LOCALES / code / "LC_MESSAGES" / f"{DOMAIN}.po"


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_catalogue_has_every_sentence_of_the_code_and_no_other(code: str) -> None:
    with catalogue(code).open("rb") as file:
        messages = [message for message in read_po(file) if message.id]
    assert {message.id for message in messages} == set(said_in_code())
    assert [m.id for m in messages if m.fuzzy or not all(m.string if isinstance(m.string, tuple) else [m.string])] == []


@pytest.mark.parametrize("code", TRANSLATED)
def test_what_is_compiled_is_what_the_catalogue_says(code: str) -> None:
    with catalogue(code).open("rb") as file:
        written = {message.id: message.string for message in read_po(file) if message.id}
    with catalogue(code).with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for text, said in written.items():
        if isinstance(text, tuple):
            assert (compiled.ngettext(*text, 1), compiled.ngettext(*text, 2)) == said
        else:
            assert compiled.gettext(text) == said


@pytest.mark.parametrize(
    ("code", "few", "many"), [("en", "0.15", "12,345.7"), ("de", "0,15", "12.345,7")], ids=["English", "German"]
)
def test_numbers_are_written_as_the_language_does(code: str, few: str, many: str) -> None:
    language = Language.of(code)
    assert (language.number(0.15, 2), language.number(12345.67, 1)) == (few, many)


@pytest.mark.parametrize(
    ("name", "english", "german"),
    [
        ("promyelocyte", "promyelocyte", "Promyelozyt"),
        ("band_neutrophil", "band neutrophil", "stabkerniger Granulozyt"),
        ("NRBC", "erythroblast", "Erythroblast"),
        ("my_own class", "my own class", "my own class"),
    ],
)
def test_classes_are_called_by_their_names(name: str, english: str, german: str) -> None:
    assert (Language.of("en").class_title(name), Language.of("de").class_title(name)) == (english, german)


def test_sentences_of_other_modules_are_translated_with_their_values() -> None:
    german = Language.of("de")
    note = "Pixel size unknown: no red cells show it, so 0.15 µm was taken; give the right one. (1 of 12 images: a.tif)"
    assert german.sentence(note).startswith("Pixelgröße unbekannt: Keine Erythrozyten zeigen sie, daher wurden 0,15 µm")
    assert german.sentence(note).endswith("(1 von 12 Bildern: a.tif)")
    assert german.sentence("blast, per cent") == "Blast, Prozent"
    assert german.sentence("Said nowhere: {else}.") == "Said nowhere: {else}."
    assert Language.of("en").sentence(note) == note


def test_a_number_of_things_is_one_or_many() -> None:
    words = ("{n} image: {names}", "{n} images: {names}")
    assert Language.of("de").say_count(*words, 1, names="a") == "1 Bild: a"
    assert Language.of("de").say_count(*words, 2000, names="a") == "2.000 Bilder: a"


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(RecipeError, match="No language 'fr'"):
        Language.of("fr")

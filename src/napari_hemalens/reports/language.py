"""The language of a report: its sentences, the names of classes, and how numbers are written.

English is in the code; other languages are gettext catalogues, `locale/<language>/LC_MESSAGES/report.po`, which
`make translations` compiles. Sentences that other modules say are listed in `known_sentences` to be translated here.
"""

import gettext
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from napari_hemalens.errors import RecipeError
from napari_hemalens.records.synonyms import meaning
from napari_hemalens.reports.known_sentences import CLASS_TITLES, SENTENCES

LOCALES = Path(__file__).with_name("locale")
"""Where the catalogues lie."""

DOMAIN = "report"
"""Name of a catalogue's files."""

LANGUAGES: Mapping[str, str] = {"en": "English", "de": "Deutsch"}
"""The languages that a report can be in, as each calls itself."""

_DECIMAL_COMMA = ("de",)
_SWAPPED = str.maketrans(",.", ".,")
_NUMBER = re.compile(r"-?\d[\d,]*(\.\d+)?")
_PLACE = re.compile(r"\\\{(\w+)\\\}")  # a name in braces, as `re.escape` leaves it


@dataclass(frozen=True, slots=True)
class Language:
    """A language.

    Attributes
    ----------
    code : str
        One of `LANGUAGES`.
    catalogue : NullTranslations
        What English is called in it.
    """

    code: str
    catalogue: gettext.NullTranslations

    @classmethod
    def of(cls, code: str) -> Self:
        """Return a language by its code.

        Raises
        ------
        RecipeError
            If there is no such language.
        """
        if code not in LANGUAGES:
            raise RecipeError(f"No language {code!r}. Known: {', '.join(LANGUAGES)}.")
        if code == "en":
            return cls(code, gettext.NullTranslations())
        return cls(code, gettext.translation(DOMAIN, LOCALES, [code]))

    def say(self, sentence: str, **values: object) -> str:
        """Return a sentence, with values in place of the names in braces."""
        said = self.catalogue.gettext(sentence)
        return said.format(**values) if values else said

    def say_count(self, one: str, many: str, number: int, **values: object) -> str:
        """Return a sentence about a number of things; `{n}` in it is the number."""
        return self.catalogue.ngettext(one, many, number).format(n=self.number(number), **values)

    def number(self, value: float, digits: int = 0) -> str:
        """Return a number with so many digits after the point, or comma."""
        return self._in_digits(f"{value:,.{digits}f}")

    def class_title(self, name: str) -> str:
        """Return what a class is called; one that is not known keeps its name."""
        title = CLASS_TITLES.get(name) or CLASS_TITLES.get(meaning(name) or "")
        return self.catalogue.gettext(title) if title else name.replace("_", " ")

    def sentence(self, text: str) -> str:
        """Return a sentence of another module, as it came if it is not known (`known_sentences`)."""
        for known in SENTENCES:
            found = re.fullmatch(_pattern(known), text, re.DOTALL)
            if found is not None:
                values = {name: self._value(value) for name, value in found.groupdict().items()}
                return self.say(known, **values)
        return text

    def _value(self, text: str) -> str:
        if _NUMBER.fullmatch(text):
            return self._in_digits(text)
        return self.class_title(text) if text in CLASS_TITLES else self.sentence(text)

    def _in_digits(self, number: str) -> str:
        return number.translate(_SWAPPED) if self.code in _DECIMAL_COMMA else number


ENGLISH = Language.of("en")
"""What terminals are told in."""


def _pattern(known: str) -> str:
    return _PLACE.sub(r"(?P<\1>.+?)", re.escape(known))

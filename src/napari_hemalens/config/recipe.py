"""What all options have in common: frozen, checked once, read from a file, refused in one sentence."""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from napari_hemalens.errors import RecipeError


class Recipe(BaseModel):
    """Frozen options; unknown or invalid options are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def from_options(cls, **options: Any) -> Self:
        """Build a recipe, with errors in one sentence.

        Raises
        ------
        RecipeError
            If an option is unknown or out of range.
        """
        try:
            return cls(**options)
        except ValidationError as error:
            raise RecipeError(_sentence(cls, error)) from error

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Read a recipe from a TOML file of `option = value` lines."""
        file = Path(path)
        try:
            options = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            said = error.strerror if isinstance(error, OSError) else error
            raise RecipeError(f"Cannot read the recipe {file}: {said}.") from error
        return cls.from_options(**options)


def _sentence(recipe: type[Recipe], error: ValidationError) -> str:
    first = error.errors()[0]
    option = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        *into, last = map(str, first["loc"])
        where = f" in {'.'.join(into)}" if into else ""
        return f"No option {last!r}{where}. Known: {', '.join(_within(recipe, into).model_fields)}."
    if first["type"] == "model_type":
        inner = ", ".join(f"{option}.{name}" for name in _within(recipe, map(str, first["loc"])).model_fields)
        return f"Option {option!r} got {first['input']!r}; it has options of its own: {inner}."
    return f"Option {option!r} got {first['input']!r}: {first['msg']}."


def _within(recipe: type[BaseModel], names: Iterable[str]) -> type[BaseModel]:
    """Return the recipe that an option of a recipe holds, by the names on the way to it."""
    for name in names:
        inner = recipe.model_fields[name].annotation
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            break
        recipe = inner
    return recipe

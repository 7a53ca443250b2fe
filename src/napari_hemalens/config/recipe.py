"""What all options have in common: frozen, checked once, read from a file, refused in one sentence."""

import tomllib
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
            raise RecipeError(f"Cannot read the recipe {file}: {error}.") from error
        return cls.from_options(**options)


def _sentence(recipe: type[Recipe], error: ValidationError) -> str:
    first = error.errors()[0]
    option = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"No option {option!r}. Known: {', '.join(recipe.model_fields)}."
    return f"Option {option!r} got {first['input']!r}: {first['msg']}."

"""What all options have in common: frozen, checked once, read from a file, refused in one sentence."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from napari_hemalens.errors import RecipeError

R = TypeVar("R", bound="Recipe")


class Recipe(BaseModel):
    """Frozen options; unknown or invalid options are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def from_options(cls, **options: Any) -> Self:
        """Build a recipe, with errors in one sentence; a path may be given for a text, as of weights.

        Raises
        ------
        RecipeError
            If an option is unknown or out of range.
        """
        texts = {name: str(value) if isinstance(value, PurePath) else value for name, value in options.items()}
        try:
            return cls(**texts)
        except ValidationError as error:
            raise RecipeError(_sentence(cls, error)) from error

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Read a recipe from a TOML file of `option = value` lines."""
        return cls.from_options(**read_options(path))


def read_options(path: str | Path) -> dict[str, Any]:
    """Return the options in a TOML file.

    Raises
    ------
    RecipeError
        If it cannot be read.
    """
    file = Path(path)
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise RecipeError(f"Cannot read the recipe {file}: {said}.") from error


def change_recipe(recipe: R, options: Sequence[str]) -> R:
    """Return a recipe with changes such as `epochs=5` or `network.size=full`.

    Raises
    ------
    RecipeError
        If an option is unknown or out of range, or a change names no value.
    """
    chosen = recipe.model_dump()
    for option in options:
        name, given, value = option.partition("=")
        if not given:
            raise RecipeError(f"A change is written option=value, such as epochs=5; got {option!r}.")
        *into, last = name.split(".")
        place = chosen
        for part in into:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise RecipeError(f"Option {part!r} has no options of its own; got {option!r}.")
        place[last] = _value(value)
    return type(recipe).from_options(**chosen)


def _value(text: str) -> object:
    """Return the value that the text states in TOML, else the text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def changed_options(options: Mapping[str, Any], by: Mapping[str, Any]) -> dict[str, Any]:
    """Return options with others in their place; where both hold options of a name, those are changed one by one."""
    both = {name for name in by if all(isinstance(each.get(name), Mapping) for each in (options, by))}
    return {**options, **by, **{name: changed_options(options[name], by[name]) for name in both}}


def _sentence(recipe: type[Recipe], error: ValidationError) -> str:
    first = error.errors()[0]
    option = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        *into, last = map(str, first["loc"])
        where = f" in {'.'.join(into)}" if into else ""
        return f"No option {last!r}{where}. Known: {', '.join(_within(recipe, into).model_fields)}."
    if first["type"] == "missing":
        return f"Option {option!r} has to be given."
    if first["type"] == "model_type":
        inner = ", ".join(f"{option}.{name}" for name in _within(recipe, map(str, first["loc"])).model_fields)
        return f"Option {option!r} got {first['input']!r}; it has options of its own: {inner}."
    if not option:  # of options that do not go together
        return f"{first['msg']}."
    return f"Option {option!r} got {first['input']!r}: {first['msg']}."


def _within(recipe: type[BaseModel], names: Iterable[str]) -> type[BaseModel]:
    """Return the recipe that an option of a recipe holds, by the names on the way to it."""
    for name in names:
        inner = recipe.model_fields[name].annotation
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            break
        recipe = inner
    return recipe

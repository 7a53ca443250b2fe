"""Templates of pages, filled: whatever a person or a file name says in them is text, never markup."""

from typing import Any


def fill_template(name: str, **values: Any) -> str:
    """Return a page of HTML that needs nothing beside itself.

    Parameters
    ----------
    name : str
        A file in `reports/templates`.
    **values
        What it shows; one that is missing is an error.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 -- only pages need it

    environment = Environment(
        loader=PackageLoader("napari_hemalens.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name).render(values)

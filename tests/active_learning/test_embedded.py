"""The record of embedded cells."""

from typing import Any


def test_there_are_as_many_embeddings_as_cells(make_pool: Any) -> None:
    embedded, _ = make_pool(7)
    assert len(embedded) == len(embedded.cells) == len(embedded.vectors) == 7

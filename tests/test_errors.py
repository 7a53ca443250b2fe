"""Every error of the package is one that a caller can catch at once, or by its kind."""

import inspect

import pytest

from napari_hemalens import errors
from napari_hemalens.errors import HemaLensError

KINDS = {
    "ImageError": ValueError,
    "AnnotationError": ValueError,
    "MissingPackageError": ValueError,
    "RecipeError": ValueError,
    "WeightsError": LookupError,
    "DeviceError": RuntimeError,
    "ClusterError": RuntimeError,
    "ProjectError": RuntimeError,
    "ProjectLockedError": RuntimeError,
    "TrainingError": RuntimeError,
}


def test_every_error_is_listed_here() -> None:
    found = {name for name, _ in inspect.getmembers(errors, inspect.isclass)}
    assert found == {*KINDS, "HemaLensError"}


@pytest.mark.parametrize("name", KINDS)
def test_an_error_is_ours_and_of_the_kind_that_python_has_for_it(name: str) -> None:
    error = getattr(errors, name)("No such thing.")
    assert isinstance(error, HemaLensError)
    assert isinstance(error, KINDS[name])
    assert str(error) == "No such thing."  # LookupError would be fine, KeyError puts quotes around it

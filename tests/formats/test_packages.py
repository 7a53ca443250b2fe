"""What an extra brings is asked for in one sentence where it is missing."""

import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import packages


def test_the_package_that_is_missing_is_named_with_what_installs_it():
    assert packages.install_hint("This", ["numpy"]) == ""
    said = packages.install_hint("This", ["numpy", "no_such_package"])
    assert said == "This needs no_such_package: pip install 'napari-hemalens[exchange]'."
    with pytest.raises(AnnotationError, match="This needs no_such_package"):
        packages.require_packages("This", ["no_such_package"])

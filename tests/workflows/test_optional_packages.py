"""What is not installed is named, with the command that installs it."""

import pytest

from napari_hemalens.errors import HemaLensError
from napari_hemalens.workflows.optional_packages import explain_missing_packages


def test_a_missing_package_is_named_with_what_installs_it() -> None:
    install = r"need lightning: pip install 'napari-hemalens\[train\]'"
    with pytest.raises(HemaLensError, match=install), explain_missing_packages():
        raise ModuleNotFoundError("No module named 'lightning'", name="lightning")


def test_other_errors_are_left_as_they_are() -> None:
    with pytest.raises(ZeroDivisionError), explain_missing_packages():
        raise ZeroDivisionError

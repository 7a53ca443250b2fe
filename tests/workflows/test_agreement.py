"""Observers are compared from files, in one call."""

import numpy as np
import pytest

from napari_hemalens import workflows
from napari_hemalens.errors import AnnotationError, HemaLensError
from napari_hemalens.evaluation.agreement_report import FILES


@pytest.fixture
def tables(tmp_path):
    """Two tables of forty cells, of which the second observer calls four otherwise, and a third with corrections."""
    rng = np.random.default_rng(0)
    classes = np.array(["none", "micronucleus"])[rng.integers(2, size=40)]
    other = np.where(np.arange(40) < 4, "none", classes)
    for name, said in (("ann", classes), ("ben", other)):
        lines = [f"n.tif,{cell},{each}" for cell, each in enumerate(said, start=1)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["image,cell,class", *lines]))
    lines = [f"n.tif,{cell},{each},accepted,none,Cem" for cell, each in enumerate(classes, start=1)]
    (tmp_path / "c.csv").write_text("\n".join(["image,cell,class,corrected,predicted_class,observer", *lines]))
    return tmp_path


def test_files_are_compared_and_a_page_and_tables_written(tables):
    found = workflows.agreement([tables / "ann.csv", f"Dr. B={tables / 'ben.csv'}"], tables / "out", draws=200)
    assert found.paired.observers == ("ann", "Dr. B")
    assert found.pairs[0].cells == 40
    assert {path.name for path in (tables / "out").iterdir()} == {*FILES}


def test_names_may_be_given_as_a_mapping_and_the_network_joins(tables):
    found = workflows.agreement({"A": tables / "ann.csv", "": tables / "c.csv"}, network=True)
    assert found.paired.observers == ("A", "Cem", "network")
    assert len(found.pairs) == 3


def test_the_network_is_asked_for_where_a_reading_keeps_it(tables):
    with pytest.raises(AnnotationError, match="None of these readings keeps what the network said"):
        workflows.agreement([tables / "ann.csv", tables / "ben.csv"], network=True)


def test_results_are_not_written_over(tables):
    with pytest.raises(HemaLensError, match="folder of their own"):
        workflows.agreement([tables / "ann.csv", tables / "ben.csv"], tables)
    (tables / "results").mkdir()
    (tables / "results" / "run.json").write_text("{}")
    with pytest.raises(AnnotationError, match="holds results; choose another folder"):
        workflows.agreement([tables / "ann.csv", tables / "ben.csv"], tables / "results")


def test_a_name_without_a_file_is_not_the_current_folder(tables):
    with pytest.raises(AnnotationError, match=r"^No file or folder follows 'Ann='"):
        workflows.agreement([tables / "ann.csv", "Ann="])

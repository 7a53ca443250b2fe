"""Classification in one viewer: run, stop, segment, and the messages where it cannot be done."""

import imageio.v3 as iio
import numpy as np
import pytest
from napari.layers import Image

from napari_hemalens import workflows
from napari_hemalens.config.options import ClassificationRecipe, SegmentationRecipe
from napari_hemalens.config.report import ReportRecipe
from napari_hemalens.errors import DeviceError
from napari_hemalens.gui.classify.session import ClassificationSession, classification_session

CELLS = (4, 7, 9, 70_000)
RESULT = "nuclei: micronucleus"


class TestRun:
    def test_stop_keeps_what_was_found(self, classifying, viewer, image, nuclei, runner, question):
        classifying.start_run(image, nuclei, question)
        for _ in range(3):
            runner.step()
        classifying.stop()
        assert not classifying.running
        assert len(viewer.layers[RESULT].features) == 2

    def test_classes_lie_where_the_image_was_put_during_the_run(
        self, classifying, viewer, image, nuclei, runner, question
    ):
        classifying.start_run(image, nuclei, question)
        image.scale, image.translate = (0.2, 0.2), (5, 6)
        runner.run()
        result = viewer.layers[RESULT]
        assert (result.scale.tolist(), result.translate.tolist()) == ([0.2, 0.2], [5, 6])
        image.scale = (0.3, 0.3)
        assert result.scale.tolist() == [0.3, 0.3]


class TestCells:
    def test_cells_are_outlined_as_a_new_layer(self, classifying, viewer, image, runner):
        told = []
        classifying.segmented.connect(told.append)
        classifying.segment(image, SegmentationRecipe())
        runner.run()
        layer = viewer.layers["smear outlines"]
        assert told == [layer]
        np.testing.assert_array_equal(layer.scale, image.scale)

    def test_outlines_are_seen_over_their_own_image(self, classifying, viewer, image, runner):
        above = viewer.add_image(np.zeros((400, 600)), name="above", scale=(0.1, 0.1), units=("um", "um"))
        classifying.segment(image, SegmentationRecipe())
        runner.run()
        assert (viewer.layers["smear outlines"].visible, image.visible, above.visible) == (True, True, False)

    def test_of_a_stack_the_plane_on_screen_counts(self, classifying, viewer, image, labels, runner, question):
        stack = viewer.add_labels(np.stack([labels, np.where(labels == 9, 9, 0)]), name="stack", scale=(1, 0.1, 0.1))
        stack.units = ("pixel", "um", "um")
        viewer.dims.set_current_step(0, 1)
        classifying.start_run(image, stack, question)
        runner.run()
        assert tuple(viewer.layers["stack: micronucleus"].features["index"]) == (9,)
        assert viewer.layers["stack: micronucleus"].ndim == 2

    @pytest.mark.parametrize(("relabel", "cells"), [(True, 4), (False, 1)])
    def test_a_mask_is_parted_only_after_asking(
        self, classifying, viewer, image, labels, runner, question, classifier, relabel, cells
    ):
        mask = viewer.add_labels((labels > 0).astype(np.uint8), name="mask", scale=(0.1, 0.1), units=("um", "um"))
        asked = []
        classifying.semantic_labels_found.connect(lambda: asked.append(True))
        classifying.start_run(image, mask, question)
        runner.run()
        assert asked == [True]
        assert classifier.asked == []
        classifying.start_run(image, mask, question.model_copy(update={"relabel": relabel}))
        runner.run()
        assert asked == [True]
        assert len(viewer.layers["mask: micronucleus"].features) == cells


class TestCollect:
    def test_classes_that_a_person_gave_become_a_training_set(
        self, classifying, viewer, labels, runner, question, tmp_path, said
    ):
        iio.imwrite(tmp_path / "field.png", np.zeros((*labels.shape, 3), np.uint8))
        image = Image(np.zeros((*labels.shape, 3), np.uint8), rgb=True, name=str(tmp_path / "field.png"))
        viewer.add_layer(image)
        classifying.start_run(image, viewer.add_labels(labels, name="outlined"), question)
        runner.run()
        layer = viewer.layers["outlined: micronucleus"]
        layer.features = layer.features.assign(corrected=["none", "", "micronucleus", ""])
        classifying.collect(tmp_path / "set")
        runner.run()
        assert said[-1].startswith(f"Collected 1 image in {tmp_path / 'set'} (1 micronucleus, 1 none)")
        assert (tmp_path / "set" / "labels").is_dir()

    def test_a_report_is_of_the_classes_as_they_are_on_screen(
        self, classifying, viewer, image, nuclei, runner, question, tmp_path, said
    ):
        classifying.start_run(image, nuclei, question)
        runner.run()
        classifying.print_report(tmp_path / "report.html", ReportRecipe(language="de"))
        runner.run()
        assert said[-1] == f"Report written to {tmp_path / 'report.html'}."
        text = (tmp_path / "report.html").read_text(encoding="utf-8")
        assert "Mikrokerntest" in text
        assert "data:image/jpeg" in text  # also of a layer that is no file


class TestErrors:
    def test_without_image_or_labels_it_is_said(self, classifying, image, nuclei, question, said):
        classifying.start_run(None, nuclei, question)
        classifying.start_run(image, None, question)
        classifying.segment(None, SegmentationRecipe())
        assert [sentence[:12] for sentence in said] == ["There is no ", "There are no", "There is no "]
        assert "Convert to Labels" in said[1]

    def test_a_float_mask_is_no_cells(self, classifying, viewer, image, labels, question, said):
        mask = viewer.add_image((labels > 0).astype(np.float32), name="mask")
        classifying.start_run(image, mask, question)
        assert "Convert to Labels" in said[-1]
        assert not classifying.running

    @pytest.mark.parametrize("place", [{"scale": (0.2, 0.2)}, {"scale": (0.1, 0.1), "translate": (5, 5)}])
    def test_another_place_is_said(self, classifying, viewer, image, labels, question, said, place):
        other = viewer.add_labels(labels, name="other", units=("um", "um"), **place)
        classifying.start_run(image, other, question)
        assert not classifying.running
        assert "'smear' and 'other' do not lie on each other" in said[-1]

    def test_micrometres_and_nanometres_are_the_same_place(self, classifying, viewer, image, labels, runner, question):
        other = viewer.add_labels(labels, name="other", scale=(100, 100), units=("nm", "nm"))
        classifying.start_run(image, other, question)
        runner.run()
        assert len(viewer.layers["other: micronucleus"].features) == 4

    def test_a_task_without_weights_is_said(self, classifying, image, nuclei, said):
        classifying.start_run(image, nuclei, ClassificationRecipe(weights="not-there"))
        assert said[-1].startswith("No weights 'not-there'")

    def test_weights_of_another_task_are_said(self, classifying, image, nuclei, question, said):
        classifying.start_run(image, nuclei, question.model_copy(update={"task": "all"}))
        assert "answer the task micronucleus; the task is all" in said[-1]

    @pytest.mark.parametrize("which", ["smear", "nuclei", RESULT])
    def test_a_layer_deleted_during_the_run_ends_it(self, classifying, viewer, image, nuclei, runner, question, which):
        words = []
        classifying.progressed.connect(lambda said, _: words.append(said))
        classifying.start_run(image, nuclei, question)
        for _ in range(3):
            runner.step()
        viewer.layers.remove(which)
        runner.run()
        assert not classifying.running
        assert words[-1] == "Stopped: a layer that the run needs was removed."
        assert which not in viewer.layers

    def test_an_image_deleted_during_segmentation_ends_it(self, classifying, viewer, image, runner):
        classifying.segment(image, SegmentationRecipe())
        runner.step()
        viewer.layers.remove(image)
        runner.run()
        assert len(viewer.layers) == 0

    def test_what_goes_wrong_in_the_run_is_said(self, classifying, image, nuclei, runner, question, said, classifier):
        classifier.error = DeviceError("No memory is left.")
        classifying.start_run(image, nuclei, question)
        runner.run()
        assert "No memory is left." in said


class TestWeights:
    """With a real network, untrained."""

    @pytest.fixture
    def real(self, viewer, runner):
        return ClassificationSession(viewer, runner, workflows.classify_steps, workflows.segment_steps)

    @pytest.fixture
    def own(self, untrained_classifier):
        return ClassificationRecipe(weights=str(untrained_classifier.file), device="cpu")

    def test_a_file_of_ones_own_names_every_cell_also_at_the_border(self, real, viewer, image, nuclei, runner, own):
        real.start_run(image, nuclei, own)
        runner.run()
        table = viewer.layers[RESULT].features
        assert tuple(table["index"]) == CELLS
        np.testing.assert_allclose(table["p_micronucleus"] + table["p_none"], 1, atol=1e-5)

    @pytest.mark.parametrize(("size", "told"), [(None, True), (0.25, False)])
    def test_sizes_of_outlines_that_cannot_be_told_are_said(self, real, image, runner, size, told):
        said = []
        real.message_sent.connect(said.append)
        real.segment(image, SegmentationRecipe(kind="fluorescence", smallest_um=3, pixel_size_um=size))
        runner.run()
        assert any("diameter not used: the image has no pixel size" in sentence for sentence in said) == told

    @pytest.mark.parametrize("harm", ["cut", "alter", "remove"])
    def test_weights_cut_short_or_altered_are_said(self, real, image, nuclei, runner, own, untrained_classifier, harm):
        file = untrained_classifier.file
        pixels = bytearray(file.read_bytes())
        pixels[-1] ^= 1
        {
            "cut": lambda: file.write_bytes(file.read_bytes()[:1000]),
            "alter": lambda: file.write_bytes(pixels),
            "remove": file.unlink,
        }[harm]()
        said = []
        real.message_sent.connect(said.append)
        real.start_run(image, nuclei, own)
        runner.run()
        assert ("is missing" if harm == "remove" else "damaged or was exchanged") in said[-1]


def test_a_viewer_has_one_classification(viewer, runner):
    classifying = classification_session(viewer, lambda _: runner)
    assert classification_session(viewer, lambda _: runner) is classifying

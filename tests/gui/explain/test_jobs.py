"""What a run reads, method by method, and what it passes over."""

import numpy as np

SHAPE = (400, 600)
RESULT = "smear: Attention, layer 5"


class TestCells:
    def test_a_plane_without_cells_says_so(self, explaining, viewer, labels, runner, asking, said):
        image = viewer.add_image(np.zeros((5, *SHAPE), np.uint8), name="stack")
        stack = viewer.add_labels(np.stack([labels] + [labels * 0] * 4), name="planes")
        viewer.dims.set_current_step(0, 3)
        explaining.start_run(image, stack, asking)
        runner.run()
        assert said == ["Plane 3 of the labels holds no cell: move the slider to one that does."]
        assert not explaining.running


class TestNames:
    def test_progress_calls_an_image_as_its_layer_is_called_now(self, explaining, image, nuclei, runner, asking):
        explaining.start_run(image, nuclei, asking, ("layer-5",))
        runner.step()
        told = []
        explaining.progressed.connect(lambda words, _: told.append(words))
        image.name = "patient 7"
        runner.run()
        assert "patient 7, Attention, layer 5: batch 2 of 2" in told
        assert not [words for words in told if "smear" in words]


class TestRefusals:
    def test_an_empty_layer_holds_no_cell(self, explaining, viewer, image, runner, asking, said):
        explaining.start_run(image, viewer.add_labels(np.zeros(SHAPE, np.uint8), name="empty"), asking)
        runner.run()
        assert "hold no cell" in said[0]
        assert explaining.results.current is None


class TestRemoved:
    def test_a_heatmap_removed_during_a_run_ends_it(self, explaining, viewer, image, nuclei, runner, asking):
        explaining.start_run(image, nuclei, asking, ("layer-5", "grad-cam"))
        for _ in range(3):
            runner.step()
        viewer.layers.remove(RESULT)
        assert not explaining.running
        assert [layer.name for layer in viewer.layers] == ["smear", "nuclei"]
        assert explaining.results.current is None

"""What cannot be written is said, and what was stays."""

from napari_hemalens.gui.explain.saving import heatmap_files, save_heatmaps_steps


def test_a_folder_that_is_a_file_is_told_of(explained, tmp_path):
    (tmp_path / "taken").write_text("", encoding="utf-8")
    (said,) = save_heatmaps_steps(explained.results.current, tmp_path / "taken")
    assert said.startswith(f"Not all could be saved in {tmp_path / 'taken'}: ")


def test_the_files_that_will_be_written_are_known_before(explained, tmp_path):
    state = explained.results.current
    list(save_heatmaps_steps(state, tmp_path / "out"))
    assert sorted((tmp_path / "out").iterdir()) == sorted(heatmap_files(state, tmp_path / "out").values())


def test_heatmaps_of_an_image_that_was_renamed_have_its_new_name(explained, viewer, tmp_path):
    viewer.layers["smear"].name = "patient 7"
    files = heatmap_files(explained.results.current, tmp_path).values()
    assert {file.name.partition(".")[0] for file in files} == {"patient 7"}

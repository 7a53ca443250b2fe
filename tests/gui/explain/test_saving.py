"""What cannot be written is said, and what was stays."""

from napari_hemalens.gui.explain.saving import save_heatmaps_steps


def test_a_folder_that_is_a_file_is_told_of(explained, tmp_path):
    (tmp_path / "taken").write_text("", encoding="utf-8")
    (said,) = save_heatmaps_steps(explained.results.current, tmp_path / "taken")
    assert said.startswith(f"Not all could be saved in {tmp_path / 'taken'}: ")

"""Figures become texts: mean and deviation, what a paper prints, a dash for what is not known."""

from napari_hemalens.experiments.table_texts import mean_text, printed_texts, shown_text


def test_one_run_has_no_deviation() -> None:
    assert mean_text([0.5], 2) == "0.50"
    assert mean_text([0.4, 0.6], 2) == "0.50 ± 0.14"
    assert mean_text([], 2) == "-"


def test_the_papers_figures_have_the_deviations_that_it_prints() -> None:
    paper = {"accuracy": 0.9, "accuracy sd": 0.01, "F1": 0.8}
    assert printed_texts(paper, ("accuracy", "F1", "AUC")) == ["0.900 ± 0.010", "0.800", "-"]
    assert printed_texts(None, ("AUC",)) == ["-"]


def test_what_is_not_known_is_a_dash() -> None:
    assert (shown_text(None), shown_text(0)) == ("-", "0")

from qtpy.QtWidgets import QScrollArea

from napari_hemalens.gui.widgets.class_questions import ClassQuestions


def test_each_unknown_name_is_given_a_class_or_left_out(qtbot):
    dialog = ClassQuestions({"Leuko": 2, "Junk": 1, "Smudge": 3})
    qtbot.addWidget(dialog)
    dialog.choices["Leuko"].setCurrentText("lymphocyte")
    dialog.choices["Junk"].setCurrentText("(leave these out)")
    assert dialog.answers() == {"Leuko": "lymphocyte", "Junk": "", "Smudge": "unclassifiable"}


def test_many_unknown_names_are_scrolled(qtbot):
    dialog = ClassQuestions({f"class {n}": n for n in range(60)})
    qtbot.addWidget(dialog)
    dialog.resize(500, 500)
    dialog.show()
    bar = dialog.findChild(QScrollArea).verticalScrollBar()
    assert dialog.height() <= 768
    assert bar.maximum() > 0

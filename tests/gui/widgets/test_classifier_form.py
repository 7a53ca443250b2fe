"""The form offers the weights of its task, its default first, and those of files that a person chooses."""

import pytest

from napari_hemalens.config.options import ClassificationRecipe
from napari_hemalens.gui.widgets.classifier_form import ClassifierForm
from napari_hemalens.records.tasks import task
from napari_hemalens.workflows import cards

pytestmark = pytest.mark.window


@pytest.fixture
def form(qtbot):
    tasks = (task("micronucleus"), task("leukocyte"))
    form = ClassifierForm(ClassificationRecipe, tasks, ("task", "weights", "pixel_size_um", "device"))
    qtbot.addWidget(form)
    return form


@pytest.fixture
def weights(form):
    return form.options["weights"]


def test_the_default_weights_of_the_task_are_the_first(form, weights):
    for name in ("leukocyte", "micronucleus"):
        form.options["task"].value = name
        assert weights.choices[0] == weights.value == task(name).weights
        assert form.card.task == name


def test_another_task_begins_with_its_own_weights_though_others_answer_it(qtbot):
    tasks = (task("micronucleus"), task("all"), task("nucleated"))
    form = ClassifierForm(ClassificationRecipe, tasks, ("task", "weights"))
    qtbot.addWidget(form)
    form.options["task"].value = "nucleated"
    assert form.options["weights"].value == "nucleated-cells"
    form.options["task"].value = "all"
    assert "nucleated-cells" in form.options["weights"].choices
    assert form.options["weights"].value == "all-eca"
    form.write(ClassificationRecipe(task="all", weights="nucleated-cells"))
    assert form.options["weights"].value == "nucleated-cells"  # as a project keeps it


def test_weights_are_described_where_they_are_chosen(form, weights):
    form.options["task"].value = "leukocyte"
    assert form.card.name == "leukocyte-types"
    assert weights.tooltip == form.card.description


def test_a_file_brings_its_task_and_is_offered_with_it_alone(form, weights, card_file):
    form.options["task"].value = "leukocyte"
    form.choose_file(card_file)
    assert form.options["task"].value == "micronucleus"
    assert weights.value == str(card_file)
    assert form.card.name == "fake"
    form.options["task"].value = "leukocyte"
    assert str(card_file) not in weights.choices


def test_a_file_chosen_twice_is_offered_once(form, weights, card_file):
    form.choose_file(card_file)
    form.choose_file(card_file)
    assert weights.choices.count(str(card_file)) == 1


def test_a_file_that_is_no_model_card_is_refused_until_one_is(form, weights, card_file, tmp_path, qtbot):
    before = weights.value
    file = tmp_path / "other.json"
    file.write_text("{}", encoding="utf-8")
    with qtbot.waitSignal(form.refused) as refused:
        form.choose_file(file)
    assert refused.args[0]
    assert weights.value == before
    with qtbot.waitSignal(form.refused) as taken_back:
        form.choose_file(card_file)
    assert taken_back.args == [""]


def test_a_task_without_weights_says_how_to_get_some(form, monkeypatch):
    monkeypatch.setattr("napari_hemalens.workflows.cards.known_weights", lambda: ())
    form.offer_weights()
    assert not form.ready
    assert form.card is None
    assert form.lacking.startswith(f"There are no weights for the task {task('micronucleus').title} yet.")


def test_the_pixel_size_of_an_image_is_filled_in(form):
    form.show_pixel_size(0.25)
    assert form.read_pixel_size() == form.read().pixel_size_um == 0.25
    form.show_pixel_size(None)
    assert form.read_pixel_size() is None


def test_the_fastest_device_is_the_automatic_one_and_others_are_offered(form):
    form.show_devices((("cuda:0", "GPU"), ("cpu", "CPU (2 cores)")))
    device = form.options["device"].native
    assert form.options["device"].choices == ("auto", "cpu")
    assert [device.itemText(i) for i in range(2)] == ["GPU", "CPU (2 cores)"]


def test_installed_weights_of_the_task_follow_the_packed_ones(form, weights, installed_weights):
    own = cards.classifier_card("leukocyte-types").model_copy(update={"name": "a-leukocyte"})
    (installed_weights / "a-leukocyte.json").write_text(own.model_dump_json(), encoding="utf-8")
    (installed_weights / "a-leukocyte.safetensors").touch()
    form.options["task"].value = "leukocyte"
    assert weights.choices[:3] == ("leukocyte-types", "nucleated-cells", "a-leukocyte")
    assert weights.native.itemText(2) == "a-leukocyte (installed)"
    weights.value = "a-leukocyte"
    assert form.card.name == "a-leukocyte"
    form.options["task"].value = "micronucleus"
    assert "a-leukocyte" not in weights.choices

"""Weights of the catalogue are fetched one at a time; what was stopped or failed is offered again."""

from pathlib import Path

import pytest
from napari.components import ViewerModel

from napari_hemalens import workflows
from napari_hemalens.gui.running import Listener
from napari_hemalens.gui.weights_fetch import WeightsFetch
from napari_hemalens.models import weights
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.progress import Progress
from napari_hemalens.workflows.weights import CatalogueEntry

ENTRY = CatalogueEntry(
    name="plasma",
    description="Plasma cells",
    task="own",
    licence="",
    size=6_500_000,
    sha256="",
    card_sha256="",
    where=("https://example.org/plasma.json",),
)


class ByHand:
    """Runs what is begun when it is told to, step by step, in this thread."""

    def __init__(self) -> None:
        self.begun: list[tuple[object, Listener]] = []
        self.stopped = False

    def run_in_background(self, steps, listener):
        self.begun.append((steps, listener))
        return lambda: setattr(self, "stopped", True)

    def run(self) -> None:
        """Run the oldest of what was begun to its end, or until it is stopped."""
        steps, listener = self.begun.pop(0)
        try:
            for step in steps:
                listener.on_step(step)
                if self.stopped:
                    break
        except Exception as error:  # noqa: BLE001 -- as a worker does
            listener.on_error(error)
        steps.close()
        self.stopped = False
        listener.on_end()


@pytest.fixture
def runner() -> ByHand:
    return ByHand()


@pytest.fixture
def viewer() -> ViewerModel:
    return ViewerModel()


@pytest.fixture
def fetch(
    runner: ByHand, viewer: ViewerModel, untrained: DetectorCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> WeightsFetch:
    """A session that was told of `untrained`, which is not installed."""
    workflows.write_catalogue([untrained.file], tmp_path / "list.json")
    monkeypatch.setenv("HEMALENS_CATALOGUE", str(tmp_path / "list.json"))
    session = WeightsFetch(viewer, runner)
    session.look()
    runner.run()
    return session


def said(session: WeightsFetch) -> list[str]:
    words: list[str] = []
    session.progressed.connect(lambda text, _: words.append(text))
    session.message_sent.connect(words.append)
    return words


def test_what_was_fetched_is_installed_and_no_longer_offered(fetch: WeightsFetch, runner: ByHand) -> None:
    (entry,) = fetch.offered
    words, here = said(fetch), []
    fetch.fetched.connect(here.append)
    fetch.fetch(entry)
    fetch.fetch(entry)
    assert words == ["untrained is being fetched: untrained has to wait until that has ended."]
    runner.run()
    assert (here, fetch.offered, weights.installed()) == (["untrained"], (), ("untrained",))
    assert words[-1] == "untrained is installed."


@pytest.mark.parametrize(
    ("step", "words", "share"),
    [
        (Progress(0, 0, "loading the network"), "loading the network", 0),
        (Progress(3, 3, "kB of plasma.json"), "reading its model card", 0),
        (Progress(1300, 6500, "kB of plasma.safetensors"), "1.3 of 6.5 MB", 0.2),
        (Progress(1300, 0, "kB of plasma.safetensors"), "1.3 MB", 0),
    ],
)
def test_a_download_is_told_in_megabytes(
    viewer: ViewerModel, runner: ByHand, step: Progress, words: str, share: float
) -> None:
    session = WeightsFetch(viewer, runner)
    told: list[tuple[str, float]] = []
    session.progressed.connect(lambda *news: told.append(news))
    session.fetch(ENTRY)
    runner.begun[0][1].on_step(step)
    assert told == [(f"plasma: {words}", share)]


def test_a_download_that_is_stopped_is_offered_again(fetch: WeightsFetch, runner: ByHand) -> None:
    words = said(fetch)
    fetch.fetch(fetch.offered[0])
    fetch.stop()
    runner.run()
    assert (len(fetch.offered), weights.installed(), words[-1]) == (1, (), "Stopped: untrained is not here.")
    assert not fetch.running


def test_weights_that_are_others_are_refused_in_a_sentence(
    fetch: WeightsFetch, runner: ByHand, untrained: DetectorCard
) -> None:
    words = said(fetch)
    untrained.file.write_bytes(b"other")
    fetch.fetch(fetch.offered[0])
    runner.run()
    *_, reason, summary = words
    assert "is damaged or was exchanged" in reason
    assert summary == "Not finished."
    assert len(fetch.offered) == 1


def test_a_catalogue_that_cannot_be_read_is_said(
    runner: ByHand, viewer: ViewerModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEMALENS_CATALOGUE", "none.json")
    session = WeightsFetch(viewer, runner)
    words = said(session)
    session.look()
    runner.run()
    assert words[0].startswith("The catalogue none.json cannot be read")
    assert session.offered == ()

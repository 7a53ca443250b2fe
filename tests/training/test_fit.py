import csv
import shutil
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from napari_hemalens.config.training import DetectionTraining
from napari_hemalens.errors import TrainingError
from napari_hemalens.models.preprocess import Preprocess
from napari_hemalens.progress import Steps, finish
from napari_hemalens.training.datasets import Target
from napari_hemalens.training.fit import CHECKPOINT, build_fabric, fit_steps, learning_rate_factor

RECIPE = DetectionTraining(
    side=64, batch=2, epochs=3, warmup_steps=2, workers=0, precision="32-true", accelerator="cpu", checkpoint_minutes=60
)


class Noise:
    """Ten images that differ by their draw."""

    def __len__(self) -> int:
        return 10

    def __getitem__(self, draw: tuple[int, int]) -> tuple[Tensor, Target]:
        made = torch.Generator().manual_seed(draw[1])
        return torch.randint(256, (3, 8, 8), generator=made, dtype=torch.uint8), {"labels": torch.tensor([draw[0]])}


class Mean(nn.Module):
    """Learns to tell the index of an image from its pixels."""

    def __init__(self, broken_from: float = float("inf")) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 1)
        self.steps, self.broken_from = 0, broken_from

    def forward(self, images: Tensor, targets: list[Target]) -> dict[str, Tensor]:
        self.steps += 1
        wanted = torch.cat([t["labels"] for t in targets]).float() / 10
        loss = (self.layer(images.mean(dim=(2, 3)))[:, 0] - wanted).square().mean()
        return {"loss_a": loss, "loss_b": loss * (float("nan") if self.steps > self.broken_from else 0.5)}


def fit(network: nn.Module, images: Noise, recipe: DetectionTraining, out: Path) -> Steps[nn.Module]:
    return fit_steps(network, images, recipe, out, normalised=Preprocess(0.15).normalised)


def network(**options: float) -> Mean:
    torch.manual_seed(0)
    return Mean(**options)


def test_training_changes_the_network_and_writes_its_losses(tmp_path: Path) -> None:
    steps = list(fit(net := network(), Noise(), RECIPE.model_copy(update={"epochs": 8}), tmp_path))
    assert [s.done for s in steps] == list(range(1, 41))
    assert not torch.equal(net.layer.weight, network().layer.weight)
    rows = list(csv.DictReader((tmp_path / "losses.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["step"] for row in rows] == ["20", "40"]
    assert float(rows[0]["total"]) == pytest.approx(float(rows[0]["loss_a"]) + float(rows[0]["loss_b"]))


def test_a_killed_run_goes_on_as_if_it_had_not_been_killed(tmp_path: Path) -> None:
    finish(fit(whole := network(), Noise(), RECIPE, tmp_path / "whole"))

    every_step = RECIPE.model_copy(update={"checkpoint_minutes": 1e-9})
    killed = fit(network(), Noise(), every_step, tmp_path / "killed")
    for _ in range(7):  # in the middle of the second epoch
        next(killed)
    shutil.copytree(tmp_path / "killed", tmp_path / "left")
    finish(fit(resumed := network(), Noise(), RECIPE, tmp_path / "left"))

    torch.testing.assert_close(resumed.layer.weight, whole.layer.weight)
    assert resumed.steps == 15 - 7


def test_a_stopped_run_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    finish(fit(whole := network(), Noise(), RECIPE, tmp_path / "whole"))
    stopped = fit(network(), Noise(), RECIPE, tmp_path / "stopped")
    for _ in range(7):
        next(stopped)
    assert not (tmp_path / "stopped" / CHECKPOINT).exists()  # the clock's first is an hour away
    stopped.close()

    resumed = fit(further := network(), Noise(), RECIPE, tmp_path / "stopped")
    first = next(resumed)
    assert (first.done, first.total, first.reused) == (7, 15, True)  # an epoch may not have been measured yet
    finish(resumed)
    torch.testing.assert_close(further.layer.weight, whole.layer.weight)
    assert further.steps == 15 - 7


def test_a_checkpoint_is_written_by_the_clock_and_at_the_end_alone(tmp_path: Path) -> None:
    steps = fit(network(), Noise(), RECIPE, tmp_path)
    written = [(tmp_path / CHECKPOINT).exists() for _ in steps]
    assert not any(written)
    assert (tmp_path / CHECKPOINT).exists()


def test_a_finished_run_may_go_on_for_more_epochs(tmp_path: Path) -> None:
    finish(fit(network(), Noise(), RECIPE, tmp_path))
    finish(fit(longer := network(), Noise(), RECIPE.model_copy(update={"epochs": 4}), tmp_path))
    assert longer.steps == 5


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_checkpoint(tmp_path: Path) -> None:
    finish(fit(network(), Noise(), RECIPE.model_copy(update={"epochs": 1}), tmp_path))
    before = (tmp_path / CHECKPOINT).read_bytes()
    with pytest.raises(TrainingError, match=r"not finite at step 7 .*loss_b nan.*lower `learning_rate`"):
        finish(fit(network(broken_from=2), Noise(), RECIPE, tmp_path))
    assert (tmp_path / CHECKPOINT).read_bytes() == before


def test_fewer_images_than_a_batch_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="10 images are fewer than the 16 of one step"):
        finish(fit(network(), Noise(), RECIPE.model_copy(update={"batch": 16}), tmp_path))


@pytest.mark.parametrize(
    ("step", "factor"),
    [(0, 0.1), (4, 0.5), (9, 1.0), (59, 1.0), (60, 1.0), (80, 0.5), (99, 0.025), (100, 0.01)],
)
def test_the_rate_rises_stays_and_falls(step: int, factor: float) -> None:
    recipe = RECIPE.model_copy(update={"warmup_steps": 10, "decay_from": 0.6})
    assert learning_rate_factor(step, 100, recipe) == pytest.approx(factor)


@pytest.mark.parametrize(("step", "factor"), [(0, 1), (39, 1), (40, 0.1), (79, 0.1), (80, 0.01), (119, 0.01)])
def test_the_rate_may_fall_in_stairs(step: int, factor: float) -> None:
    recipe = RECIPE.model_copy(update={"warmup_steps": 0, "decay_from": 1, "epochs": 60, "decay_every": 20})
    assert learning_rate_factor(step, 120, recipe) == pytest.approx(factor)


@pytest.mark.parametrize(
    ("precision", "computed"), [("auto", torch.float32), ("32-true", torch.float32), ("bf16-mixed", torch.bfloat16)]
)
def test_a_processor_computes_in_full_precision_unless_told_otherwise(precision: str, computed: torch.dtype) -> None:
    fabric = build_fabric(RECIPE.model_copy(update={"precision": precision}))
    with fabric.autocast():
        assert nn.Linear(2, 2)(torch.ones(1, 2)).dtype == computed


class _Payload:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("a checkpoint ran code",)


def test_a_checkpoint_that_holds_code_is_refused_and_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save({"network": {}, "optimizer": {}, "step": _Payload()}, tmp_path / CHECKPOINT)
    with pytest.raises(TrainingError, match=r"last.ckpt is damaged, or of another program \(UnpicklingError\)"):
        finish(fit(network(), Noise(), RECIPE, tmp_path))
    assert "a checkpoint ran code" not in capsys.readouterr().out


AVERAGED = RECIPE.model_copy(update={"average": 0.9, "batch": 2})


class Normed(Mean):
    """The same with statistics that run along, and with dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.Sequential(nn.BatchNorm2d(3), nn.Dropout(0.3))

    def forward(self, images: Tensor, targets: list[Target]) -> dict[str, Tensor]:
        return super().forward(self.norm(images), targets)


def normed() -> Normed:
    torch.manual_seed(0)
    return Normed()


def test_the_average_of_the_weights_is_kept_and_not_the_last(tmp_path: Path) -> None:
    kept = {name: value.clone() for name, value in normed().state_dict().items()}
    last = fit(net := normed(), Noise(), AVERAGED, tmp_path)
    for step in range(15):
        next(last)
        state = {name: value.clone() for name, value in net.state_dict().items()}
        for name, value in state.items():
            if value.is_floating_point():  # the first step begins the average
                kept[name] = value if step == 0 else 0.9 * kept[name] + 0.1 * value
    finish(last)
    for name, value in net.state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(value, kept[name], msg=name)
    assert not torch.allclose(net.layer.weight, state["layer.weight"])
    assert not torch.allclose(net.norm[0].running_var, state["norm.0.running_var"])


def test_a_killed_run_goes_on_with_its_average_and_its_chances(tmp_path: Path) -> None:
    finish(fit(whole := normed(), Noise(), AVERAGED, tmp_path / "whole"))
    killed = fit(normed(), Noise(), AVERAGED.model_copy(update={"checkpoint_minutes": 1e-9}), tmp_path / "killed")
    for _ in range(7):
        next(killed)
    killed.close()
    finish(fit(resumed := normed(), Noise(), AVERAGED, tmp_path / "killed"))
    torch.testing.assert_close(resumed.state_dict(), whole.state_dict(), rtol=0, atol=0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_an_average_is_made_where_the_network_is_trained(tmp_path: Path) -> None:
    recipe = AVERAGED.model_copy(update={"accelerator": "gpu", "epochs": 1})
    finish(fit(net := normed(), Noise(), recipe, tmp_path))
    assert net.layer.weight.is_cuda
    assert net.layer.weight.isfinite().all()

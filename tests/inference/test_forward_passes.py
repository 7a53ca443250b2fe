"""What computes images gets as many as there is memory for, and remembers how many that are."""

import pytest
import torch

from napari_hemalens.errors import DeviceError
from napari_hemalens.inference.forward_passes import ForwardPasses, autocast

IMAGES = torch.arange(10)


class Memory:
    """Has room for so many images."""

    def __init__(self, room: int) -> None:
        self.room, self.asked = room, list[int]()

    def __call__(self, part: torch.Tensor) -> torch.Tensor:
        self.asked.append(len(part))
        if len(part) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return part * 2


def test_all_images_go_at_once_where_there_is_room() -> None:
    memory = Memory(10)
    assert [part.tolist() for part in ForwardPasses().run(IMAGES, memory)] == [(IMAGES * 2).tolist()]


def test_passes_are_halved_until_they_fit_and_stay_so() -> None:
    memory, passes = Memory(3), ForwardPasses()
    assert torch.cat(passes.run(IMAGES, memory)).tolist() == (IMAGES * 2).tolist()
    assert memory.asked == [10, 5, 2, 2, 2, 2, 2]
    memory.asked.clear()
    passes.run(IMAGES[:4], memory)
    assert memory.asked == [2, 2]


def test_no_room_for_one_image_is_one_sentence() -> None:
    with pytest.raises(DeviceError, match=r"^Not enough GPU memory for one crop; use the CPU\.$"):
        ForwardPasses().run(IMAGES, Memory(0))


def test_half_precision_computes_in_16_bits() -> None:
    layer = torch.nn.Linear(2, 2)
    for precision, found in (("half", torch.float16), ("single", torch.float32)):
        (out,) = ForwardPasses(precision).run(torch.ones(1, 2), layer)
        assert out.dtype == found


def test_half_precision_is_refused_where_regions_cannot_be_proposed_in_it() -> None:
    with pytest.raises(DeviceError, match="Half precision is for NVIDIA GPUs, not for mps; choose single"):
        autocast(torch.device("mps"), "half")

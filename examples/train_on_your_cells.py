"""Train a detector on annotated images of your own, and detect with it.

    python examples/train_on_your_cells.py [DATA]

DATA is a folder with the parts `train` and `val`, as COCO, VOC, YOLO or VIA. Without it, a few rendered fields take
its place, and the recipe `smoke`, which only shows that everything works: for weights of use take `fine-tune`.
The same from a shell: hemalens train detection --data DATA --out my_detector
"""

import sys
import tempfile
from pathlib import Path

import napari_hemalens as hemalens
from napari_hemalens.config.presets import DETECTION, training_recipe
from napari_hemalens.formats import coco
from napari_hemalens.progress import finish
from napari_hemalens.rendering.dataset import render_fields_steps
from napari_hemalens.workflows import NewWeights, train_detection_steps


def rendered(folder: Path) -> Path:
    """Render six annotated fields, and set two of them aside to choose the score threshold on."""
    finish(render_fields_steps(folder, fields=6, shape=(192, 192), pixel_size_um=0.15))
    fields = coco.read(folder / "train.json")
    coco.write(fields[:4], folder / "train.json")
    coco.write(fields[4:], folder / "val.json")
    return folder


def train(data: Path, out: Path) -> Path:
    """Train, and return the file of the weights; started again, it goes on where it was."""
    recipe = training_recipe("smoke", ["epochs=2"], presets=DETECTION)
    steps = train_detection_steps([data], recipe, NewWeights(out, "my-detector"), pixel_size_um=0.15)
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value.file
        print(f"{step.done} of {step.total}: {step.message}" if step.total else step.message)


with tempfile.TemporaryDirectory() as temporary:
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else rendered(Path(temporary))
    weights = train(data, Path("my_detector"))
    print("weights:", weights)

    image = next(iter(sorted(data.glob("images/*"))))
    cells = hemalens.detect(image, weights=str(weights), pixel_size_um=0.15)
    print(f"{image.name}: {len(cells)} cells at scores of {cells.provenance.weights}")

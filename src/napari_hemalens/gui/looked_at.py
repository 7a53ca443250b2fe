"""Which image a person looks at, and means unless they say another: the selected one, else the one in front. No Qt."""

from collections.abc import Collection, Sequence

from napari.components import ViewerModel
from napari.layers import Image, Layer

from napari_hemalens.gui.uncovering import CLEAR, image_under, lie_over_each_other
from napari_hemalens.workflows.images import dna_channel


def image_looked_at(viewer: ViewerModel, images: Sequence[Image], opened: Collection[Image] = ()) -> Image | None:
    """Return the image that is selected, else that of the selected layer, else the one in front.

    Hidden ones count only where none is seen. Of channels that are seen through each other, of which napari selects
    the last when it opens them, it is the one named after a DNA stain, else the lowest.

    Parameters
    ----------
    viewer : ViewerModel
        Whose layers they are.
    images : sequence of Image
        Those that may be meant, from the lowest.
    opened : collection of Image, optional
        Those that are there only now, which napari selects after it has told of them.
    """
    seen = [image for image in images if image.visible] or [*images]
    active, selection = viewer.layers.selection.active, viewer.layers.selection
    meant = [image for image in seen if image in opened] or [image for image in seen if image in selection]
    if not meant and active is not None:
        of = image_under(active)
        meant = [image for image in seen if (lie_over_each_other(active, image) if of is None else image is of)]
    front = next(reversed(meant or seen), None)
    return None if front is None else _channel_meant(front, seen)


def _channel_meant(front: Image, seen: Sequence[Image]) -> Image:
    together = [front]
    for below in reversed(seen[: seen.index(front)]):
        if not _is_seen_through(together[0], below):
            break
        together.insert(0, below)
    above = seen[seen.index(front) + 1 :]
    if len(together) == 1 or (above and _is_seen_through(above[0], front)):  # a person selected this one
        return front
    return together[dna_channel(tuple(channel.name for channel in together)) or 0]


def _is_seen_through(above: Layer, below: Layer) -> bool:
    same_file = above.source.path == below.source.path
    return above.blending in CLEAR and same_file and lie_over_each_other(above, below)

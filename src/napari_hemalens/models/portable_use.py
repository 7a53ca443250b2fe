"""What a person must know to use an exported network without HemaLens: what it is given, and how its answer is read."""

from napari_hemalens.models.cards import AnyCard, ClassifierCard, DetectorCard

_UNITS = {
    "diameter": "times as wide as the median cell of the image (the diameter of a disc of its area)",
    "um": "micrometres wide",
    "field": "times as wide as the longer side of the image, which is one field",
}
_LIGHT = {
    "transmitted": "Red, green and blue are as the microscope shows them; beyond the edge of the image lies its bright "
    "ground.",
    "fluorescence": "The stain is grey on black: stretched from the 0.1st to the 99.9th percentile of the image, then "
    "the root of it (255 * sqrt(v / 255)); beyond the edge of the image lies 0.",
}
_NEIGHBOURS = {
    "seen": "Other cells are left as they are.",
    "dimmed": "Other cells are dimmed halfway to the ground.",
    "hidden": "All that is not the cell is 255 (0 in fluorescence).",
    "masks": "The last two channels are masks: 255 where the cell is, and 255 where other cells are, else 0.",
}
_STAIN = {
    "reference": "The stain of all cells of the image is first brought to that of a reference, as "
    "napari_hemalens.inference.stain does.",
    "grey": "The stain of all cells of the image is first brought to that of a reference, in grey, as "
    "napari_hemalens.inference.stain does.",
}


def channel_names(card: AnyCard) -> tuple[str, ...]:
    """Return what the channels of an exported network's input are."""
    if isinstance(card, DetectorCard) or card.crop.neighbours != "masks":
        grey = isinstance(card, ClassifierCard) and card.crop.light == "fluorescence"
        return ("grey1", "grey2", "grey3") if grey else ("red", "green", "blue")
    image = ("grey",) if card.crop.light == "fluorescence" else ("red", "green", "blue")
    return (*image, "this_cell", "other_cells")


def fill_of(card: DetectorCard) -> tuple[int, int, int]:
    """Return red, green and blue, in 0-255, of what is no image in a tile: to the network, neither bright nor dark."""
    red, green, blue = (round(255 * mean) for mean in card.mean)
    return red, green, blue


def directions(card: AnyCard) -> tuple[str, ...]:
    """Return how an exported network is used, a paragraph each."""
    return _of_classifier(card) if isinstance(card, ClassifierCard) else _of_detector(card)


def _of_classifier(card: ClassifierCard) -> tuple[str, ...]:
    crop = card.crop
    shown = f"{crop.width:g} {_UNITS[crop.unit]}"
    reduced = f" A crop is reduced to {crop.detail} px a side first, then enlarged." if crop.detail else ""
    parts = (_LIGHT[crop.light], _NEIGHBOURS[crop.neighbours], _STAIN.get(crop.stain, ""))
    decided = (
        f" A cell is {card.positive} where its probability is {card.threshold:g} or more." if card.positive else ""
    )
    return (
        f"Square crops with one cell in the middle of each, {crop.side} px a side, {shown}, in 0-255, smoothed where "
        f"they shrink.{reduced}",
        f"Channels: {', '.join(channel_names(card))}. {' '.join(filter(None, parts))}",
        f"Probabilities are calibrated, in the order of the classes.{decided}",
    )


def _of_detector(card: DetectorCard) -> tuple[str, ...]:
    named = f" In HemaLens, {card.naming} names the nucleated cells; the labels here are the detector's." * bool(
        card.naming
    )
    return (
        f"Tiles at {card.pixel_size_um:g} um a pixel, red, green and blue in 0-255. What of a tile is no image is "
        f"filled with {', '.join(map(str, fill_of(card)))}: in black, cells are seen that are none.",
        f"Boxes are x0, y0, x1, y1 in pixels; labels count from 1. Cells with a score below {card.score_threshold:g} "
        f"are left out in use.{named}",
        "A cell may be answered under several classes: of nucleated cells whose boxes overlap by more than half (IoU), "
        "HemaLens counts the likeliest alone. Larger images are cut into overlapping tiles, whose duplicates are "
        "removed alike.",
    )

"""What there is to compute on."""


def available_devices() -> tuple[tuple[str, str], ...]:
    """Return name and description of each device of this machine, the fastest first; loads torch."""
    from napari_hemalens.inference.device import available  # noqa: PLC0415 -- loads torch

    return available()

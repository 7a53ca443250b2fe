"""What can go wrong, named so that a caller can tell the cases apart.

Every message says what is wrong, what was given, and what would be right.
"""


class HemaLensError(Exception):
    """Any error that a user of HemaLens can cause and mend."""


class ImageError(HemaLensError, ValueError):
    """An image cannot be read, or its axes cannot be told apart."""


class AnnotationError(HemaLensError, ValueError):
    """A file of annotations or results does not hold what its format promises."""


class MissingPackageError(ImageError, AnnotationError):
    """A package of an extra is not installed. Where files are gone through, those that need it count as unreadable."""


class RecipeError(HemaLensError, ValueError):
    """An option is unknown or out of its range."""


class WeightsError(HemaLensError, LookupError):
    """Weights are unknown, damaged, or do not fit the network."""


class DeviceError(HemaLensError, RuntimeError):
    """The device asked for is not there, or has no memory left."""


class ClusterError(HemaLensError, RuntimeError):
    """A scheduler of a cluster does not answer, went away, or has workers that are not of this run."""


class ProjectError(HemaLensError, RuntimeError):
    """A project folder is missing, damaged, of a newer version, or open elsewhere."""


class ProjectLockedError(ProjectError):
    """A project is open elsewhere, or cannot be written to; it may be looked at."""


class TrainingError(HemaLensError, RuntimeError):
    """Training cannot go on: no data, or a loss that is not finite."""

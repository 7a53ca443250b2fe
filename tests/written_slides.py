"""Small whole slides and their annotations, written as scanners and archives write them."""

import io
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

TILE = 64


def pyramid(image: NDArray[np.uint8], count: int = 3) -> list[NDArray[np.uint8]]:
    """Return an image and its halves."""
    levels = [image]
    while len(levels) < count:
        h, w = (side // 2 for side in levels[-1].shape[:2])
        squares = levels[-1][: h * 2, : w * 2].reshape(h, 2, w, 2, 3)
        levels.append(squares.mean(axis=(1, 3)).round().astype(np.uint8))
    return levels


def write_dicom_slide(
    folder: Path, levels: Sequence[NDArray[np.uint8]], *, um: tuple[float, float] = (0.25, 0.25), patient: str = "P1"
) -> str:
    """Write a slide as the Imaging Data Commons keeps it: a JPEG-tiled file a level, and an overview; its series."""
    from pydicom.uid import generate_uid

    folder.mkdir(parents=True, exist_ok=True)
    ids = {name: generate_uid() for name in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")}
    flavours = [("VOLUME", level) for level in levels] + [("OVERVIEW", levels[-1])]
    for number, (flavour, level) in enumerate(flavours):
        factor = levels[0].shape[0] / level.shape[0]
        data = _level(level, (um[0] * factor, um[1] * factor), flavour)
        data.update(ids)
        data.PatientID, data.InstanceNumber = patient, number + 1
        data.save_as(folder / f"{number:08x}.dcm", enforce_file_format=True)
    return ids["SeriesInstanceUID"]


def _level(pixels: NDArray[np.uint8], um: tuple[float, float], flavour: str) -> Any:
    from highdicom import PixelMeasuresSequence
    from pydicom import Dataset
    from pydicom.dataset import FileMetaDataset
    from pydicom.encaps import encapsulate
    from pydicom.uid import JPEGBaseline8Bit, VLWholeSlideMicroscopyImageStorage, generate_uid

    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = VLWholeSlideMicroscopyImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.Modality, data.ImageType = "SM", ["DERIVED", "PRIMARY", flavour, "RESAMPLED"]
    _describe(data)
    data.TotalPixelMatrixRows, data.TotalPixelMatrixColumns = pixels.shape[:2]
    data.ImagedVolumeHeight, data.ImagedVolumeWidth = (n * u / 1000 for n, u in zip(pixels.shape, um, strict=False))
    origin, path, shared = Dataset(), Dataset(), Dataset()
    origin.XOffsetInSlideCoordinateSystem = origin.YOffsetInSlideCoordinateSystem = 0
    path.OpticalPathIdentifier, path.ObjectiveLensPower = "0", 40
    shared.PixelMeasuresSequence = PixelMeasuresSequence([u / 1000 for u in um], slice_thickness=0.001)
    data.TotalPixelMatrixOriginSequence, data.OpticalPathSequence = [origin], [path]
    data.SharedFunctionalGroupsSequence = [shared]
    data.Rows = data.Columns = TILE
    tiles = _jpegs(pixels)
    data.NumberOfFrames, data.PixelData = len(tiles), encapsulate(tiles)
    data["PixelData"].is_undefined_length = True
    return data


def _describe(data: Any) -> None:
    data.StudyDate = data.StudyTime = data.AccessionNumber = data.StudyID = data.PatientName = ""
    data.PatientBirthDate = data.PatientSex = data.ReferringPhysicianName = ""
    data.SeriesNumber, data.ContainerIdentifier, data.VolumetricProperties = 1, "S1", "VOLUME"
    data.ContentDate, data.ContentTime, data.AcquisitionDateTime = "20260101", "120000", "20260101120000"
    data.ImagedVolumeDepth, data.TotalPixelMatrixFocalPlanes = 0.001, 1
    data.FocusMethod, data.ExtendedDepthOfField, data.SpecimenLabelInImage = "AUTO", "NO", "NO"
    data.BurnedInAnnotation, data.DimensionOrganizationType = "NO", "TILED_FULL"
    data.ImageOrientationSlide, data.NumberOfOpticalPaths = [0, 1, 0, 1, 0, 0], 1
    data.Manufacturer = data.ManufacturerModelName = data.DeviceSerialNumber = data.SoftwareVersions = "test"
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PlanarConfiguration = 3, "YBR_FULL_422", 0
    data.BitsAllocated = data.BitsStored = 8
    data.HighBit, data.PixelRepresentation, data.LossyImageCompression = 7, 0, "01"
    data.LossyImageCompressionRatio, data.LossyImageCompressionMethod = 10, "ISO_10918_1"


def _jpegs(pixels: NDArray[np.uint8]) -> list[bytes]:
    height, width = pixels.shape[:2]
    padded = np.pad(pixels, ((0, -height % TILE), (0, -width % TILE), (0, 0)), mode="edge")
    encoded = []
    for y in range(0, padded.shape[0], TILE):
        for x in range(0, padded.shape[1], TILE):
            stream = io.BytesIO()
            Image.fromarray(padded[y : y + TILE, x : x + TILE]).save(stream, "JPEG", quality=95)
            encoded.append(stream.getvalue())
    return encoded


def write_dicom_boxes(
    file: Path,
    slide: Path,
    groups: Mapping[tuple[str, str], Sequence[Sequence[float]]],
    *,
    description: str,
    **more: Any,
) -> None:
    """Write boxes y0, x0, y1, x1 of a slide as bulk annotations, by label and what its code means."""
    import highdicom as hd
    import pydicom
    from pydicom.sr.coding import Code

    form = more.pop("form", "RECTANGLE")
    level = pydicom.dcmread(sorted(slide.glob("*.dcm"))[more.pop("level", 0)], stop_before_pixels=True)
    kind = more.pop("coordinates", "2D")
    place = hd.spatial.ImageToReferenceTransformer.for_image(level, for_total_pixel_matrix=True)
    listed = []
    for number, ((label, meaning), boxes) in enumerate(groups.items()):
        shapes = [np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32) for y0, x0, y1, x1 in boxes]
        shapes = [shape.mean(axis=0, keepdims=True) for shape in shapes] if form == "POINT" else shapes
        category = ("309825002", "Spatial and relational concepts") if "region" in label else ("91723000", "Anatomical")
        group = hd.ann.AnnotationGroup(
            number=number + 1,
            uid=hd.UID(),
            label=label,
            annotated_property_category=Code(category[0], "SCT", category[1]),
            annotated_property_type=Code(f"{number}", "99TEST", meaning),
            graphic_type=form,
            graphic_data=[place(shape) for shape in shapes] if kind == "3D" else shapes,
            algorithm_type="MANUAL",
        )
        listed.append(group)
    file.parent.mkdir(parents=True, exist_ok=True)
    hd.ann.MicroscopyBulkSimpleAnnotations(
        source_images=[level],
        annotation_coordinate_type=kind,
        annotation_groups=listed,
        series_instance_uid=hd.UID(),
        series_number=33,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer="test",
        manufacturer_model_name="test",
        software_versions="1",
        device_serial_number="1",
        series_description=description,
    ).save_as(file)


LYMPHOCYTE, BLAST, PLATELET = (
    ("lymphocyte", "Lymphocyte"),
    ("lymphocytic_blast", "Lymphoblast"),
    ("thrombocyte", "Thrombocyte"),
)
REGIONS = [[16, 32, 144, 192], [160, 208, 240, 304]]
"""Where the cells of `write_collection` were looked for."""


def write_collection(root: Path, image: NDArray[np.uint8], patients: Sequence[str] = ("P1", "P2")) -> list[Path]:
    """Write slides with regions, a session and the consensus, as the Imaging Data Commons lays them out; their folders.

    Each has three cells in the first region, one in the second, and one outside.
    """
    cells = [[20, 40, 60, 90], [70, 100, 110, 140], [100, 150, 104, 154], [170, 220, 200, 260], [2, 2, 12, 12]]
    folders = []
    for number, patient in enumerate(patients):
        study = root / patient / f"1.2.{number}"
        folder = study / f"SM_1.2.{number}.1"
        write_dicom_slide(folder, pyramid(image), patient=patient)
        regions = {("region_of_interest", "Selected region"): REGIONS}
        said = {
            "Monolayer regions of interest for cell classification": regions,
            "Session 0: Cell bounding boxes with cell type labels": {
                BLAST: cells[:2] + cells[3:],
                PLATELET: cells[2:3],
            },
            "Consensus: cell bounding boxes with cell type labels": {
                LYMPHOCYTE: [cells[0], cells[3], cells[4]],
                BLAST: cells[1:2],
                PLATELET: cells[2:3],
                ("technically_unfit", "Unusable"): [[30, 40, 50, 60]],
            },
        }
        for k, (description, groups) in enumerate(said.items()):
            write_dicom_boxes(study / f"ANN_1.2.{number}.{k + 2}" / "a.dcm", folder, groups, description=description)
        folders.append(folder)
    return folders


def write_mrxs(file: Path, levels: Sequence[NDArray[np.uint8]], *, um: float = 0.25) -> None:
    """Write a slide as 3DHISTECH's scanners do, without overlaps; sides are multiples of a tile's."""
    folder = file.with_suffix("")
    folder.mkdir(parents=True)
    file.write_bytes(b"\xff\xd8\xff")  # a small picture
    head = b"01.02" + b"0" * 32
    across = levels[0].shape[1] // TILE
    data, pages = bytearray(head), []
    for number, level in enumerate(levels):
        columns, page = level.shape[1] // TILE, []
        for k, jpeg in enumerate(_jpegs(level)):
            page.append((((k // columns) * across + k % columns) * 2**number, len(data), len(jpeg), 0))
            data += jpeg
        pages.append(page)
    (folder / "Data0000.dat").write_bytes(data)
    (folder / "Index.dat").write_bytes(_mrxs_index(head, pages))
    sections = [_mrxs_section(number, um * 2**number) for number in range(len(levels))]
    (folder / "Slidedat.ini").write_text(
        f"[GENERAL]\nSLIDE_VERSION=01.02\nSLIDE_ID={'0' * 32}\nIMAGENUMBER_X={across}\n"
        f"IMAGENUMBER_Y={levels[0].shape[0] // TILE}\nOBJECTIVE_MAGNIFICATION=40\nCameraImageDivisionsPerSide=1\n"
        "[HIERARCHICAL]\nHIER_COUNT=1\nNONHIER_COUNT=0\nINDEXFILE=Index.dat\nHIER_0_NAME=Slide zoom level\n"
        f"HIER_0_COUNT={len(levels)}\n"
        + "".join(f"HIER_0_VAL_{k}=L{k}\nHIER_0_VAL_{k}_SECTION=LEVEL_{k}\n" for k in range(len(levels)))
        + "[DATAFILE]\nFILE_COUNT=1\nFILE_0=Data0000.dat\n"
        + "".join(sections),
        encoding="utf-8-sig",
    )


def _mrxs_index(head: bytes, pages: Sequence[Sequence[tuple[int, ...]]]) -> bytes:
    start = len(head) + 8
    index, at = bytearray(4 * len(pages)), start + 4 * len(pages)
    for number, page in enumerate(pages):
        struct.pack_into("<i", index, 4 * number, at + len(index) - 4 * len(pages))
        index += struct.pack("<4i", 0, start + len(index) + 8, len(page), 0)
        index += b"".join(struct.pack("<4i", *tile) for tile in page)
    return head + struct.pack("<2i", start, start + len(index)) + index + struct.pack("<i", 0)


def _mrxs_section(number: int, um: float) -> str:
    return (
        f"[LEVEL_{number}]\nOVERLAP_X=0\nOVERLAP_Y=0\nMICROMETER_PER_PIXEL_X={um}\nMICROMETER_PER_PIXEL_Y={um}\n"
        f"IMAGE_FORMAT=JPEG\nIMAGE_FILL_COLOR_BGR=16777215\nDIGITIZER_WIDTH={TILE}\nDIGITIZER_HEIGHT={TILE}\n"
        f"IMAGE_CONCAT_FACTOR={min(number, 1)}\n"
    )


def write_czi(file: Path, planes: Sequence[NDArray[Any]], *, um: float = 0.25, names: Sequence[str] = ()) -> None:
    """Write tiles of channels (H, W), or of one picture (H, W, 3), in Zeiss' format."""
    from pylibCZIrw import czi

    with czi.create_czi(str(file)) as written:
        for channel, plane in enumerate(planes):
            for y in range(0, plane.shape[0], TILE):
                for x in range(0, plane.shape[1], TILE):
                    part = plane[y : y + TILE, x : x + TILE]
                    tile = np.ascontiguousarray(part[..., ::-1] if part.ndim == 3 else part[..., None])
                    written.write(tile, location=(x - 10, y - 20), plane={"C": channel})
        called = dict(enumerate(names))
        written.write_metadata("a", scale_x=um * 1e-6, scale_y=um * 1e-6, channel_names=called)

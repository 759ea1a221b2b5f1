"""Pictures written and read again: pixels, bits, profile, EXIF, XMP, texts, resolution."""

import io
import re
import struct
from pathlib import Path

import cv2
import icc_profiles
import numpy as np
import pytest
import tifffile
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from srcnn_lightning.data.image_folders import EXTENSIONS
from srcnn_lightning.errors import BadInput
from srcnn_lightning.image_io import Picture, check_size, fitted, read_picture, write_picture
from srcnn_lightning.image_io.writer import TYPES_BY_ENDING

CHANNELS = {"grey": 1, "grey-alpha": 2, "RGB": 3, "RGBA": 4}
SOFTWARE = "srcnn_lightning: bicubic x2, 0123abcd"
CAMERA, ORIENTATION, TIME, WIDTH, ROW = 0x010F, 0x0112, 0x9003, 0xA002, 0x1


def pixels(channels: int, bits: int) -> np.ndarray:
    shape = (70, 91, channels)
    return np.random.default_rng(0).integers(0, 2**bits, shape).astype(f"uint{bits}")


def written(path: Path, picture: Picture) -> Picture:
    """The picture as it is read again."""
    with path.open("w+b") as file:
        write_picture(file, fitted(picture, path.suffix), path.suffix, SOFTWARE)
    return read_picture(path)


def test_every_ending_that_is_read_is_written() -> None:
    assert set(TYPES_BY_ENDING) == set(EXTENSIONS)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("channels", CHANNELS.values(), ids=CHANNELS)
@pytest.mark.parametrize("ending", [".png", ".tif"])
def test_pixels_are_kept_to_the_bit(tmp_path: Path, ending: str, channels: int, bits: int) -> None:
    wanted = pixels(channels, bits)
    found = written(tmp_path / f"a{ending}", Picture(wanted))
    assert found.pixels.dtype == wanted.dtype
    assert np.array_equal(found.pixels, wanted)
    assert found.changes == ()


@pytest.mark.parametrize("ending", [".png", ".tif"])
def test_another_library_reads_the_same_16_bits(tmp_path: Path, ending: str) -> None:
    wanted = pixels(3, 16)
    written(tmp_path / f"a{ending}", Picture(wanted, icc_profiles.DISPLAY_P3))
    found = cv2.imread(str(tmp_path / f"a{ending}"), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(found[..., ::-1], wanted)


def test_tiff_of_many_strips_is_read_by_three_libraries(tmp_path: Path) -> None:
    wanted = np.random.default_rng(0).integers(0, 256, (900, 1000, 3), np.uint8)
    path = tmp_path / "a.tif"
    assert np.array_equal(written(path, Picture(wanted)).pixels, wanted)
    with tifffile.TiffFile(path) as tiff:
        assert len(tiff.pages.first.dataoffsets) > 1
    with Image.open(path) as image:
        assert np.array_equal(np.asarray(image), wanted)
    assert np.array_equal(cv2.imread(str(path))[..., ::-1], wanted)


def test_grey_jpeg_and_bmp_stay_grey(tmp_path: Path) -> None:
    for ending in (".jpg", ".bmp"):
        assert written(tmp_path / f"a{ending}", Picture(pixels(1, 8))).is_grey


def full_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[CAMERA], exif[ORIENTATION] = "A maker of cameras", 6
    exif.get_ifd(ExifTags.IFD.Exif).update({TIME: "2020:02:02 20:20:20", WIDTH: 91})
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({ROW: "N"})
    return exif


XMP = b'<x:xmpmeta tiff:Orientation="6">place</x:xmpmeta>'


def save(path: Path) -> None:
    image = Image.fromarray(np.zeros((91, 70, 3), np.uint8))
    options: dict = {"exif": full_exif(), "icc_profile": icc_profiles.DISPLAY_P3}
    if path.suffix == ".png":
        text = PngInfo()
        text.add_itxt("XML:com.adobe.xmp", XMP.decode())
        text.add_text("Title", "A title")
        image.save(path, pnginfo=text, dpi=(300, 150), **options)
    elif path.suffix == ".tif":
        options["exif"][700] = XMP
        options["exif"] = options["exif"].tobytes()
        image.save(path, dpi=(300, 150), **options)
    elif path.suffix == ".jpg":
        image.save(path, xmp=XMP, comment="A comment", dpi=(300, 150), **options)
    else:
        options["exif"][282], options["exif"][283], options["exif"][296] = 300, 150, 2
        image.save(path, xmp=XMP, **options)


@pytest.mark.parametrize("to", [".png", ".tif", ".jpg", ".webp"])
@pytest.mark.parametrize("ending", [".png", ".tif", ".jpg", ".webp"])
def test_profile_exif_xmp_and_resolution_are_kept(tmp_path: Path, ending: str, to: str) -> None:
    save(tmp_path / f"in{ending}")
    picture = read_picture(tmp_path / f"in{ending}")
    assert picture.pixels.shape == (70, 91, 3)
    assert picture.changes == ()
    enlarged = np.zeros((140, 182, 3), np.uint8)
    found = written(tmp_path / f"out{to}", Picture(enlarged, picture.profile, picture.metadata))
    assert found.pixels.shape == (140, 182, 3)  # the orientation is not applied again
    assert found.profile == icc_profiles.DISPLAY_P3
    assert found.metadata.dpi == pytest.approx((300, 150), abs=0.02)
    assert found.metadata.xmp == XMP.replace(b'"6"', b'"1"')
    exif = Image.Exif()
    exif.load(found.metadata.exif)
    assert (exif[CAMERA], exif[ORIENTATION]) == ("A maker of cameras", 1)
    directory = exif.get_ifd(ExifTags.IFD.Exif)
    assert directory[TIME] == "2020:02:02 20:20:20"
    assert exif.get_ifd(ExifTags.IFD.GPSInfo)[ROW] == "N"
    assert directory[WIDTH] == 182
    if to != ".png":
        assert exif[0x0131] == SOFTWARE
    else:
        assert dict(found.metadata.text)["Software"] == SOFTWARE
        if ending == ".png":
            assert dict(found.metadata.text)["Title"] == "A title"
    if ending == ".jpg" and to in (".png", ".jpg"):
        assert dict(found.metadata.text)["Comment"] == "A comment"


@pytest.mark.parametrize("ending", [".png", ".jpg", ".webp", ".tif", ".bmp"])
def test_software_stands_in_the_file_and_readers_take_it(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    assert written(path, Picture(pixels(3, 8))).pixels.shape == (70, 91, 3)
    assert SOFTWARE.encode() in path.read_bytes()
    assert cv2.imread(str(path)).shape == (70, 91, 3)
    if ending == ".bmp":
        assert struct.unpack_from("<I", path.read_bytes(), 2) == (path.stat().st_size,)


def test_metadata_of_a_16_bit_png_are_kept(tmp_path: Path) -> None:
    save(tmp_path / "in.png")
    given = read_picture(tmp_path / "in.png")
    found = written(tmp_path / "out.png", Picture(pixels(3, 16), given.profile, given.metadata))
    assert found.pixels.dtype == np.uint16
    assert found.profile == given.profile
    assert b"A maker of cameras" in found.metadata.exif
    assert found.metadata.dpi == given.metadata.dpi
    assert dict(found.metadata.text) == {"Title": "A title", "Software": SOFTWARE}


@pytest.mark.parametrize(
    ("channels", "bits", "ending", "words"),
    [
        (3, 16, ".jpg", "Its 16 bits a channel are rounded to 8, as JPEG has no more."),
        (3, 16, ".webp", "Its 16 bits a channel are rounded to 8, as WebP has no more."),
        (4, 8, ".jpg", "Its transparent parts lie over white, as JPEG has no transparency."),
        (2, 8, ".bmp", "Its transparent parts lie over white, as BMP has no transparency."),
    ],
)
def test_what_a_type_cannot_hold_is_named(
    channels: int, bits: int, ending: str, words: str
) -> None:
    assert fitted(Picture(pixels(channels, bits)), ending).changes == (words,)


def test_metadata_that_a_type_cannot_hold_are_named(tmp_path: Path) -> None:
    save(tmp_path / "in.png")
    picture = read_picture(tmp_path / "in.png")
    assert fitted(picture, ".png").changes == ()
    assert fitted(picture, ".jpg").changes == (
        "Its metadata (text) is not kept, as JPEG has no place.",
    )
    assert fitted(picture, ".bmp").changes == (
        "Its metadata (text, EXIF, XMP) is not kept, as BMP has no place.",
        "Its colour profile is not kept, as BMP has no place.",
    )


def test_transparent_parts_lie_over_white() -> None:
    shown = np.array([[[100, 0], [100, 255], [0, 128]]], np.uint8)
    assert fitted(Picture(shown), ".jpg").pixels.tolist() == [[[255], [100], [127]]]


@pytest.mark.parametrize(
    ("ending", "shape", "words"),
    [
        (".webp", (10, 16384, 3), "16384x10 pixels are too many for WebP, whose sides have"),
        (".jpg", (65501, 1, 1), "1x65501 pixels are too many for JPEG, whose sides have"),
        (".tif", (40000, 40000, 3), "40000x40000 pixels are too many for TIFF, which holds 4 GB"),
    ],
)
def test_picture_too_large_for_its_type_is_refused(
    ending: str, shape: tuple[int, ...], words: str
) -> None:
    with pytest.raises(BadInput, match=f"^a: {re.escape(words)}"):
        check_size("a", ending, shape, 1)
    check_size("a", ".png", shape, 1)


@pytest.mark.filterwarnings("ignore")  # Pillow's, which the command ignores, too
def test_picture_of_damaged_exif_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    content = io.BytesIO()
    Image.new("RGB", (8, 8)).save(content, "JPEG", exif=full_exif())
    block = content.getvalue()
    place = block.index(b"Exif\0\0") + 14
    path.write_bytes(block[:place] + b"\xff" * 20 + block[place + 20 :])
    picture = read_picture(path)
    assert picture.pixels.shape == (8, 8, 3)


def test_text_behind_the_pixels_is_read(tmp_path: Path) -> None:
    info = PngInfo()
    info.add_text("Title", "x")
    info.chunks = [(*chunk[:2], True) for chunk in info.chunks]
    Image.new("RGB", (3, 2)).save(tmp_path / "a.png", pnginfo=info)
    assert read_picture(tmp_path / "a.png").metadata.text == (("Title", "x"),)

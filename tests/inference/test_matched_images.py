"""Which images of two folders belong together."""

import math
from pathlib import Path

import pytest
from evaluation_folders import flat, save

from srcnn_lightning.errors import BadInput
from srcnn_lightning.inference.evaluation import evaluate


@pytest.mark.parametrize(
    ("target", "upscaled"),
    [
        ("baby", "baby"),
        ("baby", "baby_x2"),
        ("baby", "babyx2"),
        ("baby", "baby_x2_SR"),
        ("baby", "baby-upscaled"),
        ("baby_GT", "baby_SRx2"),
        ("0801", "0801x2"),
        ("baby_x2", "baby_x2"),
    ],
)
def test_images_belong_together_by_name(target: str, upscaled: str, tmp_path: Path) -> None:
    save(tmp_path / f"hr/{target}.png", flat(100))
    save(tmp_path / f"sr/{upscaled}.png", flat(100))
    save(tmp_path / "sr/babyface.png", flat(7))
    found = evaluate(tmp_path / "hr", {}, sr_dirs={"sr": tmp_path / "sr"})
    assert found.models[0].psnr == math.inf


@pytest.mark.parametrize(
    ("targets", "upscaled", "words"),
    [
        (["a.png"], ["b.png"], "no image belongs to a.png; name it a.png"),
        (["a.png"], ["a_SR.png", "ax2.png"], "a_SR.png and ax2.png both belong to a.png"),
        (["a.png"], ["a.png", "a.bmp"], "a.bmp and a.png are two images of one name"),
        (["a.png", "a.bmp"], ["a.png"], "a.bmp and a.png are two images of one name"),
        (["a_x2.png", "a_x3.png"], ["a.png"], "no image belongs to a_x2.png"),
        (["a.png"], ["a.txt"], "it holds no images (PNG, JPEG"),
    ],
)
def test_images_that_do_not_belong_together_are_a_sentence(
    targets: list[str], upscaled: list[str], words: str, tmp_path: Path
) -> None:
    for name in targets:
        save(tmp_path / "hr" / name, flat(100))
    for name in upscaled:
        save(tmp_path / "sr/any.png", flat(100)).tofile(tmp_path / "sr" / name)
        if not name.endswith(".txt"):
            save(tmp_path / "sr" / name, flat(100))
        (tmp_path / "sr/any.png").unlink()
    with pytest.raises(BadInput, match=r"^--(sr-dir|data)=") as caught:
        evaluate(tmp_path / "hr", {}, sr_dirs={"sr": tmp_path / "sr"})
    assert words in str(caught.value)

"""The sides of targets and patches, as far as the settings give them."""

from srcnn_lightning.config.groups import DataConfig
from srcnn_lightning.errors import require

SSIM_WINDOW = 11  # pixels a side (metrics.ssim_y)


def smallest_side(scale: int) -> int:
    """The smallest side of a target that SSIM can be measured on, in pixels."""
    return SSIM_WINDOW + 2 * scale


def ssim_needs(scale: int) -> str:
    """What SSIM needs of a target's side, for a sentence."""
    return (
        f"SSIM needs {smallest_side(scale)} pixels a side, a window of {SSIM_WINDOW} within the "
        f"shaved border of {scale}"
    )


def check_target_side(data: DataConfig, scale: int) -> None:
    """Refuse targets that are too small for SSIM, as far as their side is given."""
    key, side = _target_side(data, scale)
    require(side is None or side >= smallest_side(scale), key, data.side, ssim_needs(scale))


def check_patch_size(data: DataConfig, scale: int) -> None:
    """Refuse patches that do not fit the scale or the targets, as far as their side is given."""
    patch = data.patch_size
    if patch is None:
        return
    require(
        patch % scale == 0,
        "data.patch_size",
        patch,
        f"it must be a multiple of degradation.scale={scale}",
    )
    key, side = _target_side(data, scale)
    require(
        side is None or patch <= side,
        "data.patch_size",
        patch,
        f"it must not exceed the {side} pixels of a target ({key}={data.side})",
    )


def _target_side(data: DataConfig, scale: int) -> tuple[str, int | None]:
    """The setting that gives the side of the targets, and the side that they are cropped to."""
    key = "data.crop" if data.target_size is None else "data.target_size"
    return key, data.side and data.side - data.side % scale

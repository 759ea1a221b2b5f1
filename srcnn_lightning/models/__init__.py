"""Networks from `(B, 3, h, w)` in [0, 1] to `(B, 3, scale * h, scale * w)`; one file each."""

from srcnn_lightning.models.drcn import DRCN
from srcnn_lightning.models.edsr import EDSR
from srcnn_lightning.models.espcn import ESPCN
from srcnn_lightning.models.factory import build_network, build_trusted, network_settings
from srcnn_lightning.models.fsrcnn import FSRCNN
from srcnn_lightning.models.interpolation import Interpolation
from srcnn_lightning.models.mdsr import MDSR
from srcnn_lightning.models.ninasr import NinaSR
from srcnn_lightning.models.registry import build, full_settings, list_models, register
from srcnn_lightning.models.span import SPAN
from srcnn_lightning.models.srcnn import SRCNN
from srcnn_lightning.models.srresnet import SRResNet
from srcnn_lightning.models.unetpp import UNetPlusPlus
from srcnn_lightning.models.vdsr import VDSR

__all__ = [
    "DRCN",
    "EDSR",
    "ESPCN",
    "FSRCNN",
    "MDSR",
    "SPAN",
    "SRCNN",
    "VDSR",
    "Interpolation",
    "NinaSR",
    "SRResNet",
    "UNetPlusPlus",
    "build",
    "build_network",
    "build_trusted",
    "full_settings",
    "list_models",
    "network_settings",
    "register",
]

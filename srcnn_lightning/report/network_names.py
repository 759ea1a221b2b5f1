"""Names of networks for people: those that their papers have."""

NAMES = {
    "srcnn": "SRCNN",
    "espcn": "ESPCN",
    "fsrcnn": "FSRCNN",
    "vdsr": "VDSR",
    "drcn": "DRCN",
    "edsr": "EDSR",
    "mdsr": "MDSR",
    "ninasr": "NinaSR",
    "span": "SPAN",
    "srresnet": "SRResNet",
    "unetpp": "UNet++",
    "bicubic": "Bicubic",
    "bilinear": "Bilinear",
    "nearest": "Nearest neighbor",
}


def display_name(network: str, choice: str | None = None) -> str:
    """The name of a network, `DRCN (small)` for `model=drcn_small`.

    Args:
        network: registered name, kernel of a baseline, or the name of a network of one's own.
        choice: name of the configuration file of the network, as `model=` has it; None: the same.
    """
    if choice in (None, network) or network not in NAMES:
        return NAMES.get(network, network) if choice in (None, network) else str(choice)
    return f"{NAMES[network]} ({str(choice).removeprefix(f'{network}_')})"

"""The content loss of SRGAN-VGG: differences of VGG19's features instead of pixels."""

from pathlib import Path

import torch
from torch import Tensor, nn

from srcnn_lightning.errors import BadInput
from srcnn_lightning.models.checkpoint import load_checkpoint

# Feature maps of VGG19's convolutions (arXiv 1409.1556), with a pooling between the groups. The
# paper takes the sixteenth, after its ReLU and before the last pooling.
GROUPS = ((64, 64), (128, 128), (256, 256, 256, 256), (512, 512, 512, 512), (512, 512, 512, 512))
# ImageNet's mean and standard deviation of RGB, with which VGG was trained.
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
FACTOR = 0.006  # of the squared differences: a scale that fits the pixels' (section 3.2)


class VGGLoss(nn.Module):
    """Mean squared difference of features (Ledig et al., arXiv 1609.04802, section 2.2.1)."""

    def __init__(self, weights: str | Path) -> None:
        """Build the layers with weights in torchvision's names, `features.0.weight`.

        Args:
            weights: file that `torch.save` has written; the classifier's weights are left out.

        Raises:
            BadInput: there is no such file, or it holds other weights.
        """
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for group in GROUPS:
            for width in group:
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
                channels = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers[:-1])
        setting, path = f"task.vgg_weights={weights}", Path(weights).expanduser()
        if not path.is_file():
            raise BadInput(f"{setting}: there is no such file; give VGG19's weights, vgg19-*.pth.")
        try:
            found = load_checkpoint(path)
            kept = {key: value for key, value in found.items() if key.startswith("features.")}
            self.load_state_dict(kept, assign=True)
        except Exception as error:  # torch has no exception of its own for a foreign file
            raise BadInput(
                f"{setting}: it does not hold the weights of VGG19's convolutions; give those in "
                "torchvision's form, vgg19-*.pth."
            ) from error
        self.requires_grad_(False)
        self.mean: Tensor
        self.deviation: Tensor
        for name, values in (("mean", MEAN), ("deviation", DEVIATION)):
            self.register_buffer(name, torch.tensor(values).view(3, 1, 1), persistent=False)

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """Two tensors `(B, 3, H, W)` in [0, 1] -> a scalar."""
        seen, wanted = (
            self.features((images - self.mean) / self.deviation) for images in (output, target)
        )
        return FACTOR * nn.functional.mse_loss(seen, wanted)

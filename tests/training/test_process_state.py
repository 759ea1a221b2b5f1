import pytest
import torch

from srcnn_lightning.training.process_state import reset


@pytest.mark.parametrize("tf32", [True, False])
def test_rounding_of_a_gpus_convolutions_is_that_of_the_job(tf32: bool) -> None:
    before = torch.backends.cudnn.allow_tf32
    reset(tf32, keep_compiled=False)
    allowed = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = before
    assert allowed == (tf32, False)

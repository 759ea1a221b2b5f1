"""Batch norm over two processes, against torch's over the whole batch in one."""

import subprocess
import sys

import pytest

SCRIPT = """
import sys
import torch
import torch.distributed as dist
from torch import nn
from srcnn_lightning.training.shared_batch_norm import SharedBatchNorms, uncounted

rank, store = int(sys.argv[1]), sys.argv[2]
dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
for momentum in (0.1, None):
    for images in (5, 1):  # shares of 3 and 2, of 1 and 0
        torch.manual_seed(0)
        norms = [nn.BatchNorm2d(4, momentum=momentum) for _ in range(2)]
        wanted = nn.Sequential(nn.Conv2d(3, 4, 3), norms[0], nn.ReLU(), nn.Conv2d(4, 4, 1))
        wanted = wanted.append(norms[1]).double()
        nn.init.uniform_(wanted[1].weight)
        found = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 1))
        found.append(nn.BatchNorm2d(4)).double()
        found[1].momentum = found[4].momentum = momentum
        found.load_state_dict(wanted.state_dict())
        originals = [found[1], found[4]]
        plugin = SharedBatchNorms()
        plugin.apply(found)
        batch = torch.rand(images, 3, 6, 6, dtype=torch.double)
        grad_output = torch.rand(images, 4, 4, 4, dtype=torch.double)
        (wanted(batch) * grad_output).sum().backward()
        share = batch[rank::2]
        if len(share):
            (found(share) * grad_output[rank::2]).sum().backward()
        else:
            with uncounted(found):
                (0 * found(torch.zeros(1, 3, 6, 6, dtype=torch.double)).sum()).backward()
        for one, other in zip(found.parameters(), wanted.parameters(), strict=True):
            dist.all_reduce(one.grad)
            torch.testing.assert_close(one.grad, other.grad)
        plugin.revert(found)
        assert [found[1], found[4]] == originals
        for one, other in zip(found.buffers(), wanted.buffers(), strict=True):
            torch.testing.assert_close(one, other)
        torch.testing.assert_close(found.eval()(batch), wanted.eval()(batch))
dist.destroy_process_group()
"""


@pytest.mark.slow
def test_gradients_and_statistics_are_those_of_the_whole_batch(tmp_path):
    commands = [
        [sys.executable, "-c", SCRIPT, str(rank), str(tmp_path / "store")] for rank in (0, 1)
    ]
    processes = [
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for command in commands
    ]
    for process in processes:
        _, stderr = process.communicate(timeout=120)
        assert process.returncode == 0, stderr

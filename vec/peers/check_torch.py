"""The same as check_jax.py in PyTorch."""

import torch


def forms(N):
    torch.set_num_threads(1)

    def prepare():
        a, b, c = torch.randn(3, N, N)
        return lambda: torch.mm(a, b, out=c)

    return {"product": prepare}

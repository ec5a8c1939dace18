"""The log-variance step (lv.py) in PyTorch, eager, one thread: loss and gradient.

The whole graph is kept and one backward() runs through it. Tiles of paths go through all time steps one after another, so
that the forward pass stays in cache. Recomputing in the reverse pass is slower: it costs more calls.
"""

import lv
import torch
import torch.nn.functional as F


def forms(d, K, B, H):
    torch.set_num_threads(1)
    torch.manual_seed(1)
    h = 1 / K
    times = torch.arange(K) * h
    places = lv.SPREAD * torch.randn(lv.MODES, d)
    frequencies = torch.linspace(lv.LOWEST, lv.HIGHEST, lv.FREQUENCIES)

    def gelu(z):
        return F.gelu(z, approximate="tanh")

    class Control(torch.nn.Module):
        def __init__(self):
            super().__init__()
            widths = [d, H, H, H, d]
            self.body = torch.nn.ModuleList(torch.nn.Linear(n, m) for n, m in zip(widths, widths[1:]))
            self.clock = torch.nn.ModuleList([torch.nn.Linear(2 * lv.FREQUENCIES, H), torch.nn.Linear(H, H)])
            self.phase = torch.nn.Parameter(torch.randn(lv.FREQUENCIES))

        def conditions(self):
            angle = times[:, None] * frequencies + self.phase
            first, then = self.clock
            return then(gelu(first(torch.cat([angle.sin(), angle.cos()], 1))))

        def forward(self, x, cond):
            first, *hidden, head = self.body
            z = F.linear(x, first.weight, first.bias + cond)
            for layer in hidden:
                z = layer(gelu(z))
            return head(gelu(z))

    def end(x):
        log_rho = torch.logsumexp(-0.5 * ((x[:, None] - places) ** 2).sum(2), 1)
        return log_rho + (x**2).sum(1) / (2 * lv.SIGMA**2) + lv.log_normal(d)

    def prepared(tile):
        net = Control()

        def paths(cond, xi):
            x, lw = torch.zeros(tile, d), torch.zeros(tile)
            for k in range(K):
                u = net(x, cond[k])
                v = u.detach()
                lw = lw - ((v - u / 2) * u * h + h**0.5 * xi[k] * u).sum(1)
                x = x + lv.SIGMA * (v * h + h**0.5 * xi[k])
            return lw + end(x)

        def step():
            for p in net.parameters():
                p.grad = None
            cond = net.conditions().unbind()
            xi = torch.randn(B // tile, K, tile, d)
            torch.cat([paths(cond, xi[i]) for i in range(B // tile)]).var().backward()

        return step

    return {f"tiles of {tile}" if tile < B else "all paths at once": lambda tile=tile: prepared(tile) for tile in (512, 1024, B)}

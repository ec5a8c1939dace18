"""A diffusion model trained in PyTorch, served as a transport and made exact by the host's weights.

Noise is added by B(x_k | x_{k+1}) = N(a x_{k+1}, (1 - a^2) s^2) on the grid alpha_k = sin(pi k / 2K), a = alpha_k /
alpha_{k+1}, so that x_k = alpha_k x_K + sqrt(1 - alpha_k^2) s eps: from the target at k = K to the reference
N(0, s^2 I) at k = 0. A net learns the mean D(x, k) and the log variance L(x, k) of x_K given x_k = x. The way back is

    F(x_{k+1} | x_k) = N(c1 x_k + c2 D, v + c2^2 e^L)

with c1, c2 and v those of the normal law of x_{k+1} given x_k and x_K. Training maximises the mean log F of noised
draws of a pilot, x_{k+1} integrated out (Sohl-Dickstein, Weiss, Maheswaranathan and Ganguli 2015; Ho, Jain and Abbeel
2020). A rough or small pilot, or a net that learned badly, costs effective sample size and nothing else: log B - log F
is exact for any net, and E[w] = Z.
"""

import io
import math
from pathlib import Path
from typing import Optional

import numpy as np
import torch

import sampan


class Net(torch.nn.Module):
    """x / s and the angle of k to standardised D and L; its last layer starts at zero, where F is exact for the target
    N(0, s^2 I).
    """

    def __init__(self, dim, width):
        super().__init__()
        self.dim = dim
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(dim + 8, width),
            torch.nn.SiLU(),
            torch.nn.Linear(width, width),
            torch.nn.SiLU(),
            torch.nn.Linear(width, width),
            torch.nn.SiLU(),
            torch.nn.Linear(width, 2 * dim),
        )
        torch.nn.init.zeros_(self.layers[-1].weight)
        torch.nn.init.zeros_(self.layers[-1].bias)

    def forward(self, x, angle):
        waves = angle[:, None] * torch.tensor([1.0, 2.0, 4.0, 8.0])
        out = self.layers(torch.cat([x, waves.sin(), waves.cos()], dim=1))
        return out[:, : self.dim], out[:, self.dim :]


class Diffusion(sampan.Transport):
    """A denoising diffusion in PyTorch, trained from a pilot."""

    needs_target = False

    def __init__(
        self,
        target: sampan.TransportTarget,
        scale: float = 4.0,  # s, about the target's standard deviation
        steps: int = 64,  # K
        width: int = 128,
        iterations: int = 3000,
        batch: int = 2048,
        learning_rate: float = 2e-3,
        weights: Optional[Path] = None,  # noqa: UP045 - a net that was trained before, net.safetensors
    ):
        self.target, self.scale, self.steps = target, scale, steps
        self.iterations, self.batch, self.learning_rate = iterations, batch, learning_rate
        self.reference = sampan.normal(np.zeros(target.dim), scale)
        torch.manual_seed(0)
        self.net = Net(target.dim, width)
        self.angle = np.arange(steps + 1) * np.pi / (2 * steps)
        alpha = np.sin(self.angle)
        self.alpha, self.noise = alpha, np.cos(self.angle)  # sqrt(1 - alpha^2)
        self.noise[-1] = 0.0
        self.a = alpha[:-1] / alpha[1:]
        self.b2 = 1 - self.a**2
        # x_{k+1} given x_k and x_K is N(c1 x_k + c2 x_K, v s^2)
        self.c1 = self.a * self.noise[1:] ** 2 / self.noise[:-1] ** 2
        self.c2 = alpha[1:] * self.b2 / self.noise[:-1] ** 2
        self.v = self.b2 * self.noise[1:] ** 2 / self.noise[:-1] ** 2
        if weights:
            self.load({"net.safetensors": weights.read_bytes()})

    def kernel(self, k, x):
        """Mean and variance of F(. | x_k = x), per coordinate; k and x are a step and its particles, (n, d)."""
        with torch.no_grad():
            inputs = torch.tensor(x / self.scale, dtype=torch.float32)
            mean, log_var = self.net(inputs, torch.full((len(x),), self.angle[k], dtype=torch.float32))
        mean, log_var = mean.numpy().astype(float), log_var.numpy().astype(float)
        denoised = self.alpha[k] * x + self.noise[k] * self.scale * mean
        variance = (self.noise[k] * self.scale) ** 2 * np.exp(log_var)
        return self.c1[k] * x + self.c2[k] * denoised, self.v[k] * self.scale**2 + self.c2[k] ** 2 * variance

    def segment(self, k, particles, draws):
        x, log_ratio = particles.x, np.zeros(len(particles.x))
        for i in range(self.steps):
            mean, variance = self.kernel(i, x)
            xi = draws.standard_normal(self.target.dim)
            y = mean + np.sqrt(variance) * xi
            log_ratio += self.log_backward(i, x, y) + 0.5 * (xi**2 + np.log(variance)).sum(axis=1)
            x = y
        return x, log_ratio

    def backward(self, k, particles, draws):
        y, log_ratio = particles.x, np.zeros(len(particles.x))
        for i in reversed(range(self.steps)):
            x = self.a[i] * y + np.sqrt(self.b2[i]) * self.scale * draws.standard_normal(self.target.dim)
            mean, variance = self.kernel(i, x)
            log_forward = -0.5 * ((y - mean) ** 2 / variance + np.log(variance)).sum(axis=1)
            log_ratio += self.log_backward(i, x, y) - log_forward
            y = x
        return y, log_ratio

    def log_backward(self, i, x, y):
        """log B(x | y), but for the constant that F has too."""
        variance = self.b2[i] * self.scale**2
        return -0.5 * ((x - self.a[i] * y) ** 2 / variance + np.log(variance)).sum(axis=1)

    def train(self, training):
        if not training.pilot:
            raise ValueError("Diffusion learns from a pilot's draws: none were given")
        pilot = training.pilot[-1]
        share = np.cumsum(np.exp(pilot.log_w - pilot.log_w.max()))
        optimiser = torch.optim.Adam(self.net.parameters())
        average = {name: p.clone() for name, p in self.net.state_dict().items()}
        if training.resume is not None:
            kept = torch.load(io.BytesIO(training.resume), weights_only=True)
            self.net.load_state_dict(kept["net"])
            optimiser.load_state_dict(kept["optimiser"])
            average = kept["average"]

        def state():
            out = io.BytesIO()
            torch.save({"net": self.net.state_dict(), "optimiser": optimiser.state_dict(), "average": average}, out)
            return out.getvalue()

        count = training.max_steps or self.iterations
        for step in training.steps(count, state):
            optimiser.param_groups[0]["lr"] = self.learning_rate * 0.5 * (1 + math.cos(math.pi * step / count))
            loss = self.loss(pilot.x, share, training.draws(self.batch))
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
            optimiser.step()
            with torch.no_grad():
                keep = min(0.998, (step + 1) / (step + 10))
                for name, p in self.net.state_dict().items():
                    average[name].mul_(keep).add_(p, alpha=1 - keep)
            training.report(loss.item(), phase="match")
        self.net.load_state_dict(average)

    def loss(self, pilot, share, draws):
        """The mean over a batch of -log F, summed over steps, a coordinate, above what the net starts from."""
        chosen = np.minimum(np.searchsorted(share, draws.random() * share[-1]), len(pilot) - 1)
        k = ((np.arange(draws.n) + draws.random()) * self.steps / draws.n).astype(int)  # stratified
        end = pilot[chosen] / self.scale
        x = self.alpha[k, None] * end + self.noise[k, None] * draws.standard_normal(self.target.dim)
        end, x, angle, alpha, noise, c2, v = (
            torch.tensor(a, dtype=torch.float32)
            for a in (end, x, self.angle[k], *(f[k, None] for f in (self.alpha, self.noise, self.c2, self.v)))
        )
        mean, log_var = self.net(x, angle)
        miss = end - alpha * x - noise * mean
        variance = v + c2**2 * noise**2 * log_var.exp()
        scale = v + c2**2 * noise**2
        return 0.5 * self.steps * ((c2**2 * miss**2 + v) / variance - 1 + (variance / scale).log()).mean()

    def save(self):
        return {"net.safetensors": sampan.safetensors.dumps({k: p.numpy() for k, p in self.net.state_dict().items()})}

    def load(self, files):
        arrays = sampan.safetensors.loads(files["net.safetensors"])
        self.net.load_state_dict({k: torch.from_numpy(a) for k, a in arrays.items()})

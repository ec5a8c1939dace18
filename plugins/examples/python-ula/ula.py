"""The annealed unadjusted Langevin bridge, with its reversal: a transport in numpy.

Between a normal reference and the target lie the densities gamma_beta = reference^(1-beta) target^beta. Step i goes
from beta_i to beta_{i+1} by one Langevin step without a Metropolis test,

    y = x + e (grad log gamma_{beta_i}(x) + v) + sqrt(2 e) xi,    xi ~ N(0, I)

and the kernel that would take it back is the same step at the other end, the drift v reversed:

    B(x | y) = N(y + e (grad log gamma_{beta_{i+1}}(y) - v), 2 e)

so that log B - log F = |xi|^2 / 2 - |x - mean of B|^2 / (4 e). However coarse the steps are, the weights that come of
it are exact; fine steps make them even. Forward at beta_i and backward at beta_{i+1}: with both at the same temperature
the weights stay exact and spread about three times as far.

With v = 0 this is annealed importance sampling by Langevin steps (Neal 2001; Heng, Bishop, Deligiannidis and Doucet
2020); a drift that is learned in place of v makes it controlled Monte Carlo diffusion (Vargas, Padhy, Blessing and
Nuesken 2024), one that is learned in the backward kernel alone Monte Carlo diffusion (Doucet, Grathwohl, Matthews and
Strathmann 2022).
"""

import numpy as np

import sampan


class Langevin(sampan.Transport):
    """Annealed unadjusted Langevin bridge from a normal reference."""

    def __init__(
        self,
        target: sampan.TransportTarget,
        steps: int = 32,  # Langevin steps in all
        step_size: float = 0.05,  # e
        segments: int = 4,  # the host may resample and move between them
        scale: float = 3.0,  # the reference's standard deviation
        velocity: list[float] = [],  # noqa: B006 - v, one number a coordinate; none: at rest
    ):
        if not target.has_grad:
            raise ValueError(f"target {target.name} has no gradient: Langevin steps need one")
        for name, value in (("steps", steps), ("step_size", step_size), ("scale", scale)):
            if value <= 0:
                raise sampan.ConfigError(name, value, "a number above zero")
        if velocity and len(velocity) != target.dim:
            raise sampan.ConfigError("velocity", velocity, f"a list of {target.dim} numbers, or none")
        self.target, self.e = target, step_size
        self.velocity = np.array(velocity or [0.0] * target.dim)
        self.reference = sampan.normal(np.zeros(target.dim), scale)
        beta = np.linspace(0.0, 1.0, steps + 1)
        self.beta_forward, self.beta_backward = beta[:-1], beta[1:]  # of each step's two kernels
        self.set_cuts(segments)

    def set_cuts(self, n):
        steps = len(self.beta_forward)
        self.ends = np.unique(np.linspace(0, steps, min(max(n, 1), steps) + 1).round().astype(int))
        self.cuts = (self.ends[1:] / steps).tolist()

    def scores(self, x):
        """Gradients of the log densities of reference and target, (2, n, d)."""
        return np.stack([self.reference.score(x), self.target.eval(x, grad=True)[1]])

    def mean_forward(self, i, x, scores):
        beta = self.beta_forward[i]
        return x + self.e * ((1 - beta) * scores[0] + beta * scores[1] + self.velocity)

    def mean_backward(self, i, y, scores):
        beta = self.beta_backward[i]
        return y + self.e * ((1 - beta) * scores[0] + beta * scores[1] - self.velocity)

    def segment(self, k, particles, draws):
        x, log_ratio = particles.x, np.zeros(len(particles.x))
        scores = self.scores(x)
        for i in range(self.ends[k - 1], self.ends[k]):
            xi = draws.standard_normal(self.target.dim)
            y = self.mean_forward(i, x, scores) + np.sqrt(2 * self.e) * xi
            scores = self.scores(y)
            r = x - self.mean_backward(i, y, scores)
            log_ratio += (xi**2).sum(axis=1) / 2 - (r**2).sum(axis=1) / (4 * self.e)
            x = y
        return x, log_ratio

    def backward(self, k, particles, draws):
        y, log_ratio = particles.x, np.zeros(len(particles.x))
        scores = self.scores(y)
        for i in reversed(range(self.ends[k - 1], self.ends[k])):
            xi = draws.standard_normal(self.target.dim)
            x = self.mean_backward(i, y, scores) + np.sqrt(2 * self.e) * xi
            scores = self.scores(x)
            r = y - self.mean_forward(i, x, scores)
            log_ratio += (r**2).sum(axis=1) / (4 * self.e) - (xi**2).sum(axis=1) / 2
            y = x
        return y, log_ratio

"""Sampan's Python SDK: write a log density in Python, sample it with Sampan; or write what moves the samples.

    import numpy as np
    import sampan

    @sampan.target(dim=2)
    def banana(x):  # x: (n, 2) array -> (n,) log densities
        return -0.5 * (x[:, 0] / 10) ** 2 - 0.5 * (x[:, 1] + 0.03 * x[:, 0] ** 2 - 3) ** 2

Put that in ``banana.py`` and ``use = "./banana.py"`` in the run file. The README has the rest: gradients, named
parameters, a prior and a likelihood apart, exact draws, derived outputs, configuration, transports.
"""

from __future__ import annotations

from . import _stdio as _stdio  # first: in a plugin's process it keeps stdout free from what later imports print
from . import random, safetensors
from .config import ConfigError, Family, family
from .params import Param, positive, real
from .plugin import main
from .reference import normal
from .target import Target, Term, likelihood, target
from .training import Level, Training
from .transport import Particles, Transport, TransportTarget

__version__ = "0.1.0"
__all__ = [
    "ConfigError",
    "Family",
    "Level",
    "Param",
    "Particles",
    "Target",
    "Term",
    "Training",
    "Transport",
    "TransportTarget",
    "family",
    "likelihood",
    "main",
    "normal",
    "positive",
    "random",
    "real",
    "safetensors",
    "target",
]

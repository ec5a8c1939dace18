"""A curved density in the plane: the README's ten lines, with the gradient and what is known exactly."""

import numpy as np

import sampan

KNOWN = {"log_z": np.log(20 * np.pi), "mean": [0, 0], "sd": [10, np.sqrt(19)], "source": "exact"}


@sampan.target(dim=2, known=KNOWN)
def banana(x):  # x: (n, 2) array -> (n,) log densities
    return -0.5 * (x[:, 0] / 10) ** 2 - 0.5 * (x[:, 1] + 0.03 * x[:, 0] ** 2 - 3) ** 2


@banana.grad
def _(x):  # (n, 2) -> (n, 2)
    r = x[:, 1] + 0.03 * x[:, 0] ** 2 - 3
    return np.stack([-x[:, 0] / 100 - 0.06 * x[:, 0] * r, -r], axis=1)

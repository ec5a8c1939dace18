"""Good, dies, hangs or raises by the first coordinate; prints as it goes."""

import ctypes
import os
import time

import numpy as np
import sampan

print("printed while it is imported")


@sampan.target(dim=2)
def banana(x):
    print("printed in a call")
    worst = x[:, 0].max()
    if worst > 4000:
        raise ValueError("the solver did not converge")
    if worst > 3000:
        ctypes.PyDLL(None).sleep(3600)  # holds the interpreter's lock
    if worst > 2000:
        time.sleep(3600)
    if worst > 1000:
        os._exit(7)
    return -0.5 * (x[:, 0] / 10) ** 2 - 0.5 * (x[:, 1] + 0.03 * x[:, 0] ** 2 - 3) ** 2


@banana.grad
def _(x):
    r = x[:, 1] + 0.03 * x[:, 0] ** 2 - 3
    return np.stack([-x[:, 0] / 100 - 0.06 * x[:, 0] * r, -r], axis=1)

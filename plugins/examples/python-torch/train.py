"""Train the diffusion on a mixture of nine normals without Sampan's host, and say what its weights are worth.

    python train.py [FOLDER]        writes FOLDER/net.safetensors

Draws of the mixture stand here for the pilot that `sampan train` makes.
"""

import sys
import time
from pathlib import Path

import numpy as np
import torch
from diffusion import Diffusion

import sampan
from sampan.random import Draws, Key

MEANS = np.array([[x, y] for x in (-5.0, 0.0, 5.0) for y in (-5.0, 0.0, 5.0)])
VARIANCE = 0.3


@sampan.target(dim=2, normalised=True, autograd=None)
def nine_modes(x):
    """Nine normals of equal weight on a grid."""
    square = ((x[:, None] - MEANS) ** 2).sum(axis=2) / (2 * VARIANCE)
    least = square.min(axis=1, keepdims=True)
    total = np.exp(least - square).sum(axis=1)
    return np.log(total / (9 * 2 * np.pi * VARIANCE)) - least[:, 0]


@nine_modes.sample
def _(draws):
    mode = (9 * draws.random()).astype(int)
    return MEANS[mode] + VARIANCE**0.5 * draws.standard_normal(2)


class Progress:
    """Prints how it goes."""

    def asked(self):
        return False, False

    def report(self, phase, step, of, loss, metrics):
        print(f"{phase} {step} of {of}: loss {loss:.3f}", flush=True)


def pilot(n=20_000):
    x = nine_modes.draws(Draws(Key.derive(1, "pilot"), 0, n), 2)
    zeros = np.zeros(n)
    return [sampan.Level(beta=1.0, x=x, log_ref=zeros, log_target=nine_modes.eval(x), log_w=zeros, log_z=0.0)]


def main(folder="."):
    torch.set_num_threads(1)
    model, start = Diffusion(nine_modes), time.process_time()
    model.train(sampan.Training(pilot=pilot(), report_every=5, listener=Progress()))
    seconds = time.process_time() - start
    for name, data in model.save().items():
        Path(folder, name).write_bytes(data)
    w = np.exp(model.log_weights(20_000))
    ess, error = w.mean() ** 2 / (w**2).mean(), w.std() / w.mean() / len(w) ** 0.5
    print(f"trained in {seconds:.0f} CPU s; log Z {np.log(w.mean()):+.4f} +- {error:.4f} (exactly 0), ESS {ess:.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])

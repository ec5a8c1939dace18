"""The logFP step of pinn_jax.py."""

from pinn_jax import equation


def forms(**shape):
    return equation(True, **shape)

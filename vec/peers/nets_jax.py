"""Perceptrons in JAX, as lists of (W, b), W with a row an input. float32 throughout."""

import jax
import jax.numpy as jnp


def perceptron(key, widths, head=1.0):
    """Normals of variance 1/inputs, no biases; the last layer times head."""
    layers = []
    for i, (n, m) in enumerate(zip(widths, widths[1:])):
        scale = n**-0.5 * (head if i == len(widths) - 2 else 1.0)
        layers.append((scale * jax.random.normal(jax.random.fold_in(key, i), (n, m)), jnp.zeros(m)))
    return layers


def affine(layer, x):
    """Of points that are columns, one feature a row: [inputs, points] to [outputs, points]."""
    w, b = layer
    return w.T @ x + b[:, None]


def affine_rows(layer, x):
    """The same of points that are rows."""
    w, b = layer
    return x @ w + b

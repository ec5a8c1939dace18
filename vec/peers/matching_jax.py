"""The bridge-matching step in JAX: draw B bridges from standard normals x₀ to points x₁ of a pilot run with scores g₁,

    X_t = (1−t) x₀ + t x₁ + √w ε,    w = t(1−t),

regress the two heads of a net on

    x₁ − x₀    and    λ (g₁ − x₀) − (1−λ) ε/√w,    λ = 1/(1 + V₁ w),  V₁ = mean g₁² + 1,  loss weight w + 1/V₁,

and take a step of Adam with a clipped gradient and a running average of the parameters.

The net is residual, three layers of H, SiLU, of x and five features of t; to the heads is added what is exact for a
standard normal target. Several steps are one compiled loop, as one trains. Forms differ in the number of samples that
go through the net at a time, and in whether a sample is a row or a column.
"""

import jax
import jax.numpy as jnp
from jax import lax
from nets_jax import affine, affine_rows, perceptron

PILOT = 20000
STEPS = 20
RATE, BETA1, BETA2, EPSILON, LONGEST, KEEP = 1e-3, 0.9, 0.999, 1e-8, 1.0, 0.998


def forms(d, B, H):
    key, points, start = jax.random.split(jax.random.key(1), 3)
    pilot = jax.random.normal(points, (PILOT, d))
    score = -pilot
    v1 = (score**2).mean() + 1
    net = perceptron(start, [d + 5, H, H, H, 2 * d], 0.1)

    def draw(key, rows):
        """Inputs, what the heads are fitted to, and the weight of the second; a sample is a row or a column of each."""
        axis, column, of_points = (1, (B, 1), (B, d)) if rows else (0, (1, B), (d, B))
        normals, uniforms, picks = jax.random.split(key, 3)
        x0, eps = jax.random.normal(normals, (2, *of_points))
        t = ((jnp.arange(B) + jax.random.uniform(uniforms, (B,))) / B).reshape(column)
        pick = jax.random.randint(picks, (B,), 0, PILOT)
        x1, g1 = (pilot[pick], score[pick]) if rows else (pilot.T[:, pick], score.T[:, pick])
        w = t * (1 - t)
        std, mix = jnp.sqrt(w), 1 / (1 + v1 * w)
        x = (1 - t) * x0 + t * x1 + std * eps
        base = (1 - t) ** 2 + t**2 + w
        drift = x1 - x0 - (2 * t - 1) / base * x
        slope = mix * (g1 - x0) - v1 * mix * std * eps + x / base  # (1−λ)/√w = V₁ λ √w
        u = jnp.pi * t
        features = [2 * t - 1, jnp.sin(u), jnp.cos(u), jnp.sin(2 * u), jnp.cos(2 * u)]
        return jnp.concatenate([x, *features], axis), drift, slope, w + 1 / v1

    def loss(net, inputs, drift, slope, weight, rows):
        apply = affine_rows if rows else affine
        h = jax.nn.silu(apply(net[0], inputs))
        for layer in net[1:-1]:
            h += jax.nn.silu(apply(layer, h))
        a, s = jnp.split(apply(net[-1], h), 2, 1 if rows else 0)
        return ((a - drift) ** 2 + weight * (s - slope) ** 2).sum() / (B * d)

    def gradient(net, samples, tile, rows):
        def cut(x):
            return x.reshape(-1, tile, x.shape[1]) if rows else x.reshape(len(x), -1, tile).swapaxes(0, 1)

        def add(total, samples):
            return jax.tree.map(jnp.add, total, jax.value_and_grad(loss)(net, *samples, rows)), None

        zero = 0.0, jax.tree.map(jnp.zeros_like, net)
        return lax.scan(add, zero, jax.tree.map(cut, samples))[0]

    def adam(state, grad):
        net, m, v, mean, i = state
        norm = jnp.sqrt(sum((g**2).sum() for g in jax.tree.leaves(grad)))
        clip = jnp.minimum(1, LONGEST / norm)
        m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * clip * g, m, grad)
        v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * (clip * g) ** 2, v, grad)
        rate, root = RATE / (1 - BETA1 ** (i + 1)), 1 / jnp.sqrt(1 - BETA2 ** (i + 1))
        net = jax.tree.map(lambda p, m, v: p - rate * m / (root * jnp.sqrt(v) + EPSILON), net, m, v)
        mean = jax.tree.map(lambda e, p: KEEP * e + (1 - KEEP) * p, mean, net)
        return net, m, v, mean, i + 1

    def prepared(tile, rows):
        @jax.jit
        def train(state, keys):
            def step(state, key):
                value, grad = gradient(state[0], draw(key, rows), tile, rows)
                return adam(state, grad), value

            return lax.scan(step, state, keys)

        zero = jax.tree.map(jnp.zeros_like, net)
        state, keys = (net, zero, zero, net, 0.0), jax.random.split(key, STEPS)

        def run():
            jax.block_until_ready(train(state, keys))

        run.steps = STEPS
        return run

    table = {}
    for tile in (128, 256, 512):  # fewer samples at a time, and the whole batch at once, are slower
        table[f"tiles of {tile} rows"] = lambda tile=tile: prepared(tile, True)
        table[f"tiles of {tile} columns"] = lambda tile=tile: prepared(tile, False)
    return table

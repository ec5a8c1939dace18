"""The gradients of the logCE and the logFP loss in JAX: the mean over B points (x, t) of r²,

    logCE   r = ∂_t V + div μ + μ·∇V          logFP   r = ∂_t V + div μ + μ·∇V − ½σ² (|∇V|² + ΔV)

of two perceptrons V and μ of (x, 2t − 1), three layers of H with tanh, with σ = 1. Derivatives are exact. In the tiled
forms they are propagated by hand as batched products (a Jacobian and, for logFP, a Laplacian, beside the values), and ∇V of
logCE comes by reverse mode; the gradient of that is JAX's. In the plain form all is left to JAX's transformations.
"""

import jax
import jax.numpy as jnp
from jax import lax
from nets_jax import affine, affine_rows, perceptron


def columns(w, jets):
    """[inputs, ..., points] to [outputs, ..., points] as one matrix product."""
    return (w.T @ jets.reshape(len(jets), -1)).reshape(w.shape[1], *jets.shape[1:])


def slope(net, x, s):
    """∇V and ∂V/∂s at points that are columns."""

    def total(x, s):
        z = jnp.concatenate([x, s[None]])
        for layer in net[:-1]:
            z = jnp.tanh(affine(layer, z))
        return affine(net[-1], z).sum()

    return jax.grad(total, (0, 1))(x, s)


def field(net, x, s):
    """μ and its divergence."""
    (w, _), *hidden, (last, _) = net
    h = jnp.tanh(affine(net[0], jnp.concatenate([x, s[None]])))
    jet = (1 - h * h)[:, None] * w[:-1].T[:, :, None]  # [features, d, points]
    for layer in hidden:
        h = jnp.tanh(affine(layer, h))
        jet = (1 - h * h)[:, None] * columns(layer[0], jet)
    return affine(net[-1], h), (jet * last[:, :, None]).sum((0, 1))


def potential(net, x, s):
    """∇V, ∂V/∂s and ΔV."""
    (w, _), *hidden, (last, _) = net
    h = jnp.tanh(affine(net[0], jnp.concatenate([x, s[None]])))
    d1, space = 1 - h * h, w[:-1].T
    jet, rate, lap = d1[:, None] * space[:, :, None], d1 * w[-1:].T, -2 * h * d1 * (space**2).sum(1)[:, None]
    for layer in hidden:
        w = layer[0]
        h, jet = jnp.tanh(affine(layer, h)), columns(w, jet)
        d1 = 1 - h * h
        rate = d1 * (w.T @ rate)
        lap = d1 * (w.T @ lap) - 2 * h * d1 * (jet * jet).sum(1)
        jet = d1[:, None] * jet
    last = last[:, 0]
    return jnp.tensordot(last, jet, 1), last @ rate, last @ lap


def batched(nets, x, t, fokker_planck):
    v, mu = nets
    x, s = x.T, 2 * t - 1
    m, div = field(mu, x, s)
    if not fokker_planck:
        grad, rate = slope(v, x, s)
        return 2 * rate + div + (m * grad).sum(0)
    grad, rate, lap = potential(v, x, s)
    return 2 * rate + div + (m * grad).sum(0) - ((grad * grad).sum(0) + lap) / 2


def plain(nets, x, t, fokker_planck):
    """Leaves the derivatives to JAX, point by point."""

    def net(layers, x, s):
        z = jnp.concatenate([x, s[None]])
        for layer in layers[:-1]:
            z = jnp.tanh(affine_rows(layer, z))
        return affine_rows(layers[-1], z)

    def residual(x, t):
        s, axes = 2 * t - 1, jnp.eye(len(x))
        slopes = jax.grad(lambda x, s: net(nets[0], x, s)[0], (0, 1))
        m, along = jax.linearize(lambda x: net(nets[1], x, s), x)
        grad, rate = slopes(x, s)
        r = 2 * rate + jnp.trace(jax.vmap(along)(axes)) + m @ grad
        if fokker_planck:
            _, along = jax.linearize(lambda x: slopes(x, s)[0], x)
            r -= (grad @ grad + jnp.trace(jax.vmap(along)(axes))) / 2
        return r

    return jax.vmap(residual)(x, t)


def equation(fokker_planck, d, B, H):
    v, mu, x, t = jax.random.split(jax.random.key(1), 4)
    nets = perceptron(v, [d + 1, H, H, H, 1], 0.1), perceptron(mu, [d + 1, H, H, H, d], 0.1)
    x, t = jax.random.normal(x, (B, d)), jax.random.uniform(t, (B,))

    def prepared(residual, tile):
        def loss(nets, x, t):
            return (residual(nets, x, t, fokker_planck) ** 2).sum() / B

        def gradient(nets, x, t):
            def add(total, points):
                return jax.tree.map(jnp.add, total, jax.value_and_grad(loss)(nets, *points)), None

            zero = 0.0, jax.tree.map(jnp.zeros_like, nets)
            return lax.scan(add, zero, (x.reshape(-1, tile, d), t.reshape(-1, tile)))[0]

        step = jax.jit(gradient)
        return lambda: jax.block_until_ready(step(nets, x, t))

    tiles = (16, 32, 64) if d > 16 else (64, 128, 256)  # what keeps the jets in cache
    table = {f"jets, tiles of {tile}": lambda tile=tile: prepared(batched, tile) for tile in tiles}
    table["plain transformations, tiles of 64"] = lambda: prepared(plain, 64)
    return table

"""A step of Gauss–Newton in sample space with momentum (SPRING) on the logCE residual in JAX: N points in d dimensions, two
perceptrons φ and μ of (x/3, five features of t), three layers of H, tanh, and a constant z,

    V = V₀ + t(1−t) φ − z t,        r = ∂_t V + div μ + μ·∇V,

where V₀ is the geometric path from N(0, 1) to N(0, ¼), whose derivatives are given. With J the Jacobian of r by all
parameters, row weights q = (1 + (r/2)²)^(−½) and the direction d of the step before,

    d ← 0.9 d + (qJ)ᵀ (qJJᵀq + λ I)⁻¹ (−q r − 0.9 qJ d).

The rows of J are gradients of single residuals, mapped over the points, and the system is solved by Cholesky, in float32.
"""

import jax
import jax.numpy as jnp
from jax import lax
from jax.flatten_util import ravel_pytree
from nets_jax import affine_rows, perceptron

STEPS = 10
SCALE = 1 / 3
MOMENTUM, DAMPING, SOFT, RATE, LONGEST = 0.9, 1e-4, 2.0, 0.01, 2.0


def forms(d, N, H):
    phi, mu, x, t = jax.random.split(jax.random.key(1), 4)
    widths = [d + 5, H, H, H]
    params = perceptron(phi, [*widths, 1], 0.1), perceptron(mu, [*widths, d], 0.1), jnp.zeros(())
    x, t = jax.random.normal(x, (N, d)), jax.random.uniform(t, (N,))
    grad0, rate0 = -(1 + 3 * t[:, None]) * x, -1.5 * (x**2).sum(1)
    flat, tree = ravel_pytree(params)

    def features(x, t):
        u = jnp.pi * t
        time = jnp.stack([2 * t - 1, jnp.sin(u), jnp.cos(u), jnp.sin(2 * u), jnp.cos(2 * u)])
        return jnp.concatenate([SCALE * x, time])

    def net(layers, h):
        for layer in layers[:-1]:
            h = jnp.tanh(affine_rows(layer, h))
        return affine_rows(layers[-1], h)

    def transformed(params, x, t, grad0, rate0):
        """The residual, derivatives by JAX's transformations."""
        phi, mu, z = params
        value, (grad, rate) = jax.value_and_grad(lambda x, t: net(phi, features(x, t))[0], (0, 1))(x, t)
        m, along = jax.linearize(lambda x: net(mu, features(x, t)), x)
        gain = t * (1 - t)
        return rate0 + gain * rate + (1 - 2 * t) * value - z + jnp.trace(jax.vmap(along)(jnp.eye(d))) + m @ (grad0 + gain * grad)

    def propagated(params, x, t, grad0, rate0):
        """The same with the divergence propagated by hand."""
        phi, mu, z = params
        value, (grad, rate) = jax.value_and_grad(lambda x, t: net(phi, features(x, t))[0], (0, 1))(x, t)
        h, jet = features(x, t), SCALE * jnp.eye(d, d + 5)
        for layer in mu[:-1]:
            h = jnp.tanh(affine_rows(layer, h))
            jet = (1 - h * h) * (jet @ layer[0])
        gain = t * (1 - t)
        m, div = affine_rows(mu[-1], h), (jet * mu[-1][0].T).sum()
        return rate0 + gain * rate + (1 - 2 * t) * value - z + div + m @ (grad0 + gain * grad)

    def prepared(residual, tile):
        def row(flat, *point):
            r, g = jax.value_and_grad(lambda flat: residual(tree(flat), *point))(flat)
            return g, r

        def step(state, _):
            flat, direction = state
            points = x, t, grad0, rate0
            rows = jax.vmap(row, (None, 0, 0, 0, 0))
            if tile < N:
                cut = [a.reshape(-1, tile, *a.shape[1:]) for a in points]
                jac, r = lax.map(lambda points: rows(flat, *points), cut)
                jac, r = jac.reshape(N, -1), r.reshape(N)
            else:
                jac, r = rows(flat, *points)
            q = (1 + (r / SOFT) ** 2) ** -0.5
            jac, b = q[:, None] * jac, -q * r
            gram = jac @ jac.T
            damped = gram + DAMPING * jnp.trace(gram) / N * jnp.eye(N)
            kept = MOMENTUM * direction
            solution = jax.scipy.linalg.solve(damped, b - jac @ kept, assume_a="pos")
            direction = kept + jac.T @ solution
            rate = jnp.minimum(RATE, LONGEST / jnp.linalg.norm(direction))
            return (flat + rate * direction, direction), (r**2).mean()

        run_steps = jax.jit(lambda flat: lax.scan(step, (flat, jnp.zeros_like(flat)), None, length=STEPS))

        def run():
            jax.block_until_ready(run_steps(flat))

        run.steps = STEPS
        return run

    table = {"transformations, all points at once": lambda: prepared(transformed, N)}
    for tile in (32, 96, N):
        name = f"jets, tiles of {tile}" if tile < N else "jets, all points at once"
        table[name] = lambda tile=tile: prepared(propagated, tile)
    return table

"""The log-variance step (lv.py) in JAX: loss and gradient.

All forms recompute the net in the reverse pass. They differ in whether a path's state is a row or a column of a matrix,
and in how many paths go through all time steps before the next: what is materialised then stays in cache.
"""

import jax
import jax.numpy as jnp
import lv
from jax import lax
from nets_jax import affine, affine_rows, perceptron


def forms(d, K, B, H):
    h = 1 / K
    key = jax.random.key(1)
    body, clock, phase, places, noise = jax.random.split(key, 5)
    params = dict(
        body=perceptron(body, [d, H, H, H, d]),
        clock=perceptron(clock, [2 * lv.FREQUENCIES, H, H]),
        phase=jax.random.normal(phase, (lv.FREQUENCIES,)),
    )
    places = lv.SPREAD * jax.random.normal(places, (lv.MODES, d))
    times = jnp.arange(K) * h
    frequencies = jnp.linspace(lv.LOWEST, lv.HIGHEST, lv.FREQUENCIES)

    def gelu(z):
        return jax.nn.gelu(z, approximate=True)

    def conditions(p):
        """What is added to the first pre-activation, a row a time step."""
        angle = times[:, None] * frequencies + p["phase"]
        x = jnp.concatenate([jnp.sin(angle), jnp.cos(angle)], 1)
        return affine_rows(p["clock"][1], gelu(affine_rows(p["clock"][0], x)))

    def control(net, cond, x, rows):
        apply = affine_rows if rows else affine
        (w, b), *hidden, head = net
        z = apply((w, b + cond), x)
        for layer in hidden:
            z = apply(layer, gelu(z))
        return apply(head, gelu(z))

    def end(x):
        """x: [B, d]"""
        log_rho = jax.nn.logsumexp(-0.5 * ((x[:, None] - places) ** 2).sum(2), 1)
        return log_rho + (x**2).sum(1) / (2 * lv.SIGMA**2) + lv.log_normal(d)

    def checkpointed():
        """As one writes it: a scan over time, checkpointed."""

        def loss(p, xi):
            @jax.checkpoint
            def body(carry, step):
                x, lw = carry
                cond, xi = step
                u = control(p["body"], cond, x, True)
                v = lax.stop_gradient(u)
                lw -= ((v - u / 2) * u * h + h**0.5 * xi * u).sum(1)
                return (x + lv.SIGMA * (v * h + h**0.5 * xi), lw), None

            (x, lw), _ = lax.scan(body, (jnp.zeros((B, d)), jnp.zeros(B)), (conditions(p), xi))
            return (lw + end(x)).var(ddof=1)

        return lambda p, key: jax.value_and_grad(loss)(p, jax.random.normal(key, (K, B, d)))

    def tiled(tile, rows):
        """Simulate tile by tile, then visit the tiles again with the cotangents of u, which are known by then."""
        axis, point = (1, (tile, d)) if rows else (0, (d, tile))

        def gradient(p, key):
            cond, to_clock = jax.vjp(conditions, p)
            net = p["body"]

            def simulate(xi):
                def step(carry, now):
                    x, lw = carry
                    c, xi = now
                    u = control(net, c, x, rows)
                    lw -= ((h / 2 * u + h**0.5 * xi) * u).sum(axis)
                    return (x + lv.SIGMA * (h * u + h**0.5 * xi), lw), x

                (x, lw), xs = lax.scan(step, (jnp.zeros(point), jnp.zeros(tile)), (cond, xi))
                return lw + end(x if rows else x.T), xs

            xi = jax.random.normal(key, (B // tile, K, *point))
            lw, xs = lax.map(simulate, xi)
            away = lw - lw.mean()
            weight = -2 / (B - 1) * h**0.5 * away

            def back(total, of_tile):
                weight, xs, xi = of_tile
                cotangent = weight[:, None] if rows else weight

                def step(sum_net, now):
                    x, xi, c = now
                    _, vjp = jax.vjp(lambda net, c: control(net, c, x, rows), net, c)
                    of_net, of_cond = vjp(cotangent * xi)
                    return jax.tree.map(jnp.add, sum_net, of_net), of_cond

                sum_net, of_cond = lax.scan(step, total[0], (xs, xi, cond))
                return (sum_net, total[1] + of_cond), None

            zero = jax.tree.map(jnp.zeros_like, net), jnp.zeros_like(cond)
            (of_net, of_cond), _ = lax.scan(back, zero, (weight, xs, xi))
            (grad,) = to_clock(of_cond)
            return (away**2).sum() / (B - 1), grad | dict(body=of_net)

        return gradient

    def prepared(gradient):
        step, count = jax.jit(gradient), iter(range(1 << 30))
        return lambda: jax.block_until_ready(step(params, jax.random.fold_in(noise, next(count))))

    table = {"checkpointed scan": checkpointed}
    for tile in (128, 256, 512):
        table[f"tiles of {tile} rows"] = lambda tile=tile: tiled(tile, True)
        table[f"tiles of {tile} columns"] = lambda tile=tile: tiled(tile, False)
    return {name: lambda make=make: prepared(make()) for name, make in table.items()}

"""A product of two square matrices in JAX: shows which instructions its libraries use, whatever they were told."""

import jax
from jax import lax

COUNT = 20


def forms(N):
    def prepare():
        a, b = jax.random.normal(jax.random.key(1), (2, N, N))
        run = jax.jit(lambda a, b: lax.fori_loop(0, COUNT, lambda _, b: a @ b * N**-0.5, b))

        def step():
            run(a, b).block_until_ready()

        step.steps = COUNT
        return step

    return {"product": prepare}

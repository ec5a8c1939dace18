"""What the log-variance step of JAX, of PyTorch and of `sampan bench core` have in common.

Paths x_{k+1} = x_k + σ (u(x_k, t_k) h + √h ξ_k) from 0 in d dimensions, K uniform steps to time 1, σ = 3. The log weight is

    lw = log ρ(x_K) − log N(x_K; 0, σ²) − Σ_k (½|u_k|² h + √h u_k·ξ_k)

and the loss its variance over B paths, these taken as given. u is a perceptron with three layers of H and GELU (the form
with tanh); to the first pre-activation is added what a net of one hidden layer makes of t: 64 features, sines and cosines
of 32 frequencies with learned phases. log ρ is a mixture of 40 equal normals at places of standard deviation 4.
"""

import math

SIGMA = 3.0
MODES = 40
SPREAD = 4.0
FREQUENCIES = 32
LOWEST, HIGHEST = 0.1, 100.0


def log_normal(d):
    """The constant part of −log N(x; 0, σ²)."""
    return d / 2 * math.log(2 * math.pi * SIGMA**2)

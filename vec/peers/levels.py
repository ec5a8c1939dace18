"""Instruction sets, and how each program is held to one.

Sampan takes SAMPAN_CPU. PyTorch takes ATEN_CPU_CAPABILITY for its own kernels; its matrix products are MKL's or oneDNN's.
JAX has two libraries for products, YNNPACK (its default) and oneDNN, and what XLA compiles itself obeys xla_cpu_max_isa.
Nothing holds YNNPACK back, so that below the machine's best level only oneDNN is a fair peer there: the check of products
that goes with every run shows it. XLA takes vectors of half the width where the machine has AVX-512 unless told otherwise;
told otherwise it is faster on every step here.
"""

import dataclasses
import os


@dataclasses.dataclass(frozen=True)
class Level:
    name: str  # as vec.Level of Sampan
    sampan: dict  # environment
    torch: dict
    jax: dict  # by the library for products


SINGLE = "--xla_cpu_multi_thread_eigen=false"
ONEDNN = "--xla_cpu_experimental_ynn_fusion_type="
WIDE = "--xla_cpu_prefer_vector_width=512"


def _flags():
    try:
        with open("/proc/cpuinfo") as f:
            return next((set(line.split()) for line in f if line.startswith("flags")), set())
    except OSError:
        return set()


def levels():
    """Those that this machine has, best first."""
    flags = _flags()
    wide = {"avx512f", "avx512bw", "avx512dq", "avx512vl"} <= flags
    products = {"YNNPACK": [SINGLE], "oneDNN": [SINGLE, ONEDNN]}
    have = []
    if wide:
        have.append(Level("avx512", {}, {}, {k: {"XLA_FLAGS": " ".join([*v, WIDE])} for k, v in products.items()}))
    if {"avx2", "fma"} <= flags:
        limits, jax = {}, products
        if wide:
            limits = {
                "ATEN_CPU_CAPABILITY": "avx2",
                "MKL_ENABLE_INSTRUCTIONS": "AVX2",
                "ONEDNN_MAX_CPU_ISA": "AVX2",
                "OPENBLAS_CORETYPE": "Haswell",  # SciPy's, for JAX's factorisations
            }
            jax = {"oneDNN": [SINGLE, ONEDNN, "--xla_cpu_max_isa=AVX2"]}
        have.append(Level("avx2", {"SAMPAN_CPU": "avx2"}, limits, {k: {"XLA_FLAGS": " ".join(v)} | limits for k, v in jax.items()}))
    return have


def environment(extra):
    """One thread, and nothing that the caller's environment says about instruction sets or libraries."""
    mine = ("SAMPAN_CPU", "XLA_FLAGS", "OPENBLAS_CORETYPE", "ATEN_CPU_CAPABILITY", "MKL_ENABLE_INSTRUCTIONS", "ONEDNN_MAX_CPU_ISA")
    kept = {key: value for key, value in os.environ.items() if key not in mine}
    return kept | dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1") | {"JAX_PLATFORMS": "cpu"} | extra

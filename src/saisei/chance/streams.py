"""Counter-based random streams: every draw is a pure function of its key and its counter.

Philox4x32-10 with the key (seed, person) and the counter (block, step, purpose, retry). Nothing is
carried from one draw to the next, so person i depends on (seed, i) alone: the same bits for any batch,
order and number of workers, and 1,000 people are the prefix of 10,000. Draw k of a stream is word k % 4
of block k // 4. One uniform gives one normal (inverse distribution function), so draws stay paired.

Sources: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11 (2011), for
Philox; Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Appl. Statist. 37
(1988), for the inverse.
"""

from __future__ import annotations

import math
import re
import sys
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from saisei.errors import InputError

__all__ = [
    "PURPOSES",
    "SEED_LIMIT",
    "compiled",
    "fill_normals",
    "fill_uniforms",
    "normal_of",
    "philox",
    "philox_plain",
    "require_seed",
    "uniform_rows",
    "uniforms_plain",
]

F = TypeVar("F", bound=Callable[..., Any])

SEED_LIMIT = 1 << 32
"""Seeds and person numbers are words of 32 bits: 0 to SEED_LIMIT - 1."""

PURPOSES: dict[str, int] = {
    "who": 1,  # age, exam day and other facts of a person
    "injury": 2,  # the injury as it was sampled
    "course": 3,  # rates of recovery
    "examiner_stable": 4,  # what is the same at each exam of a person
    "examiner_exam": 5,  # what is new at each exam; the step is the visit
    "treatment": 6,
    "drop_out": 7,
    "therapy_world": 21,  # one draw of every prior of the therapy, shared by the people of a world
    "therapy_person": 22,  # how one person and one graft differ from the next
    "graft_course": 23,  # births, deaths and fates of single cells; the step is the time step
    "scanner": 24,  # noise of a volume read from an image; the step is the day
    "gaps": 30,  # not-testable items and flags
    "visits": 31,  # on which day a visit really is, and whether it is missed
    "care": 32,  # the unknown effect of extra training, one for a cohort (person 0)
    "walking": 33,
    "potentials": 34,  # motor evoked potentials
    "transitional": 35,  # the statistical benchmark
    "donor": 40,  # the key is (seed, donor), as below (seed, line), (seed, lot)
    "line": 41,
    "lot": 42,
    "release": 43,  # what the tests of a lot read
    "host_hla": 44,  # the two haplotypes of a person
    "assay": 45,  # errors of what could be measured
    "design_trial": 50,  # one simulated trial of a design; the key is (seed, run)
    "dose_trial": 51,  # one simulated dose finding
    "scale_person": 60,  # start, slope, response and death of a person on a scale of another condition
    "scale_visit": 61,  # noise of a visit; the step is the visit
    "scale_trial": 62,  # what the people of one trial share: shares of an ordinal scale
}
"""What a stream is for: a name selects it, never a position. Numbers are never used twice or reused."""

_IMPORT = re.compile(rb"^from (saisei(?:\.\w+)+) import", re.MULTILINE)

_MASK = 0xFFFFFFFF
_M0, _M1 = 0xD2511F53, 0xCD9E8D57
_W0, _W1 = 0x9E3779B9, 0xBB67AE85
_ROUNDS = 10

# AS 241, double precision: the centre (A over B) and the tail (C over D).
_A = (3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
      1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
      3.3430575583588128105e4, 2.5090809287301226727e3)  # fmt: skip
_B = (1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
      2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
      5.2264952788528545610e3)  # fmt: skip
_C = (1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
      3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
      2.27238449892691845833e-2, 7.74545014278341407640e-4)  # fmt: skip
_D = (1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
      1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
      1.05075007164441684324e-9)  # fmt: skip


def compiled(function: F) -> F:
    """Compile with the settings of all kernels: cached, without the interpreter's lock, stable bits.

    Only fused multiply-add is allowed of the fast maths: bits then do not depend on vector width.
    """
    compiler = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
    kernel: Any = compiler(function)
    # The library asks only whether the function's own file has changed. A kernel is made of the functions
    # and constants it imports too, and the machine code kept on disk must not outlive those.
    kept = getattr(getattr(kernel, "_cache", None), "_cache_file", None)
    if kept is not None:
        kept._source_stamp = (kept._source_stamp, _sources(function.__module__))
    return cast(F, kernel)


@cache
def _sources(module: str) -> int:
    """A checksum over the source of a module and of all that it imports from this package."""
    texts: dict[str, bytes] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        file = getattr(sys.modules.get(name), "__file__", None)
        if name in texts or file is None or not Path(file).is_file():
            continue
        texts[name] = Path(file).read_bytes()
        waiting += [found.decode() for found in _IMPORT.findall(texts[name])]
    return zlib.crc32(b"".join(texts[name] for name in sorted(texts)))


@compiled
def philox(
    c0: int, c1: int, c2: int, c3: int, k0: int, k1: int
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """Four words of 32 bits (held in 64) of Philox4x32-10.

    Args:
        c0, c1, c2, c3: the counter, words of 32 bits.
        k0, k1: the key, words of 32 bits.
    """
    mask, shift = np.uint64(_MASK), np.uint64(32)
    x0, x1, x2, x3 = np.uint64(c0), np.uint64(c1), np.uint64(c2), np.uint64(c3)
    a, b = np.uint64(k0), np.uint64(k1)
    for _ in range(_ROUNDS):
        p0 = np.uint64(_M0) * x0
        p1 = np.uint64(_M1) * x2
        x0 = (p1 >> shift) ^ x1 ^ a
        x2 = (p0 >> shift) ^ x3 ^ b
        x1 = p1 & mask
        x3 = p0 & mask
        a = (a + np.uint64(_W0)) & mask
        b = (b + np.uint64(_W1)) & mask
    return x0, x1, x2, x3


@compiled
def normal_of(u: float) -> float:
    """The standard normal quantile of u in (0, 1), u from a word of 32 bits; AS 241, 1e-15."""
    q = u - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        above = ((((((_A[7] * r + _A[6]) * r + _A[5]) * r + _A[4]) * r + _A[3]) * r + _A[2]) * r
                 + _A[1]) * r + _A[0]  # fmt: skip
        below = ((((((_B[7] * r + _B[6]) * r + _B[5]) * r + _B[4]) * r + _B[3]) * r + _B[2]) * r
                 + _B[1]) * r + _B[0]  # fmt: skip
        return q * above / below
    # The smallest uniform of a 32-bit word, 2**-33, stays inside the near tail of AS 241.
    r = math.sqrt(-math.log(0.5 - abs(q))) - 1.6
    above = ((((((_C[7] * r + _C[6]) * r + _C[5]) * r + _C[4]) * r + _C[3]) * r + _C[2]) * r
             + _C[1]) * r + _C[0]  # fmt: skip
    below = ((((((_D[7] * r + _D[6]) * r + _D[5]) * r + _D[4]) * r + _D[3]) * r + _D[2]) * r
             + _D[1]) * r + _D[0]  # fmt: skip
    return math.copysign(above / below, q)


@compiled
def _unit(word: np.uint64) -> float:
    return (np.float64(np.int64(word)) + 0.5) * 2.0**-32


@compiled
def fill_uniforms(
    out: NDArray[np.float64], seed: int, person: int, step: int, purpose: int, retry: int
) -> None:
    """Fill `out` (n,) with the first n uniforms in (0, 1) of one stream.

    Args:
        out: where they go.
        seed, person: the key, 0 to 2**32 - 1.
        step: the visit, or 0.
        purpose: a number of `PURPOSES`.
        retry: the number of the attempt, where people are drawn until one fits.
    """
    n = len(out)
    for block in range((n + 3) // 4):
        w0, w1, w2, w3 = philox(block, step, purpose, retry, seed, person)
        at = 4 * block
        out[at] = _unit(w0)
        if at + 1 < n:
            out[at + 1] = _unit(w1)
        if at + 2 < n:
            out[at + 2] = _unit(w2)
        if at + 3 < n:
            out[at + 3] = _unit(w3)


@compiled
def fill_normals(
    out: NDArray[np.float64], seed: int, person: int, step: int, purpose: int, retry: int
) -> None:
    """Fill `out` (n,) with standard normals: the quantiles of the uniforms of the same stream."""
    fill_uniforms(out, seed, person, step, purpose, retry)
    for i in range(len(out)):
        out[i] = normal_of(out[i])


@compiled
def uniform_rows(
    seed: int, keys: NDArray[np.int64], attempts: NDArray[np.int64], purpose: int, width: int
) -> NDArray[np.float64]:
    """The first `width` uniforms of many streams, (n, width); row i is of (seed, keys[i], attempts[i])."""
    rows = np.empty((len(keys), width))
    for i in range(len(keys)):
        fill_uniforms(rows[i], seed, keys[i], 0, purpose, attempts[i])
    return rows


def philox_plain(counter: tuple[int, ...], key: tuple[int, int]) -> tuple[int, ...]:
    """Philox4x32-10 in plain whole numbers, word for word as the paper has it: the reference.

    >>> [f"{word:08x}" for word in philox_plain((0, 0, 0, 0), (0, 0))]
    ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
    """
    x0, x1, x2, x3 = counter
    a, b = key
    for _ in range(_ROUNDS):
        p0, p1 = _M0 * x0, _M1 * x2
        x0, x1, x2, x3 = (p1 >> 32) ^ x1 ^ a, p1 & _MASK, (p0 >> 32) ^ x3 ^ b, p0 & _MASK
        a, b = (a + _W0) & _MASK, (b + _W1) & _MASK
    return x0, x1, x2, x3


def uniforms_plain(
    n: int, seed: int, person: int, step: int, purpose: int, retry: int
) -> list[float]:
    """The first n uniforms of a stream, plainly: the reference of `fill_uniforms`."""
    words: list[int] = []
    for block in range(-(-n // 4)):
        words += philox_plain((block, step, purpose, retry), (seed, person))
    return [(word + 0.5) * 2.0**-32 for word in words[:n]]


def require_seed(seed: int) -> int:
    """Return the seed if it is a whole number from 0 to 2**32 - 1, or raise an InputError.

    >>> require_seed(1)
    1
    """
    if isinstance(seed, bool) or seed != int(seed) or not 0 <= seed < SEED_LIMIT:
        raise InputError(
            f"the seed is {seed}: it must be a whole number from 0 to {SEED_LIMIT - 1}"
        )
    return int(seed)

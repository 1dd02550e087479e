"""Measures the rows with JAX: the same work as in cases_*.cpp, the protocol of protocol.h.

What is timed is a call of a jitted function until its results are ready; compiling is not timed.
The weights of linear layers are (in, out), as usual in JAX.
"""

import os
from functools import partial

import peer

# JAX has as many threads as these variables say when it starts (NPROC is the older name); XLA_FLAGS
# do not limit them. So measure.cpp starts a process for each number of threads.
THREADS = int(os.environ.setdefault("PJRT_NPROC", str(os.cpu_count())))
os.environ["NPROC"] = os.environ["PJRT_NPROC"]
os.environ["JAX_PLATFORMS"] = "cpu"

try:
    import jax
    import jax.numpy as jnp
    import numpy as np
    from jax.tree_util import tree_map
    # Then a short call does not wait for another thread: 5.6 instead of 9.2 us for 16 x 16 x 16.
    jax.config.update("jax_cpu_enable_async_dispatch", False)
except Exception as error:
    peer.absent(f"import jax: {error}")

random = np.random.default_rng(1)


def randn(*shape, scale=1.0):
    return jnp.asarray(scale * random.standard_normal(shape, np.float32))


def randint(limit, *shape):
    return jnp.asarray(random.integers(limit, size=shape, dtype=np.int32))


def product(a, b):
    """The sums are float32. XLA is slow where bfloat16 factors give a bfloat16 product."""
    return jnp.matmul(a, b, preferred_element_type=jnp.float32)


def layer_norm(x, weight, bias):
    mean = x.mean(-1, keepdims=True)
    variance = jnp.square(x - mean).mean(-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * weight + bias


def cross_entropy(logits, targets):
    picked = jnp.take_along_axis(logits, targets[:, None], -1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(logits, -1) - picked)


def attention(q, k, v, causal=True):
    """For (B, heads, T, D). jax.nn.dot_product_attention takes 1.7 times as long on CPUs."""
    scores = product(q, jnp.swapaxes(k, 2, 3)) * q.shape[-1] ** -0.5
    if causal:
        scores = jnp.where(jnp.tri(q.shape[2], k.shape[2], dtype=bool), scores, -jnp.inf)
    return product(jax.nn.softmax(scores, -1).astype(v.dtype), v)


GPT2 = peer.GPT2


def make_gpt(vocabulary, context, C, heads, layers, bias):
    """The parameters; all functions below get the number of heads as an argument of its own."""

    def linear(inputs, outputs, bias=True):
        weight = randn(inputs, outputs, scale=inputs**-0.5)
        return (weight, jnp.zeros(outputs)) if bias else (weight,)

    def norm():
        return jnp.ones(C), jnp.zeros(C)

    def block():
        return dict(norm1=norm(), norm2=norm(), qkv=linear(C, 3 * C, bias), out=linear(C, C),
                    up=linear(C, 4 * C), down=linear(4 * C, C))

    return dict(tok=randn(vocabulary, C, scale=0.02), pos=randn(context, C, scale=0.02),
                blocks=[block() for _ in range(layers)], norm=norm())


def linear(x, weight, *bias, dtype):
    """Multiplies as numbers of `dtype`."""
    y = product(x.astype(dtype), weight.astype(dtype)).astype(x.dtype)
    return y + bias[0] if bias else y


def gpt_block(x, p, heads, dtype, cache=None):
    B, T, C = x.shape
    qkv = linear(layer_norm(x, *p["norm1"]), *p["qkv"], dtype=dtype)
    q, k, v = qkv.reshape(B, T, 3, heads, C // heads).transpose(2, 0, 3, 1, 4).astype(dtype)
    if cache is not None:  # keys and values of all tokens; x is the last one
        cache = [old.at[:, :, -1:].set(new) for old, new in zip(cache, (k, v))]
        k, v = cache
    y = jnp.swapaxes(attention(q, k, v, causal=cache is None), 1, 2).reshape(B, T, C)
    x = x + linear(y.astype(x.dtype), *p["out"], dtype=dtype)
    hidden = linear(layer_norm(x, *p["norm2"]), *p["up"], dtype=dtype)
    return x + linear(jax.nn.gelu(hidden, approximate=True), *p["down"], dtype=dtype), cache


def gpt_logits(p, x, dtype):
    return product(layer_norm(x, *p["norm"]).astype(dtype), p["tok"].T.astype(dtype))


def gpt(p, ids, heads, dtype, last_only=False):
    x = p["tok"][ids] + p["pos"][:ids.shape[1]]
    if isinstance(p["blocks"], list):
        for block in p["blocks"]:
            x, _ = gpt_block(x, block, heads, dtype)
    else:
        x, _ = jax.lax.scan(lambda x, block: gpt_block(x, block, heads, dtype), x, p["blocks"])
    return gpt_logits(p, x[:, -1:] if last_only else x, dtype)


def adamw(p, gradient, m, v, step):
    m = 0.9 * m + 0.1 * gradient
    v = 0.999 * v + 0.001 * jnp.square(gradient)
    update = m / (1 - 0.9**step) / (jnp.sqrt(v / (1 - 0.999**step)) + 1e-8)
    return p - 1e-4 * (0.1 * p + update), m, v


@partial(jax.jit, static_argnames=("heads", "clip", "dtype"), donate_argnums=0)
def train(state, ids, targets, heads, clip, dtype):
    """Forward, cross-entropy, backward, clipping, AdamW; the state is updated in place."""

    def loss_of(p):
        logits = gpt(p, ids, heads, dtype)
        return cross_entropy(logits.reshape(targets.size, -1), targets)

    p, m, v, step = state
    loss, gradients = jax.value_and_grad(loss_of)(p)
    if clip:
        norm = jnp.sqrt(sum(jnp.vdot(g, g) for g in jax.tree.leaves(gradients)))
        factor = jnp.minimum(1, clip / (norm + 1e-6))
        gradients = tree_map(lambda g: g * factor, gradients)
    new = tree_map(lambda *all: adamw(*all, step + 1), p, gradients, m, v)
    p, m, v = jax.tree.transpose(jax.tree.structure(p), jax.tree.structure((0, 0, 0)), new)
    return (p, m, v, step + 1), loss


def training_step(size, B, T, clip, variant):
    p = make_gpt(**size)
    # A scan over the blocks: unrolled, the time of the backward grows faster than their number
    # (1, 2, 3, 4 blocks of nanoGPT's: 13, 32, 60, 108 ms, 1 thread).
    p["blocks"] = tree_map(lambda *w: jnp.stack(w), *p["blocks"])
    m, v = tree_map(jnp.zeros_like, p), tree_map(jnp.zeros_like, p)
    ids, targets = randint(size["vocabulary"], B, T), randint(size["vocabulary"], B * T)
    dtype = jnp.bfloat16 if variant == "autocast" else jnp.float32
    box = [(p, m, v, jnp.float32(0))]
    del p, m, v

    def run():
        box[0], loss = train(box[0], ids, targets, size["heads"], clip, dtype)
        return jax.block_until_ready((box[0], loss))

    return None, run


def generator(variant):
    """GPT-2's parameters, and their dtype."""
    dtype = jnp.bfloat16 if variant == "bfloat16" else jnp.float32
    return tree_map(lambda w: w.astype(dtype), make_gpt(**GPT2)), dtype


def last_logits(T, variant):
    p, dtype = generator(variant)
    ids = randint(GPT2["vocabulary"], 1, T)
    forward = jax.jit(lambda p, ids: gpt(p, ids, GPT2["heads"], dtype, last_only=True))
    return None, lambda: forward(p, ids).block_until_ready()


def cached_token(T, variant):
    p, dtype = generator(variant)
    token = randint(GPT2["vocabulary"], 1, 1)
    sizes = (1, GPT2["heads"], T, GPT2["C"] // GPT2["heads"])
    box = [[[randn(*sizes).astype(dtype) for _ in range(2)] for _ in p["blocks"]]]

    @partial(jax.jit, donate_argnums=2)
    def forward(p, token, caches):
        x = p["tok"][token] + p["pos"][T - 1:T]
        new = []
        for block, cache in zip(p["blocks"], caches):
            x, cache = gpt_block(x, block, GPT2["heads"], dtype, cache)
            new.append(cache)
        return gpt_logits(p, x, dtype), new

    def run():
        logits, box[0] = forward(p, token, box[0])
        return jax.block_until_ready((logits, box[0]))

    return None, run


def model_case(name, variant):
    return peer.model_case(name, variant, training_step, last_logits, cached_token)


def make_op(name):
    """A function and the arrays that it is differentiated by."""
    if name == "softmax":
        return lambda x: jax.nn.softmax(x, -1), [randn(4, 12, 256, 256)]
    if name == "layer_norm":
        return layer_norm, [randn(1024, 768), randn(768), randn(768)]
    if name in ("gelu", "gelu_tanh"):
        return partial(jax.nn.gelu, approximate=name == "gelu_tanh"), [randn(1024, 3072)]
    if name == "cross_entropy":
        targets = randint(50257, 256)
        return lambda x: cross_entropy(x, targets), [randn(256, 50257)]
    if name == "embedding":
        ids = randint(50257, 256)
        return lambda weight: weight[ids], [randn(50257, 768)]
    if name == "index_ids":
        ids = randint(4096, 4096)
        return lambda x: x[ids], [randn(4096, 768)]
    if name == "index_mask":
        mask = random.random((4096, 768)) > 0.5
        return lambda x: x[mask], [randn(4096, 768)]
    if name == "attention":
        return attention, [randn(4, 12, 256, 64) for _ in range(3)]
    if name in ("linear", "linear_head"):
        out = 3072 if name == "linear" else 50257
        leaves = [randn(256, 768), randn(768, out), randn(out)]
        return lambda x, weight, bias: x @ weight + bias, leaves
    raise ValueError(f"no row op/{name}")


def op_case(name, direction, variant):
    """Forward without what backward needs later. Backward alone: jax.vjp, jitted, returns the
    backward with the arrays that it needs, and this one is jitted and timed."""
    op, leaves = make_op(name)
    if variant == "bfloat16":
        leaves = [x.astype(jnp.bfloat16) for x in leaves]
    # The size of x[mask] depends on the mask, so XLA cannot compile it: it runs op by op.
    jit = (lambda f: f) if name == "index_mask" else jax.jit
    if direction == "forward":
        forward = jit(op)
        return None, lambda: forward(*leaves).block_until_ready()
    forward = jit(lambda *leaves: jax.vjp(op, *leaves))
    backward = jit(lambda vjp, dy: vjp(dy))
    state = {}

    def prepare():
        state.clear()
        y, state["vjp"] = jax.block_until_ready(forward(*leaves))
        state["dy"] = jnp.ones_like(y).block_until_ready()

    def run():
        state["gradients"] = jax.block_until_ready(backward(state["vjp"], state["dy"]))

    return prepare, run


@partial(jax.jit, static_argnames=("layout", "dtype"))
def gemm(A, B, layout, dtype):
    A = A.T if layout == "TN" else A
    B = B.T if layout == "NT" else B
    return product(A.astype(dtype), B.astype(dtype))


def gemm_case(shape, layout, variant):
    M, N, K = map(int, shape.split("x"))
    A = randn(K, M) if layout == "TN" else randn(M, K)
    B = randn(N, K) if layout == "NT" else randn(K, N)
    dtype = jnp.bfloat16 if variant else jnp.float32
    if variant == "bfloat16":
        A, B = A.astype(dtype), B.astype(dtype)
    return None, lambda: gemm(A, B, layout, dtype).block_until_ready()


CASES = {"gemm": gemm_case, "model": model_case, "op": op_case}
current, work = None, None


def answer(row, threads, seconds):
    global current, work
    if threads != THREADS:
        raise ValueError(f"JAX started with {THREADS} threads")
    if row != current:
        work = current = None
        work = peer.find_case(row, CASES)
        for call in work:
            call and call()
        current = row
    return peer.best_time(*work, seconds)


peer.serve(f"JAX {jax.__version__}", answer)

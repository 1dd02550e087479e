"""Measures the rows with PyTorch: the same work as in cases_*.cpp, the protocol of protocol.h."""

import resource

import peer

try:
    import torch
    import torch.nn.functional as F
    from torch import nn
except Exception as error:
    peer.absent(f"import torch: {error}")


class Block(nn.Module):
    def __init__(self, C, heads, bias):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(C), nn.LayerNorm(C)
        self.qkv = nn.Linear(C, 3 * C, bias=bias)
        self.out = nn.Linear(C, C)
        self.up, self.down = nn.Linear(C, 4 * C), nn.Linear(4 * C, C)

    def forward(self, x, cache=None):
        B, T, C = x.shape
        qkv = self.qkv(self.norm1(x)).view(B, T, 3, self.heads, C // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        if cache is not None:  # keys and values of all tokens; x is the last one
            cache[0][:, :, -1:], cache[1][:, :, -1:] = k, v
            k, v = cache
        y = F.scaled_dot_product_attention(q, k, v, is_causal=cache is None)
        x = x + self.out(y.transpose(1, 2).reshape(B, T, C))
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


class Gpt(nn.Module):
    def __init__(self, vocabulary, context, C, heads, layers, bias, last_only=False):
        super().__init__()
        self.tok, self.pos = nn.Embedding(vocabulary, C), nn.Embedding(context, C)
        self.blocks = nn.ModuleList(Block(C, heads, bias) for _ in range(layers))
        self.norm = nn.LayerNorm(C)
        self.last_only = last_only

    def forward(self, ids):
        x = self.tok(ids) + self.pos(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x)
        if self.last_only:
            x = x[:, -1:]
        return F.linear(self.norm(x), self.tok.weight)


GPT2 = peer.GPT2


def training_step(size, B, T, clip, variant):
    model = Gpt(**size)
    forward = torch.compile(model) if variant == "compiled" else model
    autocast = torch.autocast("cpu", torch.bfloat16, enabled=variant == "autocast")
    how = {"foreach": True} if variant == "foreach" else {"fused": True}
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.1, **how)
    ids = torch.randint(size["vocabulary"], (B, T))
    targets = torch.randint(size["vocabulary"], (B * T,))

    def run():
        optimizer.zero_grad(set_to_none=True)
        with autocast:
            logits = forward(ids)
        F.cross_entropy(logits.float().view(B * T, -1), targets).backward()
        if clip:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()

    return None, run


def last_logits(T, variant):
    model = Gpt(**GPT2, last_only=True).eval()
    if variant == "bfloat16":
        model = model.bfloat16()
    forward = torch.compile(model) if variant == "compiled" else model
    ids = torch.randint(50257, (1, T))

    def run():
        with torch.inference_mode():
            forward(ids)

    return None, run


def cached_token(T, variant):
    dtype = torch.bfloat16 if variant == "bfloat16" else torch.float32
    model = Gpt(**GPT2).eval().to(dtype)
    token = torch.randint(50257, (1, 1))
    heads = GPT2["heads"]
    sizes = (1, heads, T, GPT2["C"] // heads)
    caches = [torch.randn(2, *sizes, dtype=dtype).unbind() for _ in model.blocks]

    def run():
        with torch.inference_mode():
            x = model.tok(token) + model.pos(torch.arange(T - 1, T))
            for block, cache in zip(model.blocks, caches):
                x = block(x, cache)
            F.linear(model.norm(x), model.tok.weight)

    return None, run


def model_case(name, variant):
    return peer.model_case(name, variant, training_step, last_logits, cached_token)


def op_case(name, direction, variant):
    def leaf(*shape):
        dtype = torch.bfloat16 if variant == "bfloat16" else torch.float32
        leaves.append(torch.randn(*shape, dtype=dtype, requires_grad=True))
        return leaves[-1]

    def run_op():
        if variant != "autocast":
            return op()
        with torch.autocast("cpu", torch.bfloat16):
            return op()

    leaves = []
    if name == "softmax":
        x = leaf(4, 12, 256, 256)
        op = lambda: torch.softmax(x, -1)
    elif name == "layer_norm":
        x, weight, bias = leaf(1024, 768), leaf(768), leaf(768)
        op = lambda: F.layer_norm(x, (768,), weight, bias)
    elif name in ("gelu", "gelu_tanh"):
        x = leaf(1024, 3072)
        op = lambda: F.gelu(x, approximate="none" if name == "gelu" else "tanh")
    elif name == "cross_entropy":
        x, target = leaf(256, 50257), torch.randint(50257, (256,))
        op = lambda: F.cross_entropy(x, target)
    elif name == "embedding":
        weight, ids = leaf(50257, 768), torch.randint(50257, (256,))
        op = lambda: F.embedding(ids, weight)
    elif name in ("index_ids", "index_mask"):
        x = leaf(4096, 768)
        which = torch.randint(4096, (4096,)) if name == "index_ids" else torch.rand(4096, 768) > 0.5
        op = lambda: x[which]
    elif name == "attention":
        q, k, v = leaf(4, 12, 256, 64), leaf(4, 12, 256, 64), leaf(4, 12, 256, 64)
        op = lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True)
    elif name in ("linear", "linear_head"):
        out = 3072 if name == "linear" else 50257
        x, weight, bias = leaf(256, 768), leaf(out, 768), leaf(out)
        op = lambda: F.linear(x, weight, bias)
    else:
        raise ValueError(f"no row op/{name}")

    state = {"y": None, "dy": torch.ones_like(run_op().detach())}

    def forget():
        state["y"] = None
        for x in leaves:
            x.grad = None

    def forward():
        state["y"] = run_op()

    def prepare_backward():
        forget()
        state["y"] = run_op()

    def backward():
        state["y"].backward(state["dy"])

    return (forget, forward) if direction == "forward" else (prepare_backward, backward)


def gemm_case(shape, layout, variant):
    M, N, K = map(int, shape.split("x"))
    A = torch.randn(K, M).t() if layout == "TN" else torch.randn(M, K)
    B = torch.randn(N, K).t() if layout == "NT" else torch.randn(K, N)
    if variant == "bfloat16":
        A, B = A.bfloat16(), B.bfloat16()
    C = torch.empty(M, N, dtype=A.dtype)
    if variant != "autocast":
        return None, lambda: torch.mm(A, B, out=C)

    def run():
        with torch.autocast("cpu", torch.bfloat16, cache_enabled=False):
            torch.mm(A, B)

    return None, run


def resident_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def memory(row):
    """The memory of the work, without that of the interpreter and the libraries."""
    if row == "memory/attention":
        q, k, v = (torch.ones(1, 12, 8192, 64, requires_grad=True) for _ in range(3))
        dy = torch.ones(1, 12, 8192, 64)
        before = resident_mib()
        F.scaled_dot_product_attention(q, k, v, is_causal=True).backward(dy)
        return resident_mib() - before - 4 * q.numel() * 4 / 2**20  # y and three gradients
    before = resident_mib()
    if not row.startswith("memory/gpt2_step"):
        raise ValueError(f"no row {row}")
    _, run = model_case("gpt2_step", row.partition(":")[2])
    for _ in range(3):
        run()
    return resident_mib() - before


CASES = {"gemm": gemm_case, "model": model_case, "op": op_case}
current, work = None, None


def check_is_no_emulation(row):
    """Without instructions for it, a product of bfloat16 matrices takes 100 times as long as one in
    float32, and is never the best; only reading a model's weights for one token can be faster."""
    _, _, variant = row.partition(":")
    reduced = variant in ("autocast", "bfloat16") and "_token" not in row
    onednn = torch.backends.mkldnn.is_available()
    if reduced and onednn and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        raise ValueError("this processor has no instructions for bfloat16 products")


def answer(row, threads, seconds):
    global current, work
    torch.set_num_threads(threads)
    if row.startswith("memory/"):
        return memory(row)
    check_is_no_emulation(row)
    # Code is compiled for a fixed number of threads.
    compiled = row.endswith(":compiled")
    key = (row, threads) if compiled else row
    if key != current:
        work = current = None
        if compiled:
            torch._dynamo.reset()
        torch.manual_seed(1)
        work = peer.find_case(row, CASES)
        for call in work:
            call and call()
        current = key
    return peer.best_time(*work, seconds)


peer.serve(f"PyTorch {torch.__version__}", answer)

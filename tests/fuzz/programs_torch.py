"""Runs random programs with PyTorch, for random_programs. program.h explains their text.

Reads programs from stdin, each followed by a line "end". For each it writes the results in float64
and then in float32: a line "ok N" and N results, or a line "error MESSAGE". A result is a line
"DTYPE SIZES NAME" and its numbers as float64.
"""
import os
import struct
import sys

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

HASHES = 10007
RARE = [0.0, -0.0, float("inf"), -float("inf"), float("nan"), 1e30, -1e30, 1.0]


def numbers(kind, seed, sizes, below=1):
    i = torch.arange(torch.Size(sizes).numel())
    k = (seed * 7919 + i * 104729 + i * i % HASHES * 31) % HASHES
    u = k.double() / HASHES
    if kind == "positive":
        x = u * 1.8 + 0.2
    elif kind == "steps":
        x = torch.floor(u * 9) / 2 - 2
    elif kind == "special":
        x = torch.where(k % 3 == 0, torch.tensor(RARE, dtype=torch.float64)[k // 3 % 8], u * 4 - 2)
    elif kind == "integers":
        x = k % 11 - 5
    elif kind == "index":
        x = k % below
    elif kind == "mask":
        x = k % 3 != 0
    else:
        x = u * 4 - 2
    return x.view(sizes)


class Options(dict):
    """The options of a call: o.list(name), o.int(name), o(name) for a number."""

    def __call__(self, name):
        return self.get(name, [0.0])[0]

    def int(self, name):
        return int(self(name))

    def ints(self, name):
        return [int(x) for x in self.get(name, [])]

    def scalar(self, x):
        return self("value") if x.is_floating_point() else self.int("value")


REDUCTIONS = ["none", "mean", "sum"]


def dims(o):
    """Keyword arguments of a reduction; no dimension means all."""
    if not o.ints("dim"):
        return {"dim": None, "keepdim": bool(o("keepdim"))}
    return {"dim": o.ints("dim"), "keepdim": bool(o("keepdim"))}


def extreme(f):
    return lambda o, x: f(x, o.ints("dim"), bool(o("keepdim")))


def with_index(f):
    return lambda o, x: tuple(f(x, o.int("dim"), bool(o("keepdim"))))


def index_only(f):
    return lambda o, x: f(x, o.int("dim"), bool(o("keepdim"))) if "dim" in o else f(x)


def spread(f):
    return lambda o, x: f(x, **dims(o), correction=int(o("unbiased")))


def truth(f):
    return lambda o, x: f(x, **dims(o)) if o.ints("dim") else f(x)


def logsumexp(o, x):
    return torch.logsumexp(x, o.ints("dim"), bool(o("keepdim")))


def resized(o, x):
    return x.reshape(o.ints("sizes"))


def view(o, x):
    try:
        return x.view(o.ints("sizes"))
    except RuntimeError:
        return x.reshape(o.ints("sizes"))


def along_dim(f):
    return lambda o, x: f(x, o.int("dim"))


def attention(o, q, k, v, mask=None):
    scale = o("scale") if "scale" in o else None
    return F.scaled_dot_product_attention(q, k, v, mask, is_causal=bool(o("causal")), scale=scale)


def layer_norm(o, x, weight=None, bias=None):
    return F.layer_norm(x, x.shape[x.dim() - o.int("dims"):], weight, bias)


def cross_entropy(o, x, target, weight=None):
    return F.cross_entropy(x, target, weight, reduction=REDUCTIONS[o.int("reduction")],
                           ignore_index=o.int("ignore") if "ignore" in o else -100,
                           label_smoothing=o("smoothing"))


def nll_loss(o, x, target, weight=None):
    return F.nll_loss(x, target, weight, reduction=REDUCTIONS[o.int("reduction")],
                      ignore_index=o.int("ignore") if "ignore" in o else -100)


def clamp(o, x):
    return torch.clamp(x, o("min") if "min" in o else None, o("max") if "max" in o else None)


def index_list(o, tensors):
    """Tensor k is for the dimension at[k], a mask also for the next ones."""
    found, following = [], 0
    for at, tensor in zip(o.ints("at"), tensors):
        found += [None] * (at - following) + [tensor]
        following = at + (tensor.dim() if tensor.dtype == torch.bool else 1)
    return found


def index_put(o, x, *more):
    return torch.ops.aten.index_put(x, index_list(o, more), more[-1], bool(o("accumulate")))


def index_put_(o, x, *more):
    torch.ops.aten.index_put_(x, index_list(o, more), more[-1], bool(o("accumulate")))
    return ()


def repeat_interleave(o, x, repeats=None):
    dim = o.int("dim") if "dim" in o else None
    return x.repeat_interleave(o.int("repeats") if repeats is None else repeats, dim)


def pad(o, x):
    mode = ["constant", "reflect", "replicate", "circular"][o.int("mode")]
    return F.pad(x, o.ints("padding"), mode, o("value") if "value" in o else None)


EQUATIONS = [
    "ij->ji", "ijk->k", "ii->i", "ijj->i", "i,j->ij",
    "ij,ij->i", "ij,j->ij", "ij,jk->ik", "ij,kj", "bij,bjk->bik",
    "bij,bij", "i...,i", "...ij,jk->...k", "ij,jk,kl->il", "bhqd,bhkd->bhqk",
    "ii,ij->j", "ij,kl->jk", "i...->...", "bn,anm,bm->ba", "ij,ij,ij->j"]


def prod(o, x):
    return torch.prod(x, o.int("dim"), bool(o("keepdim"))) if "dim" in o else torch.prod(x)


def in_place(name):
    def run(o, x, y=None):
        getattr(x, name)(o("value") if y is None else y)
        return ()
    return run


class ProductAndDifference(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x * y, x - y

    @staticmethod
    def backward(ctx, da, db):
        x, y = ctx.saved_tensors
        return da * y + db, da * x - db


class SquareAndSuccessor(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(x)
        square, successor = x * x, x + 1
        ctx.mark_non_differentiable(successor)
        return square, successor

    @staticmethod
    def backward(ctx, da, _):
        return None if da is None else da * ctx.saved_tensors[0] * 2


class ScaleInPlace(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, factor):
        ctx.mark_dirty(x)
        ctx.factor = factor
        return x.mul_(factor)

    @staticmethod
    def backward(ctx, dy):
        return dy * ctx.factor, None


def hooked(o, x):
    y = x + 0
    if y.requires_grad:
        factor = o("factor")
        first = y.register_hook(lambda dy: dy * factor)
        y.register_hook(lambda dy: dy + dy * dy)
        if o("removed"):
            first.remove()
    return y


OPS = {
    "hooked": hooked,
    "product_and_difference": lambda o, x, y: ProductAndDifference.apply(x, y),
    "square_and_successor": lambda o, x: SquareAndSuccessor.apply(x),
    "scale_in_place_": lambda o, x: (ScaleInPlace.apply(x, o("factor")), ())[1],
    "add": lambda o, a, b: torch.add(a, b, alpha=o.int("alpha")),
    "sub": lambda o, a, b: torch.sub(a, b, alpha=o.int("alpha")),
    "div": lambda o, a, b: a / b,
    "gelu": lambda o, x: F.gelu(x),
    "gelu_tanh": lambda o, x: F.gelu(x, approximate="tanh"),
    "silu": lambda o, x: F.silu(x),
    "softplus": lambda o, x: F.softplus(x),
    "elu": lambda o, x: F.elu(x, 0.5),
    "add_scalar": lambda o, x: x + o.scalar(x),
    "rsub_scalar": lambda o, x: o.scalar(x) - x,
    "mul_scalar": lambda o, x: x * o.scalar(x),
    "div_scalar": lambda o, x: x / o("value"),
    "rdiv_scalar": lambda o, x: o("value") / x,
    "pow_scalar": lambda o, x: x ** o("value"),
    "scalar_pow": lambda o, x: o("value") ** x,
    "lt_scalar": lambda o, x: x < o.scalar(x),
    "eq_scalar": lambda o, x: x == o.int("value"),
    "clamp": clamp,
    "where": lambda o, c, a, b: torch.where(c, a, b),
    "masked_fill": lambda o, x, m: x.masked_fill(m, o.int("value")),
    "masked_fill_tensor": lambda o, x, m, v: x.masked_fill(m, v),
    "index": lambda o, x, *i: torch.ops.aten.index(x, index_list(o, i)),
    "index_put": index_put,
    "index_put_": index_put_,
    "tril": lambda o, x: torch.tril(x, o.int("diagonal")),
    "triu": lambda o, x: torch.triu(x, o.int("diagonal")),
    "to_int64": lambda o, x: x.to(torch.int64),
    "to_bool": lambda o, x: x.to(torch.bool),
    "to_like": lambda o, x, y: x.to(y.dtype),
    "view": view,
    "reshape": resized,
    "contiguous": lambda o, x: x.contiguous(),
    "detach": lambda o, x: x.detach(),
    "transpose": lambda o, x: x.transpose(o.int("dim0"), o.int("dim1")),
    "permute": lambda o, x: x.permute(o.ints("dims")),
    "unsqueeze": lambda o, x: x.unsqueeze(o.int("dim")),
    "squeeze_dim": lambda o, x: x.squeeze(o.int("dim")),
    "expand": lambda o, x: x.expand(o.ints("sizes")),
    "flatten": lambda o, x: x.flatten(o.int("start"), o.int("end")),
    "select": lambda o, x: x.select(o.int("dim"), o.int("index")),
    "narrow": lambda o, x: x.narrow(o.int("dim"), o.int("start"), o.int("length")),
    "slice": lambda o, x: torch.ops.aten.slice(x, o.int("dim"), o.int("start"), o.int("end"),
                                               o.int("step")),
    "chunk": lambda o, x: x.chunk(o.int("chunks"), o.int("dim")),
    "split": lambda o, x: x.split(o.int("size"), o.int("dim")),
    "cat": lambda o, *x: torch.cat(x, o.int("dim")),
    "stack": lambda o, *x: torch.stack(x, o.int("dim")),
    "flip": lambda o, x: x.flip(o.ints("dims")),
    "repeat": lambda o, x: x.repeat(o.ints("repeats")),
    "unbind": lambda o, x: x.unbind(o.int("dim")),
    "tile": lambda o, x: x.tile(o.ints("dims")),
    "roll": lambda o, x: x.roll(o.ints("shifts"), o.ints("dims")),
    "repeat_interleave": repeat_interleave,
    "pad": pad,
    "diag": lambda o, x: torch.diag(x, o.int("offset")),
    "diagonal": lambda o, x: torch.diagonal(x, o.int("offset"), -1, 0),
    "einsum": lambda o, *x: torch.einsum(EQUATIONS[o.int("equation")], *x),
    "prod": prod,
    "sort": lambda o, x: tuple(torch.sort(x, o.int("dim"), bool(o("descending")))),
    "argsort": along_dim(torch.argsort),
    "nan_to_num": lambda o, x: torch.nan_to_num(x, *o["values"]),
    "any": truth(torch.any),
    "all": truth(torch.all),
    "sum": lambda o, x: torch.sum(x, **dims(o)),
    "mean": lambda o, x: torch.mean(x, **dims(o)),
    "var": spread(torch.var),
    "std": spread(torch.std),
    "amax": extreme(torch.amax),
    "amin": extreme(torch.amin),
    "max_dim": with_index(torch.max),
    "min_dim": with_index(torch.min),
    "argmax": index_only(torch.argmax),
    "argmin": index_only(torch.argmin),
    "max_all": lambda o, x: torch.max(x),
    "min_all": lambda o, x: torch.min(x),
    "topk": lambda o, x: tuple(torch.topk(x, o.int("k"), o.int("dim"), bool(o("largest")))),
    "logsumexp": logsumexp,
    "norm": lambda o, x: torch.norm(x, p=o("p"), **dims(o)),
    "cumsum": along_dim(torch.cumsum),
    "matmul": lambda o, a, b: a @ b,
    "linear": lambda o, *x: F.linear(*x),
    "attention": attention,
    "index_select": lambda o, x, i: x.index_select(o.int("dim"), i),
    "gather": lambda o, x, i: x.gather(o.int("dim"), i),
    "scatter_add": lambda o, x, i, source: x.scatter_add(o.int("dim"), i, source),
    "embedding": lambda o, weight, i: F.embedding(i, weight),
    "one_hot": lambda o, i: F.one_hot(i, o.int("classes")),
    "softmax": along_dim(torch.softmax),
    "log_softmax": along_dim(torch.log_softmax),
    "layer_norm": layer_norm,
    "cross_entropy": cross_entropy,
    "nll_loss": nll_loss,
    "mse_loss": lambda o, x, y: F.mse_loss(x, y, reduction=REDUCTIONS[o.int("reduction")]),
    "add_scalar_": in_place("add_"),
    "mul_scalar_": in_place("mul_"),
    "masked_fill_": lambda o, x, m: (x.masked_fill_(m, o("value")), ())[1],
}
for op in ("add_", "sub_", "mul_", "div_", "copy_", "fill_"):
    OPS[op] = in_place(op)


def run_op(op, o, arguments):
    """Ops without a row are functions of tensors alone: torch.exp(x)."""
    results = OPS[op](o, *arguments) if op in OPS else getattr(torch, op)(*arguments)
    return list(results) if isinstance(results, (tuple, list)) else [results]


class Run:
    def __init__(self, lines, dtype):
        self.dtype = dtype
        self.second = False
        self.values, self.leaves, self.used = {}, [], set()
        for line in lines:
            if line == "second":
                self.second = True
            elif line != "special":
                self.call(line)

    def call(self, line):
        left, _, right = line.partition(" = ") if " = " in line else ("", "", line)
        words = right.split()
        options = Options()
        for word in words[1:]:
            name, equals, text = word.partition("=")
            if equals:
                options[name] = [float(x) for x in text.split(",") if x]
        arguments = [word for word in words[1:] if "=" not in word]
        op = words[0]
        if "seed" in options:
            return self.leaf(left, op, options)
        self.used.update(arguments[1:] if op.endswith("_") else arguments)
        results = run_op(op, options, [self.values[name] for name in arguments])
        self.values.update(zip(left.split(), results))

    def leaf(self, name, kind, o):
        x = numbers(kind, o.int("seed"), o.ints("sizes"), o.int("below"))
        x = x.float().to(self.dtype) if x.is_floating_point() else x
        if o("grad"):
            self.leaves.append((name, x.requires_grad_()))
        self.values[name] = x

    def results(self):
        named = sorted(self.values.items(), key=lambda item: int(item[0][1:]))
        found = [(name, x.detach()) for name, x in named]
        outputs = [(name, x) for name, x in named if name not in self.used and x.requires_grad]
        found = [(name, x.clone()) for name, x in found]
        leaves = [x for _, x in self.leaves]
        directions = [numbers("uniform", 5000 + int(name[1:]), x.shape).to(x.dtype)
                      for name, x in outputs]
        first = [None] * len(leaves)
        if outputs and leaves:
            first = torch.autograd.grad([x for _, x in outputs], leaves, directions,
                                        create_graph=self.second, allow_unused=True)
        found += self.named("gradient of ", first)
        if self.second:
            used = [(i, g) for i, g in enumerate(first) if g is not None and g.requires_grad]
            directions = [numbers("uniform", 7000 + i, g.shape).to(g.dtype) for i, g in used]
            second = [None] * len(leaves)
            if used:
                second = torch.autograd.grad([g for _, g in used], leaves, directions,
                                             allow_unused=True)
            found += self.named("second derivative of ", second)
        return found

    def named(self, what, gradients):
        return [(what + name, torch.zeros_like(x) if g is None else g.detach())
                for (name, x), g in zip(self.leaves, gradients)]


def answer(lines, dtype, out):
    # The other implementations of attention have no second derivatives.
    kernels = [SDPBackend.MATH] if "second" in lines else list(SDPBackend.__members__.values())
    try:
        with sdpa_kernel(kernels):
            results = Run(lines, dtype).results()
    except Exception as error:  # whatever PyTorch throws is an answer
        first = str(error).split("\n")[0]
        out.write(f"error {type(error).__name__}: {first}\n".encode())
        return
    out.write(f"ok {len(results)}\n".encode())
    for name, x in results:
        sizes = ",".join(map(str, x.shape))
        dtype_name = str(x.dtype).removeprefix("torch.")
        out.write(f"{dtype_name} {sizes or '-'} {name}\n".encode())
        # copy_ because PyTorch has zero tensors without memory.
        values = torch.empty(x.shape, dtype=torch.float64).copy_(x).flatten().tolist()
        out.write(struct.pack(f"={len(values)}d", *values))


def main():
    torch.set_num_threads(1)
    out = os.fdopen(os.dup(1), "wb")
    out.write(f"PyTorch {torch.__version__}\n".encode())
    out.flush()
    lines = []
    for line in sys.stdin:
        if line.strip() != "end":
            lines.append(line.strip())
            continue
        for dtype in (torch.float64, torch.float32):
            answer(lines, dtype, out)
        out.flush()
        lines = []


main()

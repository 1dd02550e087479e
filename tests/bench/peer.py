"""The protocol of protocol.h for the libraries in Python: peer_torch.py, peer_jax.py."""

import math
import os
import sys
import time

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # output of the libraries must not mix with the answers


def say(line):
    print(line.replace("\n", " "), file=answers, flush=True)


def absent(reason):
    say(f"absent {reason}")
    sys.exit(1)


def find_case(row, cases):
    """The pair (prepare, run) of a row; `cases` maps a group to the function that makes it."""
    work, _, variant = row.partition(":")
    group, *rest = work.removeprefix("medium/").split("/")
    if group not in cases:
        raise ValueError(f"no row {row}")
    return cases[group](*rest, variant)


NANOGPT = dict(vocabulary=65, context=64, C=128, heads=4, layers=4, bias=False)
GPT2 = dict(vocabulary=50257, context=1024, C=768, heads=12, layers=12, bias=True)


def model_case(name, variant, training_step, last_logits, cached_token):
    """The pair (prepare, run) of a row model/..., made by one of the three functions."""
    if name == "nanogpt_step":
        return training_step(NANOGPT, 12, 64, 1.0, variant)
    if name == "gpt2_step":
        return training_step(GPT2, 4, 64, 0, variant)
    if name in ("gpt2_token", "bfloat16_token"):
        return last_logits(1, variant)
    if name in ("gpt2_cached_token", "bfloat16_cached_token"):
        return cached_token(256, variant)
    if name == "gpt2_forward":
        return last_logits(256, variant)
    raise ValueError(f"no row model/{name}")


def best_time(prepare, run, seconds):
    """As in protocol.h. `prepare`, if there is one, is called before every run and not timed."""

    def timed(calls):
        if prepare:
            prepare()
        start = time.perf_counter()
        for _ in range(calls):
            run()
        return (time.perf_counter() - start) / calls

    start = time.perf_counter()
    best = timed(1)
    if best < seconds:
        best = min(best, timed(1))
    calls = 1 if prepare else 1 + int(2e-4 / max(best, 1e-8))
    first = True
    while time.perf_counter() - start < seconds or (first and best < seconds):
        best = min(best, timed(calls))
        first = False
    return best


def serve(name, answer):
    """Serves requests until the input ends. `answer` raises if it cannot measure a row."""
    say(name)
    for line in sys.stdin:
        row, threads, seconds = line.split()
        try:
            value = answer(row, int(threads), float(seconds))
            say(f"ok {value:.9g}" if math.isfinite(value) else "no answer")
        except Exception as error:
            say(f"no {type(error).__name__}: {error}")

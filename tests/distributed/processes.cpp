// A program that mpirun starts: processes MODE [ARGUMENTS]. Process 0 prints what all processes
// must agree on; processes.cmake compares that of 1, 2, 4 and 8 processes.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string_view>

#include "distributed/data_parallel.h"
#include "distributed/gradient_sum.h"
#include "distributed/group.h"
#include "distributed/sampler.h"
#include "distributed/zero_redundancy_optimizer.h"
#include "gradus.h"

namespace gradus::distributed {
namespace {

/// The bits of all elements.
uint64_t hash_of(const std::vector<Tensor>& tensors) {
  uint64_t hash = 1;
  for (const Tensor& x : tensors)
    for (const float v : x.detach().contiguous().flatten().to_vector<float>())
      hash = hash * 6364136223846793005U + std::bit_cast<uint32_t>(v) + 1442695040888963407U;
  return hash;
}

void print(const std::string& line) {
  if (get_rank() == 0) fmt::print("{}\n", line);
}

/// Has matrices, vectors, a parameter that only some micro-batches use, and dropout.
struct Net : nn::Layer<Net> {
  const nn::Linear in;
  const nn::Linear out;
  const nn::Linear rare;
  Net()
      : in(register_module("in", nn::Linear(5, 7))),
        out(register_module("out", nn::Linear(7, 3))),
        rare(register_module("rare", nn::Linear(7, 3, false))) {}
  Tensor forward(const Tensor& x, bool uses_rare) const {
    const Tensor h = dropout(tanh(in(x)), 0.2, true);
    return uses_rare ? out(h) + rare(h) : out(h);
  }
};

constexpr int64_t kMicroBatches = 8;

/// Trains with `Optimizer` and prints the losses and the bits of the parameters.
template <class Optimizer>
void train(Optimizer& optimizer, const Net& net) {
  for (int64_t step = 0; step < 5; ++step) {
    manual_seed(100 + static_cast<uint64_t>(step));
    const Tensor x = randn({kMicroBatches, 4, 5});
    const Tensor target = randint(3, {kMicroBatches, 4});
    GradientSum sum(net.parameters(), kMicroBatches, /*bucket_bytes=*/100);
    const Tensor losses = zeros({kMicroBatches});
    sum.compute([&](int64_t i) {
      manual_seed(static_cast<uint64_t>(step * kMicroBatches + i));
      const Tensor loss = cross_entropy(net(x[i], i % 3 == 1), target[i]);
      losses[i].copy_(loss.detach());
      (loss / kMicroBatches).backward();
    });
    all_reduce(losses);
    optimizer.step();
    print(fmt::format("step {}: {:a}, gradients {:016x}, parameters {:016x}", step,
                      losses.sum().item<float>(), hash_of([&] {
                        std::vector<Tensor> grads;
                        for (const Tensor& p : net.parameters())
                          grads.push_back(p.grad());
                        return grads;
                      }()),
                      hash_of(net.parameters())));
  }
  const Tensor all = zeros({get_world_size()}, kInt64);
  all.data_ptr<int64_t>()[get_rank()] = static_cast<int64_t>(hash_of(net.parameters()));
  all_reduce(all);
  check(equal(all, all[get_rank()].expand({get_world_size()})),
        "the processes have different parameters");
}

Net new_net() {
  manual_seed(1);
  return {};
}

void train_with_adamw() {
  const Net net = new_net();
  optim::AdamW optimizer(net.parameters(), {.lr = 0.01});
  train(optimizer, net);
  for (const auto& [name, x] : optimizer.state_dict())
    if (x.dtype() == kFloat32) print(fmt::format("{} {:016x}", name, hash_of({x})));
}

/// Prints what train_with_adamw prints.
void train_with_zero() {
  const Net net = new_net();
  ZeroRedundancyOptimizer optimizer(net.parameters(), {.lr = 0.01});
  train(optimizer, net);
  const NamedTensors state = optimizer.state_dict();
  for (const auto& [name, x] : state)
    if (x.dtype() == kFloat32) print(fmt::format("{} {:016x}", name, hash_of({x})));
  int64_t numbers = 0;
  for (const Tensor& p : net.parameters())
    numbers += p.numel();
  // Every process keeps its part of two buffers, rounded up for each parameter.
  const auto parameters = static_cast<int64_t>(net.parameters().size());
  check(optimizer.state_bytes() <= 2 * 4 * (numbers / get_world_size() + parameters),
        "process {} keeps {} bytes", get_rank(), optimizer.state_bytes());

  // A new optimiser goes on from the state, as from a checkpoint.
  ZeroRedundancyOptimizer other(net.parameters(), {.lr = 0.5});
  other.load_state_dict(state);
  check(other.lr() == optimizer.lr(), "lr is {}", other.lr());
  const NamedTensors again = other.state_dict();
  for (size_t i = 0; i < state.size(); ++i)
    check(equal(state[i].second, again[i].second), "'{}' is not what was loaded", state[i].first);
}

/// The state that a process keeps, measured: an Nth of that of one process, within 5%.
void zero_memory() {
  const nn::Linear model(500, 500);
  int64_t numbers = 0;
  for (const Tensor& p : model.parameters()) {
    p.mutable_grad() = ones_like(p);
    numbers += p.numel();
  }
  const int64_t before = memory_stats().in_use;
  ZeroRedundancyOptimizer optimizer(model.parameters());
  optimizer.step();
  const auto kept = static_cast<double>(memory_stats().in_use - before);
  const double expected = 2.0 * 4 * static_cast<double>(numbers / get_world_size());
  check(std::abs(kept / expected - 1) <= 0.05, "process {} keeps {} bytes, expected {}", get_rank(),
        kept, expected);
  print("memory");
}

// 1 Gbit/s
const NetworkSpeed kSlowNetwork{.seconds_per_message = 50e-6, .bytes_per_second = 125e6};

/// The largest of the values that the processes have.
double largest(double value) {
  const Tensor all = zeros({get_world_size()}, kFloat64);
  all[get_rank()].fill_(value);
  all_reduce(all);
  return all.max().item<double>();
}

/// Examples for which forward and backward take at least `seconds` in the fastest process.
Tensor enough_examples(const nn::Sequential& model, double seconds) {
  for (int64_t B = 1024;; B *= 2) {
    const Tensor x = randn({B, 512});
    const double start = seconds_now();
    model(x).square().mean().backward();
    const double taken = seconds_now() - start;
    model.zero_grad();
    if (-largest(-taken) >= seconds) return x;
  }
}

/// In a slow network, backward waits for at most a fifth of the time that the same communication
/// takes alone, if a step computes for twice that time. What a process waits because another one
/// computes longer does not count; all are on one machine, with one clock. The best of several
/// steps, because other programs may run.
void overlap() {
  nn::Sequential model;
  for (int i = 0; i < 12; ++i)
    model.push_back(nn::Linear(512, 512));
  int64_t bytes = 0;
  for (const Tensor& p : model.parameters())
    bytes += 4 * p.numel();
  const double least = static_cast<double>(bytes) / kSlowNetwork.bytes_per_second;
  const Tensor x = enough_examples(model, 2 * least);
  const DistributedDataParallel parallel(model, {.bucket_bytes = int64_t{1} << 20});
  double waited = 1e9;
  for (int trial = 0; trial < 20 && waited > 0.2 * least; ++trial) {
    barrier();
    const double before = group("test").traffic().seconds_waited;
    model(x).square().mean().backward();
    const double end = seconds_now();
    const double computed = end - (group("test").traffic().seconds_waited - before);
    waited = std::min(waited, largest(end) - largest(computed));
  }
  const double start = seconds_now();
  for (const Tensor& p : model.parameters())
    all_reduce(p.grad());
  const double alone = seconds_now() - start;
  check(alone >= least, "{} bytes were sent in {} seconds", bytes, alone);
  check(waited <= 0.2 * alone, "backward waits {} of {} seconds", waited, alone);
  print("overlap");
}

/// DistributedDataParallel against one process that has all of the batch.
void average() {
  const int64_t processes = get_world_size();
  manual_seed(7 + static_cast<uint64_t>(get_rank()));  // other weights in each process
  const nn::Linear model(4, 2);
  DistributedDataParallel parallel(model, {.bucket_bytes = 16});
  const Tensor weights = model.weight.detach().clone();
  const Tensor from_first = weights.clone();
  broadcast(from_first, 0);
  check(equal(weights, from_first), "process {} has other weights", get_rank());

  manual_seed(3);
  const Tensor x = randn({processes, 3, 4});
  const auto loss = [&](const Tensor& part) { return model(part).square().mean(); };
  loss(x[get_rank()]).backward();
  const Tensor averaged = model.weight.grad().clone();
  {
    const auto guard = parallel.no_sync();
    model.weight.mutable_grad() = Tensor();
    model.bias.mutable_grad() = Tensor();
    loss(x.flatten(0, 1)).backward();
  }
  check(allclose(averaged, model.weight.grad(), 1e-5, 1e-6), "the average is not the gradient");

  // Accumulated gradients are averaged as they are.
  model.weight.mutable_grad() = Tensor();
  model.bias.mutable_grad() = Tensor();
  {
    const auto guard = parallel.no_sync();
    loss(x[get_rank()]).backward();
  }
  loss(x[get_rank()]).backward();
  check(allclose(averaged * 2, model.weight.grad(), 1e-5, 1e-6), "accumulated gradients differ");
  print("averaged");
}

/// A parameter that no process uses has no gradient; one that some use has their average.
void unused() {
  const Net net = new_net();
  DistributedDataParallel parallel(net);
  const Tensor x = ones({1, 5});
  net(x, false).sum().backward();
  check(!net.rare.weight.grad().defined(), "an unused parameter has a gradient");
  check(net.in.weight.grad().defined(), "a used parameter has none");
  net(x, get_rank() == 0).sum().backward();
  check(net.rare.weight.grad().defined(), "process {} has no gradient of what process 0 uses",
        get_rank());
  print("unused");
}

void collectives() {
  const int64_t rank = get_rank();
  const int64_t processes = get_world_size();
  const Tensor x = full({2, 3}, static_cast<double>(rank + 1), kFloat64);
  all_reduce(x.transpose(0, 1).narrow(0, 0, 2));
  const double sum = static_cast<double>(processes * (processes + 1)) / 2;
  check(x[0][0].item<double>() == sum && x[0][2].item<double>() == static_cast<double>(rank + 1),
        "all_reduce of a view: {}", x[0][0].item<double>());
  const Tensor flags = full({3}, rank == processes - 1, kBool);
  broadcast(flags, processes - 1);
  check(flags.all().item<bool>(), "broadcast of bool");
  barrier();
  DistributedSampler sampler(20, 8);
  const Tensor all = zeros({2, 8}, kInt64);
  const int64_t part = 8 / processes;
  for (int64_t i = 0; i < 2; ++i)
    all[i].narrow(0, rank * part, part).copy_(sampler.batch(i));
  all_reduce(all);
  std::string examples;
  for (const int64_t i : all.flatten().to_vector<int64_t>())
    examples += fmt::format(" {}", i);
  print(fmt::format("examples{}", examples));
}

/// The last process calls something else.
void different_calls() {
  const Tensor x = ones(4);
  if (get_rank() == get_world_size() - 1)
    broadcast(x, 0);
  else
    all_reduce(x);
}

void different_models() {
  const nn::Linear model(get_rank() == 0 ? 3 : 2, 2);
  const DistributedDataParallel parallel(model);
}

/// The last process ends in the middle of the work.
void one_ends() {
  if (get_rank() == get_world_size() - 1) std::exit(3);
  barrier();
}

const std::map<std::string_view, void (*)()> kModes = {
    {"adamw", train_with_adamw},
    {"zero", train_with_zero},
    {"zero_memory", zero_memory},
    {"overlap", overlap},
    {"average", average},
    {"unused", unused},
    {"collectives", collectives},
    {"different_calls", different_calls},
    {"different_models", different_models},
    {"one_ends", one_ends},
};

int run(const char* name) {
  const auto mode = kModes.find(name);
  if (mode == kModes.end()) return 2;
  try {
    ProcessGroupOptions options{.timeout = std::chrono::seconds(60)};
    if (mode->second == overlap) options.network = kSlowNetwork;
    init_process_group(options);
    mode->second();
    destroy_process_group();
    return 0;
  } catch (const Error& e) {
    fmt::print(stderr, "{}\n", e.what());
    return 1;
  }
}

}  // namespace
}  // namespace gradus::distributed

int main(int argc, char** argv) { return argc == 2 ? gradus::distributed::run(argv[1]) : 2; }

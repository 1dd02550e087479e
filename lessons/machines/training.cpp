#include "lessons/machines/training.h"

#include "distributed/agree.h"
#include "distributed/gradient_sum.h"
#include "distributed/group.h"
#include "gradus.h"
#include "lessons/training/losses.h"

namespace gradus::lessons {
namespace {

distributed::Traffic traffic() {
  if (!distributed::is_initialized()) return {};
  return distributed::group("lesson").traffic();
}

/// One batch: the inputs and targets of all micro-batches, which every process draws.
struct ParallelBatch {
  Tensor inputs, targets;  // (M B, T)
};

ParallelBatch draw_batch(const Tensor& ids, const ParallelSizes& sizes) {
  const auto [inputs, targets] =
      random_batch(ids, sizes.micro_batches * sizes.micro_batch, sizes.model.context_length);
  return {inputs, targets};
}

/// The part of the batch's mean loss that comes from micro-batch i.
Tensor part_of_loss(const nn::Gpt& model, const ParallelBatch& batch, const ParallelSizes& sizes,
                    int64_t i) {
  const int64_t B = sizes.micro_batch;
  const Tensor loss =
      loss_of(model, batch.inputs.narrow(0, i * B, B), batch.targets.narrow(0, i * B, B));
  return loss / sizes.micro_batches;
}

/// A step of every process: its micro-batches, the sum with the others, and the same AdamW step.
double train_step(const nn::Gpt& model, optim::AdamW& optimizer,
                  distributed::GradientSum& gradients, const ParallelBatch& batch,
                  const ParallelSizes& sizes) {
  const Tensor losses = zeros({sizes.micro_batches}, kFloat64);
  gradients.compute([&](int64_t i) {
    const Tensor loss = part_of_loss(model, batch, sizes, i);
    loss.backward();
    losses[i].fill_(loss.item<double>());
  });
  if (distributed::process_count() > 1) distributed::all_reduce(losses);
  optimizer.step();
  return losses.sum().item<double>();
}

Tensor as_one_vector(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> flat;
  for (const Tensor& x : tensors)
    flat.push_back(x.detach().flatten());
  return cat(flat);
}

std::vector<Tensor> gradients_of(const nn::Gpt& model) {
  std::vector<Tensor> gradients;
  for (const Tensor& p : model.parameters())
    gradients.push_back(p.grad());
  return gradients;
}

ParallelTraining train(const Tensor& ids, const ParallelSizes& sizes) {
  const nn::Gpt model = new_parallel_model(sizes);
  optim::AdamW optimizer(model.parameters(), {.lr = 3e-3});
  distributed::GradientSum gradients(model.parameters(), sizes.micro_batches, sizes.bucket_bytes);
  ParallelTraining result;
  train_step(model, optimizer, gradients, draw_batch(ids, sizes), sizes);  // gets its memory
  const distributed::Traffic before = traffic();
  const double start = distributed::seconds_now();
  for (int64_t step = 0; step < sizes.steps; ++step)
    result.losses.push_back(train_step(model, optimizer, gradients, draw_batch(ids, sizes), sizes));
  result.seconds = distributed::seconds_now() - start;
  const distributed::Traffic after = traffic();
  result.seconds_waited = after.seconds_waited - before.seconds_waited;
  result.seconds_sending = after.seconds - before.seconds;
  result.bytes_sent = after.bytes_sent - before.bytes_sent;
  result.calls = after.calls - before.calls;
  result.parameters = as_one_vector(model.parameters());
  return result;
}

}  // namespace

nn::Gpt new_parallel_model(const ParallelSizes& sizes) {
  manual_seed(123);
  const nn::Gpt model(sizes.model);
  nn::init_gpt2_(model);
  return model;
}

GradientsOfBatch gradients_of_one_batch(const Tensor& ids, const ParallelSizes& sizes) {
  const nn::Gpt model = new_parallel_model(sizes);
  const ParallelBatch batch = draw_batch(ids, sizes);
  GradientsOfBatch result;
  loss_of(model, batch.inputs, batch.targets).backward();
  result.of_batch = as_one_vector(gradients_of(model));

  const auto backward_of = [&](int64_t i) { part_of_loss(model, batch, sizes, i).backward(); };
  {
    distributed::GradientSum sum(model.parameters(), sizes.micro_batches);
    sum.compute(backward_of);
  }
  result.tree = as_one_vector(gradients_of(model));

  for (const Tensor& p : model.parameters())
    p.mutable_grad() = Tensor();
  for (int64_t i = 0; i < sizes.micro_batches; ++i)
    backward_of(i);
  result.in_turn = as_one_vector(gradients_of(model));
  return result;
}

// Sizes and results travel as tensors: process 0 writes them into a file.

NamedTensors training_task(const NamedTensors& input) {
  const std::vector<int64_t> n = tensor_named(input, "sizes").to_vector<int64_t>();
  ParallelSizes sizes;
  sizes.model = {.vocab_size = n.at(0),
                 .context_length = n.at(1),
                 .emb_dim = n.at(2),
                 .n_heads = n.at(3),
                 .n_layers = n.at(4),
                 .drop_rate = 0,
                 .tied_head = true};
  sizes.micro_batches = n.at(5);
  sizes.micro_batch = n.at(6);
  sizes.steps = n.at(7);
  sizes.bucket_bytes = n.at(8);
  const ParallelTraining t = train(tensor_named(input, "ids"), sizes);
  return {{"losses", tensor(t.losses, kFloat64)},
          {"parameters", t.parameters},
          {"seconds", tensor({t.seconds, t.seconds_waited, t.seconds_sending}, kFloat64)},
          {"counts", tensor({t.bytes_sent, t.calls})}};
}

ParallelTraining train_in_processes(int64_t processes, const Tensor& ids,
                                    const ParallelSizes& sizes) {
  if (processes == 1) return train(ids, sizes);
  const nn::GptConfig& model = sizes.model;
  const NamedTensors result =
      run_in_processes("train", processes,
                       {{"ids", ids},
                        {"sizes", tensor({model.vocab_size, model.context_length, model.emb_dim,
                                          model.n_heads, model.n_layers, sizes.micro_batches,
                                          sizes.micro_batch, sizes.steps, sizes.bucket_bytes})}});
  const std::vector<double> seconds = tensor_named(result, "seconds").to_vector<double>();
  const std::vector<int64_t> counts = tensor_named(result, "counts").to_vector<int64_t>();
  return {.losses = tensor_named(result, "losses").to_vector<double>(),
          .parameters = tensor_named(result, "parameters"),
          .seconds = seconds.at(0),
          .seconds_waited = seconds.at(1),
          .seconds_sending = seconds.at(2),
          .bytes_sent = counts.at(0),
          .calls = counts.at(1)};
}

}  // namespace gradus::lessons

// The rows of nn_torch.cpp with the layers and optimisers of Gradus: values instead of holders,
// aggregates instead of builders.

#include <gradus.h>

#include "record.h"

namespace nn = gradus::nn;
namespace optim = gradus::optim;
using gradus::Tensor;

namespace {

using Tensors = std::vector<Tensor>;

void record_gradients(const Tensors& parameters) {
  for (size_t i = 0; i < parameters.size(); ++i)
    record("gradient " + std::to_string(i), parameters[i].grad());
}

void linear() {
  gradus::manual_seed(123);
  const nn::Linear layer(3, 2);
  const nn::Linear plain(4, 3, /*bias=*/false);
  const Tensor x = sample({4, 3});
  record_exact("weight", layer.weight);
  record_exact("bias", layer.bias);
  record_exact("weight without bias", plain.weight);
  record("y", layer(x));
  record("y of 3 dimensions", layer.forward(sample({2, 2, 3})));
  record("y without bias", plain(sample({2, 4})));
  layer(x).pow(2).sum().backward();
  record_gradients({layer.weight, layer.bias});
}

void embedding() {
  gradus::manual_seed(123);
  const nn::Embedding layer(6, 3);
  const nn::Embedding small(4, 2);
  const Tensor tokens = gradus::tensor({{2, 5}, {0, 2}});
  record_exact("weight", layer.weight);
  record_exact("weight of 8", small.weight);
  record("y", layer(tokens));
  layer(tokens).pow(2).sum().backward();
  record_gradients({layer.weight});
  const nn::Embedding pretrained = nn::Embedding::from_pretrained(sample({6, 2}));
  record("of a pretrained table", pretrained(tokens));
}

void layer_norm() {
  const nn::LayerNorm layer({4});
  const Tensor x = sample({2, 3, 4});
  record("weight", layer.weight);
  record("bias", layer.bias);
  record("y", layer(x));
  layer(x).pow(3).sum().backward();
  record_gradients({layer.weight, layer.bias});
}

void dropout() {
  nn::Dropout layer(0.5);
  gradus::manual_seed(123);
  record_exact("training", layer(gradus::ones({6, 6})));
  layer.eval();
  record_exact("eval", layer(gradus::ones({2, 2})));
  layer.train();
  record_exact("training again", layer(gradus::ones({2, 2})));
}

void sequential() {
  gradus::manual_seed(123);
  const nn::Linear first(3, 4);
  const nn::Linear second(
      4, 2);  // named, because compilers evaluate the arguments of a call in different order
  const nn::Sequential model(first, nn::GELU(), second);
  record("y", model.forward(sample({2, 3})));
  record("parameters", model.parameters().size());
}

/// A module with a parameter, a buffer and children.
struct Net : nn::Module {
  const nn::Linear first;
  const Tensor offset;
  const Tensor scale;
  nn::Sequential rest;

  Net()
      : first(register_module("first", nn::Linear(3, 2))),
        offset(register_buffer("offset", gradus::ones({2}))),
        scale(register_parameter("scale", gradus::full({2}, 3.0))) {
    rest.push_back(nn::GELU());
    rest.push_back("last", nn::Linear(2, 2, /*bias=*/false));
    register_module("rest", rest);
  }
};

void module() {
  gradus::manual_seed(123);
  const Net net;
  for (const auto& [name, p] : net.named_parameters())
    record("parameter " + name, p);
  for (const auto& [name, buffer] : net.named_buffers())
    record("buffer " + name, buffer);
  for (const auto& [name, child] : net.named_children())
    record("parameters of " + name, child.parameters().size());
  for (const auto& [name, m] : net.named_modules())
    record("tensors of " + name, m.parameters().size());
  record("modules", net.modules().size());
  record("layers", net.rest.size());
  record("is empty", net.rest.is_empty());
  net.eval();
  record("training", net.rest[1].is_training());
  net.apply([](const nn::Module& m) { m.train(); });
  record("training again", net.rest[1].is_training());
  record("y", net.rest.forward(sample({4, 2})));
}

template <class Layer>
Tensors weights_of(const Layer& layer) {
  return {layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, layer.bias_hh_l0};
}

void rnn() {
  gradus::manual_seed(123);
  const nn::RNN layer(3, 4, {.batch_first = true});
  const nn::RNN time_first(3, 2);
  const Tensor x = sample({2, 5, 3});
  const Tensor h0 = sample({1, 2, 4});
  const Tensors weights = weights_of(layer);
  for (size_t i = 0; i < 4; ++i)
    record_exact("parameter " + std::to_string(i), weights[i]);
  record("output and h", layer(x));
  const auto [output, h] = layer(x, h0);
  record("output from h0", output);
  record("h from h0", h);
  record("time first", time_first(x));
  (output.pow(2).sum() + h.sum()).backward();
  record_gradients(weights);
}

void gru() {
  gradus::manual_seed(123);
  const nn::GRU layer(3, 4, {.batch_first = true});
  const Tensor x = sample({2, 5, 3});
  const Tensor h0 = sample({1, 2, 4});
  const Tensors weights = weights_of(layer);
  for (size_t i = 0; i < 4; ++i)
    record_exact("parameter " + std::to_string(i), weights[i]);
  record("output and h", layer(x));
  const auto [output, h] = layer(x, h0);
  record("output from h0", output);
  record("h from h0", h);
  (output.pow(2).sum() + h.sum()).backward();
  record_gradients(weights);
}

void lstm() {
  gradus::manual_seed(123);
  const nn::LSTM layer(3, 4, {.batch_first = true});
  const Tensor x = sample({2, 5, 3});
  const Tensor h0 = sample({1, 2, 4});
  const Tensor c0 = sample({1, 2, 4}, gradus::kFloat32, 50);
  const Tensors weights = weights_of(layer);
  for (size_t i = 0; i < 4; ++i)
    record_exact("parameter " + std::to_string(i), weights[i]);
  const auto [first, state] = layer(x);
  record("output", first);
  record("h", std::get<0>(state));
  record("c", std::get<1>(state));
  const auto [output, last] = layer(x, std::make_tuple(h0, c0));
  record("output from h0 and c0", output);
  record("h and c from h0 and c0", last);
  (output.pow(2).sum() + std::get<1>(last).sum()).backward();
  record_gradients(weights);
}

/// Five steps on a small quadratic function. The second parameter has no gradient and must not
/// change.
template <class Make>
void steps(const std::string& name, const Make& make) {
  const Tensor w = sample({2, 3}).requires_grad_();
  const Tensor idle = gradus::ones({2}).requires_grad_();
  auto optimizer = make(Tensors{w, idle});
  const Tensor target = sample({2, 3}, gradus::kFloat32, 50);
  for (int step = 0; step < 5; ++step) {
    optimizer.zero_grad();
    ((w - target) * (w - target) * w).sum().backward();
    optimizer.step();
    record(name + " step " + std::to_string(step), w.clone());
  }
  record(name + " idle", idle);
}

void sgd() {
  steps("plain", [](Tensors p) { return optim::SGD(p, {.lr = 0.01}); });
  steps("momentum", [](Tensors p) { return optim::SGD(p, {.lr = 0.01, .momentum = 0.9}); });
  steps("dampening",
        [](Tensors p) { return optim::SGD(p, {.lr = 0.01, .momentum = 0.9, .dampening = 0.3}); });
  steps("weight_decay", [](Tensors p) { return optim::SGD(p, {.lr = 0.01, .weight_decay = 0.1}); });
  steps("nesterov", [](Tensors p) {
    return optim::SGD(p, {.lr = 0.01, .momentum = 0.9, .weight_decay = 0.1, .nesterov = true});
  });
}

void adam() {
  steps("default", [](Tensors p) { return optim::Adam(p); });
  steps("lr", [](Tensors p) { return optim::Adam(p, {.lr = 0.1}); });
  steps("all", [](Tensors p) {
    return optim::Adam(p, {.lr = 0.05, .betas = {0.8, 0.95}, .eps = 1e-3, .weight_decay = 0.1});
  });
}

void adamw() {
  steps("default", [](Tensors p) { return optim::AdamW(p); });
  steps("lr and weight_decay",
        [](Tensors p) { return optim::AdamW(p, {.lr = 3e-2, .weight_decay = 0.1}); });
  steps("all", [](Tensors p) {
    return optim::AdamW(p, {.lr = 0.05, .betas = {0.8, 0.95}, .eps = 1e-3, .weight_decay = 0.2});
  });
}

void rmsprop() {
  steps("default", [](Tensors p) { return optim::RMSprop(p); });
  steps("momentum", [](Tensors p) { return optim::RMSprop(p, {.lr = 0.03, .momentum = 0.9}); });
  steps("all", [](Tensors p) {
    return optim::RMSprop(p, {.lr = 0.02,
                              .alpha = 0.9,
                              .eps = 1e-3,
                              .weight_decay = 0.1,
                              .momentum = 0.5,
                              .centered = true});
  });
}

void amsgrad() {
  steps("Adam", [](Tensors p) {
    return optim::Adam(p, {.lr = 0.1, .betas = {0.5, 0.6}, .amsgrad = true});
  });
  steps("AdamW", [](Tensors p) {
    return optim::AdamW(p, {.lr = 0.1, .betas = {0.5, 0.6}, .amsgrad = true});
  });
}

void clip_grad_norm() {
  const Tensor a = sample({2, 3}).requires_grad_();
  const Tensor b = sample({4}).requires_grad_();
  const Tensor idle = gradus::ones({2}).requires_grad_();
  const auto clip = [&](const std::string& name, double max_norm, double norm_type) {
    a.mutable_grad() = sample({2, 3}, gradus::kFloat32, 30);
    b.mutable_grad() = sample({4}, gradus::kFloat32, 60);
    const double total = nn::utils::clip_grad_norm_({a, b, idle}, max_norm, norm_type);
    record(name, gradus::tensor(total, gradus::kFloat32));
    record(name + " a", a.grad().clone());
    record(name + " b", b.grad().clone());
  };
  clip("2-norm", 1.0, 2.0);
  clip("large", 100.0, 2.0);
  clip("1-norm", 0.5, 1.0);
  clip("maximum norm", 0.5, INFINITY);
  const double total = nn::utils::clip_grad_norm_(Tensors{a, b}, 0.25);
  record("total", gradus::tensor(total, gradus::kFloat32));
  record("a", a.grad());
}

void vector_of_parameters() {
  const Tensor a = sample({2, 3}).requires_grad_();
  const Tensor b = sample({4}).requires_grad_();
  a.mutable_grad() = sample({2, 3}, gradus::kFloat32, 30);
  nn::utils::clip_grad_value_({a, b}, 0.5);
  record("clip_grad_value_", a.grad().clone());
  nn::utils::clip_grad_value_(a, 0.25);
  record("of one", a.grad());
  const Tensor vec = nn::utils::parameters_to_vector({a, b});
  record("parameters_to_vector", vec);
  vec.square().sum().backward();
  record("gradient", b.grad());
  nn::utils::vector_to_parameters(vec.detach() * 2, {a, b});
  record("vector_to_parameters a", a);
  record("vector_to_parameters b", b);
}

}  // namespace

void calls_nn() {
  section("nn::Linear", linear);
  section("nn::Embedding", embedding);
  section("nn::LayerNorm", layer_norm);
  section("nn::Dropout", dropout);
  section("nn::Sequential", sequential);
  section("nn::Module", module);
  section("nn::RNN", rnn);
  section("nn::GRU", gru);
  section("nn::LSTM", lstm);
  section("SGD", sgd);
  section("Adam", adam);
  section("AdamW", adamw);
  section("RMSprop", rmsprop);
  section("AMSGrad", amsgrad);
  section("clip_grad_norm_", clip_grad_norm);
  section("parameters", vector_of_parameters);
}

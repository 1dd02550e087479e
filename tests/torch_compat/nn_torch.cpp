// Layers and optimisers. Gradus has no holders and option builders, so this file is not exchanged:
// nn_gradus.cpp has the same rows for Gradus.

#include "record.h"

namespace nn = torch::nn;
namespace optim = torch::optim;

namespace {

using Tensors = std::vector<torch::Tensor>;

void record_gradients(const Tensors& parameters) {
  for (size_t i = 0; i < parameters.size(); ++i)
    record("gradient " + std::to_string(i), parameters[i].grad());
}

void linear() {
  torch::manual_seed(123);
  nn::Linear layer(3, 2), plain(nn::LinearOptions(4, 3).bias(false));
  const torch::Tensor x = sample({4, 3});
  record_exact("weight", layer->weight);
  record_exact("bias", layer->bias);
  record_exact("weight without bias", plain->weight);
  record("y", layer(x));
  record("y of 3 dimensions", layer->forward(sample({2, 2, 3})));
  record("y without bias", plain(sample({2, 4})));
  layer(x).pow(2).sum().backward();
  record_gradients({layer->weight, layer->bias});
}

void embedding() {
  torch::manual_seed(123);
  nn::Embedding layer(6, 3), small(4, 2);
  const torch::Tensor tokens = torch::tensor({{2, 5}, {0, 2}});
  record_exact("weight", layer->weight);
  record_exact("weight of 8", small->weight);
  record("y", layer(tokens));
  layer(tokens).pow(2).sum().backward();
  record_gradients({layer->weight});
  nn::Embedding pretrained = nn::Embedding::from_pretrained(sample({6, 2}));
  record("of a pretrained table", pretrained(tokens));
}

void layer_norm() {
  nn::LayerNorm layer(nn::LayerNormOptions({4}));
  const torch::Tensor x = sample({2, 3, 4});
  record("weight", layer->weight);
  record("bias", layer->bias);
  record("y", layer(x));
  layer(x).pow(3).sum().backward();
  record_gradients({layer->weight, layer->bias});
}

void dropout() {
  nn::Dropout layer(0.5);
  torch::manual_seed(123);
  record_exact("training", layer(torch::ones({6, 6})));
  layer->eval();
  record_exact("eval", layer(torch::ones({2, 2})));
  layer->train();
  record_exact("training again", layer(torch::ones({2, 2})));
}

void sequential() {
  torch::manual_seed(123);
  nn::Linear first(3, 4),
      second(4, 2);  // named, because compilers evaluate the arguments of a call in different order
  nn::Sequential model(first, nn::GELU(), second);
  record("y", model->forward(sample({2, 3})));
  record("parameters", model->parameters().size());
}

/// A module with a parameter, a buffer and children.
struct NetImpl : nn::Module {
  torch::Tensor scale, offset;
  nn::Linear first{nullptr};
  nn::Sequential rest;

  NetImpl() {
    first = register_module("first", nn::Linear(3, 2));
    offset = register_buffer("offset", torch::ones({2}));
    scale = register_parameter("scale", torch::full({2}, 3.0));
    rest->push_back(nn::GELU());
    rest->push_back("last", nn::Linear(nn::LinearOptions(2, 2).bias(false)));
    register_module("rest", rest);
  }
};
TORCH_MODULE(Net);

void module() {
  torch::manual_seed(123);
  Net net;
  for (const auto& item : net->named_parameters())
    record("parameter " + item.key(), item.value());
  for (const auto& item : net->named_buffers())
    record("buffer " + item.key(), item.value());
  for (const auto& item : net->named_children())
    record("parameters of " + item.key(), item.value()->parameters().size());
  for (const auto& item : net->named_modules())
    record("tensors of " + item.key(), item.value()->parameters().size());
  record("modules", net->modules().size());
  record("layers", net->rest->size());
  record("is empty", net->rest->is_empty());
  net->eval();
  record("training", net->rest[1]->is_training());
  net->apply([](nn::Module& m) { m.train(); });
  record("training again", net->rest[1]->is_training());
  record("y", net->rest->forward(sample({4, 2})));
}

void rnn() {
  torch::manual_seed(123);
  nn::RNN layer(nn::RNNOptions(3, 4).batch_first(true)), time_first(nn::RNNOptions(3, 2));
  const torch::Tensor x = sample({2, 5, 3}), h0 = sample({1, 2, 4});
  const Tensors weights = layer->parameters();
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
  torch::manual_seed(123);
  nn::GRU layer(nn::GRUOptions(3, 4).batch_first(true));
  const torch::Tensor x = sample({2, 5, 3}), h0 = sample({1, 2, 4});
  const Tensors weights = layer->parameters();
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
  torch::manual_seed(123);
  nn::LSTM layer(nn::LSTMOptions(3, 4).batch_first(true));
  const torch::Tensor x = sample({2, 5, 3}), h0 = sample({1, 2, 4}),
                      c0 = sample({1, 2, 4}, torch::kFloat32, 50);
  const Tensors weights = layer->parameters();
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
  const torch::Tensor w = sample({2, 3}).requires_grad_(), idle = torch::ones({2}).requires_grad_();
  auto optimizer = make(Tensors{w, idle});
  const torch::Tensor target = sample({2, 3}, torch::kFloat32, 50);
  for (int step = 0; step < 5; ++step) {
    optimizer.zero_grad();
    ((w - target) * (w - target) * w).sum().backward();
    optimizer.step();
    record(name + " step " + std::to_string(step), w.clone());
  }
  record(name + " idle", idle);
}

void sgd() {
  using Options = optim::SGDOptions;
  steps("plain", [](Tensors p) { return optim::SGD(p, Options(0.01)); });
  steps("momentum", [](Tensors p) { return optim::SGD(p, Options(0.01).momentum(0.9)); });
  steps("dampening",
        [](Tensors p) { return optim::SGD(p, Options(0.01).momentum(0.9).dampening(0.3)); });
  steps("weight_decay", [](Tensors p) { return optim::SGD(p, Options(0.01).weight_decay(0.1)); });
  steps("nesterov", [](Tensors p) {
    return optim::SGD(p, Options(0.01).momentum(0.9).weight_decay(0.1).nesterov(true));
  });
}

void adam() {
  using Options = optim::AdamOptions;
  steps("default", [](Tensors p) { return optim::Adam(p); });
  steps("lr", [](Tensors p) { return optim::Adam(p, Options(0.1)); });
  steps("all", [](Tensors p) {
    return optim::Adam(p,
                       Options(0.05).betas(std::make_tuple(0.8, 0.95)).eps(1e-3).weight_decay(0.1));
  });
}

void adamw() {
  using Options = optim::AdamWOptions;
  steps("default", [](Tensors p) { return optim::AdamW(p); });
  steps("lr and weight_decay",
        [](Tensors p) { return optim::AdamW(p, Options(3e-2).weight_decay(0.1)); });
  steps("all", [](Tensors p) {
    return optim::AdamW(
        p, Options(0.05).betas(std::make_tuple(0.8, 0.95)).eps(1e-3).weight_decay(0.2));
  });
}

void rmsprop() {
  using Options = optim::RMSpropOptions;
  steps("default", [](Tensors p) { return optim::RMSprop(p); });
  steps("momentum", [](Tensors p) { return optim::RMSprop(p, Options(0.03).momentum(0.9)); });
  steps("all", [](Tensors p) {
    return optim::RMSprop(
        p, Options(0.02).alpha(0.9).eps(1e-3).weight_decay(0.1).momentum(0.5).centered(true));
  });
}

void amsgrad() {
  const auto betas = std::make_tuple(0.5, 0.6);
  steps("Adam", [=](Tensors p) {
    return optim::Adam(p, optim::AdamOptions(0.1).betas(betas).amsgrad(true));
  });
  steps("AdamW", [=](Tensors p) {
    return optim::AdamW(p, optim::AdamWOptions(0.1).betas(betas).amsgrad(true));
  });
}

void clip_grad_norm() {
  const torch::Tensor a = sample({2, 3}).requires_grad_(), b = sample({4}).requires_grad_();
  const torch::Tensor idle = torch::ones({2}).requires_grad_();
  const auto clip = [&](const std::string& name, double max_norm, double norm_type) {
    a.mutable_grad() = sample({2, 3}, torch::kFloat32, 30);
    b.mutable_grad() = sample({4}, torch::kFloat32, 60);
    const double total = nn::utils::clip_grad_norm_({a, b, idle}, max_norm, norm_type);
    record(name, torch::tensor(total, torch::kFloat32));
    record(name + " a", a.grad().clone());
    record(name + " b", b.grad().clone());
  };
  clip("2-norm", 1.0, 2.0);
  clip("large", 100.0, 2.0);
  clip("1-norm", 0.5, 1.0);
  clip("maximum norm", 0.5, INFINITY);
  const double total = nn::utils::clip_grad_norm_(Tensors{a, b}, 0.25);
  record("total", torch::tensor(total, torch::kFloat32));
  record("a", a.grad());
}

void vector_of_parameters() {
  const torch::Tensor a = sample({2, 3}).requires_grad_();
  const torch::Tensor b = sample({4}).requires_grad_();
  a.mutable_grad() = sample({2, 3}, torch::kFloat32, 30);
  nn::utils::clip_grad_value_({a, b}, 0.5);
  record("clip_grad_value_", a.grad().clone());
  nn::utils::clip_grad_value_(a, 0.25);
  record("of one", a.grad());
  const torch::Tensor vec = nn::utils::parameters_to_vector({a, b});
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

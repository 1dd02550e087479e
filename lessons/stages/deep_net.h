// The network with which lesson 08 shows what shortcuts do to gradients.
#pragma once
#include "gradus.h"
#include "lessons/kit/lesson.h"

namespace gradus::lessons {

/// Five small layers, one after the other. With shortcuts each adds its input to its output, where
/// the shapes allow it.
struct DeepNet : nn::Module {
  const bool shortcuts;
  const nn::ModuleList<nn::Sequential> layers;

  explicit DeepNet(bool with_shortcuts)
      : shortcuts(with_shortcuts), layers(register_module("layers", make_layers())) {}

  Tensor operator()(Tensor x) const {
    for (const nn::Sequential& layer : layers) {
      const Tensor y = layer(x);
      x = shortcuts && x.sizes() == y.sizes() ? x + y : y;
    }
    return x;
  }

 private:
  static nn::ModuleList<nn::Sequential> make_layers() {
    nn::ModuleList<nn::Sequential> list;
    for (const int64_t out : {3, 3, 3, 3, 1})
      list.push_back(nn::Sequential{nn::Linear(3, out), nn::GELU("tanh")});
    return list;
  }
};

/// The mean absolute gradient of each layer's matrix, (5).
Tensor mean_gradients(const DeepNet& net);
/// Compares the network after backward() with the book's.
void compare_deep_net(Lesson& lesson, const DeepNet& net, const Tensor& output, const Tensor& loss);

}  // namespace gradus::lessons

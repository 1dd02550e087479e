// The four models of the page. They differ in how the input reaches the decoder.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "nn/encoder_decoder.h"
#include "nn/transformer.h"

namespace gradus::page::bottleneck {

constexpr int64_t kDigits = 10;
constexpr int64_t kStart = kDigits;  // the decoder's first input
constexpr int64_t kLongest = 20;     // digits that a model can get

/// An encoder and a decoder, as functions, so that one loop trains and shows all of them.
struct Model {
  std::string name;         // "one vector", "Bahdanau", "Luong", "Transformer"
  std::string description;  // what its decoder reads: one sentence
  NamedTensors parameters;
  nn::Embedding embedding;  // of the encoder: the gradient of each of its steps is read here
  /// source (B, S) int64
  std::function<nn::Encoded(const Tensor& source)> encode;
  std::function<nn::DecoderStepper(const nn::Encoded&)> begin;
  /// The same, but without attention from output step `off` on. Its state is that of begin().
  std::function<nn::DecoderStepper(const nn::Encoded&, int64_t off)> begin_without_attention;
  /// The logits (B, T, V) of all output steps, whose inputs are given, (B, T) int64. `weights`, if
  /// given, gets the attention weights (B, T, S); without attention it stays undefined.
  std::function<Tensor(const nn::Encoded&, const Tensor& inputs, Tensor* weights)> decode;

  std::vector<Tensor> tensors() const;  // the parameters without their names
  int64_t size() const;                 // the number of parameters
};

/// The decoder's inputs for an output (B, T): kStart, then all digits but the last.
Tensor inputs_for(const Tensor& output);

/// New models with random parameters.
std::vector<Model> make_models();

}  // namespace gradus::page::bottleneck

// The weights of a GPT in the order and the division of GPT-2's files.
#pragma once
#include <string>
#include <vector>

#include "nn/gpt.h"

namespace gradus::gpt {

/// A tensor of a file. Its rows are the rows of the parts, one part after the other: c_attn is the
/// query, the key and the value.
struct Weight {
  std::string name;  // as in a Hugging Face file, without "transformer."
  std::vector<Tensor> parts;
  bool is_conv1d;  // Hugging Face stores the weights of its Conv1D layers as [in, out]
};

/// wte, wpe, twelve weights for each block (eleven without qkv_bias), ln_f, and lm_head unless it
/// is tied.
std::vector<Weight> weights_of(const nn::Gpt& model);

/// Gives a new model this dtype, before its weights are assigned. For kBFloat16 only the matrices
/// get it, which then require no gradients and have no values; the rest becomes float32.
void make_room(const nn::Gpt& model, DType dtype);

/// The shape of the tensor, as [out, in].
Shape shape_of(const Weight& weight);
/// The tensor, as [out, in].
Tensor joined(const Weight& weight);
/// Copies a tensor of this shape into the parts, converted to their dtype.
void assign(const Weight& weight, const Tensor& x);

}  // namespace gradus::gpt

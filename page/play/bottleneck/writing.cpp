#include "page/play/bottleneck/writing.h"

#include "autograd/engine.h"
#include "tensor/factories.h"

namespace gradus::page::bottleneck {

Tensor digits_of(const std::string& text) {
  std::vector<int64_t> digits;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ') continue;
    check(text[i] >= '0' && text[i] <= '9',
          "'{}' at position {} is not a digit, expected 1 to {} digits such as 31415926",
          printable(text.substr(i, 1)), i + 1, kLongest);
    digits.push_back(text[i] - '0');
  }
  check(!digits.empty() && std::ssize(digits) <= kLongest,
        "the sequence has {} digits, expected 1 to {}", digits.size(), kLongest);
  return tensor(digits).unsqueeze(0);
}

std::string text_of(const Tensor& digits) {
  std::string text;
  for (int64_t i = 0; i < digits.numel(); ++i) {
    const auto digit = digits.flatten()[i].item<int64_t>();
    text += digit < kDigits ? static_cast<char>('0' + digit) : '?';
  }
  return text;
}

Tensor written(const Model& model, const Tensor& source, int64_t off) {
  const NoGradGuard no_grad;
  const nn::Encoded encoded = model.encode(source);
  const nn::DecoderStepper with = model.begin(encoded);
  const nn::DecoderStepper without = model.begin_without_attention(encoded, off);
  TensorList state = with.state;
  TensorList output;
  Tensor word = full(1, kStart, kInt64);  // (1)
  for (int64_t t = 0; t < source.size(1); ++t) {
    const nn::StepOutput next = (t < off ? with : without).step(word, state);
    state = next.state;
    word = next.logits.argmax(-1);
    output.push_back(word);
  }
  return stack(output, 1);
}

Tensor alignment(const Model& model, const Tensor& source, const Tensor& output) {
  const NoGradGuard no_grad;
  Tensor weights;
  model.decode(model.encode(source), inputs_for(output), &weights);
  return weights.defined() ? weights[0] : weights;
}

Tensor gradients(const Model& model, const Tensor& source) {
  Tensor embedded;  // (1, S, E)
  const nn::RemovableHandle hook = model.embedding.register_forward_hook(
      [&](const nn::Module&, const Tensor&, const Tensor& y) { embedded = y; });
  const Tensor logits = model.decode(model.encode(source), inputs_for(source), nullptr)[0];
  hook.remove();
  TensorList rows;
  for (int64_t t = 0; t < source.size(1); ++t) {
    const Tensor loss = cross_entropy(logits.narrow(0, t, 1), source[0].narrow(0, t, 1));
    const Tensor gradient = autograd::grad({loss}, {embedded}, {}, /*retain_graph=*/true)[0];
    rows.push_back(gradient[0].norm(2, {-1}).detach());  // (S)
  }
  return stack(rows);
}

}  // namespace gradus::page::bottleneck

// The files of llama2.c: checkpoints of its version 0, and vocabularies. Whatever such a file
// holds, reading it ends in a model or in an Error that says what is wrong with it.
#pragma once
#include <array>

#include "exercises/20_llama/weights.h"
#include "tensor/file_io.h"

namespace gradus {

/// A checkpoint: seven int32, then all weights as float32, those of one kind for all blocks one
/// after the other.
inline Llama load_llama(const std::string& path) {
  InputFile file("load_llama", path);
  std::array<int32_t, 7> header{};
  file.check(file.left() >= 28, "the header needs 28 bytes, and the file has {}", file.left());
  file.read(header.data(), 28);
  const int64_t C = header[0];
  const int64_t F = header[1];
  const int64_t L = header[2];
  const int64_t H = header[3];
  const int64_t G = header[4];
  const int64_t context = header[6];
  const int64_t V = std::abs(int64_t{header[5]});  // its sign: is the classifier the embedding?
  for (size_t i = 0; i < 7; ++i)
    file.check(header[i] > 0 || (i == 5 && header[i] < 0),
               "number {} of the header is {}, it must be positive", i, header[i]);
  file.check(L <= 10'000, "the header speaks of {} blocks, 10000 is the limit", L);
  file.check(C % H == 0 && C / H % 2 == 0, "{} numbers do not split into {} heads of an even size",
             C, H);
  file.check(H % G == 0, "{} query heads cannot share {} heads of keys and values", H, G);
  const int64_t D = C / H;

  struct Kind {
    const char* name;
    Shape sizes;
  };
  std::vector<Kind> kinds{{"embedding", {V, C}},
                          {"attention_norm", {L, C}},
                          {"wq", {L, C, C}},
                          {"wk", {L, G * D, C}},
                          {"wv", {L, G * D, C}},
                          {"wo", {L, C, C}},
                          {"feed_forward_norm", {L, C}},
                          {"w1", {L, F, C}},
                          {"w2", {L, C, F}},
                          {"w3", {L, F, C}},
                          {"norm", {C}},
                          {"cosines", {context, D / 2}},
                          {"sines", {context, D / 2}}};
  if (header[5] < 0) kinds.push_back({"classifier", {V, C}});
  int64_t bytes = 0;  // each kind has less than 2^58
  for (const Kind& kind : kinds)
    bytes += file.byte_count(kind.name, kind.sizes, 4);
  file.check(file.left() == bytes, "the header asks for {} bytes of weights, and {} follow", bytes,
             file.left());
  std::vector<Tensor> all;
  for (const Kind& kind : kinds)
    all.push_back(file.read_tensor(kind.name, kind.sizes, kFloat32));

  Llama model{{H, G, context}, all[0], {}, all[10], header[5] < 0 ? all.back() : all[0]};
  for (int64_t l = 0; l < L; ++l)
    model.blocks.push_back({all[1][l], all[2][l], all[3][l], all[4][l], all[5][l], all[6][l],
                            all[7][l], all[8][l], all[9][l]});
  return model;
}

/// The texts of a model's tokens.
class LlamaVocabulary {
 public:
  /// A file of int32 (the longest piece), then for each of V tokens float32 (its score), int32 (a
  /// length), and so many bytes.
  LlamaVocabulary(const std::string& path, int64_t V) {
    InputFile file("Vocabulary", path);
    const auto number = [&file](const std::string& what) {
      file.check(file.left() >= 4, "it ends where {} should be", what);
      int32_t value = 0;
      file.read(&value, 4);
      return value;
    };
    number("its header");
    for (int64_t i = 0; i < V; ++i) {
      number(fmt::format("the score of token {}", i));
      const int32_t length = number(fmt::format("the length of token {}", i));
      file.check(length >= 0 && length <= file.left(),
                 "token {} should have {} bytes, and {} follow", i, length, file.left());
      pieces_.emplace_back(static_cast<size_t>(length), '\0');
      file.read(pieces_.back().data(), length);
    }
    file.check(file.left() == 0, "{} bytes follow after the last of {} tokens", file.left(), V);
  }

  /// The text of the tokens after the first one, which is the start token 1.
  std::string decode(const std::vector<int64_t>& tokens) const {
    std::string text;
    for (size_t i = 1; i < tokens.size(); ++i) {
      check(tokens[i] >= 0 && tokens[i] < std::ssize(pieces_),
            "decode: token {} is {}, the vocabulary has {}", i, tokens[i], pieces_.size());
      const std::string& piece = pieces_[static_cast<size_t>(tokens[i])];
      const bool start = tokens[i - 1] == 1 &&
                         piece.starts_with(' ');  // a text starts without the space of its word
      text += is_byte(piece)
                  ? std::string(1, static_cast<char>(std::stoi(piece.substr(3, 2), nullptr, 16)))
                  : piece.substr(start ? 1 : 0);
    }
    return text;
  }

 private:
  /// "<0x0A>" means the byte 10.
  static bool is_byte(const std::string& piece) {
    return piece.size() == 6 && piece.starts_with("<0x") && piece[5] == '>' &&
           piece.find_first_not_of("0123456789ABCDEF", 3) == 5;
  }

  std::vector<std::string> pieces_;
};

}  // namespace gradus

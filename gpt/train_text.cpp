#include "gpt/train_text.h"

#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "tensor/file_io.h"
#include "text/token_file.h"
#include "text/utf8.h"

namespace gradus::gpt {
namespace {

text::Tokenizer gpt2_tokenizer() {
  const char* data = std::getenv("GRADUS_DATA");
  const std::string folder = std::string(data ? data : "my/data") + "/gpt2";
  check(std::filesystem::exists(folder),
        "the tokenizer gpt2 needs the files of GPT-2's vocabulary in {}; ./run download gpt2 gets "
        "them",
        printable(folder));
  return text::BpeTokenizer::from_pretrained(folder);
}

text::Tokenizer char_tokenizer(std::string_view text) {
  const size_t valid = text::valid_utf8_length(text);
  check(valid == text.size(),
        "the text is not UTF-8 (byte {:#04x} at {}), and the tokenizer char needs characters; "
        "--tokenizer bpe:512 takes any bytes",
        valid < text.size() ? static_cast<unsigned char>(text[valid]) : 0, valid);
  const text::CharTokenizer tokenizer(text);
  check(tokenizer.vocab_size() >= 2,
        "the text has only one character, again and again: there is nothing to learn");
  return tokenizer;
}

}  // namespace

std::string read_texts(const std::vector<std::string>& paths) {
  std::string text;
  for (const std::string& path : paths) {
    InputFile file("train", path);
    const int64_t bytes = file.left();
    file.check(bytes > 0, "the file is empty");
    const size_t begin = text.size();
    text.resize(begin + static_cast<size_t>(bytes));
    file.read(text.data() + begin, bytes);
  }
  return text;
}

text::Tokenizer make_tokenizer(const std::string& kind, std::string_view text) {
  if (kind == "char") return char_tokenizer(text);
  if (kind == "gpt2") return gpt2_tokenizer();
  constexpr std::string_view kBpe = "bpe:";
  int64_t size = 0;
  const char* const end = kind.data() + kind.size();
  const bool is_bpe = kind.starts_with(kBpe);
  const auto [stop, error] = std::from_chars(kind.data() + (is_bpe ? kBpe.size() : 0), end, size);
  check(is_bpe && error == std::errc() && stop == end && size > 256 && size <= 1'000'000,
        "--tokenizer '{}': expected char, gpt2, or bpe:SIZE with a SIZE from 257 to 1000000",
        printable(kind));
  return text::BpeTokenizer::train(text::split_text(text).first, size);
}

}  // namespace gradus::gpt

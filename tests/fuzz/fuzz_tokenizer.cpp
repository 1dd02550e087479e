// The first byte says what the others are: the vocabulary of a tokenizer of characters, the files
// of byte-pair encoding, its merges only, a file of tokens, or a text. Any files are a tokenizer or
// an Error; what byte-pair encoding encodes, it decodes to the same bytes.
#include <nlohmann/json.hpp>

#include "tests/fuzz/input_file.h"
#include "text/byte_letters.h"
#include "text/token_file.h"
#include "text/tokenizer.h"

using namespace gradus;
using namespace gradus::fuzz;
using namespace gradus::text;

namespace {

void put(const std::string& path, std::string_view bytes) {
  std::filesystem::remove(path);
  std::ofstream(path, std::ios::binary) << bytes;
}

/// Learns from the bytes and encodes them, and once more as one text twice as long.
void try_text(const std::string& bytes) {
  const BpeTokenizer tokenizer = BpeTokenizer::train(bytes, 300);
  for (const std::string& text : {bytes, bytes + bytes})
    require(tokenizer.decode(tokenizer.encode(text)) == text, "decode gives the bytes back");
}

/// The 256 bytes and a few tokens, so that merges need only name them.
std::string some_vocabulary() {
  nlohmann::ordered_json ids;
  for (const unsigned char byte : bytes_in_order())
    ids[to_letters({reinterpret_cast<const char*>(&byte), 1})] = ids.size();
  for (const char* token : {"ab", "abc", "bc", "aa", "aaa", "aaaa", "Ġa", "Ġab"})
    ids[token] = ids.size();
  return ids.dump();
}

/// Reads the folder's tokenizer, tries it on some bytes, and writes and reads it again.
void try_folder(const std::string& dir, const std::string& bytes) {
  const Tokenizer tokenizer = load_tokenizer(dir);
  for (int64_t id = 0; id < tokenizer.vocab_size(); ++id)
    (void)tokenizer.decode(std::vector<int64_t>{id});
  if (!tokenizer.is_bpe()) return;
  const std::vector<int64_t> ids = tokenizer.encode(bytes);
  require(tokenizer.decode(ids) == bytes, "decode gives the bytes back");
  tokenizer.save_pretrained(dir + "/again");
  require(load_tokenizer(dir + "/again").encode(bytes) == ids, "the written tokenizer is the same");
}

void try_tokens(const std::string& path) {
  const TokenFile file(path);
  for (const TokenPart& part : {file.train(), file.validation()})
    (void)part.tokens(0, part.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const size_t middle = std::min(bytes.find('\0'), bytes.size());
  const std::string dir = scratch_path("tokenizer");
  std::filesystem::create_directories(dir);
  std::filesystem::remove(dir + "/merges.txt");
  try {
    switch (data[0] % 5) {
      case 0:
        put(dir + "/vocab.json", bytes);
        try_folder(dir, bytes);
        break;
      case 1:
        put(dir + "/vocab.json", bytes.substr(0, middle));
        put(dir + "/merges.txt", bytes.substr(std::min(middle + 1, bytes.size())));
        try_folder(dir, bytes);
        break;
      case 2:
        put(dir + "/vocab.json", some_vocabulary());
        put(dir + "/merges.txt", bytes);
        try_folder(dir, bytes);
        break;
      case 3:
        try_tokens(input_file({data + 1, size - 1}));
        break;
      default:
        try_text(bytes);
    }
  } catch (const Error&) {
  }
  return 0;
}

// The files of BpeTokenizer: {"token": id, ...} and the merges, one "left right" a line. Both write
// bytes as letters (text/byte_letters.h).
#include <filesystem>
#include <unordered_map>

#include "tensor/file_io.h"
#include "text/bpe_tokenizer.h"
#include "text/byte_letters.h"
#include "text/vocabulary.h"

namespace gradus::text {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kVersion = "#version: ";

/// The tokens' bytes by id.
std::vector<std::string> read_tokens(const FileContext& file) {
  std::vector<std::string> tokens;
  std::array<bool, 256> has_byte{};
  for (const std::string& letters : read_vocabulary(file.path)) {
    const std::optional<std::string> bytes = from_letters(letters);
    if (!bytes || bytes->empty())
      file.check(false, "the token {} (id {}) is not written in GPT-2's letters for bytes",
                 shown(letters), tokens.size());
    if (bytes->size() == 1) has_byte[static_cast<unsigned char>(bytes->front())] = true;
    tokens.push_back(*bytes);
  }
  for (size_t byte = 0; byte < has_byte.size(); ++byte)
    file.check(has_byte[byte], "it has no token for the byte 0x{:02x}", byte);
  return tokens;
}

/// Calls f(line, its number from 1) for each line that is not empty.
template <class F>
void for_each_line(std::string_view text, F f) {
  size_t number = 0;
  while (!text.empty()) {
    ++number;
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) f(line, number);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

/// The left and the right token of a line.
std::pair<std::string, std::string> split_line(const FileContext& file, std::string_view line,
                                               size_t number) {
  const size_t space = line.find(' ');
  const bool is_pair = space != std::string_view::npos && space > 0 && space + 1 < line.size() &&
                       line.find(' ', space + 1) == std::string_view::npos;
  if (!is_pair)
    file.check(false, "line {} is {}, not two tokens with a space between them", number,
               shown(line));
  return {std::string(line.substr(0, space)), std::string(line.substr(space + 1))};
}

MergeTable read_merges(const FileContext& file, const std::vector<std::string>& tokens) {
  std::unordered_map<std::string, int32_t> ids;
  for (size_t id = 0; id < tokens.size(); ++id)
    ids.emplace(to_letters(tokens[id]), static_cast<int32_t>(id));
  MergeTable merges;
  for_each_line(read_text(file.path), [&](std::string_view line, size_t number) {
    if (number == 1 && line.starts_with(kVersion)) return;
    const auto id_of = [&](const std::string& letters) {
      const auto found = ids.find(letters);
      if (found == ids.end())
        file.check(false, "line {} needs the token {}, which the vocabulary does not have", number,
                   shown(letters));
      return found->second;
    };
    const auto [left, right] = split_line(file, line, number);
    const int32_t left_id = id_of(left);
    const int32_t right_id = id_of(right);
    const bool is_new = merges.add(left_id, right_id, id_of(left + right));
    if (!is_new) file.check(false, "line {} repeats the merge {}", number, shown(line));
  });
  return merges;
}

}  // namespace

BpeTokenizer BpeTokenizer::from_pretrained(const std::string& dir) {
  constexpr std::pair<const char*, const char*> kNames[] = {{"vocab.json", "merges.txt"},
                                                            {"encoder.json", "vocab.bpe"}};
  for (const auto& [vocabulary, merges] : kNames) {
    const fs::path folder = dir;
    if (!fs::exists(folder / vocabulary) || !fs::exists(folder / merges)) continue;
    const FileContext vocabulary_file{"tokenizer", (folder / vocabulary).string()};
    const FileContext merges_file{"tokenizer", (folder / merges).string()};
    std::vector<std::string> tokens = read_tokens(vocabulary_file);
    MergeTable table = read_merges(merges_file, tokens);
    return {std::move(tokens), std::move(table)};
  }
  fail("tokenizer: {} has neither vocab.json and merges.txt nor encoder.json and vocab.bpe",
       printable(dir));
}

void BpeTokenizer::save_pretrained(const std::string& dir) const {
  std::vector<std::string> letters;
  for (const std::string& token : tokens_)
    letters.push_back(to_letters(token));
  std::string lines = fmt::format("{}0.2\n", kVersion);
  for (const Merge& merge : merges())
    lines += fmt::format("{} {}\n", letters[static_cast<size_t>(merge.left)],
                         letters[static_cast<size_t>(merge.right)]);
  make_folder(dir);
  write_vocabulary(dir + "/vocab.json", letters);
  write_text(dir + "/merges.txt", lines);
}

}  // namespace gradus::text

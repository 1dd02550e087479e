// The file of a vocabulary, as GPT-2 and Hugging Face write it: a JSON object {"token": id, ...}.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace gradus::text {

/// The tokens by id, as they are written in the file. Throws unless the file has every id from 0 to
/// the number of tokens - 1 once, and no token twice.
std::vector<std::string> read_vocabulary(const std::string& path);

/// Writes the tokens, which are UTF-8. An existing file is replaced only when the new one is
/// complete.
void write_vocabulary(const std::string& path, const std::vector<std::string>& tokens);

/// The bytes of a file of at most `limit` bytes.
std::string read_text(const std::string& path, int64_t limit = int64_t{1} << 30);
/// Replaces a file when the new one is complete.
void write_text(const std::string& path, const std::string& text);

/// Makes the folder of a tokenizer, with its parents.
void make_folder(const std::string& dir);

}  // namespace gradus::text

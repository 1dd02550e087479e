// The file of a vocabulary, as GPT-2 and Hugging Face write it: a JSON object {"token": id, ...}.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace gradus::text {

/// The tokens by id, as they are written in the file. Throws unless the file has n different tokens
/// with the ids from first_id to first_id + n - 1. Tokens with lower ids, which are those of
/// another file, are left out.
std::vector<std::string> read_vocabulary(const std::string& path, int64_t first_id = 0);

/// Writes the tokens, which are UTF-8, with the ids from first_id on. An existing file is replaced
/// only when the new one is complete.
void write_vocabulary(const std::string& path, const std::vector<std::string>& tokens,
                      int64_t first_id = 0);

/// The bytes of a file of at most `limit` bytes.
std::string read_text(const std::string& path, int64_t limit = int64_t{1} << 30);
/// Replaces a file when the new one is complete.
void write_text(const std::string& path, const std::string& text);

/// Makes the folder of a tokenizer, with its parents.
void make_folder(const std::string& dir);

}  // namespace gradus::text

// From text files to the tokens that a GPT is trained on.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace gradus::gpt {

/// The files, joined. Throws if one cannot be read, and if they are empty.
std::string read_texts(const std::vector<std::string>& paths);

/// The tokenizer `kind`: char, bpe:SIZE (learnt from the training part of the text), or gpt2
/// (from the files that ./run download gpt2 gets). Throws if there is no such kind, and if char is
/// used on a text that is not UTF-8.
text::Tokenizer make_tokenizer(const std::string& kind, std::string_view text);

}  // namespace gradus::gpt

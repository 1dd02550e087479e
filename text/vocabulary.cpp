#include "text/vocabulary.h"

#include <filesystem>
#include <unordered_set>

#include "tensor/file_io.h"

namespace gradus::text {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kTokenizer = "tokenizer";

/// Takes the events of nlohmann's parser. It stops the parser at the first value that does not
/// belong into a vocabulary, so a file cannot nest deep.
class VocabularyReader : public json::json_sax_t {
 public:
  VocabularyReader(FileContext file, int64_t first_id)
      : file_(std::move(file)), first_id_(static_cast<size_t>(first_id)) {}

  bool start_object(size_t) override {
    if (is_open_) return refuse("an object");
    is_open_ = true;
    return true;
  }
  bool key(string_t& name) override {
    name_ = name;
    return true;
  }
  bool number_unsigned(number_unsigned_t id) override {
    if (!is_open_) return refuse("a number");
    constexpr number_unsigned_t kMaxId = 1u << 30;
    if (id > kMaxId)
      file_.check(false, "the id of {} is {}, the limit is {}", shown(name_), id, kMaxId);
    if (!names_.insert(name_).second) file_.check(false, "it has {} twice", shown(name_));
    ids_.emplace_back(name_, id);
    return true;
  }
  bool null() override { return refuse("null"); }
  bool boolean(bool) override { return refuse("a bool"); }
  bool number_integer(number_integer_t) override { return refuse("a negative number"); }
  bool number_float(number_float_t, const string_t&) override {
    return refuse("a number that is not an integer");
  }
  bool string(string_t&) override { return refuse("a string"); }
  bool binary(binary_t&) override { return refuse("binary data"); }
  bool start_array(size_t) override { return refuse("a list"); }
  bool end_object() override { return true; }
  bool end_array() override { return true; }
  bool parse_error(size_t position, const std::string&, const json::exception&) override {
    file_.check(false, "it is not JSON, from byte {}", position);
    return false;
  }

  std::vector<std::string> tokens() const {
    file_.check(!ids_.empty(), "it has no tokens");
    auto ids = ids_;
    std::erase_if(ids, [&](const auto& entry) { return entry.second < first_id_; });
    std::vector<std::string> tokens(ids.size());
    std::vector<bool> is_given(ids.size());
    for (const auto& [token, id] : ids) {
      if (id - first_id_ >= ids.size())
        file_.check(false, "the id of {} is {}, but the {} tokens need the ids {} to {}",
                    shown(token), id, ids.size(), first_id_, first_id_ + ids.size() - 1);
      const size_t i = id - first_id_;
      if (is_given[i])
        file_.check(false, "the tokens {} and {} have the same id {}", shown(tokens[i]),
                    shown(token), id);
      is_given[i] = true;
      tokens[i] = token;
    }
    return tokens;
  }

 private:
  /// Throws, since a vocabulary has no such value.
  bool refuse(const char* kind) const {
    file_.check(is_open_, "it is {}, not an object {{\"token\": id, ...}}", kind);
    file_.check(false, "the id of {} is {}, not an integer from 0", shown(name_), kind);
    return false;
  }

  FileContext file_;
  size_t first_id_;
  bool is_open_ = false;
  std::string name_;
  std::unordered_set<std::string> names_;
  std::vector<std::pair<std::string, size_t>> ids_;  // in the order of the file
};

}  // namespace

std::string read_text(const std::string& path, int64_t limit) {
  InputFile file(kTokenizer, path);
  file.check(file.left() <= limit, "it has {} bytes, the limit is {}", file.left(), limit);
  std::string text(static_cast<size_t>(file.left()), '\0');
  file.read(text.data(), file.left());
  return text;
}

void write_text(const std::string& path, const std::string& text) {
  OutputFile file(kTokenizer, path);
  file.write(text.data(), std::ssize(text));
  file.finish();
}

void make_folder(const std::string& dir) {
  std::error_code error;
  fs::create_directories(dir, error);
  check(!error, "{}: the folder {} cannot be made: {}", kTokenizer, printable(dir),
        error.message());
}

std::vector<std::string> read_vocabulary(const std::string& path, int64_t first_id) {
  const std::string text = read_text(path);
  const FileContext file{kTokenizer, path};
  // The parser would ignore everything after a zero byte.
  file.check(text.find('\0') == std::string::npos, "it is not JSON, it has a zero byte");
  VocabularyReader reader(file, first_id);
  json::sax_parse(text, &reader);
  return reader.tokens();
}

void write_vocabulary(const std::string& path, const std::vector<std::string>& tokens,
                      int64_t first_id) {
  std::string text = "{";
  for (size_t i = 0; i < tokens.size(); ++i)
    text += fmt::format("{}{}: {}", i == 0 ? "" : ", ", json(tokens[i]).dump(),
                        first_id + static_cast<int64_t>(i));
  write_text(path, text + "}");
}

}  // namespace gradus::text
